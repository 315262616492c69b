#!/usr/bin/env python3
"""The playbooks as they are run, against receivers that fail in all the ways receivers do."""
import base64
import email.utils
import hashlib
import hmac
import http.server
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest

from need_zmq import ROOT

import delivery
import thehive_alert
from fake_bus import PATIENCE, FakeBus
from playbook import Failed, Stop
from program import read_line, reserve_port
from spoor_client import Finding

PLAYBOOKS = os.path.join(ROOT, "clients/examples/python")
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
OTHER = "whsec_" + base64.b64encode(KEY[::-1]).decode()


class Receiver:
    """An HTTP server that answers by script: a status, (status, headers, body), or `cut`: closes without a word."""

    def __init__(self, script=()):
        self.script = list(script)
        self.requests = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                answer = receiver.script.pop(0) if receiver.script else 200
                if answer == "cut":
                    self.connection.close()
                    return
                status, headers, text = answer if isinstance(answer, tuple) else (answer, {}, b"{}")
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                receiver.requests.append((self.path, {}, b"GET"))
                self.send_error(500)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    @property
    def ids(self):
        return [headers["webhook-id"] for _, headers, _ in self.requests]


def payload(title="Loader", **more):
    return json.dumps({"time": 1679497900310, "start_time": 1678780882231, "device": {"hostname": "PC042.acme.example", "uid": "pc042"},
                       "finding_info": {"title": title, "desc": "What it is.", "analytic": {"name": "loader_rule"}},
                       "message": "It loaded.", **more}).encode()


class PlaybookTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.bus = FakeBus()
        self.addCleanup(self.bus.close)

    def path(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
        return path

    def receiver(self, *script):
        receiver = Receiver(script)
        self.addCleanup(receiver.close)
        return receiver

    def start(self, playbook, *arguments, env=None):
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        process = subprocess.Popen(
            [sys.executable, os.path.join(PLAYBOOKS, playbook), "--bus", self.bus.bus_endpoint, "--replay", self.bus.replay_endpoint,
             *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**environment, **(env or {})})

        def end():
            process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def run_playbook(self, playbook, *arguments, env=None, code=0):
        process = self.start(playbook, *arguments, env=env)
        output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, code, errors.decode())
        return output.decode(), errors.decode()


class Print(PlaybookTest):
    def test_lines(self):
        self.bus.add(level="critical", uid="c" * 32, payload=payload("Title with \x1b[31m"))
        self.bus.add(level="low", payload=payload())
        output, _ = self.run_playbook("print_findings.py", "--level", "high", "--idle", "1")
        self.assertEqual(output, f"2023-03-22T15:11:40.310+00:00 critical final {'c' * 32} PC042.acme.example Title with ?[31m\n")

    def test_json(self):
        self.bus.add(payload=payload())
        output, _ = self.run_playbook("print_findings.py", "--json", "--count", "1")
        self.assertEqual(output.encode(), payload() + b"\n")

    def test_goes_on_where_it_was(self):
        for index in range(5):
            self.bus.add(payload=payload(f"T{index}"))
        titles = [self.run_playbook("print_findings.py", "--consumer", "p", "--count", "2")[0].split()[-1] for _ in range(2)]
        self.assertEqual(titles, ["T1", "T3"])

    def test_what_is_passed_over_is_acknowledged_too(self):
        for _ in range(150):
            self.bus.add(level="low")
        self.run_playbook("print_findings.py", "--consumer", "p", "--level", "high", "--idle", "1")
        self.assertEqual(self.bus.store.cursors, {"p": 150})
        self.assertLessEqual(len(self.bus.asked("ACK")), 3)

    def test_ends_when_it_is_told_to(self):
        self.bus.add(payload=payload())
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.start("print_findings.py")
            read_line(process, PATIENCE)
            process.send_signal(number)
            process.communicate(timeout=PATIENCE)
            self.assertEqual(process.returncode, 0)

    def test_a_refusal_is_told(self):
        self.bus.script = ["forbidden"]
        _, errors = self.run_playbook("print_findings.py", code=1)
        self.assertIn("forbidden", errors)


