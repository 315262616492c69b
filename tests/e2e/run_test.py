#!/usr/bin/env python3
"""spoor run: logs over the network in, findings on the bus out."""
import base64
import datetime
import errno
import gzip
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

from program import PATIENCE, ROOT, SPOOR, FolderTest, needs, reserve_port, run, scenario, small_disk

try:
    import jsonschema
    import yaml
except ImportError:
    jsonschema = yaml = None

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INSECURE = 78
OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


def records(name):
    with gzip.open(scenario(name), "rb") as file:
        return [line for line in file.read().splitlines() if line]


class Engine:
    """One `spoor run`, until it is stopped."""

    def __init__(self, config, prefix=()):
        self.process = subprocess.Popen([*prefix, SPOOR, "run", "-c", config], stderr=subprocess.PIPE, text=True)
        self.log = []
        self.ports = {}
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.log.append(line)
            listens = re.search(r"input (\w+): .* on (?:tcp://)?127\.0\.0\.1:(\d+)", line)
            if listens:
                self.ports[listens[1]] = int(listens[2])
            admin = re.search(r"/metrics on 127\.0\.0\.1:(\d+)", line)
            if admin:
                self.ports["admin"] = int(admin[1])
                self.ready.set()
        self.ready.set()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stderr.close()
        return code


class RunTest(FolderTest):
    def setUp(self):
        super().setUp()
        self.bus, self.fetch = ("ipc://" + self.path(name) for name in ("bus", "replay"))
        self.config = self.path("spoor.yaml", json.dumps({
            "state": self.path("state"),
            "inputs": [{"name": "lines", "type": "tcp", "listen": "127.0.0.1:0"},
                       {"name": "web", "type": "http", "listen": "127.0.0.1:0"}],
            "bus": {"publish": self.bus, "replay": self.fetch},
            "admin": "127.0.0.1:0"}))

    def engine(self, prefix=()):
        engine = Engine(self.config, prefix)
        self.addCleanup(lambda: engine.process.poll() is None and engine.stop(signal.SIGKILL))
        self.assertTrue(engine.ready.wait(PATIENCE))
        self.assertIn("admin", engine.ports, engine.log)
        return engine

    def ask(self, port, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def metrics(self, engine, *names):
        """Of one moment."""
        _, text = self.ask(engine.ports["admin"], "GET", "/metrics")
        lines = text.decode().splitlines()
        return [sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)) for name in names]

    def metric(self, engine, name):
        return self.metrics(engine, name)[0]

    def wait_for(self, holds, what):
        end = time.monotonic() + PATIENCE
        while not holds():
            self.assertLess(time.monotonic(), end, what() if callable(what) else what)
            time.sleep(0.05)

    def told(self, count=1):
        """The uids of what the bus gives from the start."""
        result = run("bus", "tail", self.bus, "--replay", self.fetch, "--from", "1", "-n", str(count), "--timeout", "60")
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line)["finding_info"]["uid"] for line in result.stdout.splitlines()]

    def stored(self):
        return run("findings", "--state", self.path("state"), "--format", "ndjson").stdout.splitlines()


class Inputs(RunTest):
    def setUp(self):
        super().setUp()
        self.records = records("A.sysmon-evtxdump")
        self.want = json.loads(run("replay", scenario("A.sysmon-evtxdump"), "--format", "ndjson").stdout)["finding_info"]["uid"]

    def expect_one_finding(self, engine):
        self.wait_for(lambda: self.metric(engine, "spoor_received_events_total") >= len(self.records), "all are taken")
        self.assertEqual(set(self.told()), {self.want})
        self.assertEqual(self.metric(engine, "spoor_accounting_residual"), 0)
        self.assertEqual(engine.stop(), 0, engine.log)
        self.assertEqual([json.loads(line)["finding_info"]["uid"] for line in self.stored()], [self.want])

    def send_lines(self, engine, data):
        with socket.create_connection(("127.0.0.1", engine.ports["lines"])) as connection:
            connection.sendall(data)

    def test_lines_over_tcp(self):
        engine = self.engine()
        self.send_lines(engine, b"\n".join(self.records) + b"\n")
        self.expect_one_finding(engine)

    def test_syslog_in_both_framings(self):
        engine = self.engine()
        half = len(self.records) // 2
        line = b"<133>Nov 23 09:09:05 vm edr: "
        self.send_lines(engine, b"".join(line + record + b"\n" for record in self.records[:half]))
        header = b"<133>1 2026-11-23T09:09:05.691127+00:00 vm edr - - - "
        self.send_lines(engine, b"".join(b"%d " % len(header + record) + header + record for record in self.records[half:]))
        self.expect_one_finding(engine)

    def test_http(self):
        engine = self.engine()
        body = gzip.compress(b"\n".join(self.records))
        status, text = self.ask(engine.ports["web"], "POST", "/ingest", body, {"Content-Encoding": "gzip"})
        self.assertEqual(status, 200, text)
        self.expect_one_finding(engine)

    def test_splunk_hec_with_acknowledgements(self):
        engine = self.engine()
        body = b"".join(b'{"event":' + record + b"}" for record in self.records)
        headers = {"X-Splunk-Request-Channel": "0aeeac95-ac74-4aa9-b30d-6c4c0ac581ba"}
        status, text = self.ask(engine.ports["web"], "POST", "/services/collector/event", body, headers)
        self.assertEqual(status, 200, text)
        ack = json.loads(text)["ackId"]
        acks = "/services/collector/ack?channel=" + headers["X-Splunk-Request-Channel"]
        self.wait_for(lambda: json.loads(self.ask(engine.ports["web"], "POST", acks, json.dumps({"acks": [ack]}))[1])
                      ["acks"][str(ack)], "the acknowledgement")
        self.expect_one_finding(engine)


