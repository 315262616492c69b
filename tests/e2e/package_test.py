#!/usr/bin/env python3
"""The unit, the configuration and the package, as systemd and Debian see them."""
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest

from program import PATIENCE, ROOT, SPOOR, FolderTest, needs, run, scenario

PACKAGING = os.path.join(ROOT, "packaging")
BUILD = os.environ.get("SPOOR_BUILD_DIR", "")
EXPOSURE_MAX = 2.5


def tool(*command, cwd=None):
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=cwd)


def source(*path):
    with open(os.path.join(PACKAGING, *path), encoding="utf-8") as file:
        return file.read()


class Unit(FolderTest):
    @needs("systemd-analyze")
    def test_is_hardened(self):
        result = tool("systemd-analyze", "security", "--offline=true", os.path.join(PACKAGING, "spoor.service"))
        exposure = re.search(r"Overall exposure level for spoor\.service: ([0-9.]+)", result.stdout)
        self.assertIsNotNone(exposure, result.stdout + result.stderr)
        self.assertLessEqual(float(exposure[1]), EXPOSURE_MAX, result.stdout)

    @needs("systemd-analyze")
    def test_systemd_finds_nothing_wrong(self):
        # The program is not where the package has it.
        unit = self.path("spoor.service", source("spoor.service").replace("/usr/bin/spoor", SPOOR))
        result = tool("systemd-analyze", "verify", "--man=no", unit)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))

    def test_does_not_try_again_what_cannot_become_right(self):
        self.assertIn("\nRestartPreventExitStatus=2 78\n", source("spoor.service"))

    def system_calls(self, name):
        """Those of a set of systemd's, those of the sets in it too."""
        calls = set()
        for line in tool("systemd-analyze", "--no-pager", "syscall-filter", name).stdout.splitlines()[1:]:
            word = line.strip()
            if word.startswith("@"):
                calls |= self.system_calls(word)
            elif word and not word.startswith("#"):
                calls.add(word)
        return calls

    def allowed_system_calls(self):
        allowed = self.system_calls("@default")
        for line in re.findall(r"(?m)^SystemCallFilter=(.*)", source("spoor.service")):
            for word in line.lstrip("~").split():
                calls = self.system_calls(word) if word.startswith("@") else {word}
                allowed = allowed - calls if line.startswith("~") else allowed | calls
        return allowed

    @needs("systemd-analyze")
    @needs("strace")
    @unittest.skipIf(os.environ.get("SPOOR_SANITIZE"), "a sanitizer makes calls of its own")
    def test_running_needs_nothing_that_it_forbids(self):
        text = source("spoor.yaml").replace("/var/lib/spoor", self.path("state"))
        text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:*", text).replace('listen: "127.0.0.1:*"', 'listen: "127.0.0.1:0"')
        text = text.replace('admin: "127.0.0.1:*"', 'admin: "127.0.0.1:0"')
        folder = self.path("spool")
        os.mkdir(folder)
        self.path("spool/a.ndjson", '{"a": 1}\n')
        others = [{"name": "zmq", "type": "zmq", "bind": "tcp://127.0.0.1:*"},
                  {"name": "kafka", "type": "kafka", "brokers": ["127.0.0.1:1"], "topics": ["t"]},
                  {"name": "folder", "type": "folder", "path": folder, "after": "delete", "settle": "0s"}]
        text = text.replace("\ninputs:\n", "\ninputs:\n" + "".join(f"  - {json.dumps(other)}\n" for other in others))
        self.assertIn("- {\"name\": \"zmq\"", text)
        config = self.path("spoor.yaml", f"record: {self.path('record')}\n{text}")
        trace = self.path("trace")
        process = subprocess.Popen(["strace", "-f", "-qq", "-o", trace, SPOOR, "run", "-c", config], stderr=subprocess.PIPE, text=True)
        try:
            port = None
            for line in process.stderr:
                if "ptrace" in line or "PTRACE" in line:
                    self.skipTest("nothing can be traced here: " + line)
                port = port or re.search(r"HTTP and Splunk HEC on 127\.0\.0\.1:(\d+)", line)
                if "/metrics" in line:
                    break
            self.assertIsNotNone(port)
            connection = http.client.HTTPConnection("127.0.0.1", int(port[1]), timeout=PATIENCE)
            connection.request("POST", "/ingest", gzip.open(scenario("A.sysmon-evtxdump")).read())
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()
            end = time.monotonic() + PATIENCE
            while os.listdir(folder):
                self.assertLess(time.monotonic(), end, "the file is taken")
                time.sleep(0.1)
        finally:
            with open(trace, encoding="utf-8") as file:
                pid = int(file.readline().split()[0])
            os.kill(pid, signal.SIGTERM)
            process.stderr.read()
            process.stderr.close()
            process.wait(PATIENCE)
        self.assertEqual(process.returncode, 0)
        with open(trace, encoding="utf-8", errors="replace") as file:
            lines = file.readlines()
        used = {call[1] for call in (re.match(r"\d+ +(\w+)\(", line) for line in lines) if call}
        self.assertIn("epoll_wait", used | {"epoll_wait" if "epoll_pwait" in used else ""})
        self.assertEqual(used - self.allowed_system_calls(), set())
        families = {family[1] for family in (re.search(r" socket\((AF_\w+)", line) for line in lines) if family}
        self.assertIn("AF_INET", families)
        allowed = re.search(r"(?m)^RestrictAddressFamilies=(.*)", source("spoor.service"))[1].split()
        self.assertEqual(families - set(allowed), set())
        self.assertEqual([line for line in lines if "PROT_WRITE|PROT_EXEC" in line], [])

    def test_the_configuration_can_be_used(self):
        result = run("config", "check", os.path.join(PACKAGING, "spoor.yaml"))
        self.assertEqual(result.returncode, 0, result.stderr)

    @needs("openssl")
    def test_what_the_configuration_has_in_comments_can_be_used(self):
        """A "#" with one space behind it is prose, any other stands before a setting."""
        lines = [re.sub(r"^( *)#(?! \S)", r"\1", line) for line in source("spoor.yaml").splitlines()]
        secret = self.path("secret", "x" * 40)
        os.chmod(secret, 0o600)
        tokens = self.path("tokens", "0" * 64 + "  somebody\n")
        made = tool("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
                    "-keyout", self.path("tls.key"), "-out", self.path("tls.pem"))
        self.assertEqual(made.returncode, 0, made.stderr)
        text = "\n".join(lines).replace("/etc/spoor/soar.secret", secret).replace("/etc/spoor/tokens", tokens)
        os.mkdir(self.path("rules"))
        shutil.copy(os.path.join(PACKAGING, "..", "detections", "threecx", "dead_drop_lookup.yml"), self.path("rules"))
        text = text.replace("/etc/spoor/tls.", self.path("tls.")).replace("/etc/spoor/rules", self.path("rules"))
        text = text.replace("/usr/share/spoor/detections", os.path.join(ROOT, "detections"))
        config = self.path("spoor.yaml", text.replace("/var/spool/fdr", self.folder))
        self.assertIn("\n- name: web", "\n".join(line.strip() for line in lines))
        result = run("config", "check", config)
        self.assertEqual(result.returncode, 0, result.stderr.decode() + "\n".join(lines))