class Webhook(PlaybookTest):
    def webhook(self, receiver, *arguments, code=0, secret=SECRET, count=1):
        return self.run_playbook("signed_webhook.py", "--consumer", "w", "--url", receiver.url + "/hook", "--count", str(count),
                                 "--first-pause", "0.01", *arguments, env={"SPOOR_WEBHOOK_SECRET": secret}, code=code)

    def check_signature(self, request, key=KEY, index=0):
        _, headers, body = request
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        want = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        self.assertEqual(headers["webhook-signature"].split()[index], want)
        self.assertLess(abs(int(headers["webhook-timestamp"]) - time.time()), 10 * PATIENCE)

    def test_a_finding_arrives_signed(self):
        receiver = self.receiver()
        self.bus.add(uid="f" * 32, revision=4, status="provisional", payload=payload("Ünïcode"))
        self.webhook(receiver)
        path, headers, body = receiver.requests[0]
        self.assertEqual((path, body, headers["content-type"]), ("/hook", payload("Ünïcode"), "application/json"))
        self.assertEqual(headers["webhook-id"], "f" * 32 + ":4")
        self.check_signature(receiver.requests[0])
        self.assertEqual(self.bus.store.cursors, {"w": 1})

    def test_the_signature_is_that_of_the_standard(self):
        # The vector of the specification's reference libraries.
        signer = delivery.Signer("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        headers = signer.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', 1614265330)
        self.assertEqual(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")

    def test_two_secrets_sign_twice(self):
        receiver = self.receiver()
        self.bus.add(payload=payload())
        self.webhook(receiver, "--secret-file", self.path("secrets", f"{SECRET}\n{OTHER}\n"), secret="")
        self.check_signature(receiver.requests[0], KEY, 0)
        self.check_signature(receiver.requests[0], KEY[::-1], 1)

    def test_repeats_while_that_can_help_under_one_id(self):
        receiver = self.receiver(500, 503, 429, 408, "cut", 599, 204)
        self.bus.add(payload=payload())
        self.webhook(receiver)
        self.assertEqual(len(receiver.requests), 7)
        self.assertEqual(len(set(receiver.ids)), 1)
        for request in receiver.requests:
            self.check_signature(request)

    def test_nobody_there_is_repeated_too(self):
        nobody = types.SimpleNamespace(url=f"http://127.0.0.1:{reserve_port(self)}")
        self.bus.add(payload=payload())
        _, errors = self.webhook(nobody, "--attempts", "3", code=1)
        self.assertIn("attempt 3 of 3: no answer", errors)
        self.assertEqual(self.bus.store.cursors, {}, "what was not delivered is not acknowledged")

    def test_waits_as_long_as_it_is_asked_to(self):
        receiver = self.receiver((429, {"Retry-After": "1"}, b""), 200)
        self.bus.add(payload=payload())
        begin = time.monotonic()
        self.webhook(receiver)
        self.assertGreaterEqual(time.monotonic() - begin, 1)
        self.assertEqual(len(receiver.requests), 2)

    def test_what_is_refused_is_not_repeated_but_put_aside(self):
        receiver = self.receiver(400, 401, 404, 410, 422, (301, {"Location": "/other"}, b""), 200)
        for index in range(7):
            self.bus.add(uid=f"{index:032x}", payload=payload(f"T{index}"))
        path = self.path("dead.ndjson")
        self.webhook(receiver, "--dead-letters", path, count=7)
        with open(path, encoding="utf-8") as file:
            dead = [json.loads(line) for line in file]
        self.assertEqual([letter["status"] for letter in dead], [400, 401, 404, 410, 422, 301])
        self.assertEqual(dead[2]["id"], f"{2:032x}:1")
        self.assertEqual(dead[2]["body"].encode(), payload("T2"))
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertEqual(len(receiver.requests), 7)
        self.assertEqual(self.bus.store.cursors, {"w": 7})

    def test_attempts_end(self):
        receiver = self.receiver(*[500] * 4)
        self.bus.add(payload=payload())
        self.bus.add(payload=payload("Next"))
        self.webhook(receiver, "--dead-letters", self.path("dead"), "--attempts", "4", count=2)
        self.assertEqual(len(receiver.requests), 5)
        self.assertEqual(receiver.requests[4][2], payload("Next"))

    def test_what_was_not_delivered_comes_first_after_a_restart(self):
        receiver = self.receiver(200, 400)
        for index in range(3):
            self.bus.add(uid=f"{index:032x}", payload=payload())
        self.webhook(receiver, count=3, code=1)
        self.webhook(receiver, count=2)
        self.assertEqual(receiver.ids, [f"{index:032x}:1" for index in (0, 1, 1, 2)])

    def test_ends_between_attempts_when_told_to(self):
        receiver = self.receiver(*[500] * 10)
        self.bus.add(payload=payload())
        process = self.start("signed_webhook.py", "--url", receiver.url, "--first-pause", "1000", "--consumer", "w",
                             env={"SPOOR_WEBHOOK_SECRET": SECRET})
        read_line(process, PATIENCE, of="stderr")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.bus.store.cursors, {})

    def test_url_and_headers_from_files(self):
        receiver = self.receiver()
        self.bus.add(payload=payload())
        self.run_playbook("signed_webhook.py", "--url-file", self.path("url", receiver.url + "/secret-path\n"), "--unsigned",
                          "--header-file", self.path("headers", "X-Key: abc\nAuthorization: Basic eDp5\n"), "--count", "1")
        path, headers, _ = receiver.requests[0]
        self.assertEqual((path, headers["x-key"], headers["authorization"]), ("/secret-path", "abc", "Basic eDp5"))
        self.assertNotIn("webhook-signature", headers)

    def test_mistakes_are_told(self):
        def short(text):
            return "whsec_" + base64.b64encode(text).decode()
        for arguments, environment, words in [
                (["--url", "https://x.test"], {}, "no secret"),
                (["--url", "https://x.test"], {"SPOOR_WEBHOOK_SECRET": "whsec_???"}, "not whsec_ and base64"),
                (["--url", "https://x.test"], {"SPOOR_WEBHOOK_SECRET": short(b"x" * 23)}, "23 bytes"),
                (["--url", "https://x.test", "--secret-file", self.path("gone")], {}, "No such file"),
                (["--url", "https://x.test", "--secret-file", self.path("empty", "")], {}, "is empty"),
                (["--unsigned"], {}, "no URL"),
                (["--unsigned", "--url", "ftp://x.test"], {}, "https://"),
                (["--unsigned", "--url", "http://10.0.0.1/"], {}, "plain http"),
                (["--unsigned", "--url", "https://x.test", "--header-file", self.path("bad", "no header")], {}, "Name: value"),
                (["--unsigned", "--url", "https://x.test", "--ca-file", self.path("gone")], {}, "certificates"),
                (["--unsigned", "--url", "https://x.test", "--attempts", "0"], {}, "--attempts"),
                (["--unsigned", "--url", "https://x.test", "--consumer", "a b"], {}, "consumer"),
                (["--unsigned", "--url", "https://x.test", "--topic", "x"], {}, "topic")]:
            with self.subTest(words):
                _, errors = self.run_playbook("signed_webhook.py", *arguments, env=environment, code=1)
                self.assertIn(words, errors)
                self.assertEqual(len(errors.splitlines()), 1, errors)


class Pauses(unittest.TestCase):
    def test_grow_and_have_a_bound(self):
        policy = delivery.Policy(first=1, most=60)
        for attempt, most in [(0, 1), (1, 2), (3, 8), (10, 60), (60, 60)]:
            for _ in range(20):
                pause = policy.pause(attempt, delivery.Reply(500, b""))
                self.assertTrue(most / 2 <= pause <= most, (attempt, pause))

    def test_the_receiver_may_ask_for_more_up_to_a_bound(self):
        policy = delivery.Policy(first=1, asked_most=100)
        in_a_while = email.utils.formatdate(time.time() + 50, usegmt=True)
        for text, least, most in [("30", 30, 30), ("99999", 100, 100), (in_a_while, 40, 50), ("soon", 0, 1), ("-5", 0, 1),
                                  ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 1), ("", 0, 1)]:
            with self.subTest(text):
                self.assertTrue(least <= policy.pause(0, delivery.Reply(429, b"", text)) <= most)

    def test_http_goes_to_this_machine_only(self):
        for url in ["https://soar.acme.test/x", "http://127.0.0.1:1/", "http://localhost/", "http://[::1]:5/"]:
            delivery.check_url(url, False)
        for url in ["http://soar.acme.test/", "http://localhost.acme.test/", "file:///etc/passwd", "x", "https://"]:
            with self.subTest(url), self.assertRaises(Failed):
                delivery.check_url(url, False)
        delivery.check_url("http://soar.acme.test/", True)

    def test_secrets_do_not_follow_a_redirect(self):
        receiver = Receiver([(302, {"Location": "/elsewhere"}, b"")])
        self.addCleanup(receiver.close)
        endpoint = delivery.Endpoint(receiver.url, Stop(), headers={"Authorization": "x"})
        with self.assertRaises(Failed):
            endpoint.deliver("x", b"{}")
        self.assertEqual(len(receiver.requests), 1)