class Operation(RunTest):
    def test_health_and_metrics(self):
        engine = self.engine()
        self.assertEqual(self.ask(engine.ports["admin"], "GET", "/healthz"), (200, b"ok\n"))
        # 503 until the engine takes records, which is a moment after the addresses are bound.
        self.wait_for(lambda: self.ask(engine.ports["admin"], "GET", "/readyz") == (200, b"ready\n"), "it is ready")
        self.assertEqual(self.ask(engine.ports["admin"], "GET", "/none")[0], 404)
        self.assertEqual(self.ask(engine.ports["admin"], "POST", "/metrics", b"")[0], 405)
        status, text = self.ask(engine.ports["admin"], "GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertIn(b"\n# TYPE spoor_events_total counter\n", text)
        status, text = self.ask(engine.ports["admin"], "GET", "/metrics", headers={"Accept": OPEN_METRICS})
        self.assertEqual(status, 200)
        self.assertIn(b"\n# TYPE spoor_events counter\n", text)
        self.assertTrue(text.endswith(b"# EOF\n"))
        self.assertEqual(engine.stop(), 0)

    def test_metrics_count_what_was_sent(self):
        lines = records("A.sysmon-evtxdump")
        engine = self.engine()
        status, text = self.ask(engine.ports["web"], "POST", "/ingest", b"\n".join(lines))
        self.assertEqual(status, 200, text)
        self.assertEqual(self.ask(engine.ports["web"], "POST", "/ingest", b"\n".join(lines[:7] + [b"{]"]))[0], 200)
        sent = len(lines) + 8

        def value(name):
            return self.metric(engine, name)

        self.wait_for(lambda: value("spoor_received_events_total") == sent, "all are taken")
        for name, want in [('spoor_input_records_total{input="web"}', sent),
                           ('spoor_input_events_total{input="web",source="sysmon"}', sent - 1),
                           ("spoor_input_events_total", sent - 1),
                           ('spoor_parse_errors_total{input="web",reason="malformed_json"}', 1),
                           ("spoor_parse_errors_total", 1),
                           ('spoor_events_total{fate="applied"}', len(lines)),
                           ('spoor_events_total{fate="duplicate"}', 7),
                           ("spoor_late_events_total", 0),
                           ("spoor_event_latency_seconds_count", sent),
                           ('spoor_event_latency_seconds_bucket{le="+Inf"}', sent),
                           ("spoor_queue_bytes ", 0), ("spoor_queue_limit_bytes", 256 << 20),
                           ("spoor_tracked_processes_limit", 16 << 20)]:
            with self.subTest(name):
                self.assertEqual(value(name), want)
        # What the same events come to in a replay.
        summary = json.loads(run("replay", scenario("A.sysmon-evtxdump"), "--summary", "-", "-o", self.path("found")).stdout)
        self.assertEqual(value("spoor_rule_hits_total"), summary["rules"]["hits"])
        found = self.told()
        self.assertEqual(value("spoor_findings_total"), len(found))
        self.assertEqual(value("spoor_rule_findings_total"), len(found))
        self.assertEqual(value("spoor_finding_latency_seconds_count"), len(found))
        self.assertEqual(value("spoor_finding_sequence"), len(found))
        # The chain of the scenario has a finding; its close relatives wait for more.
        self.assertEqual(value('spoor_rule_findings_total{rule="312b61ee-52bf-4c3b-9b4c-6adea0091488",level="critical"}'), 1)
        self.assertEqual(value('spoor_rule_info{rule="312b61ee-52bf-4c3b-9b4c-6adea0091488",title="'), 1)
        self.assertEqual(value('spoor_partial_matches{rule="1f1bc61f-76b4-4a42-baa7-1c81f6a480dc"}'), 1)
        # Thirty seconds, which an agent may be late by, before the last event.
        last = datetime.datetime.fromisoformat(summary["last_event"].replace("Z", "+00:00")).timestamp()
        for which in ("oldest", "newest"):
            self.assertAlmostEqual(value(f'spoor_watermark_timestamp_seconds{{which="{which}"}}'), last - 30, 3)
        self.assertEqual(engine.stop(), 0, engine.log)

    @needs("promtool")
    def test_promtool_finds_nothing_wrong_with_the_metrics(self):
        engine = self.engine()
        self.wait_for(lambda: self.ask(engine.ports["admin"], "GET", "/readyz")[0] == 200, "it is ready")
        _, text = self.ask(engine.ports["admin"], "GET", "/metrics")
        self.assertIn(b"spoor_rules", text)
        result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual((result.returncode, result.stdout + result.stderr), (0, b""))
        self.assertEqual(engine.stop(), 0)

    @needs("prometheus")
    def test_prometheus_reads_the_metrics(self):
        """Which asks for OpenMetrics, and takes a page whole or not at all."""
        engine = self.engine()
        port = reserve_port(self)
        config = self.path("prometheus.yml", json.dumps({"scrape_configs": [{
            "job_name": "spoor", "scrape_interval": "1s",
            "static_configs": [{"targets": [f"127.0.0.1:{engine.ports['admin']}"]}]}]}))
        prometheus = subprocess.Popen(["prometheus", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}",
                                       f"--storage.tsdb.path={self.path('tsdb')}"], stderr=subprocess.DEVNULL)
        self.addCleanup(prometheus.wait, PATIENCE)
        self.addCleanup(prometheus.kill)

        def value():
            try:
                found = json.loads(self.ask(port, "GET", "/api/v1/query?query=spoor_rule_reloads_total")[1])
            except (OSError, ValueError, http.client.HTTPException):
                return None  # It is not up yet.
            return found.get("data", {}).get("result")

        self.wait_for(value, "Prometheus has the metrics")
        self.assertEqual({sample["metric"]["result"] for sample in value()}, {"adopted", "failed"})
        targets = json.loads(self.ask(port, "GET", "/api/v1/targets")[1])["data"]["activeTargets"]
        self.assertEqual([(target["health"], target["lastError"]) for target in targets], [("up", "")])
        self.assertEqual(engine.stop(), 0)

    def test_nothing_acknowledged_is_lost_by_a_kill(self):
        """Posts batches until one is not answered; what was answered is there after a restart, and nothing is told twice."""
        lines = records("A.sysmon-evtxdump")
        size = len(lines) // 10 + 1
        batches = [lines[i:i + size] for i in range(0, len(lines), size)]
        engine = self.engine()
        done = 0
        for number, batch in enumerate(batches):
            if number == 5:
                engine.stop(signal.SIGKILL)
                engine = self.engine()
            status, text = self.ask(engine.ports["web"], "POST", "/ingest", b"\n".join(batch))
            self.assertEqual(status, 200, text)
            done += len(batch)
        self.wait_for(lambda: self.metric(engine, "spoor_received_events_total") == done, "exact accounting")
        self.assertEqual(engine.stop(), 0, engine.log)
        replayed = run("replay", scenario("A.sysmon-evtxdump"), "--format", "ndjson").stdout
        self.assertEqual([json.loads(line)["finding_info"]["uid"] for line in self.stored()],
                         [json.loads(replayed)["finding_info"]["uid"]])

    def test_rules_are_read_again_when_they_change(self):
        rule = """title: Look-up
id: 10000000-0000-4000-8000-00000000000%d
name: rule%d
level: high
logsource: {product: windows, category: dns_query}
detection: {s: {QueryName|endswith: 'test%d'}, condition: s}
"""
        os.mkdir(self.path("rules"))
        self.path("rules/a.yml", rule % (1, 1, 1))
        with open(self.config, encoding="utf-8") as file:
            config = dict(json.load(file), rules=[self.path("rules")])
        self.path("spoor.yaml", json.dumps(config))
        engine = self.engine()

        def put(name, text):
            """In one move, so that nobody reads half of it."""
            os.rename(self.path(name, text), self.path("rules/" + name))

        put("b.yml", "title: broken\n")
        self.wait_for(lambda: self.metric(engine, 'spoor_rule_reloads_total{result="failed"}') == 1, "a refused reload")
        # In this order there is but one moment at which the rules are good, and other than before.
        put("c.yml", rule % (2, 2, 2))
        os.remove(self.path("rules/b.yml"))
        self.wait_for(lambda: self.metric(engine, 'spoor_rule_reloads_total{result="adopted"}') == 1, "a reload")
        self.assertEqual(self.metric(engine, "spoor_rules "), 2)
        engine.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: any("unchanged" in line for line in engine.log), "SIGHUP")
        self.assertEqual(engine.stop(), 0)


