"""A server that speaks docs/bus-protocol.md as far as clients see it, and misbehaves where it is told to.

Nothing happens by itself: heartbeats, too, are sent when a test says so. Requests are answered by a thread.
"""
import json
import threading
import time

import zmq

PATIENCE = 30
LEVELS = ["informational", "low", "medium", "high", "critical"]


class Store:
    """The findings that an engine keeps, and its cursors."""

    def __init__(self, instance="a" * 32):
        self.instance = instance
        self.epoch = 1
        self.messages = []
        self.tail = 1
        self.levels = {}
        self.cursors = {}

    @property
    def sequence(self):
        return self.tail + len(self.messages) - 1

    def add(self, level="high", rule="r1", uid=None, revision=1, status="final", payload=None):
        self.levels[level] = self.levels.get(level, 0) + 1
        number = self.sequence + 1
        header = {"v": 1, "instance": self.instance, "epoch": self.epoch, "seq": number, "level": level,
                  "level_seq": self.levels[level], "uid": uid or f"{number:032x}", "rev": revision, "status": status, "later": [1]}
        body = payload if payload is not None else json.dumps({"finding_info": {"title": f"number {number}"}}).encode()
        self.messages.append([f"finding.{level}.{rule}".encode(), json.dumps(header).encode(), body])
        return self.messages[-1]

    def forget(self, count):
        """Retention: the oldest are no more."""
        self.messages = self.messages[count:]
        self.tail += count

    def since(self, number):
        return self.messages[max(0, number - self.tail):]