class TheHive(PlaybookTest):
    def hive(self, receiver, *arguments, count=1, code=0):
        return self.run_playbook("thehive_alert.py", "--consumer", "t", "--url", receiver.url + "/", "--count", str(count),
                                 "--first-pause", "0.01", *arguments, env={"THEHIVE_API_KEY": "key1"}, code=code)

    def test_an_alert(self):
        receiver = self.receiver(201)
        attacks = [{"tactic": {"name": "Initial Access"}, "technique": {"uid": "T1195"}, "sub_technique": {"uid": "T1195.002"}},
                   {"tactic": {"name": "Discovery"}, "technique": {"uid": "T1057"}},
                   {"tactic": {"name": "Discovery"}, "technique": {"uid": "T1057"}}]
        seen = [("device.hostname", 1, "PC042.acme.example"), ("evidences[0].query.hostname", 1, "c2.test"),
                ("a", 2, "10.0.0.1"), ("b", 8, "ab" * 32), ("c", 8, "ab" * 32), ("d", 7, "x.dll"), ("e", 99, "?"), ("f", 2, " ")]
        body = json.loads(payload())
        body["finding_info"]["attacks"] = attacks
        body["observables"] = [{"name": name, "type_id": number, "value": value} for name, number, value in seen]
        self.bus.add(level="critical", uid="f" * 32, payload=json.dumps(body).encode())
        self.hive(receiver, "--organisation", "acme")
        path, headers, sent = receiver.requests[0]
        self.assertEqual((path, headers["authorization"], headers["x-organisation"]), ("/api/v1/alert", "Bearer key1", "acme"))
        self.assertEqual(json.loads(sent), {
            "type": "spoor", "source": "spoor", "sourceRef": "f" * 32, "title": "Loader on PC042.acme.example",
            "description": f"It loaded.\n\nWhat it is.\n\nFinding `{'f' * 32}`, revision 1, final.",
            "severity": 4, "date": 1679497900310,
            "tags": ["spoor", "level:critical", "rule:loader_rule", "T1057", "T1195.002"],
            "observables": [{"dataType": "hostname", "data": "PC042.acme.example", "message": "device.hostname"},
                            {"dataType": "domain", "data": "c2.test", "message": "evidences[0].query.hostname"},
                            {"dataType": "ip", "data": "10.0.0.1", "message": "a"},
                            {"dataType": "hash", "data": "ab" * 32, "message": "b, c"},
                            {"dataType": "filename", "data": "x.dll", "message": "d"}],
            "procedures": [{"patternId": "T1195.002", "occurDate": 1678780882231, "tactic": "initial-access"},
                           {"patternId": "T1057", "occurDate": 1678780882231, "tactic": "discovery"}]})

    def test_severities(self):
        receiver = self.receiver()
        for level in ("informational", "low", "medium", "high", "critical"):
            self.bus.add(level=level, payload=payload())
        self.hive(receiver, count=5)
        self.assertEqual([json.loads(body)["severity"] for _, _, body in receiver.requests], [1, 1, 2, 3, 4])

    def test_an_alert_that_is_there_already_is_a_success(self):
        receiver = self.receiver((400, {}, b'{"type":"CreateError","message":"Alert already exists"}'), 201)
        self.bus.add(uid="f" * 32, payload=payload())
        self.bus.add(uid="f" * 32, revision=2, payload=payload())
        self.hive(receiver, count=2)
        self.assertEqual(self.bus.store.cursors, {"t": 2})

    def test_other_refusals_are_none(self):
        receiver = self.receiver((400, {}, b'{"type":"BadRequest","message":"title is missing"}'),
                                 (400, {}, b'{"type":"CreateError","message":"Observable already exists"}'),
                                 (401, {}, b'{"message":"Alert already exists"}'))
        for _ in range(3):
            self.bus.add(payload=payload())
        self.hive(receiver, "--dead-letters", self.path("dead"), count=3)
        with open(self.path("dead"), encoding="utf-8") as file:
            self.assertEqual([json.loads(line)["status"] for line in file], [400, 400, 401])

    def test_waits_for_a_hive_that_is_busy(self):
        receiver = self.receiver(503, "cut", 201)
        self.bus.add(payload=payload())
        self.hive(receiver)
        self.assertEqual(len(receiver.requests), 3)

    def test_what_was_taken_back_makes_no_alert(self):
        receiver = self.receiver()
        self.bus.add(status="retracted", payload=payload())
        self.bus.add(status="provisional", uid="e" * 32, payload=payload())
        self.hive(receiver)
        self.assertEqual([json.loads(body)["sourceRef"] for _, _, body in receiver.requests], ["e" * 32])

    def test_needs_a_key(self):
        _, errors = self.run_playbook("thehive_alert.py", "--url", "https://x.test", code=1)
        self.assertIn("no API key", errors)

    def test_what_the_engine_writes_makes_an_alert(self):
        for name, title in [("sample", "3CX Desktop App acts as a loader on "), ("minimal", "")]:
            with self.subTest(name), open(os.path.join(ROOT, f"tests/golden/finding/{name}.ocsf.json"), "rb") as file:
                text = file.read()
                uid = json.loads(text)["finding_info"]["uid"]
                finding = Finding(1, 1, uid, 1, "final", "critical", "r", "finding.critical.r", "a" * 32, 1, text)
                alert = thehive_alert.alert(finding, "spoor", True)
                self.assertEqual((alert["sourceRef"], alert["severity"]), (uid, 4))
                self.assertTrue(alert["title"].startswith(title) and alert["description"], alert)
                values = [(one["dataType"], one["data"]) for one in alert["observables"]]
                self.assertEqual(len(values), len(set(values)))