class Folder(RunTest):
    def test_dead_letters_may_lie_in_the_folder_of_the_state(self):
        """As the configuration of the package proposes: from the first start on."""
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        letters = self.path("state/dead-letters.ndjson")
        self.config = self.path("spoor.yaml", json.dumps({**config, "dead_letters": letters}))
        for count in (1, 2):
            engine = self.engine()
            self.assertEqual(self.ask(engine.ports["web"], "POST", "/ingest", b"no record\n")[0], 200)
            self.assertEqual(engine.stop(), 0, engine.log)
            with open(letters, encoding="utf-8") as file:
                self.assertEqual(len(file.readlines()), count)


@needs("prlimit")
class OpenFiles(RunTest):
    def limited(self, hard):
        return self.engine(["prlimit", f"--nofile=256:{hard}"])

    def test_the_limit_is_raised(self):
        engine = self.limited(4096)
        with open(f"/proc/{engine.process.pid}/limits", encoding="ascii") as limits:
            self.assertRegex(limits.read(), r"Max open files +4096 +4096")
        self.assertEqual(engine.stop(), 0)
        self.assertNotIn("may be open", "".join(engine.log))

    def test_one_that_is_too_low_is_told(self):
        engine = self.limited(1500)
        self.assertEqual(engine.stop(), 0)
        self.assertIn("only 1500 files may be open", "".join(engine.log))
        self.assertIn("may need 3000", "".join(engine.log))


