#!/usr/bin/env python3
"""docs/quickstart.md, followed: its files, its commands, real log shippers; one finding at the webhook and on the bus for each."""
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

from program import CLIENTS, PATIENCE, ROOT, SPOOR, FolderTest, fetch_clients, read_line, reserve_port, run, scenario

MOCK_KAFKA = os.environ.get("SPOOR_MOCK_KAFKA") or os.path.join(ROOT, "build/dev/tests/e2e_mock_kafka")
SAMPLE = "A.sysmon-evtxdump"
# What the page has its services at.
PORTS = ("5514", "8088", "5556", "5557", "5558", "8080", "9600", "9092")
FOLDERS = ("/etc/spoor", "/var/lib/spoor", "/var/log/edr", "/var/spool/edr", "/var/spool/rsyslog")


def files_of_the_page():
    with open(os.path.join(ROOT, "docs/quickstart.md"), encoding="utf-8") as page:
        return dict(re.findall(r"^`([^`\n]+)`:\n\n```\w*\n(.*?)^```$", page.read(), re.M | re.S))


MISSING = fetch_clients()


class Quickstart(FolderTest):
    def setUp(self):
        super().setUp()
        self.files = files_of_the_page()
        self.ports = {port: str(reserve_port(self)) for port in PORTS}
        self.places = {folder: os.path.join(self.folder, folder.strip("/").replace("/", "-")) for folder in FOLDERS}
        for place in self.places.values():
            os.mkdir(place)
        with gzip.open(scenario(SAMPLE), "rb") as packed:
            self.sample = packed.read()
        self.records = len(self.sample.splitlines())
        self.want = json.loads(run("replay", scenario(SAMPLE), "--format", "ndjson").stdout)["finding_info"]["uid"]
        self.log = open(self.path("spoor.log"), "w+", encoding="utf-8")
        self.addCleanup(self.log.close)

    def place(self, path):
        for folder, place in self.places.items():
            path = path.replace(folder, place)
        return path

    def here(self, name, text=None):
        """A file of the page, with the places and ports of this test."""
        text = self.place(self.files[name] if text is None else text)
        for port, mine in self.ports.items():
            text = re.sub(rf"\b{port}\b", mine, text)
        return self.path(name.replace("/", "-").strip("-"), text)

    def start(self, command, **options):
        process = subprocess.Popen(command, **options)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pipe in (process.stdout, process.stderr, process.stdin):
            if pipe:
                pipe.close()

    def start_spoor(self, *inputs):
        """With these inputs of the page's configuration only: the others want what is not here."""
        page = self.files["/etc/spoor/spoor.yaml"]
        lines = [line for line in page.splitlines(True)
                 if not re.match(r"  - \{name: (\w+), type: (tcp|http|zmq|kafka|folder)", line)
                 or re.match(r"  - \{name: (\w+)", line)[1] in inputs]
        shutil.copy(self.here("/etc/spoor/tokens"), os.path.join(self.places["/etc/spoor"], "tokens"))
        config = self.here("/etc/spoor/spoor.yaml", "".join(lines))
        self.receiver = self.start([sys.executable, self.here("receiver.py")], stdout=subprocess.PIPE, text=True)
        self.said = []
        threading.Thread(target=lambda: [self.said.append(line) for line in self.receiver.stdout], daemon=True).start()
        self.wait_for(lambda: self.is_open("8080"), "the receiver")
        self.engine = self.start([SPOOR, "run", "-c", config], stderr=self.log)
        self.wait_for(self.is_ready, "spoor is ready")

    def is_open(self, port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(self.ports[port]))) == 0

    def is_ready(self):
        self.assertIsNone(self.engine.poll(), self.told())
        return self.is_open("9600") and self.get("/readyz")[0] == 200

    def told(self):
        with open(self.log.name, encoding="utf-8") as log:
            return log.read()

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", int(self.ports["9600"]), timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def wait_for(self, holds, what):
        end = time.monotonic() + PATIENCE
        while not holds():
            self.assertLess(time.monotonic(), end, what() if callable(what) else what)
            time.sleep(0.1)

    def received(self):
        return float(re.search(r"^spoor_received_events_total (\S+)", self.get("/metrics")[1], re.M)[1])

    def expect_the_finding(self):
        self.wait_for(lambda: self.received() >= self.records, lambda: f"all is taken: {self.received()} {self.told()}")
        self.wait_for(lambda: any(re.match(r"Critical 3CX Desktop App .* PC042\.acme\.example$", line) for line in self.said),
                      lambda: f"the webhook: {self.said} {self.told()}")
        tail = run("bus", "tail", f"tcp://127.0.0.1:{self.ports['5556']}", "--replay", f"tcp://127.0.0.1:{self.ports['5557']}",
                   "--from", "1", "-n", "1", "--timeout", "60")
        self.assertEqual(json.loads(tail.stdout.splitlines()[0])["finding_info"]["uid"], self.want)
        self.engine.send_signal(signal.SIGTERM)
        self.assertEqual(self.engine.wait(PATIENCE), 0, self.told())
        stored = run("findings", "--state", self.places["/var/lib/spoor"], "--format", "ndjson").stdout.splitlines()
        self.assertEqual([json.loads(line)["finding_info"]["uid"] for line in stored], [self.want])

    def put_sample(self):
        with open(os.path.join(self.places["/var/log/edr"], "sample.ndjson"), "wb") as file:
            file.write(self.sample)

    def sh(self, name):
        done = subprocess.run(["sh", "-eu", self.here(name)], capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env=dict(os.environ, PATH=self.client("usr/bin") + ":" + os.environ["PATH"],
                                       LD_LIBRARY_PATH=self.client("usr/lib/x86_64-linux-gnu")))
        self.assertEqual(done.returncode, 0, done.stderr)

    @staticmethod
    def client(path):
        return os.path.join(CLIENTS, "root", path)

    # What is in the page is in a test.

    def test_every_file_of_the_page_is_followed(self):
        with open(__file__, encoding="utf-8") as file:
            tests = file.read()
        self.assertGreater(len(self.files), 8)
        for name in self.files:
            self.assertIn(f'"{name}"', tests)

    # HTTP

    @unittest.skipUnless(shutil.which("curl"), "skipped: no curl")
    def test_curl(self):
        self.start_spoor("web")
        self.put_sample()
        self.sh("send.sh")
        self.expect_the_finding()

    @unittest.skipUnless(shutil.which("curl"), "skipped: no curl")
    def test_splunk_hec_with_acknowledgements(self):
        self.start_spoor("web")
        self.put_sample()
        self.sh("hec.sh")
        self.assertGreaterEqual(self.received(), self.records)
        self.expect_the_finding()

    # A folder

    def test_a_folder_of_fdr_batches(self):
        self.start_spoor("spool")
        self.put_sample()
        self.sh("sync.sh")
        self.expect_the_finding()
        self.assertEqual([name for _, _, names in os.walk(self.places["/var/spool/edr"]) for name in names], [])


