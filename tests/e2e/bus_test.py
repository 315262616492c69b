#!/usr/bin/env python3
"""The bus as its clients meet it: late, slow, stopped, killed, behind a bad network; and those who mean it ill.

SPOOR_LONG=1: 100,000 findings instead of some thousands, and longer stops. SPOOR_BINARY is the program. Skips where there is
no pyzmq.
"""
import contextlib
import csv
import io
import json
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../clients"))
import need_zmq  # noqa: E402, F401  First: it finds the interpreter and the client.

import zmq  # noqa: E402
from program import PATIENCE, SPOOR, FolderTest, reserve_port, run  # noqa: E402
from spoor_client import RequestError, SpoorClient, Timeouts  # noqa: E402

LONG = bool(os.environ.get("SPOOR_LONG"))
PATIENCE = PATIENCE * 10 if LONG else PATIENCE
RECORDS = 100_000 if LONG else 1_000 if os.environ.get("SPOOR_SANITIZE") else 5_000
STOP_SECONDS = 60 if LONG else 3
# Of one rule the engine makes 10,000 findings at most.
SHARES = 20
RULES = "---".join([f"""
title: Name of share {share}
id: 11111111-2222-4333-8444-5555555555{share:02d}
level: low
logsource: {{product: windows, category: dns_query}}
detection: {{s: {{QueryName|endswith: '-{share}.test'}}, condition: s}}
""" for share in range(SHARES)] + ["""
title: Some names
id: 66666666-7777-4888-8999-aaaaaaaaaaaa
level: critical
logsource: {product: windows, category: dns_query}
detection: {s: {QueryName|contains: '7-'}, condition: s}
"""])


def record(number):
    at = 1_679_479_200 + number // 10
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at)) + f".{number % 10}00"
    system = {"Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}}, "EventID": 22, "EventRecordID": number + 1,
              "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": f"PC{number % 7}"}
    data = {"UtcTime": stamp, "ProcessGuid": "{8f4c1e20-0564-641b-0000-%012d}" % number, "ProcessId": str(4 + number % 60000),
            "Image": "C:\\x.exe", "QueryName": f"n{number}-{number % SHARES}.test", "QueryStatus": "0", "QueryResults": "10.0.0.1;"}
    return json.dumps({"Event": {"System": system, "EventData": data}}) + "\n"


class Proxy:
    """TCP in between that cuts, half-closes, delays and tears what goes over it, by chance."""

    def __init__(self, target, seed):
        self._to = "127.0.0.1", int(target.rsplit(":", 1)[1])
        self._dice = random.Random(seed)
        # Of the first connections: so little that something is broken whatever chance says later.
        self._limits = [70, 5_000, 50_000]
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "tcp://127.0.0.1:%d" % self._listener.getsockname()[1]
        self.broken = 0
        self.kind = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near):
        try:
            far = socket.create_connection(self._to, timeout=5)
        except OSError:
            near.close()
            return
        dice = self._dice
        with near, far, contextlib.suppress(OSError):
            left = None if self.kind else self._limit()
            other = {near: far, far: near}
            while True:
                ready, _, _ = select.select([near, far], [], [], 30)
                if not ready:
                    return
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    if left is None:
                        other[source].sendall(data)
                        continue
                    if dice.random() < 0.02:
                        time.sleep(dice.uniform(0, 0.3))
                    other[source].sendall(data[:left])
                    left -= len(data)
                    if left <= 0:
                        self.broken += 1
                        self._break(near, far, dice)
                        return

    def _limit(self):
        """Bytes until a connection breaks."""
        with self._lock:
            if self._limits:
                return self._limits.pop(0)
            return self._dice.choice([10, 70, 500, 5_000, 50_000, 3_000_000, 10_000_000])

    @staticmethod
    def _break(near, far, dice):
        how = dice.choice(["cut", "reset", "half", "silent"])
        if how == "reset":
            for one in (near, far):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how == "half":
            near.shutdown(socket.SHUT_WR)
            time.sleep(dice.uniform(0, 1))
        elif how == "silent":
            time.sleep(dice.uniform(0, 2))

    def close(self):
        self._listener.close()