class FullDisk(RunTest):
    """The disk of the state is full: nothing is taken in until there is room, nothing is lost, nothing told twice."""

    def setUp(self):
        super().setUp()
        disk = self.enterContext(small_disk(self.path("disk"), 96))
        if disk is None:
            self.skipTest("no file system can be mounted here")
        self.state = os.path.join(disk, "state")
        self.filler = os.path.join(disk, "filler")
        # So full that RocksDB does not get the room of its log beforehand.
        self.fill(88 << 20)
        with open(self.config, encoding="utf-8") as file:
            config = dict(json.load(file), state=self.state)
        self.path("spoor.yaml", json.dumps(config))
        self.lines = records("A.sysmon-evtxdump")

    def fill(self, size):
        """Puts so much into the file that fills the disk, or all that there is room for."""
        with open(self.filler, "ab", buffering=0) as file:
            try:
                while size > 0:
                    size -= file.write(b"x" * min(size, 4096))
            except OSError as error:
                self.assertEqual(error.errno, errno.ENOSPC)

    def post(self, engine, lines):
        return self.ask(engine.ports["web"], "POST", "/ingest", b"\n".join(lines))[0]

    def post_until_taken(self, engine, lines, answers):
        """As senders do. Refused it is where the engine found the disk full before: it commits at moments of its own."""
        status = 503
        while status == 503:
            status = self.post(engine, lines)
            time.sleep(0.05)
        answers.append(status)

    def fill_up(self, engine, lines):
        """Until the engine takes nothing any more. Gives the answer to what was being taken then, or was refused for it, in time."""
        self.fill(1 << 30)
        answers = []
        sender = threading.Thread(target=self.post_until_taken, args=(engine, lines, answers), daemon=True)
        sender.start()
        self.wait_for(lambda: self.metric(engine, "spoor_state_full") == 1, lambda: f"it is full: {engine.log}")
        status, text = self.ask(engine.ports["admin"], "GET", "/readyz")
        self.assertEqual((status, text), (503, b"not ready: there is no room for the state on its disk\n"))
        self.assertEqual(answers, [], "it is not on disk yet")
        self.assertEqual(self.post(engine, lines), 503)
        return sender, answers

    def test_it_goes_on_by_itself(self):
        engine = self.engine()
        # New events in each round: of what is known already so little is written that there may be room for it in the last page of a file.
        part = len(self.lines) // 4
        first, second, third, rest = (self.lines[i * part:(i + 1) * part if i < 3 else None] for i in range(4))
        self.assertEqual(self.post(engine, first), 200)
        sent = len(first)
        for round_, batch in ((1, second), (2, rest)):
            # As a rule it is the batch, then, that there is no room for, and not what came before.
            self.wait_for(lambda wanted=sent: self.metric(engine, "spoor_received_events_total") == wanted, "what was sent is taken")
            sender, answers = self.fill_up(engine, batch)
            with socket.create_connection(("127.0.0.1", engine.ports["lines"])) as connection:
                connection.sendall(b"\n".join(third) + b"\n")  # It waits, as far as TCP takes it.
                self.wait_for(lambda: self.metric(engine, "spoor_input_stalls_total") > 0, "who sends has to wait")
                # Room for more, but not for all of a log.
                os.truncate(self.filler, os.path.getsize(self.filler) - (30 << 20))
                sender.join(PATIENCE)
                self.assertEqual(answers, [200])
            self.wait_for(lambda: self.ask(engine.ports["admin"], "GET", "/readyz")[0] == 200, "it is ready again")
            self.assertEqual(self.metric(engine, "spoor_state_full"), 0)
            self.assertEqual(self.metric(engine, "spoor_state_filled_total"), round_)
            sent += len(batch) + len(third)
        self.wait_for(lambda: self.metric(engine, "spoor_received_events_total") == len(self.lines) + len(third), "all are taken, once")
        self.assertEqual(self.metric(engine, "spoor_accounting_residual"), 0)
        self.assertEqual(self.metric(engine, 'spoor_events_total{fate="applied"}'), len(self.lines))
        self.assertEqual(sum("there is no room for the state in" in line for line in engine.log), 2, engine.log)
        self.assertEqual(sum("there is room for the state again" in line for line in engine.log), 2, engine.log)
        self.check_findings(engine)

    def check_findings(self, engine):
        """What is stored is what a replay finds, each revision once, and what the bus told."""
        told = self.bus_messages(engine)
        self.assertEqual(engine.stop(), 0, engine.log)
        replayed = run("replay", scenario("A.sysmon-evtxdump"), "--format", "ndjson").stdout.splitlines()
        listed = run("findings", "--state", self.state, "--format", "ndjson").stdout.splitlines()
        self.assertEqual([json.loads(line)["finding_info"]["uid"] for line in listed],
                         [json.loads(line)["finding_info"]["uid"] for line in replayed])
        uids = [json.loads(line)["metadata"]["uid"] for line in told]
        self.assertEqual(len(set(uids)), len(uids), "no revision is told twice")

    def bus_messages(self, engine):
        self.wait_for(lambda: self.metric(engine, "spoor_finding_sequence") > 0, "something is told")
        count = int(self.metric(engine, "spoor_finding_sequence"))
        result = run("bus", "tail", self.bus, "--replay", self.fetch, "--from", "1", "-n", str(count), "--timeout", "60")
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.splitlines()

    def test_a_kill_while_it_is_full_loses_nothing_that_was_answered(self):
        engine = self.engine()
        half = len(self.lines) // 2
        self.assertEqual(self.post(engine, self.lines[:half]), 200)
        self.fill(1 << 30)
        connection = http.client.HTTPConnection("127.0.0.1", engine.ports["web"], timeout=PATIENCE)
        connection.request("POST", "/ingest", b"\n".join(self.lines[half:]))
        self.wait_for(lambda: self.metric(engine, "spoor_state_full") == 1, "it is full")
        engine.stop(signal.SIGKILL)
        connection.close()
        os.remove(self.filler)
        engine = self.engine()
        self.assertEqual(self.post(engine, self.lines[half:]), 200)
        self.wait_for(lambda: self.metric(engine, 'spoor_events_total{fate="applied"}') == len(self.lines), "all are there")
        self.check_findings(engine)

    def test_it_can_be_stopped(self):
        engine = self.engine()
        self.fill(1 << 30)
        connection = http.client.HTTPConnection("127.0.0.1", engine.ports["web"], timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("POST", "/ingest", b"\n".join(self.lines))
        self.wait_for(lambda: self.metric(engine, "spoor_state_full") == 1, "it is full")
        self.assertEqual(engine.stop(), 74, engine.log)
        self.assertIn("No space left", engine.log[-1])


class DeadLetters(RunTest):
    """dead_letters: FILE, on a disk that is full, and when it is moved away."""

    def setUp(self):
        super().setUp()
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        self.letters = self.path("dead.ndjson")
        self.path("spoor.yaml", json.dumps({**config, "dead_letters": self.letters}))

    def post(self, engine, text):
        self.assertEqual(self.ask(engine.ports["web"], "POST", "/ingest", text + b"\n")[0], 200)

    def wait_for_log(self, engine, said):
        self.wait_for(lambda: any(said in line for line in engine.log), said)

    def records_in(self, path):
        with open(path, encoding="utf-8") as file:
            return [base64.b64decode(json.loads(line)["raw"]) for line in file]

    def test_wait_while_there_is_no_room(self):
        os.symlink("/dev/full", self.letters)
        engine = self.engine()
        self.post(engine, b"first")
        self.post(engine, b"second")
        self.wait_for_log(engine, f"cannot write the dead letters to {self.letters}: No space left on device")
        self.wait_for(lambda: self.metric(engine, "spoor_dead_letters_waiting") == 2, "both wait")
        self.assertFalse(any("they are in" in line for line in engine.log), engine.log)
        os.remove(self.letters)
        engine.process.send_signal(signal.SIGHUP)
        self.wait_for_log(engine, "the dead letters that waited are in")
        self.post(engine, b"third")
        self.assertEqual(self.metric(engine, "spoor_dead_letters_lost_total"), 0)
        self.assertEqual(engine.stop(), 0, engine.log)
        self.assertEqual(self.records_in(self.letters), [b"first", b"second", b"third"])
        self.assertEqual(os.stat(self.letters).st_mode & 0o777, 0o600)

    def test_what_waits_at_the_end_is_told(self):
        os.symlink("/dev/full", self.letters)
        engine = self.engine()
        self.post(engine, b"first")
        self.assertEqual(engine.stop(), 0, engine.log)
        self.assertTrue(any("1 dead letters are lost: No space left on device" in line for line in engine.log), engine.log)

    def test_are_rotated(self):
        engine = self.engine()
        self.post(engine, b"first")
        os.rename(self.letters, self.letters + ".1")
        engine.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: os.path.exists(self.letters), "a new file")
        self.post(engine, b"second")
        self.assertEqual(engine.stop(), 0, engine.log)
        self.assertEqual(self.records_in(self.letters + ".1"), [b"first"])
        self.assertEqual(self.records_in(self.letters), [b"second"])