class OpenC2(PlaybookTest):
    def commands(self, *arguments, count):
        output, errors = self.run_playbook("openc2_contain.py", "--count", str(count), *arguments)
        return [json.loads(line) for line in output.splitlines()], errors

    def test_a_command(self):
        self.bus.add(level="critical", uid="f" * 32, payload=payload())
        commands, _ = self.commands(count=1)
        self.assertEqual(commands, [{
            "action": "contain", "target": {"device": {"hostname": "PC042.acme.example", "device_id": "pc042"}},
            "args": {"response_requested": "complete", "comment": f"Loader (critical, finding {'f' * 32})"}, "command_id": "f" * 32}])

    def test_final_ones_of_the_level_once_each(self):
        for level, status, uid, revision in [
                ("critical", "provisional", "a", 1), ("high", "final", "b", 1), ("critical", "final", "c", 1), ("critical", "final", "c", 2),
                ("critical", "final", "d", 1), ("medium", "final", "e", 1)]:
            self.bus.add(level=level, status=status, uid=uid * 32, revision=revision, payload=payload())
        ids = [[one["command_id"][0] for one in self.commands(*more, count=count)[0]]
               for more, count in [([], 3), (["--level", "high"], 4), (["--status", "provisional,final"], 4)]]
        self.assertEqual(ids, [["c", "d"], ["b", "c", "d"], ["a", "c", "d"]])

    def test_one_that_is_taken_back_afterwards_is_told(self):
        self.bus.add(level="critical", status="retracted", uid="d" * 32, payload=payload())
        self.bus.add(level="critical", uid="c" * 32, payload=payload())
        self.bus.add(level="critical", status="retracted", uid="c" * 32, revision=2, payload=payload())
        commands, errors = self.commands(count=3)
        self.assertEqual(len(commands), 1)
        self.assertEqual(errors.count("taken back"), 1)
        self.assertIn("c" * 32, errors)

    def test_a_finding_without_a_machine_gives_none(self):
        self.bus.add(level="critical", payload=payload(device={}))
        commands, errors = self.commands(count=1)
        self.assertEqual(commands, [])
        self.assertIn("names no machine", errors)

    def test_to_a_webhook_signed(self):
        receiver = self.receiver(503, 200)
        self.bus.add(level="critical", uid="f" * 32, payload=payload())
        self.run_playbook("openc2_contain.py", "--count", "1", "--url", receiver.url, "--first-pause", "0.01",
                          env={"SPOOR_WEBHOOK_SECRET": SECRET})
        self.assertEqual(receiver.ids, ["f" * 32] * 2)
        _, headers, body = receiver.requests[1]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        self.assertEqual(headers["webhook-signature"], "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode())
        self.assertEqual(json.loads(body)["action"], "contain")
        _, errors = self.run_playbook("openc2_contain.py", "--url", receiver.url, code=1)
        self.assertIn("not signed", errors)


if __name__ == "__main__":
    unittest.main()