class Package(FolderTest):
    """Of this build, whatever its optimisation: what is in it and how it is described are the same."""

    @needs("cpack")
    @needs("dpkg-shlibdeps")
    @needs("lintian")
    def test_lintian_finds_no_error(self):
        result = tool("cpack", "-G", "DEB", "-B", self.folder, cwd=BUILD)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        package = next(os.path.join(self.folder, name) for name in os.listdir(self.folder) if name.endswith(".deb"))
        result = tool("lintian", "--allow-root", "--fail-on", "error,warning", package)
        self.assertEqual((result.returncode, result.stdout), (0, ""), result.stderr)
        listed = tool("dpkg-deb", "--contents", package).stdout
        for path in ("etc/spoor/spoor.yaml", "usr/bin/spoor", "usr/lib/systemd/system/spoor.service",
                     "usr/share/man/man1/spoor.1.gz", "usr/share/bash-completion/completions/spoor",
                     "usr/share/doc/spoor/copyright", "usr/share/doc/spoor/monitoring/spoor-alerts.yml",
                     "usr/share/spoor/clients/python/spoor_client.py",
                     "usr/share/spoor/detections/README.md"):
            self.assertIn(f" ./{path}\n", listed)
        self.assertEqual(tool("dpkg-deb", "--info", package, "conffiles").stdout, "/etc/spoor/spoor.yaml\n")
        depends = tool("dpkg-deb", "--field", package, "Depends").stdout
        self.assertIn("libc6 (>=", depends)
        tool("dpkg-deb", "--extract", package, self.path("root"))
        with open(self.path("root/usr/lib/systemd/system/spoor.service"), encoding="utf-8") as file:
            self.assertEqual(file.read(), source("spoor.service"))

    def test_is_of_the_version_of_the_program(self):
        version = run("--version").stdout.decode().split()[1]
        self.assertTrue(source("debian", "changelog").startswith(f"spoor ({version}-1) "))


if __name__ == "__main__":
    unittest.main()