class Reload(RunTest):
    """SIGHUP: certificates and tokens are read again."""

    def with_input(self, **settings):
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        config["inputs"] = [{"name": "web", "type": "http", "listen": "127.0.0.1:0", **settings}]
        self.path("spoor.yaml", json.dumps(config))
        return self.engine()

    def hang_up(self, engine, said):
        before = len(engine.log)
        engine.process.send_signal(signal.SIGHUP)
        self.wait_for(lambda: any(said in line for line in engine.log[before:]), said)

    def tokens(self, *names):
        lines = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in names]
        return self.path("tokens", "# who\n" + "".join(lines))

    def test_tokens(self):
        engine = self.with_input(tokens_file=self.tokens("old", "kept"))

        def status(token):
            headers = {"Authorization": f"Bearer {token}"}
            return self.ask(engine.ports["web"], "POST", "/ingest", b'{"a":1}\n', headers)[0]

        self.assertEqual([status(token) for token in ("old", "kept", "new")], [200, 200, 403])
        self.tokens("kept", "new")
        self.assertEqual(status("old"), 200, "nobody said so yet")
        self.hang_up(engine, "certificates and tokens are read again")
        self.assertEqual([status(token) for token in ("old", "kept", "new")], [403, 200, 200])
        for broken in ("no hash\n", "# nobody\n"):
            self.path("tokens", broken)
            self.hang_up(engine, "input web: what it had stays: " + self.path("tokens"))
            self.assertEqual([status(token) for token in ("old", "kept", "new")], [403, 200, 200])
        self.assertNotIn("read again\n", engine.log[-1])
        self.assertEqual(engine.stop(), 0)

    def certificate(self, name):
        """Made for the test, by itself, into the files that the engine has."""
        result = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                                 "-subj", f"/CN={name}", "-days", "2", "-keyout", self.path("tls.key"),
                                 "-out", self.path("tls.pem")], capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("tls.pem"), encoding="utf-8") as file:
            return file.read()

    @needs("openssl")
    def test_certificates(self):
        first = self.certificate("first")
        engine = self.with_input(tls={"certificate": self.path("tls.pem"), "key": self.path("tls.key")})

        def served():
            return ssl.get_server_certificate(("127.0.0.1", engine.ports["web"]))

        self.assertEqual(served(), first)
        second = self.certificate("second")
        self.assertEqual(served(), first)
        self.hang_up(engine, "certificates and tokens are read again")
        self.assertEqual(served(), second)
        self.path("tls.key", "broken")
        self.hang_up(engine, "input web: what it had stays: ")
        self.assertTrue(any("tls.key" in line for line in engine.log), engine.log)
        self.assertEqual(served(), second)
        self.assertEqual(engine.stop(), 0)


