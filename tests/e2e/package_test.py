#!/usr/bin/env python3
"""The unit, the configuration and the package, as systemd and Debian see them."""
import os
import re
import subprocess
import unittest

from program import PATIENCE, ROOT, SPOOR, FolderTest, needs, run

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

    def test_the_configuration_can_be_used(self):
        result = run("config", "check", os.path.join(PACKAGING, "spoor.yaml"))
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_what_the_configuration_has_in_comments_can_be_used(self):
        """A "#" with one space behind it is prose, any other stands before a setting."""
        lines = [re.sub(r"^( *)#(?! \S)", r"\1", line) for line in source("spoor.yaml").splitlines()]
        secret = self.path("secret", "x" * 40)
        os.chmod(secret, 0o600)
        tokens = self.path("tokens", "0" * 64 + "  somebody\n")
        text = "\n".join(lines).replace("/etc/spoor/soar.secret", secret).replace("/etc/spoor/tokens", tokens)
        config = self.path("spoor.yaml", text)
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
                     "usr/share/doc/spoor/copyright", "usr/share/spoor/clients/python/spoor_client.py",
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