@unittest.skipIf(MISSING, "skipped: no log shippers: " + MISSING)
class Shippers(Quickstart):
    """The inherited tests are not run twice."""
    test_every_file_of_the_page_is_followed = test_curl = None
    test_splunk_hec_with_acknowledgements = test_a_folder_of_fdr_batches = None

    # rsyslog

    def rsyslog(self, name, change=lambda text: text):
        libraries = self.client("usr/lib/x86_64-linux-gnu")
        config = self.here(name, change(self.files[name]))
        env = dict(os.environ, LD_LIBRARY_PATH=libraries, RSYSLOG_MODDIR=libraries + "/rsyslog")
        self.put_sample()
        self.start([self.client("usr/sbin/rsyslogd"), "-n", "-f", config, "-i", self.path("rsyslog.pid"), "-M", libraries + "/rsyslog"],
                   env=env, stderr=self.log)

    def test_rsyslog(self):
        self.start_spoor("lines")
        self.rsyslog("/etc/rsyslog.d/spoor.conf")
        self.expect_the_finding()

    def test_rsyslog_with_its_own_header(self):
        self.start_spoor("lines")
        self.rsyslog("/etc/rsyslog.d/spoor.conf", lambda text: text.replace(' template="spoor_raw"', ""))
        self.expect_the_finding()

    def test_rsyslog_counting_octets(self):
        self.start_spoor("lines")
        self.rsyslog("/etc/rsyslog.d/spoor.conf", lambda text: text.replace(
            ' template="spoor_raw"', ' template="RSYSLOG_SyslogProtocol23Format" TCP_Framing="octet-counted"'))
        self.expect_the_finding()

    def test_rsyslog_over_zeromq(self):
        self.start_spoor("zeromq")
        self.rsyslog("/etc/rsyslog.d/spoor-zeromq.conf")
        self.expect_the_finding()

    # syslog-ng

    def syslog_ng(self, change=lambda text: text):
        libraries = self.client("usr/lib/x86_64-linux-gnu")
        modules = self.client("usr/lib/syslog-ng/3.38")
        config = self.here("/etc/syslog-ng/conf.d/spoor.conf", change(self.files["/etc/syslog-ng/conf.d/spoor.conf"]))
        self.put_sample()
        self.start([self.client("usr/sbin/syslog-ng"), "-F", "-f", config, "--module-path=" + modules, "--no-caps", "--stderr",
                    "--persist-file=" + self.path("persist"), "--control=" + self.path("control"), "--pidfile=" + self.path("pid")],
                   env=dict(os.environ, LD_LIBRARY_PATH=":".join((os.path.dirname(modules), modules, libraries))), stderr=self.log)

    def test_syslog_ng_over_http(self):
        self.start_spoor("web")
        self.syslog_ng()
        self.expect_the_finding()

    def test_syslog_ng_over_tcp(self):
        self.start_spoor("lines")
        with open(os.path.join(ROOT, "docs/quickstart.md"), encoding="utf-8") as page:
            network = re.search(r"Over TCP: `(destination d_spoor .*?;)`", page.read())[1]
        self.syslog_ng(lambda text: re.sub(r"destination d_spoor \{.*?^\};", lambda _: network, text, flags=re.M | re.S))
        self.expect_the_finding()

    # Kafka

    def broker(self):
        if not os.path.exists(MOCK_KAFKA):
            self.skipTest("skipped: no broker")
        broker = self.start([MOCK_KAFKA, "edr.raw", "4"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.ports["9092"] = read_line(broker).strip().rsplit(":", 1)[1]

    def test_kcat(self):
        self.broker()
        self.start_spoor("kafka")
        self.put_sample()
        self.sh("produce.sh")
        self.expect_the_finding()

    def test_kafkajs(self):
        if not os.path.isdir(os.path.join(CLIENTS, "node_modules/kafkajs")) or not shutil.which("node"):
            self.skipTest("skipped: no kafkajs")
        self.broker()
        self.start_spoor("kafka")
        self.put_sample()
        script = self.here("produce.js", """
            const { Kafka } = require(process.argv[2]);
            const lines = require("fs").readFileSync("/var/log/edr/sample.ndjson", "utf8").split("\\n").filter(Boolean);
            (async () => {
              const producer = new Kafka({ brokers: ["127.0.0.1:9092"], logLevel: 1 }).producer();
              await producer.connect();
              for (const value of lines) await producer.send({ topic: "edr.raw", messages: [{ key: "PC042", value }] });
              await producer.disconnect();
            })();""")
        done = subprocess.run(["node", script, os.path.join(CLIENTS, "node_modules/kafkajs")], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.expect_the_finding()


if __name__ == "__main__":
    unittest.main()