class Mistakes(RunTest):
    def run_with(self, text):
        return run("run", "-c", self.path("wrong.yaml", text))

    def test_are_told_with_their_place(self):
        result = self.run_with("state: x\ninputs: [{name: a, type: tpc, listen: 127.0.0.1:1}]\n")
        self.assertEqual(result.returncode, EXIT_USAGE)
        self.assertIn(b"wrong.yaml:2:26: error: 'tpc' is no type", result.stderr)
        self.assertIn(b"did you mean 'tcp'?", result.stderr)

    def test_off_loopback_needs_tls_and_proof(self):
        for kind in ("tcp", "http"):
            with self.subTest(kind):
                result = self.run_with(f"state: {self.path('s')}\ninputs: [{{name: a, type: {kind}, listen: 0.0.0.0:0}}]\n")
                self.assertEqual(result.returncode, EXIT_INSECURE, result.stderr)
                self.assertIn(b"tls.certificate", result.stderr)

    def check_with(self, text):
        return run("config", "check", self.path("wrong.yaml", f"state: {self.path('s')}\n{text}"))

    def test_config_check_finds_what_run_would_refuse(self):
        tls = "tls: {certificate: c.pem, key: k.pem}"
        tokens = self.path("tokens", hashlib.sha256(b"t").hexdigest() + "  t\n")
        bad = self.path("bad-tokens", "t\n")
        for listener, code, said in [
                ("type: tcp, listen: '0.0.0.0:1'", EXIT_INSECURE, "input a: .*tls.certificate"),
                (f"type: tcp, listen: '0.0.0.0:1', {tls}", EXIT_INSECURE, "tls.client_ca"),
                ("type: http, listen: '[::]:1'", EXIT_INSECURE, "tls.certificate"),
                (f"type: http, listen: '0.0.0.0:1', {tls}", EXIT_INSECURE, "tls.client_ca or tokens_file"),
                (f"type: http, listen: '0.0.0.0:1', {tls}, tokens_file: {tokens}", EXIT_USAGE, "tls.certificate: 'c.pem': No such file"),
                (f"type: http, listen: '127.0.0.1:1', tokens_file: {bad}", EXIT_USAGE, "bad-tokens:1: no SHA-256"),
                ("type: http, listen: '127.0.0.1:1', tokens_file: /none", EXIT_USAGE, "cannot read /none")]:
            with self.subTest(listener):
                result = self.check_with(f"inputs: [{{name: a, {listener}}}]\n")
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertRegex(result.stderr.decode(), said)
        result = self.check_with("inputs: [{name: a, type: tcp, listen: '127.0.0.1:1'}]\nadmin: '0.0.0.0:1'\n")
        self.assertEqual(result.returncode, EXIT_INSECURE, result.stderr)
        self.assertIn(b"admin: a loopback address", result.stderr)
        line = "inputs: [{name: a, type: tcp, listen: '127.0.0.1:1'}]\n"
        for bus, code, said in [("publish: 'tcp://0.0.0.0:1'", EXIT_INSECURE, b"bus.key_file"),
                                ("publish: 'tcp://127.0.0.1:1', replay: 'tcp://*:2'", EXIT_INSECURE, b"bus.key_file"),
                                ("publish: 'tcp://0.0.0.0:1', key_file: k, clients_file: c", EXIT_USAGE, b"cannot read k: No such file"),
                                ("publish: nowhere", EXIT_USAGE, b"is not a bus endpoint")]:
            with self.subTest(bus):
                result = self.check_with(line + f"bus: {{{bus}}}\n")
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertIn(said, result.stderr)

    def test_config_check_ends_with_what_run_ends_with(self):
        """Of what run refuses, other than addresses and states that others have."""
        def certificate(name):
            made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
                                   "-keyout", self.path(name + ".key"), "-out", self.path(name + ".pem")], capture_output=True, check=False)
            self.assertEqual(made.returncode, 0, made.stderr)
            return self.path(name + ".pem"), self.path(name + ".key")

        def tls(certificate, key):
            return f"inputs: [{{name: a, type: tcp, listen: '127.0.0.1:0', tls: {{certificate: {certificate}, key: {key}}}}}]\n"

        none = self.path("none/file")
        broken = self.path("broken.yml", "title: x\n")
        line = "inputs: [{name: a, type: tcp, listen: '127.0.0.1:7'}]\n"
        zmq = "{name: b, type: zmq, bind: "
        for text, said in [
                (tls(none, none), "input a: tls.certificate: '.*': No such file"),
                (line + f"rules: [{none}]\n", "no rule file or folder"),
                (line + f"rules: [{broken}]\n", "no rule can be used"),
                (line + f"dead_letters: {none}\n", "dead_letters: cannot write .*none/file: No such file"),
                (line + f"dead_letters: {self.folder}\n", "cannot write .*: Is a directory"),
                (line + f"record: {broken}/deeper\n", "cannot record into .*: Not a directory"),
                (f"inputs: [{zmq}'tcp://127.0.0.1:7', key_file: {none}, clients_file: {none}}}]\n", "input b: cannot read .*none/file: No such file"),
                (line + f"bus: {{publish: 'tcp://127.0.0.1:8', key_file: {none}, clients_file: {none}}}\n", "cannot read .*none/file"),
                (line + "admin: 127.0.0.1:7\n", "admin: 'input a: listen' listens there already"),
                (line + "bus: {publish: 'tcp://127.0.0.1:7'}\n", "bus: publish: 'input a: listen' listens there already"),
                (line + "bus: {publish: 'tcp://127.0.0.1:8', replay: 'tcp://localhost:8'}\n", "bus: replay: 'bus: publish' listens"),
                (f"inputs: [{{name: a, type: tcp, listen: '127.0.0.1:7'}}, {zmq}'tcp://127.0.0.1:7'}}]\n",
                 "input b: bind: 'input a: listen' listens there already")]:
            with self.subTest(text):
                for result in (self.check_with(text), self.run_with(f"state: {self.path('s')}\n{text}")):
                    self.assertEqual(result.returncode, EXIT_USAGE, result.stderr)
                    self.assertRegex(result.stderr.decode(), said)
        self.assertFalse(os.path.exists(self.path("none")))
        self.assertFalse(os.path.exists(self.path("s")))
        self.assertEqual(self.check_with(line + f"dead_letters: {self.path('s/dead')}\nrecord: {none}\n").returncode, 0)
        self.assertFalse(os.path.exists(self.path("none")))
        if shutil.which("openssl"):
            (good, key), (_, other) = certificate("one"), certificate("other")
            self.assertEqual(self.check_with(tls(good, key)).returncode, 0)
            for result in (self.check_with(tls(good, other)), self.run_with(f"state: {self.path('s')}\n{tls(good, other)}")):
                self.assertEqual(result.returncode, EXIT_USAGE, result.stderr)
                self.assertIn(b"tls.key", result.stderr)

    def test_config_check_and_print(self):
        self.assertEqual(run("config", "check", self.config).returncode, 0)
        printed = run("config", "print", self.config)
        self.assertEqual(printed.returncode, 0)
        again = self.path("again.yaml", printed.stdout)
        self.assertEqual(run("config", "print", again).stdout, printed.stdout)
        self.assertEqual(run("config", "check", self.path("bad.yaml", "state: [\n")).returncode, EXIT_USAGE)