class BusTest(FolderTest):
    def setUp(self):
        super().setUp()
        self.rules = self.path("rules.yml", RULES)
        self.state = self.path("state")
        self.bus, self.replay_socket = (f"tcp://127.0.0.1:{reserve_port(self)}" for _ in range(2))

    def popen(self, *command, **options):
        process = subprocess.Popen(command, **options)

        def end():
            if process.poll() is None:
                process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        self.addCleanup(end)
        return process

    def errors(self, name="errors"):
        return open(self.path(name), "ab")

    def replay(self, *inputs, more=(), **options):
        with self.errors() as errors:
            return self.popen(SPOOR, "replay", *inputs, "--rules", self.rules, "--state", self.state, "--quiet", "--format", "ndjson",
                              "-o", os.devnull, "--publish", self.bus, "--publish-replay", self.replay_socket, *more, stderr=errors,
                              **options)

    def serve(self, *more):
        """The bus over the state folder; waits until it answers."""
        with self.errors() as errors:
            process = self.popen(SPOOR, "bus", "serve", "--state", self.state, "--publish", self.bus, "--publish-replay",
                                 self.replay_socket, *more, stderr=errors)
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int(self.replay_socket.rsplit(":", 1)[1])), 1):
                return process
            self.assertIsNone(process.poll(), self.said())
            self.assertLess(time.monotonic(), until, "it does not listen")
            time.sleep(0.05)

    def said(self):
        with open(self.path("errors"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def fill(self, records):
        """A state folder with findings of so many records."""
        self.path("records.ndjson", "".join(map(record, range(records))))
        result = run("replay", self.path("records.ndjson"), "--rules", self.rules, "--state", self.state, "--quiet", "-o", os.devnull)
        self.assertEqual(result.returncode, 0, result.stderr)
        return self.told()

    def told(self):
        """What the state folder holds: (sequence, uid, revision, status, level, rule) of each finding."""
        result = run("findings", "--state", self.state, "--all", "--format", "csv")
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = [(int(row["sequence"]), row["uid"], int(row["revision"]), row["status"], row["level"], row["rule_id"])
                for row in csv.DictReader(io.StringIO(result.stdout.decode()))]
        self.assertEqual([row[0] for row in rows], list(range(1, len(rows) + 1)))
        return rows

    def ended(self, process, code=0):
        self.assertEqual(process.wait(PATIENCE), code, self.said())

    def client(self, **options):
        client = SpoorClient(self.bus, self.replay_socket, **options)
        self.addCleanup(client.close)
        return client

    def take_all(self, client, count):
        findings = []
        until = time.monotonic() + PATIENCE
        while len(findings) < count:
            finding = client.next(1)
            if finding is not None:
                findings.append((finding.sequence, finding.uid, finding.revision, finding.status, finding.level, finding.rule_id))
            self.assertLess(time.monotonic(), until, f"{len(findings)} of {count} findings came\n{self.said()}")
        return findings


class Delivery(BusTest):
    """Nobody misses anything."""

    def subscribe(self, name, *more, bus=None, replay=None):
        with self.errors(name + ".errors") as errors:
            return self.popen(sys.executable, os.path.join(HERE, "bus_subscriber.py"), "--bus", bus or self.bus, "--replay",
                              replay or self.replay_socket, "--output", self.path(name), "--end", self.path("end"), *more, stderr=errors)

    def lines(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as file:
                return [line.split() for line in file.read().splitlines()]
        except FileNotFoundError:
            return []

    def wait_for_lines(self, name, count, process):
        until = time.monotonic() + PATIENCE
        while len(self.lines(name)) < count:
            if process.poll() is not None:
                return
            self.assertLess(time.monotonic(), until, f"{name} gets nothing")
            time.sleep(0.05)

    def check(self, name, rows, digests, *, topic="finding.", repeats=False):
        """All of the topic, in order, each with the same bytes for everybody; again only where one died."""
        lines = self.lines(name)
        self.assertFalse([line for line in lines if line[0] == "LOST"], name)
        wanted = [row for row in rows if f"finding.{row[4]}.{row[5]}".startswith(topic)]
        got = [(int(line[0]), line[2], int(line[3]), line[4], *line[5].split(".")[1:]) for line in lines]
        for line in lines:
            key = line[2], line[3], line[4]
            self.assertEqual(digests.setdefault(key, line[6]), line[6], f"{name}: {key} has two contents")
        if repeats:
            # Again what was not acknowledged, from some place on: never a gap.
            last = 0
            positions = {row[0]: index for index, row in enumerate(wanted)}
            for row in got:
                at = positions[row[0]]
                self.assertLessEqual(at, last, f"{name}: a gap before {row[0]}")
                last = max(last, at + 1)
            got = sorted(set(got))
        self.assertEqual(len(got), len(wanted), name)
        self.assertEqual(got, wanted, name)

    def test_late_slow_stopped_killed_and_cut_off_subscribers_get_everything(self):
        engine = self.replay("-", more=["--publish-wait", "0"], stdin=subprocess.PIPE)
        proxies = [Proxy(self.bus, 1), Proxy(self.replay_socket, 2)]
        for proxy in proxies:
            proxy.kind = False
            self.addCleanup(proxy.close)
        prompt = self.subscribe("prompt")
        running = {
            "slow": self.subscribe("slow", "--delay", "0.002", "--nap", "1"),
            "stopped": self.subscribe("stopped"),
            "cut": self.subscribe("cut", bus=proxies[0].endpoint, replay=proxies[1].endpoint),
            "narrow": self.subscribe("narrow", "--topic", "finding.critical."),
            "prompt": prompt,
        }
        durable = self.subscribe("killed", "--consumer", "killed")
        dice = random.Random(3)
        feeding = threading.Thread(target=self.feed, args=(engine,))
        feeding.start()

        share = RECORDS // 4
        self.wait_for_lines("prompt", share, engine)
        running["stopped"].send_signal(signal.SIGSTOP)
        stopped_at = time.monotonic()
        running["late"] = self.subscribe("late")
        kills = 0
        while time.monotonic() < stopped_at + STOP_SECONDS:
            time.sleep(dice.uniform(0.3, 1))
            durable.kill()
            durable.wait()
            kills += 1
            durable = self.subscribe("killed", "--consumer", "killed")
        running["stopped"].send_signal(signal.SIGCONT)
        running["killed"] = durable
        feeding.join()
        self.ended(engine)

        # The rest from the state folder, over the same addresses.
        server = self.serve()
        for proxy in proxies:
            proxy.kind = True
        rows = self.told()
        self.assertGreaterEqual(len(rows), RECORDS)
        running["after"] = self.subscribe("after")
        with open(self.path("end.new"), "w", encoding="ascii") as file:
            file.write(str(len(rows)))
        os.rename(self.path("end.new"), self.path("end"))
        for name, process in running.items():
            with self.subTest(name):
                with open(self.path(name + ".errors"), encoding="utf-8", errors="replace") as file:
                    self.assertEqual(process.wait(PATIENCE), 0, file.read())
        digests = {}
        for name in running:
            with self.subTest(name):
                self.check(name, rows, digests, topic="finding.critical." if name == "narrow" else "finding.", repeats=name == "killed")
        self.assertGreater(kills, 1)
        self.assertGreater(sum(proxy.broken for proxy in proxies), 1, "the proxy has to break something")
        server.send_signal(signal.SIGTERM)
        self.ended(server)

    @staticmethod
    def feed(engine):
        """Over some seconds, so that there is something to be late for."""
        chunk = RECORDS // 100
        with contextlib.suppress(BrokenPipeError), engine.stdin:
            for begin in range(0, RECORDS, chunk):
                engine.stdin.write("".join(map(record, range(begin, min(begin + chunk, RECORDS)))).encode())
                engine.stdin.flush()
                time.sleep(0.03)

    def test_numbers_of_a_killed_engine_are_not_given_twice(self):
        """What a subscriber got is what the state folder holds, whenever the engine died."""
        records = RECORDS // 5
        self.path("records.ndjson", "".join(map(record, range(records))))
        subscriber = self.subscribe("all")
        dice = random.Random(4)
        seen = 0
        for _ in range(20 if LONG else 4):
            engine = self.replay(self.path("records.ndjson"), more=["--resume", "--publish-wait", "0"])
            self.wait_for_lines("all", seen + dice.randrange(1, max(2, records // 8)), engine)
            engine.kill()
            engine.wait()
            seen = len(self.lines("all"))
        self.ended(self.replay(self.path("records.ndjson"), more=["--resume", "--publish-wait", "0"]))
        self.serve()
        rows = self.told()
        with open(self.path("end"), "w", encoding="ascii") as file:
            file.write(str(len(rows)))
        self.assertEqual(subscriber.wait(PATIENCE), 0)
        self.check("all", rows, {})


class Program(BusTest):
    """`spoor bus` itself as a client."""

    def test_tail_fetches_what_was(self):
        rows = self.fill(100)
        self.serve()
        result = run("bus", "tail", self.bus, "--replay", self.replay_socket, "--from", "1", "-n", str(len(rows)), "--timeout", "60")
        self.assertEqual(result.returncode, 0, result.stderr)
        uids = [json.loads(line)["finding_info"]["uid"] for line in result.stdout.splitlines()]
        self.assertEqual(uids, [row[1] for row in rows])

    def test_localhost_is_found_where_it_has_an_address_of_ipv6_too(self):
        self.fill(5)
        self.serve()
        hosts = self.path("hosts", "127.0.0.1 localhost\n::1 localhost\n")
        within = ["unshare", "-rm", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts]
        try:
            subprocess.run([*within, "true"], check=True, capture_output=True, timeout=PATIENCE)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest("this machine lets nobody have an /etc/hosts of their own")
        result = subprocess.run([*within, SPOOR, "bus", "consumers", self.replay_socket.replace("127.0.0.1", "localhost")],
                                capture_output=True, timeout=PATIENCE)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_consumers_are_shared_with_the_python_client(self):
        rows = self.fill(20)
        self.serve()
        result = run("bus", "tail", self.bus, "--replay", self.replay_socket, "--consumer", "both", "-n", "5", "--timeout", "60")
        self.assertEqual(result.returncode, 0, result.stderr)
        client = self.client(consumer="both")
        self.assertEqual(self.take_all(client, len(rows) - 5), rows[5:])
        listed = {one["name"]: one for one in client.ask("CONSUMERS")["consumers"]}
        self.assertEqual((listed["both"]["cursor"], listed["both"]["behind"]), (5, len(rows) - 5))
        self.assertTrue(client.ask("FORGET", consumer="both")["forgotten"])
        self.assertFalse(client.ask("FORGET", consumer="both")["forgotten"])
        self.assertEqual(client.ask("HELLO", consumer="both")["cursor"], 0)

    def test_cursors_survive_the_server(self):
        rows = self.fill(20)
        server = self.serve()
        client = self.client(consumer="c")
        findings = [client.next(PATIENCE) for _ in range(7)]
        self.assertTrue(client.ack(findings[-1]))
        server.kill()
        server.wait()
        self.serve()
        self.assertEqual(self.take_all(self.client(consumer="c"), len(rows) - 7), rows[7:])


# What ZMTP 3.0 says first: signature, version 3.0, mechanism NULL, not a server, filler.
GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + b"\0" + bytes(31)


def ready(kind):
    body = b"\x05READY" + b"\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind
    return bytes([0x04, len(body)]) + body


class Hostile(BusTest):
    """Whatever comes, the others are served."""

    def setUp(self):
        super().setUp()
        self.rows = self.fill(200)

    def ports(self):
        return [int(one.rsplit(":", 1)[1]) for one in (self.bus, self.replay_socket)]

    def raw(self, port, *parts):
        """Says the parts to a port, and reads what comes back for a moment."""
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as one:
                one.settimeout(0.05)
                for part in parts:
                    one.sendall(part)
                    with contextlib.suppress(TimeoutError):
                        one.recv(4096)
        except OSError:
            pass  # Closing the connection is an answer.

    def memory(self, process):
        with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) * 1024

    def serves(self, server, **options):
        """A client that means well gets all of it."""
        self.assertIsNone(server.poll(), self.said())
        client = self.client(**options)
        self.assertEqual(self.take_all(client, len(self.rows)), self.rows)
        until = time.monotonic() + PATIENCE
        while not client.is_alive:
            self.assertIsNone(client.next(0.1))
            self.assertLess(time.monotonic(), until, "no heartbeat")
        return client

    def test_bytes_that_are_no_zmtp(self):
        server = self.serve()
        dice = random.Random(5)
        huge = [b"\x02" + struct.pack(">Q", length) for length in (2**64 - 1, 2**63 - 1, 2**63, 2**40, 2**32)]
        for port, kind in zip(self.ports(), (b"SUB", b"DEALER")):
            for length in (1, 9, 10, 11, 12, 64, 500, 5000):
                self.raw(port, dice.randbytes(length))
                self.raw(port, b"\xff" + dice.randbytes(length))
                self.raw(port, GREETING + dice.randbytes(length))
                self.raw(port, GREETING + ready(kind), dice.randbytes(length))
            # ZMTP 1.0: an identity of no bytes, then a message; 2.0: revision 1, a socket type, an identity.
            self.raw(port, b"\x01\x00", b"\x06\x00\x01hello"[:8])
            self.raw(port, b"\x01\x00" + b"\xff" + struct.pack(">Q", 2**63))
            for socket_type in (0x02, 0x05, 0xff):
                self.raw(port, b"\xff" + bytes(8) + b"\x7f\x01" + bytes([socket_type]), b"\x00\x00", b"\x00\x05HELLO")
            for frame in huge:
                self.raw(port, GREETING + ready(kind), frame, b"x" * 1000)
                self.raw(port, GREETING + frame)
                self.raw(port, GREETING + b"\x06" + frame[1:])
            for wrong in (b"PUB", b"", b"X" * 200):
                self.raw(port, GREETING + ready(wrong))
            self.raw(port, GREETING.replace(b"NULL", b"EVIL"))
            self.raw(port, GREETING.replace(b"NULL", b"CURV"))
            self.raw(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            self.raw(port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500))
        self.serves(server)

    def test_requests_that_are_wrong_are_answered_and_counted(self):
        server = self.serve()
        bad = [
            [b"REPLAY", b"[]"], [b"REPLAY", b"7"], [b"REPLAY", b"{"], [b"REPLAY", b"\xff\xfe"], [b"REPLAY", b'{"from":-1}'],
            [b"REPLAY", b'{"from":1.5}'], [b"REPLAY", b'{"from":"1"}'], [b"REPLAY", b'{"from":18446744073709551616}'],
            [b"REPLAY", b'{"from":1e30}'], [b"REPLAY", b'{"prefix":7}'], [b"REPLAY", b'{"max":"x"}'], [b"REPLAY", b'{"max":-1}'],
            [b"REPLAY", b"[" * 30000], [b"REPLAY", b'{"a":' * 10000],
            [b"REPLAY", b'{"from":1}', b"more"], [b"ACK", b"{}"], [b"ACK", b'{"consumer":"c"}'], [b"ACK", b'{"seq":1}'],
            [b"ACK", b'{"consumer":"a b","seq":1}'], [b"ACK", b'{"consumer":"","seq":1}'],
            [b"ACK", b'{"consumer":"%s","seq":1}' % (b"x" * 65)], [b"ACK", b'{"consumer":"c","seq":null}'], [b"FORGET", b"{}"],
            [b"HELLO", b'{"consumer":7}'], [b"HELLO", b'{"consumer":"../../etc"}']]
        unknown = [[b"DANCE"], [b"replay", b"{}"], [b"X" * 1000, b"{}"], [b"\x00\xff", b"{}"]]
        others = [([b"ACK", b'{"consumer":"c","seq":18446744073709551615}'], "ahead"),
                  ([b"ACK", b'{"consumer":"c","seq":%d}' % (len(self.rows) + 1)], "ahead"),
                  ([b"ACK", b'{"consumer":"c","seq":1,"instance":"%s"}' % (b"0" * 32)], "other_instance")]
        cases = [(one, "bad_request") for one in bad] + [(one, "unknown_command") for one in unknown] + others
        before = self.serves(server).ask("STATS")["stats"]
        with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
            dealer.linger = 0
            dealer.connect(self.replay_socket)
            for frames, code in cases:
                with self.subTest(frames=[frame[:60] for frame in frames]):
                    dealer.send_multipart(frames)
                    self.assertTrue(dealer.poll(5000), "no answer")
                    answer = dealer.recv_multipart()
                    header = json.loads(answer[1])
                    self.assertEqual((answer[0], header.get("code")), (b"ERROR", code))
                    self.assertTrue(header["message"])
            for frames in ([b"REPLAY", b'{"from":18446744073709551615}'], [b"REPLAY", b'{"max":1000000}'], [b"REPLAY", b""], [b"REPLAY"],
                           [b"", b"HELLO"], [b"HELLO", b'{"unheard":{"of":[1,2]},"id":"x"}'],
                           [b"HELLO", b'{"a":' * 8000 + b"1" + b"}" * 8000]):
                with self.subTest(frames=frames):
                    dealer.send_multipart(frames)
                    self.assertTrue(dealer.poll(5000), "no answer")
                    answer = dealer.recv_multipart()
                    self.assertIn(b"OK", answer[:2])
            for wrong in (b"{}", b"[1]", b'"%s"' % (b"x" * 65), b"1.5", b"-1", b"null"):
                with self.subTest(id=wrong):
                    dealer.send_multipart([b"HELLO", b'{"id":%s}' % wrong])
                    self.assertTrue(dealer.poll(5000), "no answer")
                    self.assertNotIn("id", json.loads(dealer.recv_multipart()[1]))
        after = self.serves(server).ask("STATS")["stats"]
        self.assertGreaterEqual(after["refused_requests"] - before["refused_requests"], len(cases))

    def test_who_asks_and_listens_is_always_answered(self):
        """One request after the other: no queue is ever full, however fast they come."""
        self.serve()
        with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
            dealer.linger = 0
            dealer.connect(self.replay_socket)
            for number in range(10_000):
                dealer.send_multipart([b"HELLO", b'{"id":%d}' % number])
                self.assertTrue(dealer.poll(5000), f"request {number} has no answer")
                self.assertEqual(json.loads(dealer.recv_multipart()[1])["id"], number)

    def test_the_last_number_of_all(self):
        self.serve()
        header = self.client().ask("REPLAY", **{"from": 2**64 - 1})
        self.assertEqual((header["count"], header["next"], header["seq"]), (0, len(self.rows) + 1, len(self.rows)))

    def test_messages_that_are_too_large(self):
        server = self.serve()
        # By hand: a SUB socket with such a subscription overflows its own stack when it connects again.
        for length in (1_025, 65_536, 1_000_000):
            frame = b"\x01" + b"x" * length
            self.raw(self.ports()[0], GREETING + ready(b"SUB"), b"\x02" + struct.pack(">Q", len(frame)) + frame)
        with zmq.Context() as context, context.socket(zmq.DEALER) as dealer, context.socket(zmq.SUB) as many:
            for one in (dealer, many):
                one.linger = 0
            for number in range(5_000):
                many.subscribe(b"finding.%d" % number)
            many.connect(self.bus)
            dealer.connect(self.replay_socket)
            for frames in ([b"REPLAY", b"x" * 10_000_000], [b"x" * 65_537], [b"x"] * 5_000, [b""] * 5_000):
                dealer.send_multipart(frames)
            self.serves(server)
            while dealer.poll(0):
                self.assertNotIn(b"OK", dealer.recv_multipart())

    def test_who_asks_and_does_not_listen(self):
        """The answers that do not fit are not made, and nobody waits for them."""
        server = self.serve()
        before = self.memory(server)
        with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
            dealer.linger = 0
            dealer.rcvhwm = 1
            dealer.sndhwm = 0
            dealer.connect(self.replay_socket)
            for _ in range(3_000):
                dealer.send_multipart([b"REPLAY", b"{}"])
            self.serves(server)
            self.assertLess(self.memory(server) - before, 512 << 20)

    def test_who_floods_and_hangs_up(self):
        """libzmq aborts if a heartbeat of its own falls due on a connection that broke while its queue was full."""
        server = self.serve()
        flood = (b"\x01\x06REPLAY" + b"\x00\x02{}") * 5_000
        for _ in range(20):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.ports()[1]), 5) as one:
                one.settimeout(0.2)
                one.sendall(GREETING + ready(b"DEALER"))
                one.recv(4096)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.sendall(flood)
        # Longer than the time between two of its heartbeats.
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(6)
        self.serves(server)

    def test_connections_that_say_nothing(self):
        server = self.serve()
        with contextlib.ExitStack() as stack:
            for number in range(1000):
                with contextlib.suppress(OSError):
                    stack.enter_context(socket.create_connection(("127.0.0.1", self.ports()[number % 2]), 1))
            self.serves(server)
        self.serves(server)


class Keys(BusTest):
    """CURVE: who is not on the list gets nothing, and who is gets what their roles allow."""

    def setUp(self):
        super().setUp()
        self.rows = self.fill(50)
        self.list = self.path("clients")
        self.key("bus")

    def key(self, name):
        result = run("bus", "keygen", self.path(name))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(os.stat(self.path(name)).st_mode & 0o777, 0o600)
        return self.path(name)

    def allow(self, name, role):
        key = self.key(name)
        result = run("bus", "allow", key + ".pub", "--clients", self.list, "--name", name, "--role", role)
        self.assertEqual(result.returncode, 0, result.stderr)

    def serve_with_keys(self):
        return self.serve("--bus-key", self.path("bus"), "--bus-clients", self.list)

    def known(self, name, **options):
        return self.client(server_key_file=self.path("bus.pub"), key_file=self.path(name), **options)

    def gets_nothing(self, client):
        self.assertIsNone(client.next(1))
        self.assertIsNone(client.position)
        self.assertFalse(client.is_alive)

    def test_who_is_known_is_served_and_nobody_else(self):
        self.allow("good", "subscribe,replay")
        self.key("stranger")
        server = self.serve_with_keys()
        self.gets_nothing(self.client())
        self.gets_nothing(self.known("stranger"))
        self.key("other")
        with self.subTest("another server's key"):
            self.gets_nothing(self.client(server_key_file=self.path("other.pub"), key_file=self.path("good")))
        client = self.known("good", consumer="c")
        self.assertEqual(self.take_all(client, len(self.rows)), self.rows)
        until = time.monotonic() + PATIENCE
        while not client.is_alive:
            self.assertIsNone(client.next(0.1))
            self.assertLess(time.monotonic(), until, "no heartbeat")
        self.assertIsNone(server.poll())

    def test_roles(self):
        self.allow("reader", "replay")
        self.allow("listener", "subscribe")
        self.allow("boss", "subscribe,replay,admin")
        self.serve_with_keys()
        reader = self.known("reader", consumer="mine")
        self.assertEqual(self.take_all(reader, len(self.rows)), self.rows)
        self.assertIsNone(reader.next(1.5))
        self.assertFalse(reader.is_alive, "it may not subscribe")
        for command, arguments in [("STATS", {}), ("CONSUMERS", {}), ("FORGET", {"consumer": "mine"})]:
            with self.subTest(command), self.assertRaises(RequestError) as caught:
                reader.ask(command, **arguments)
            self.assertEqual(caught.exception.code, "forbidden")
        boss = self.known("boss")
        self.assertIn("mine", [one["name"] for one in boss.ask("CONSUMERS")["consumers"]])
        self.assertTrue(boss.ask("STATS")["stats"])
        listener = SpoorClient(self.bus, server_key_file=self.path("bus.pub"), key_file=self.path("listener"))
        self.addCleanup(listener.close)
        until = time.monotonic() + PATIENCE
        while not listener.is_alive:
            self.assertIsNone(listener.next(0.1))
            self.assertLess(time.monotonic(), until, "no heartbeat")
        self.refused(self.known("listener", timeouts=Timeouts(answer=1)))

    def refused(self, client):
        """By an error, or by silence."""
        try:
            self.assertIsNone(client.next(1))
        except RequestError as error:
            self.assertEqual(error.code, "forbidden")

    def test_a_consumer_belongs_to_who_named_it(self):
        self.allow("one", "subscribe,replay")
        self.allow("two", "subscribe,replay")
        self.serve_with_keys()
        first = self.known("one", consumer="c")
        findings = [first.next(PATIENCE) for _ in range(3)]
        self.assertTrue(first.ack(findings[-1]))
        with self.assertRaises(RequestError) as caught:
            self.known("two", consumer="c").next(PATIENCE)
        self.assertEqual(caught.exception.code, "forbidden")

    def test_who_is_taken_off_the_list_is_cut_off(self):
        self.allow("good", "subscribe,replay")
        self.allow("leaver", "subscribe,replay")
        self.serve_with_keys()
        leaver, good = self.known("leaver"), self.known("good")
        for client in (leaver, good):
            self.take_all(client, len(self.rows))
        result = run("bus", "revoke", "leaver", "--clients", self.list)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.is_cut_off(leaver)
        beat = good.last_heartbeat
        until = time.monotonic() + PATIENCE
        while good.last_heartbeat is beat or not good.is_alive:
            self.assertIsNone(good.next(0.1))
            self.assertLess(time.monotonic(), until, "the other one is served no more")

    def test_who_is_taken_off_a_list_with_a_mistake_is_cut_off_too(self):
        self.allow("leaver", "subscribe,replay")
        self.serve_with_keys()
        leaver = self.known("leaver")
        self.take_all(leaver, len(self.rows))
        with open(self.list, "a", encoding="utf-8") as file:
            file.write("bad line here\n")
        result = run("bus", "revoke", "leaver", "--clients", self.list)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("'leaver' is off the list", result.stderr.decode())
        self.assertIn(self.list + ":2: 'bad' is no public key", result.stderr.decode())
        self.is_cut_off(leaver)

    def is_cut_off(self, leaver):
        until = time.monotonic() + PATIENCE
        silent = 0
        while silent < 5:
            beat = leaver.last_heartbeat
            self.assertIsNone(leaver.next(1.5))
            silent = silent + 1 if leaver.last_heartbeat is beat else 0
            self.assertLess(time.monotonic(), until, "it still hears heartbeats")


if __name__ == "__main__":
    unittest.main()
