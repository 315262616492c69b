#!/usr/bin/env python3
"""Findings to web services: by the engine's own sinks, and by the example playbooks off the bus; against receivers that
fail in the ways receivers do."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
import types
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "clients"))
import need_zmq  # noqa: E402,F401

from program import PATIENCE, ROOT, SPOOR, FolderTest, read_line, reserve_port, run, scenario  # noqa: E402
from run_test import RunTest, records  # noqa: E402

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
EXAMPLE = os.environ.get("SPOOR_CPP_EXAMPLE")


def signature_holds(headers, body):
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    want = base64.b64encode(hmac.new(bytes(range(32)), signed, hashlib.sha256).digest()).decode()
    return headers["webhook-signature"] == "v1," + want and abs(time.time() - int(headers["webhook-timestamp"])) < 300


class Receiver:
    """Answers by a list of (status, headers, body), then 200. Keeps (path, headers, body)."""

    def __init__(self, answers=()):
        self.answers = list(answers)
        self.requests = []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status, headers, text = receiver.answers.pop(0) if receiver.answers else (200, {}, b"{}")
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class ReceiverTest(FolderTest):
    def receiver(self, answers=()):
        receiver = Receiver(answers)
        self.addCleanup(receiver.close)
        return receiver

    def secret(self, name, text):
        path = self.path(name, text + "\n")
        os.chmod(path, 0o600)
        return path


class Sinks(ReceiverTest):
    def sinks(self, *sinks):
        return self.path("sinks.yaml", json.dumps({"sinks": sinks}))

    def webhook(self, receiver, **more):
        return dict({"name": "soar", "type": "webhook", "url": receiver.url + "/hook",
                     "secret_file": self.secret("secret", SECRET)}, **more)

    def replay(self, *arguments):
        return run("replay", scenario("A.sysmon-evtxdump"), "--format", "ndjson", *arguments)

    def test_a_signed_webhook_gets_the_finding(self):
        receiver = self.receiver()
        result = self.replay("--sinks", self.sinks(self.webhook(receiver)))
        self.assertEqual(result.returncode, 0, result.stderr)
        (path, headers, body), = receiver.requests
        self.assertEqual(path, "/hook")
        self.assertTrue(signature_holds(headers, body))
        self.assertEqual(body + b"\n", result.stdout)
        self.assertEqual(headers["webhook-id"], json.loads(body)["finding_info"]["uid"] + ":1")

    def test_thehive_gets_an_alert(self):
        receiver = self.receiver([(201, {}, b"{}")])
        sink = {"name": "hive", "type": "thehive", "url": receiver.url, "authorization_file": self.secret("key", "Bearer abc")}
        result = self.replay("--sinks", self.sinks(sink))
        self.assertEqual(result.returncode, 0, result.stderr)
        (path, headers, body), = receiver.requests
        self.assertEqual((path, headers["authorization"]), ("/api/v1/alert", "Bearer abc"))
        alert = json.loads(body)
        self.assertEqual((alert["type"], alert["severity"]), ("spoor", 4))
        self.assertEqual(alert["sourceRef"], json.loads(result.stdout)["finding_info"]["uid"])
        self.assertIn({"dataType": "filename", "data": "ffmpeg.dll"},
                      [{key: one[key] for key in ("dataType", "data")} for one in alert["observables"]])

    def test_a_receiver_that_fails_gets_it_in_the_end_under_the_same_key(self):
        receiver = self.receiver([(503, {"Retry-After": "1"}, b""), (500, {}, b"")])
        result = self.replay("--sinks", self.sinks(self.webhook(receiver)), "--publish-wait", "30")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(receiver.requests), 3)
        self.assertEqual(len({headers["webhook-id"] for _, headers, _ in receiver.requests}), 1)
        self.assertIn(b"HTTP 503", result.stderr)

    def test_what_is_refused_is_kept(self):
        receiver = self.receiver([(422, {}, b"no such field")])
        letters = self.path("letters.ndjson")
        result = self.replay("--sinks", self.sinks(self.webhook(receiver, dead_letters=letters)))
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(letters, encoding="utf-8") as file:
            letter = json.loads(file.read())
        self.assertEqual((letter["sink"], letter["reason"]), ("soar", "HTTP 422: no such field"))
        self.assertEqual(letter["payload"].encode() + b"\n", result.stdout)

    def test_a_receiver_that_is_away_gets_it_at_the_next_start_and_once(self):
        away = types.SimpleNamespace(url=f"http://127.0.0.1:{reserve_port(self)}")
        state = self.path("state")
        result = self.replay("--state", state, "--sinks", self.sinks(self.webhook(away)), "--publish-wait", "0.5")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(b"has not taken 1 findings yet", result.stderr)
        receiver = self.receiver()
        for _ in range(2):
            result = self.replay("--state", state, "--sinks", self.sinks(self.webhook(receiver)))
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(receiver.requests), 1)

    def test_mistakes_are_told_with_their_place(self):
        for text, words in [('{"sinks": [{"name": "a", "type": "webhok", "url": "https://x"}]}', b"did you mean 'webhook'?"),
                            ("sinks: [{name: a, type: webhook, url: 'http://soar.example'}]", b"insecure_plaintext: true"),
                            ("sinks: 7", b"sinks.yaml:1:8: error: sinks are a list")]:
            with self.subTest(text):
                result = self.replay("--sinks", self.path("sinks.yaml", text))
                self.assertEqual((result.returncode, result.stdout), (2, b""))
                self.assertIn(words, result.stderr)

    def test_a_file_for_what_is_refused_that_cannot_be_written_is_an_error(self):
        receiver = self.receiver()
        result = self.replay("--sinks", self.sinks(self.webhook(receiver, dead_letters=self.path("none") + "/letters")))
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn(b"sink soar: cannot write dead letters to ", result.stderr)
        self.assertEqual(receiver.requests, [])

    def test_a_wrong_token_loses_nothing(self):
        state, receiver = self.path("state"), self.receiver([(401, {"Retry-After": "3600"}, b"")])
        result = self.replay("--state", state, "--sinks", self.sinks(self.webhook(receiver)), "--publish-wait", "0.5")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(b"HTTP 401); they wait: is the address right", result.stderr)
        result = self.replay("--state", state, "--sinks", self.sinks(self.webhook(receiver)))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(receiver.requests), 2)

    def test_an_address_may_be_a_secret(self):
        receiver = self.receiver([(422, {}, b"")])
        sink = self.webhook(receiver, url_file=self.secret("url", receiver.url + "/canary-4711?token=canary-4711"))
        del sink["url"]
        for one in (sink, self.webhook(receiver, url=receiver.url.replace("//", "//me:canary-4711@") + "/x?token=canary-4711")):
            before = len(receiver.requests)
            result = self.replay("--sinks", self.sinks(one))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(len(receiver.requests), before + 1)
            config = self.path("spoor.yaml", json.dumps({"state": "s", "inputs": [{"name": "i", "type": "tcp",
                                                                                  "listen": "127.0.0.1:0"}], "sinks": [one]}))
            printed = run("config", "print", config)
            self.assertEqual(printed.returncode, 0, printed.stderr)
            for text in (result.stderr, printed.stdout, printed.stderr):
                self.assertNotIn(b"canary-4711", text)

    def test_secrets_are_told_to_nobody(self):
        receiver = self.receiver([(500, {}, b"")])
        sink = self.webhook(receiver, authorization_file=self.secret("key", "Bearer canary-4711"))
        result = self.replay("--sinks", self.sinks(sink), "--publish-wait", "30")
        self.assertEqual(result.returncode, 0, result.stderr)
        for canary in (SECRET.encode(), b"canary-4711"):
            self.assertNotIn(canary, result.stdout + result.stderr)


class Playbooks(ReceiverTest):
    """Each example, off the bus of a real engine."""

    def setUp(self):
        super().setUp()
        state = self.path("state")
        result = run("replay", scenario("A.sysmon-evtxdump"), "--state", state, "-q")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.payload = run("findings", "--state", state, "--format", "ndjson").stdout.strip()
        self.bus, self.fetch = ("ipc://" + self.path(name) for name in ("bus", "replay"))
        server = subprocess.Popen([SPOOR, "bus", "serve", "--state", state, "--publish", self.bus, "--publish-replay", self.fetch],
                                  stderr=subprocess.PIPE)
        self.addCleanup(server.wait)
        self.addCleanup(server.stderr.close)
        self.addCleanup(server.send_signal, signal.SIGTERM)

    def example(self, name, *arguments, until=None, env=None):
        """Runs it until it has done its one finding. What it printed."""
        command = [sys.executable, os.path.join(ROOT, "clients/examples/python", name + ".py"), "--bus", self.bus, "--replay",
                   self.fetch, "--consumer", name, *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=dict(os.environ, **(env or {}))) as process:
            printed = b""
            if until is None:
                printed = read_line(process)
            else:
                end = time.monotonic() + PATIENCE
                while not until() and time.monotonic() < end and process.poll() is None:
                    time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            rest, errors = process.communicate(timeout=PATIENCE)
            self.assertNotIn(b"Traceback", errors)
            return printed + rest

    def test_print(self):
        self.assertEqual(json.loads(self.example("print_findings", "--json")), json.loads(self.payload))

    def test_signed_webhook(self):
        receiver = self.receiver()
        self.example("signed_webhook", "--url", receiver.url, "--secret-file", self.secret("secret", SECRET),
                     until=lambda: receiver.requests)
        _, headers, body = receiver.requests[0]
        self.assertTrue(signature_holds(headers, body))
        self.assertEqual(body, self.payload)

    def test_thehive(self):
        receiver = self.receiver([(201, {}, b"{}")])
        self.example("thehive_alert", "--url", receiver.url, "--api-key-file", self.secret("key", "abc"),
                     until=lambda: receiver.requests)
        path, headers, body = receiver.requests[0]
        self.assertEqual((path, headers["authorization"]), ("/api/v1/alert", "Bearer abc"))
        self.assertEqual(json.loads(body)["sourceRef"], json.loads(self.payload)["finding_info"]["uid"])

    def test_openc2(self):
        command = json.loads(self.example("openc2_contain"))
        self.assertEqual((command["action"], command["target"]["device"]["hostname"]), ("contain", "PC042.acme.example"))

    @unittest.skipUnless(EXAMPLE, "the C++ example is not built")
    def test_cpp(self):
        for _ in range(2):  # The second time under another name: the first has acknowledged it.
            result = subprocess.run([EXAMPLE, self.bus, self.fetch, f"cpp-{_}", "1"], capture_output=True, timeout=PATIENCE,
                                    check=False)
            self.assertEqual((result.returncode, result.stdout.strip()), (0, self.payload), result.stderr)
        listed = run("bus", "consumers", self.fetch).stdout
        self.assertIn(b"cpp-1", listed)


class Reload(ReceiverTest, RunTest):
    """SIGHUP: secrets of sinks are read again."""

    def test_a_new_secret_is_used_without_a_restart(self):
        # Until it has the new key the receiver wants nobody for an hour.
        receiver = self.receiver([(503, {"Retry-After": "3600"}, b"")])
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        config["sinks"] = [{"name": "soar", "type": "webhook", "url": receiver.url, "secret_file": self.secret("secret", "0" * 32),
                            "authorization_file": self.secret("key", "Bearer old")}]
        self.path("spoor.yaml", json.dumps(config))
        engine = self.engine()
        lines = records("A.sysmon-evtxdump")
        self.assertEqual(self.ask(engine.ports["web"], "POST", "/ingest", b"\n".join(lines))[0], 200)
        self.wait_for(lambda: receiver.requests, "it is tried")

        def hang_up(said):
            before = len(engine.log)
            engine.process.send_signal(signal.SIGHUP)
            self.wait_for(lambda: any(said in line for line in engine.log[before:]), lambda: f"{said}: {engine.log}")

        self.secret("key", "Bearer new")
        self.secret("secret", "short")
        hang_up("sink soar: what it had stays: " + self.path("secret") + ": ")
        os.remove(self.path("secret"))
        hang_up("sink soar: what it had stays: cannot read " + self.path("secret"))
        self.wait_for(lambda: self.metric(engine, 'spoor_credential_reloads_total{result="failed"}') == 2, "they are counted")
        self.assertEqual(len(receiver.requests), 1)
        self.secret("secret", SECRET)
        hang_up("secrets of sinks are read again")
        self.wait_for(lambda: len(receiver.requests) == 2, "it is tried again at once")
        (_, old, _), (_, new, body) = receiver.requests
        self.assertEqual((old["authorization"], new["authorization"]), ("Bearer old", "Bearer new"))
        self.assertTrue(signature_holds(new, body))
        self.wait_for(lambda: self.metric(engine, 'spoor_credential_reloads_total{result="adopted"}') == 1, "that, too")
        self.assertEqual(engine.stop(), 0)


if __name__ == "__main__":
    unittest.main()