class JsonLog(RunTest):
    def test_each_line_is_an_object(self):
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        os.mkdir(self.path("rules"))
        good = "title: t\nid: 11111111-2222-4333-8444-55555555555{}\nlogsource: {{category: dns_query}}\ndetection: {{s: {{{}: x}}, condition: s}}\n"
        self.path("rules/good.yml", good.format(1, "QueryName"))
        self.path("rules/bad.yml", good.format(2, "QueryName|endwith"))
        self.path("spoor.yaml", json.dumps({**config, "rules": self.path("rules"), "log": {"format": "json"}}))
        engine = self.engine()
        self.path("rules/bad.yml", "title: [\n")
        self.wait_for(lambda: any("the old rules stay" in line for line in engine.log), "it is told")
        self.assertEqual(engine.stop(), 0)
        lines = [json.loads(line) for line in engine.log]
        self.assertTrue(all(set(line) == {"time", "level", "message"} for line in lines), lines)
        errors = [line["message"] for line in lines if line["level"] == "error"]
        self.assertRegex(errors[0], r"rules/bad.yml:4:\d+: .*endwith.*; did you mean 'endswith'\?$")


class ExitCodes(RunTest):
    """systemd starts again what ends with 1 or 74, and leaves alone what ends with 2 or 78."""

    def ends_with(self, code, said, text):
        result = run("run", "-c", self.path("wrong.yaml", f"state: {self.path('s')}\n{text}"))
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertRegex(result.stderr.decode(), said)

    def test_an_address_in_use_is_no_wrong_configuration(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            free = "{name: a, type: tcp, listen: '127.0.0.1:0'}"
            for text in (f"inputs: [{{name: a, type: tcp, listen: '127.0.0.1:{port}'}}]\n",
                         f"inputs: [{{name: a, type: http, listen: '127.0.0.1:{port}'}}]\n",
                         f"inputs: [{{name: a, type: zmq, bind: 'tcp://127.0.0.1:{port}'}}]\n",
                         f"inputs: [{free}]\nadmin: '127.0.0.1:{port}'\n",
                         f"inputs: [{free}]\nbus: {{publish: 'tcp://127.0.0.1:{port}'}}\n"):
                with self.subTest(text):
                    self.ends_with(EXIT_FAILURE, "(?i)address already in use", text)

    def test_files_that_the_configuration_names_are_part_of_it(self):
        none = self.path("none.pem")
        zmq = "{name: a, type: zmq, bind: 'tcp://127.0.0.1:1', "
        for text, said in (
                (f"inputs: [{{name: a, type: tcp, listen: '127.0.0.1:0', tls: {{certificate: {none}, key: {none}}}}}]\n",
                 "error: input a: tls.certificate: '.*none.pem': No such file"),
                (f"inputs: [{zmq}key_file: {none}, clients_file: {none}}}]\n", "input a: cannot read .*none.pem: No such file"),
                (f"inputs: [{{name: a, type: tcp, listen: '127.0.0.1:0'}}]\n"
                 f"bus: {{publish: 'tcp://127.0.0.1:1', key_file: {none}, clients_file: {none}}}\n",
                 "cannot read .*none.pem: No such file")):
            with self.subTest(text):
                self.ends_with(EXIT_USAGE, said, text)


@unittest.skipUnless(yaml and jsonschema, "there are no yaml and jsonschema for Python")
class Schema(RunTest):
    """`spoor config schema` against what `spoor config check` says."""

    def setUp(self):
        super().setUp()
        result = run("config", "schema")
        self.assertEqual(result.returncode, 0, result.stderr)
        schema = json.loads(result.stdout)
        jsonschema.Draft7Validator.check_schema(schema)
        self.validator = jsonschema.Draft7Validator(schema)

    def mistakes(self, text):
        return [error.message for error in self.validator.iter_errors(yaml.safe_load(text))]

    def test_takes_every_example(self):
        texts = [run("config", "print", self.config).stdout.decode()]
        with open(os.path.join(ROOT, "packaging/spoor.yaml"), encoding="utf-8") as file:
            texts += [file.read()]
            texts += [re.sub(r"(?m)^( *)#(?! \S)", r"\1", texts[-1])]
        documented = []
        for name in ("operations.md", "quickstart.md"):
            with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as file:
                blocks = re.findall(r"```yaml\n(.*?)```", file.read(), re.S)
            documented += [block for block in blocks if re.search(r"(?m)^state:", block)]
        self.assertTrue(documented)
        for text in texts + documented:
            with self.subTest(text):
                self.assertEqual(self.mistakes(text), [])

    def test_refuses_what_the_reader_refuses(self):
        inputs = "inputs: [{name: a, type: tcp, listen: '127.0.0.1:1'}]\n"
        for wrong in [inputs, "state: x\n", "state: x\nnone: 1\n" + inputs, "state: x\ndrain: soon\n" + inputs,
                      "state: x\nqueue: much\n" + inputs, "state: x\nlog: {format: xml}\n" + inputs,
                      "state: x\ninputs: [{name: a, type: tpc, listen: '127.0.0.1:1'}]\n",
                      "state: x\ninputs: [{name: a, type: tcp, listen: '127.0.0.1:1', connections: 0}]\n",
                      "state: x\ninputs: [{name: a, type: tcp, listen: '127.0.0.1:1', tls: {certificate: c}}]\n",
                      "state: x\ninputs: [{name: a, type: tcp, listen: '127.0.0.1:1', brokers: [b]}]\n",
                      "state: x\ninputs: [{name: a, type: folder}]\n",
                      "state: x\ninputs: [{name: a, listen: '127.0.0.1:1'}]\n",
                      "state: x\nsinks: [{name: a, type: webhook}]\n" + inputs]:
            with self.subTest(wrong):
                self.assertNotEqual(self.mistakes(wrong), [])
                self.assertEqual(run("config", "check", self.path("wrong.yaml", wrong)).returncode, EXIT_USAGE)


if __name__ == "__main__":
    unittest.main()