class FakeBus:
    """Both sockets. `script` says how the next requests are treated, each by one word:

    `ignore` (no answer), `late` (after the client has given up), `unavailable`, `forbidden` (errors).
    """

    def __init__(self, store=None, max_messages=1000, curve=None):
        self.store = store or Store()
        self.max_messages = max_messages
        self.script = []
        self.requests = []
        self.peers = []
        self.late_seconds = 0.5
        self._curve = curve
        self._lock = threading.RLock()
        self._context = zmq.Context()
        self._bus = None
        self._ports = None
        self._thread = None
        self.start()

    # -- Life --------------------------------------------------------------------------------------------------------

    def start(self):
        self._bus = self._open(zmq.XPUB, 0)
        replay = self._open(zmq.ROUTER, 1)
        if self._ports is None:
            self._ports = [int(socket.last_endpoint.decode().rsplit(":", 1)[1]) for socket in (self._bus, replay)]
        self._ending = False
        self._subscribed = set()
        self._thread = threading.Thread(target=self._serve, args=(replay,))
        self._thread.start()

    def _open(self, kind, which):
        socket = self._context.socket(kind)
        socket.linger = 0
        socket.sndhwm = 100000
        if self._curve:
            socket.curve_server = True
            socket.curve_secretkey = self._curve
        endpoint = f"tcp://127.0.0.1:{self._ports[which]}" if self._ports else "tcp://127.0.0.1:*"
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.bind(endpoint)
                return socket
            except zmq.ZMQError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)

    def stop(self):
        self._ending = True
        self._thread.join()
        self._bus.close()

    def close(self):
        if self._thread.is_alive():
            self.stop()
        self._context.term()

    def restart(self, store=None):
        self.stop()
        if store is not None:
            self.store = store
        self.store.epoch += 1
        self.start()

    @property
    def bus_endpoint(self):
        return f"tcp://127.0.0.1:{self._ports[0]}"

    @property
    def replay_endpoint(self):
        return f"tcp://127.0.0.1:{self._ports[1]}"

    # -- Bus ---------------------------------------------------------------------------------------------------------

    def has_subscriber(self, prefix=b"heartbeat", wait_ms=0):
        if self._bus.poll(wait_ms):
            message = self._bus.recv()
            if message[:1] == b"\x01":
                self._subscribed.add(message[1:])
        return prefix in self._subscribed

    def wait_for_subscriber(self):
        until = time.monotonic() + PATIENCE
        while not self.has_subscriber(wait_ms=100):
            assert time.monotonic() < until, "nobody subscribed"

    def add(self, **what):
        """Commits a finding, and loses it on the way."""
        with self._lock:
            return self.store.add(**what)

    def send(self, frames):
        self._bus.send_multipart(frames)

    def publish(self, **what):
        self.send(self.add(**what))

    def heartbeat(self, **changes):
        store = self.store
        header = {"v": 1, "instance": store.instance, "epoch": store.epoch, "seq": store.sequence, "tail": store.tail,
                  "levels": dict(store.levels), "gaps": 0, **changes}
        self.send([b"heartbeat", json.dumps(header).encode(), b""])

    def gap(self, number, kind="late_events", count=1, total=1):
        header = {"v": 1, "instance": self.store.instance, "epoch": self.store.epoch, "gap": number}
        self.send([b"gap." + kind.encode(), json.dumps(header).encode(),
                   json.dumps({"kind": kind, "count": count, "total": total}).encode()])

    # -- Replay socket -----------------------------------------------------------------------------------------------

    def asked(self, command):
        """The arguments of the requests of this command so far."""
        with self._lock:
            return [arguments for name, arguments in self.requests if name == command]

    def _serve(self, socket):
        waiting = []
        while not self._ending:
            for entry in [entry for entry in waiting if entry[0] <= time.monotonic()]:
                waiting.remove(entry)
                socket.send_multipart(entry[1])
            if not socket.poll(10):
                continue
            who, *frames = socket.recv_multipart()
            envelope = [who]
            if frames and not frames[0]:
                envelope.append(frames.pop(0))
            with self._lock:
                command = frames[0].decode()
                arguments = json.loads(frames[1]) if len(frames) > 1 and frames[1] else {}
                self.requests.append((command, arguments))
                self.peers.append(who)
                how = self.script.pop(0) if self.script else ""
                if how == "ignore":
                    continue
                answer = envelope + self._answer(how, command, arguments)
            if how == "late":
                waiting.append((time.monotonic() + self.late_seconds, answer))
            else:
                socket.send_multipart(answer)
        socket.close()

    def _answer(self, how, command, arguments):
        if how in ("unavailable", "forbidden"):
            return self._error(how, arguments)
        handler = getattr(self, "_" + command.lower(), None)
        if handler is None:
            return self._error("unknown_command", arguments)
        return handler(arguments)

    @staticmethod
    def _error(code, arguments):
        return [b"ERROR", json.dumps({"v": 1, "code": code, "message": "as told", "id": arguments.get("id")}).encode()]

    def _ok(self, arguments, header, frames=()):
        if "id" in arguments:
            header["id"] = arguments["id"]
        return [b"OK", json.dumps(header).encode(), *frames]

    def _hello(self, arguments):
        store = self.store
        header = {"v": 1, "instance": store.instance, "epoch": store.epoch, "seq": store.sequence, "tail": store.tail,
                  "max": self.max_messages}
        if "consumer" in arguments:
            header["cursor"] = store.cursors.get(arguments["consumer"], 0)
        return self._ok(arguments, header)

    def _stats(self, arguments):
        return self._ok(arguments, {"stats": {"bad_requests": 0}})

    def _replay(self, arguments):
        store = self.store
        wanted, prefix = arguments.get("from", 1), arguments.get("prefix", "").encode()
        if wanted > store.sequence:
            header = {"from": wanted, "next": store.sequence + 1, "count": 0}
            frames = []
        else:
            begin = max(wanted, store.tail)
            looked = store.since(begin)[:self.max_messages]
            found = [message for message in looked if message[0].startswith(prefix)]
            header = {"from": begin, "next": begin + len(looked), "count": len(found)}
            frames = [frame for message in found for frame in message]
        return self._ok(arguments, {**header, "seq": store.sequence, "tail": store.tail}, frames)

    def _ack(self, arguments):
        store = self.store
        if arguments.get("instance", store.instance) != store.instance:
            return self._error("other_instance", arguments)
        if arguments["seq"] > store.sequence:
            return self._error("ahead", arguments)
        name = arguments["consumer"]
        store.cursors[name] = max(store.cursors.get(name, 0), arguments["seq"])
        return self._ok(arguments, {"cursor": store.cursors[name]})
