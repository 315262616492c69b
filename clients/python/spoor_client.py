"""Findings of Spoor, from the bus, without a miss.

    with SpoorClient("tcp://127.0.0.1:5556", "tcp://127.0.0.1:5557", consumer="playbook",
                     topic="finding.critical.") as client:
        for finding in client:
            act(finding.ocsf)
            client.ack(finding)

What is promised:

* With the replay socket, every finding of the topic that the engine still keeps is given, in the order of the sequence
  numbers, whatever the network and the engine did meanwhile. What is lost for good, because the engine kept it no
  longer, is told (`on_lost`, and a warning in the log `spoor_client`).
* A finding, named by (uid, revision), is given once in the life of a client; `Memory` bounds how many are
  remembered.
* With a consumer's name the engine remembers what was acknowledged: the next client of that name goes on there. Nothing
  is acknowledged that you did not acknowledge, and numbers between that are of other topics. After a crash you get again
  what you had not acknowledged: act so that twice does no harm, by the key (uid, revision).
* Without the replay socket a client has what the bus gives while it listens, and is told of losses it can see.

A client belongs to one thread: call it from the one that made it. Only `stop()` may be called from others, and from signal
handlers. Callbacks run within the calls that you make; they must not call the client. It reads from the network only
while you are in one of its calls, so `is_alive` is as of the last time it looked.

Needs pyzmq (Debian: python3-zmq) and Python 3.11. The protocol: docs/bus-protocol.md.
"""
from __future__ import annotations

import json
import logging
import os
import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

import zmq

__all__ = ["Finding", "Gap", "Heartbeat", "Lost", "Position", "ProtocolError", "RequestError", "SpoorClient", "Timeouts",
           "VersionError"]

LEVELS = ("informational", "low", "medium", "high", "critical")
VERSION = 1
# An ACK for numbers of other topics alone: after so many of them. It costs the engine a write.
IDLE_ACK_NUMBERS = 1000
# How long a stop() goes unnoticed at most.
GLANCE_SECONDS = 0.25

log = logging.getLogger("spoor_client")


class ProtocolError(Exception):
    """The other side does not speak the protocol."""


class VersionError(ProtocolError):
    """A version of the protocol that this client cannot read."""


class RequestError(Exception):
    """The engine refused a request; `code` is one of the protocol's."""

    def __init__(self, command: str, code: str, message: str) -> None:
        super().__init__(f"{command}: {code}: {message}")
        self.command = command
        self.code = code


class Position(NamedTuple):
    """How far a client has come: all numbers of `instance` up to `sequence`."""

    instance: str
    sequence: int


@dataclass(frozen=True)
class Timeouts:
    """Seconds. The defaults are the protocol's; tests take shorter ones."""

    answer: float = 5.0
    """Without an answer for so long a request is sent again, over a new connection."""
    silence: float = 5.0
    """With nothing from the bus for so long the engine counts as away."""
    retry: float = 1.0
    """The pause after the engine says that it cannot answer now."""
    renewal: float = 15.0
    """With nothing from the bus for so long its connection is made anew. A subscriber never sends: by itself it does not
    see that its connection leads nowhere any more."""
    handshake: float = 5.0


@dataclass(frozen=True)
class Finding:
    """A finding as it was published. `key` names its content: act once on it."""

    sequence: int
    level_sequence: int
    uid: str
    revision: int
    status: str
    """`provisional`, `final` or `retracted`."""
    level: str
    rule_id: str
    topic: str
    instance: str
    epoch: int
    payload: bytes = field(repr=False)
    """OCSF 1.6 Detection Finding, JSON."""

    @property
    def key(self) -> tuple[str, int]:
        return self.uid, self.revision

    @cached_property
    def ocsf(self) -> dict[str, Any]:
        """The payload, parsed when first asked for."""
        return json.loads(self.payload)


@dataclass(frozen=True)
class Heartbeat:
    instance: str
    epoch: int
    sequence: int
    tail: int
    levels: dict[str, int]
    gaps: int


@dataclass(frozen=True)
class Gap:
    """The engine did not see something, or forgot it early: findings may be missing that it would have made.

    `kind` is empty if the message was lost on the way, and only the heartbeat tells that there was one.
    """

    kind: str
    count: int
    total: int
    number: int


@dataclass(frozen=True)
class Lost:
    """Findings with these numbers (first and last among them) were missed for good. With `level` the numbers are those of
    the level. Some of them may have been of other topics than yours."""

    first: int
    last: int
    instance: str
    level: str | None = None


class Memory:
    """Which keys were given, the last `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._keys: OrderedDict[tuple[str, int, str], None] = OrderedDict()

    def is_new(self, key: tuple[str, int, str]) -> bool:
        """Whether the key was not there; it is now."""
        known = key in self._keys
        self._keys[key] = None
        self._keys.move_to_end(key)
        if len(self._keys) > self._limit:
            self._keys.popitem(last=False)
        return not known

    def __len__(self) -> int:
        return len(self._keys)


def read_key(path: str, *, secret: bool) -> bytes:
    """The CURVE key in a file: 40 characters of Z85 on a line of their own. Empty lines and `#` lines are passed over."""
    with open(path, encoding="ascii", errors="replace") as file:
        lines = [line.strip() for line in file]
        mode = os.fstat(file.fileno()).st_mode
    if secret and mode & 0o077:
        log.warning("%s holds a secret key, and others may read it (mode %03o)", path, mode & 0o777)
    keys = [line for line in lines if line and not line.startswith("#")]
    if len(keys) != 1 or not re.fullmatch(r"[0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#-]{40}", keys[0]):
        raise ValueError(f"{path}: not a key: wanted one line of 40 characters of Z85")
    return keys[0].encode()


def _header(frame: bytes, where: str) -> dict[str, Any]:
    """The JSON object in a header. A version that could be misread is an error."""
    try:
        header = json.loads(frame)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"{where}: header is not JSON") from error
    if not isinstance(header, dict):
        raise ProtocolError(f"{where}: header is not an object")
    version = header.get("v", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise VersionError(f"{where}: version {version} of the protocol; this client reads {VERSION}")
    return header


def _number(header: dict[str, Any], key: str, where: str) -> int:
    value = header.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ProtocolError(f"{where}: {key} is not a number")
    return value


def _text(header: dict[str, Any], key: str, where: str) -> str:
    value = header.get(key)
    if not isinstance(value, str):
        raise ProtocolError(f"{where}: {key} is not text")
    return value


def _finding(frames: list[bytes]) -> Finding:
    topic = frames[0].decode("utf-8", "replace")
    parts = topic.split(".", 2)
    if len(parts) != 3:
        raise ProtocolError(f"{topic}: not the topic of a finding")
    header = _header(frames[1], topic)
    return Finding(
        sequence=_number(header, "seq", topic), level_sequence=_number(header, "level_seq", topic),
        uid=_text(header, "uid", topic), revision=_number(header, "rev", topic), status=_text(header, "status", topic),
        level=_text(header, "level", topic), rule_id=parts[2], topic=topic, instance=_text(header, "instance", topic),
        epoch=_number(header, "epoch", topic), payload=frames[2])


def _heartbeat(header: dict[str, Any], where: str) -> Heartbeat:
    levels = header.get("levels")
    return Heartbeat(
        instance=_text(header, "instance", where), epoch=_number(header, "epoch", where),
        sequence=_number(header, "seq", where), tail=_number(header, "tail", where),
        levels={level: number for level, number in levels.items() if isinstance(number, int)} if isinstance(levels, dict) else {},
        gaps=_number(header, "gaps", where))


@dataclass
class _Asked:
    """A request that is under way."""

    id: int
    command: str
    arguments: dict[str, Any]
    sent: float = 0
    connection: int = -1


class _Requests:
    """The replay socket: asks until there is an answer, over a new connection each time.

    An answer that comes later than its caller waits is there for the next call with the same question.
    """

    def __init__(self, context: zmq.Context, endpoint: str, prepare: Callable[[zmq.Socket, str], None], timeouts: Timeouts,
                 stopped: Callable[[], bool]) -> None:
        self._context = context
        self._endpoint = endpoint
        self._prepare = prepare
        self._timeouts = timeouts
        self._stopped = stopped
        self._socket: zmq.Socket | None = None
        self._connection = 0
        self._next_id = 1
        # At most one request of each command is under way: an answer need not fit behind many others.
        self._asked: dict[str, _Asked] = {}
        self._answers: dict[int, list[bytes]] = {}

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None

    def ask(self, command: str, arguments: dict[str, Any], deadline: float | None,
            attempts: int | None = None) -> tuple[dict[str, Any], list[bytes]] | None:
        """The answer's header and the frames behind it; None if there is none by then.

        Raises RequestError if the engine refuses. While it says `unavailable` it is asked again.
        """
        while True:
            answer = self._exchange(command, arguments, deadline, attempts)
            if answer is None:
                return None
            verdict, header, frames = answer
            if verdict == b"OK":
                return header, frames
            error = RequestError(command, str(header.get("code", "")), str(header.get("message", "")))
            if error.code != "unavailable":
                raise error
            log.warning("%s; asking again", error)
            if attempts is not None:
                attempts -= 1
            if attempts == 0 or not self._pause(deadline):
                return None

    def _pause(self, deadline: float | None) -> bool:
        until = time.monotonic() + self._timeouts.retry
        while (now := time.monotonic()) < until:
            if self._stopped() or (deadline is not None and now >= deadline):
                return False
            time.sleep(min(GLANCE_SECONDS, until - now))
        return True

    def _exchange(self, command: str, arguments: dict[str, Any], deadline: float | None,
                  attempts: int | None) -> tuple[bytes, dict[str, Any], list[bytes]] | None:
        asked = self._asked_for(command, arguments)
        while asked.id not in self._answers:
            now = time.monotonic()
            if self._stopped():
                return None
            if asked.connection == self._connection and now >= asked.sent + self._timeouts.answer:
                # The connection may lead nowhere, and its queue may hold requests that would be answered later.
                log.info("%s: no answer for %g s; asking again over a new connection", command, self._timeouts.answer)
                self.close()
                if attempts is not None:
                    attempts -= 1
                    if attempts == 0:
                        del self._asked[command]
                        return None
            self._connect()
            if asked.connection != self._connection:
                self._send(asked)
            until = asked.sent + self._timeouts.answer
            self._receive(until if deadline is None else min(until, deadline))
            if asked.id not in self._answers and deadline is not None and time.monotonic() >= deadline:
                return None
        del self._asked[command]
        frames = self._answers.pop(asked.id)
        return frames[0], _header(frames[1], command), frames[2:]

    def _asked_for(self, command: str, arguments: dict[str, Any]) -> _Asked:
        """The request under way with this question, or a new one."""
        asked = self._asked.get(command)
        if asked is None or asked.arguments != arguments:
            if asked is not None:
                self._answers.pop(asked.id, None)
            asked = _Asked(self._next_id, command, arguments)
            self._next_id += 1
            self._asked[command] = asked
        return asked

    def _connect(self) -> None:
        if self._socket is None:
            self._socket = self._context.socket(zmq.DEALER)
            self._prepare(self._socket, self._endpoint)
            self._socket.connect(self._endpoint)
            self._connection += 1

    def _send(self, asked: _Asked) -> None:
        assert self._socket is not None
        asked.sent = time.monotonic()
        asked.connection = self._connection
        frames = [asked.command.encode(), json.dumps({**asked.arguments, "id": asked.id}, separators=(",", ":")).encode()]
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            pass  # As if it had been lost.

    def _receive(self, until: float) -> None:
        """Waits a glance for an answer, of whatever request."""
        assert self._socket is not None
        wait = max(0.0, min(until - time.monotonic(), GLANCE_SECONDS))
        if not self._socket.poll(int(wait * 1000) + 1):
            return
        frames = self._socket.recv_multipart()
        if frames and not frames[0]:
            frames = frames[1:]
        if len(frames) < 2 or frames[0] not in (b"OK", b"ERROR"):
            raise ProtocolError("an answer that is none: is that the replay socket?")
        answer_id = _header(frames[1], "answer").get("id")
        if any(asked.id == answer_id for asked in self._asked.values()):
            self._answers[answer_id] = frames
        else:
            log.info("an answer that nobody waits for any more: %s", frames[1][:200])


class SpoorClient:
    """Reads the bus; see the top of this file for what it promises.

    `bus`, `replay`: endpoints; without `replay` nothing that was missed can be fetched.
    `consumer`: the name under which the engine remembers how far you are.
    `topic`: prefix of what you want: `finding.`, `finding.critical.`, `finding.high.<rule id>`.
    `start`: where to begin if the engine remembers nothing: with all that is `kept`, with what comes from `now` on, or
    behind a `Position` that you kept yourself (`client.position`).
    `server_key_file`, `key_file`: CURVE: the server's public key, and the client's secret one.
    `on_lost`, `on_gap`, `on_heartbeat`: are called with a Lost, a Gap, a Heartbeat.
    """

    def __init__(self, bus: str, replay: str | None = None, *, consumer: str | None = None, topic: str = "finding.",
                 start: Literal["kept", "now"] | Position = "kept", server_key_file: str | None = None,
                 key_file: str | None = None, on_lost: Callable[[Lost], None] | None = None,
                 on_gap: Callable[[Gap], None] | None = None, on_heartbeat: Callable[[Heartbeat], None] | None = None,
                 timeouts: Timeouts = Timeouts(), remembered: int = 65536, queued: int = 256) -> None:
        if not topic.startswith("finding."):
            raise ValueError(f"topic {topic!r} does not begin with 'finding.'")
        if consumer is not None and not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", consumer):
            raise ValueError(f"consumer {consumer!r}: 1 to 64 of A-Z a-z 0-9 . _ -")
        if consumer is not None and replay is None:
            raise ValueError("a consumer needs the replay socket")
        if replay is None and start != "kept":
            raise ValueError("start needs the replay socket")
        if (server_key_file is None) != (key_file is None):
            raise ValueError("CURVE needs both server_key_file and key_file")
        self._topic = topic
        self._consumer = consumer
        self._start = start
        self._timeouts = timeouts
        self._on_lost = on_lost
        self._on_gap = on_gap
        self._on_heartbeat = on_heartbeat
        self._curve = None
        if server_key_file is not None and key_file is not None:
            own = read_key(key_file, secret=True)
            self._curve = (read_key(server_key_file, secret=False), zmq.curve_public(own), own)

        # A plain flag: a signal handler may set it whatever is going on.
        self._stopped = False
        self._context = zmq.Context()
        self._bus_endpoint = bus
        self._queued = queued
        self._bus = self._subscribe()
        self._requests = None
        if replay is not None:
            self._requests = _Requests(self._context, replay, self._prepare, timeouts, lambda: self._stopped)

        # Whose numbers `_last` is one of; None before the first HELLO.
        self._instance: str | None = start.instance if isinstance(start, Position) else None
        self._epoch = 0
        self._last = start.sequence if isinstance(start, Position) else 0
        # Instances before this one: what is left of them on the way says nothing new.
        self._former: set[str] = set()
        self._greeting_due = replay is not None
        self._greeted = False
        self._fetching = False
        # Whether numbers that are no more from `_last` on are a loss: not where somebody begins.
        self._loss_counts = isinstance(start, Position)
        self._ready: deque[Finding] = deque()
        self._memory = Memory(remembered)
        self._level_last: dict[str, int] = {}
        # Of this instance: the last that `next()` gave, the last that was acknowledged to us, and to the engine.
        self._given = self._last
        self._handled = 0
        self._cursor = 0
        self._no_ack_before = 0.0
        self._foreign = 0
        self._gap: tuple[str, int, int] | None = None
        self._heartbeat: Heartbeat | None = None
        self._looked: float | None = None

    # -- Use ---------------------------------------------------------------------------------------------------------

    def __enter__(self) -> SpoorClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Finding]:
        """Findings, for ever; ends after `stop()`."""
        while (finding := self.next()) is not None:
            yield finding

    def next(self, timeout: float | None = None) -> Finding | None:
        """The next finding; None if none came within `timeout` seconds, or after `stop()`.

        Raises RequestError if the engine refuses this client, and ProtocolError if it cannot be understood.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._stopped:
            if self._ready:
                finding = self._ready.popleft()
                self._given = finding.sequence
                return finding
            if self._greeting_due:
                progress = self._greet(deadline)
            elif self._fetching:
                progress = self._fetch(deadline)
            else:
                progress = self._listen(deadline)
            if not progress:
                return None
        return None

    def ack(self, finding: Finding) -> bool:
        """Tells the engine that this finding, and all before it, are done with.

        True: that outlives this process and the engine's. False: it does not yet; the engine did not answer, and is told
        again with its next heartbeats and by `close()`, or the finding is of numbers that are no more.
        """
        if self._consumer is None:
            raise ValueError("ack() needs a consumer")
        if finding.instance != self._instance:
            return False
        self._handled = max(self._handled, finding.sequence)
        if time.monotonic() < self._no_ack_before:
            return False
        return self._tell_handled()

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The answer to HEAD, CONSUMERS, FORGET or STATS: its header. Raises TimeoutError after three tries."""
        if self._requests is None:
            raise ValueError("ask() needs the replay socket")
        answer = self._requests.ask(command, arguments, None, attempts=3)
        if answer is None:
            raise TimeoutError(f"{command}: no answer")
        return answer[0]

    def stop(self) -> None:
        """Ends the iteration soon. For other threads and signal handlers."""
        self._stopped = True

    def close(self) -> None:
        """Sends what is acknowledged and not told yet, once, and closes the sockets."""
        if self._context.closed:
            return
        try:
            self._stopped = False
            if self._consumer is not None and self._greeted and self._handled_all() > self._cursor:
                self._tell_handled(self._handled_all())
        except (ProtocolError, RequestError) as error:
            log.warning("%s", error)
        finally:
            self._stopped = True
            if self._requests is not None:
                self._requests.close()
            self._bus.close(linger=0)
            self._context.term()

    @property
    def position(self) -> Position | None:
        """Up to where findings were given by `next()`: keep it, and give it to `start`. None before the first contact.

        It is past a finding as soon as you have it: keep it after you have done with that.
        """
        if self._instance is None:
            return None
        return Position(self._instance, self._ready[0].sequence - 1 if self._ready else self._last)

    @property
    def last_heartbeat(self) -> Heartbeat | None:
        return self._heartbeat

    @property
    def is_alive(self) -> bool:
        """Whether something came from the bus within the time of silence, as of the last look."""
        return self._looked is not None and time.monotonic() - self._looked < self._timeouts.silence

    # -- Steps of the recipe -----------------------------------------------------------------------------------------

    def _prepare(self, socket: zmq.Socket, endpoint: str) -> None:
        socket.linger = 0
        # Only where it is meant: with it, "localhost" is ::1 and nothing else.
        socket.ipv6 = "[" in endpoint
        # No HEARTBEAT_IVL: with it libzmq aborts the process if a connection breaks while its queue is full
        # (https://github.com/zeromq/libzmq/issues/3937).
        socket.setsockopt(zmq.HANDSHAKE_IVL, int(self._timeouts.handshake * 1000))
        socket.setsockopt(zmq.RECONNECT_IVL, 100)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
        if self._curve is not None:
            socket.curve_serverkey, socket.curve_publickey, socket.curve_secretkey = self._curve

    def _subscribe(self) -> zmq.Socket:
        bus = self._context.socket(zmq.SUB)
        self._prepare(bus, self._bus_endpoint)
        bus.rcvhwm = self._queued  # Bounds memory; what does not fit is fetched.
        for prefix in (self._topic, "heartbeat", "gap."):
            bus.subscribe(prefix)
        bus.connect(self._bus_endpoint)
        self._subscribed = time.monotonic()
        return bus

    def _greet(self, deadline: float | None) -> bool:
        """HELLO: whose numbers these are, and where to go on."""
        assert self._requests is not None
        answer = self._requests.ask("HELLO", {} if self._consumer is None else {"consumer": self._consumer}, deadline)
        if answer is None:
            return False
        header = answer[0]
        instance, epoch = _text(header, "instance", "HELLO"), _number(header, "epoch", "HELLO")
        sequence = _number(header, "seq", "HELLO")
        cursor = _number(header, "cursor", "HELLO") if self._consumer is not None else 0
        self._greeting_due = False
        if not self._greeted:
            self._greeted = True
            self._begin(instance, sequence, cursor)
        elif instance != self._instance:
            log.warning("the engine has other numbers now: instance %s, before %s", instance, self._instance)
            self._former.add(self._instance or "")
            self._begin_anew(instance, cursor)
        elif sequence < self._last or epoch < self._epoch:
            log.warning("the engine's state was put back: number %d of start %d, %d of start %d were known", sequence, epoch,
                        self._last, self._epoch)
            self._begin_anew(instance, cursor)
        self._epoch = epoch
        return True

    def _begin(self, instance: str, sequence: int, cursor: int) -> None:
        known, self._instance = self._instance, instance
        self._former.discard(instance)
        self._fetching = True
        self._cursor = self._handled = cursor
        if cursor > 0:
            self._last, self._loss_counts = cursor, True
        elif known is not None and known == instance:
            if sequence < self._last:
                log.warning("the engine's state was put back: number %d, %d was known", sequence, self._last)
                self._last = 0
        elif known is not None:
            log.warning("the engine has other numbers now: instance %s, before %s", instance, known)
            self._last = 0
        elif self._start == "now":
            self._last = sequence
            if self._consumer is not None:
                # So that a client that dies before its first finding goes on here, and not at a later now.
                self._handled = sequence
                self._tell_handled()
        self._given = self._last

    def _begin_anew(self, instance: str, cursor: int) -> None:
        """Other numbers: all of them are news, but for what this consumer acknowledged there."""
        self._instance = instance
        self._former.discard(instance)
        self._last = self._given = self._cursor = self._handled = cursor
        self._level_last.clear()
        self._loss_counts = True
        self._fetching = True

    def _fetch(self, deadline: float | None) -> bool:
        """One REPLAY: what comes behind `_last`."""
        assert self._requests is not None
        wanted = self._last + 1
        answer = self._requests.ask("REPLAY", {"from": wanted, "prefix": self._topic}, deadline)
        if answer is None:
            return False
        header, frames = answer
        begin, follow = _number(header, "from", "REPLAY"), _number(header, "next", "REPLAY")
        sequence, count = _number(header, "seq", "REPLAY"), _number(header, "count", "REPLAY")
        if len(frames) != 3 * count:
            raise ProtocolError(f"REPLAY: {len(frames)} frames for {count} messages")
        findings = [_finding(frames[at:at + 3]) for at in range(0, len(frames), 3)]
        if header.get("instance", self._instance) != self._instance or any(one.instance != self._instance for one in findings):
            self._greeting_due = True
            return True
        if sequence < self._last:
            self._greeting_due, self._fetching = True, False
            return True
        self._read_on(wanted, begin, follow, sequence, findings)
        return True

    def _read_on(self, wanted: int, begin: int, follow: int, sequence: int, findings: list[Finding]) -> None:
        if follow <= wanted and sequence >= wanted:
            raise ProtocolError(f"REPLAY: from {wanted}, next {follow}, although there is {sequence}")
        numbers = [wanted - 1, *(one.sequence for one in findings), follow]
        if any(before >= after for before, after in zip(numbers, numbers[1:])):
            raise ProtocolError("REPLAY: numbers that do not ascend")
        if begin > wanted and self._loss_counts:
            self._lose(Lost(wanted, begin - 1, self._instance or ""))
        self._loss_counts = True
        self._ready.extend(one for one in findings if self._memory.is_new(one.key))
        self._last = follow - 1
        self._fetching = follow <= sequence

    def _listen(self, deadline: float | None) -> bool:
        """Reads the bus until there is something to do or to give. Of heartbeats only the last that is there counts."""
        now = time.monotonic()
        wait = GLANCE_SECONDS if deadline is None else max(0.0, min(GLANCE_SECONDS, deadline - now))
        if not self._bus.poll(int(wait * 1000)):
            now = time.monotonic()
            if now - max(self._subscribed, self._looked or 0.0) >= self._timeouts.renewal:
                log.info("nothing from the bus for %g s: connecting anew", self._timeouts.renewal)
                self._bus.close(linger=0)
                self._bus = self._subscribe()
            return deadline is None or time.monotonic() < deadline
        heartbeat = None
        for _ in range(1000):
            try:
                frames = self._bus.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            self._looked = time.monotonic()
            try:
                heartbeat = self._sort(frames) or heartbeat
            except VersionError:
                raise
            except ProtocolError as error:
                # If it was a finding, its number will be missed, and it is fetched.
                log.warning("a message on the bus that cannot be read: %s", error)
            if self._ready or self._fetching or self._greeting_due:
                # A heartbeat that was read before says less than what comes next does.
                return True
        if heartbeat is not None:
            self._beat(heartbeat)
        return True

    def _sort(self, frames: list[bytes]) -> Heartbeat | None:
        """Takes up a finding or a gap; gives a heartbeat back."""
        if len(frames) != 3:
            log.warning("a message of %d frames on the bus", len(frames))
            return None
        topic = frames[0]
        if topic == b"heartbeat":
            beat = _heartbeat(_header(frames[1], "heartbeat"), "heartbeat")
            self._heartbeat = beat
            if self._on_heartbeat is not None:
                self._on_heartbeat(beat)
            return beat
        if topic.startswith(b"gap."):
            self._take_gap(frames)
        elif topic.startswith(b"finding."):
            finding = _finding(frames)
            if self._requests is None:
                self._take_plain(finding)
            else:
                self._take(finding)
        return None

    def _take(self, finding: Finding) -> None:
        if finding.instance != self._instance:
            self._greeting_due = finding.instance not in self._former
        elif finding.sequence == self._last + 1:
            self._last = finding.sequence
            self._give(finding)
        elif finding.sequence > self._last:
            self._fetching = True

    def _give(self, finding: Finding) -> None:
        if self._memory.is_new(finding.key):
            self._ready.append(finding)

    def _beat(self, beat: Heartbeat) -> None:
        if beat.gaps > 0:
            self._count_gaps(beat)
        if self._requests is None:
            self._beat_plain(beat)
            return
        if beat.instance != self._instance or beat.sequence < self._last or beat.epoch < self._epoch:
            self._greeting_due = True
            self._foreign = self._foreign + 1 if beat.instance != self._instance else 0
            if self._foreign == 3:
                log.warning("the bus is that of instance %s, the replay socket that of %s", beat.instance, self._instance)
            return
        self._foreign = 0
        self._epoch = beat.epoch
        if beat.sequence > self._last:
            self._fetching = True
        elif self._consumer is not None:
            if self._handled > self._cursor:
                self._tell_handled()
            elif self._handled_all() >= self._cursor + IDLE_ACK_NUMBERS:
                self._tell_handled(self._handled_all())

    # -- Without the replay socket -----------------------------------------------------------------------------------

    def _take_plain(self, finding: Finding) -> None:
        self._mind_instance(finding.instance)
        if finding.sequence <= self._last:
            return
        self._miss(finding.sequence - 1, finding.level, finding.level_sequence - 1)
        self._last = finding.sequence
        self._level_last[finding.level] = finding.level_sequence
        self._give(finding)

    def _beat_plain(self, beat: Heartbeat) -> None:
        self._mind_instance(beat.instance)
        level = self._only_level()
        if beat.sequence < self._last:
            self._begin_anew(beat.instance, 0)
            self._fetching = False
            return
        if level is None:
            self._miss(beat.sequence, "", 0)
        else:
            self._miss(beat.sequence, level, beat.levels.get(level, 0))
            self._level_last[level] = max(self._level_last.get(level, 0), beat.levels.get(level, 0))
        self._last = max(self._last, beat.sequence)

    def _mind_instance(self, instance: str) -> None:
        if self._instance == instance:
            return
        first = self._instance is None
        self._begin_anew(instance, 0)
        self._fetching = False
        # What was before one listened is not lost.
        self._loss_counts = not first

    def _miss(self, last: int, level: str, level_last: int) -> None:
        """Tells of a loss before a message: by the numbers of all, of the one level, or, for narrower topics, not at all."""
        counts, self._loss_counts = self._loss_counts, True
        if not counts:
            return
        if self._topic == "finding.":
            if last > self._last:
                self._lose(Lost(self._last + 1, last, self._instance or ""))
        elif level and level == self._only_level():
            known = self._level_last.get(level, 0)
            if level_last > known:
                self._lose(Lost(known + 1, level_last, self._instance or "", level))

    def _only_level(self) -> str | None:
        """The level that the topic is all of."""
        level = self._topic.removeprefix("finding.").removesuffix(".")
        return level if self._topic == f"finding.{level}." and level in LEVELS else None

    # -- What is told ------------------------------------------------------------------------------------------------

    def _lose(self, lost: Lost) -> None:
        log.error("findings %d to %d%s are lost: the engine keeps them no longer, or this client cannot fetch", lost.first,
                  lost.last, f" of level {lost.level}" if lost.level else "")
        if self._on_lost is not None:
            self._on_lost(lost)

    def _take_gap(self, frames: list[bytes]) -> None:
        header = _header(frames[1], "gap")
        number = _number(header, "gap", "gap")
        run = _text(header, "instance", "gap"), _number(header, "epoch", "gap")
        if self._gap is not None and self._gap[:2] == run and number <= self._gap[2]:
            return
        body = _header(frames[2], "gap")
        self._gap = (*run, number)
        self._tell_gap(Gap(_text(body, "kind", "gap"), _number(body, "count", "gap"), _number(body, "total", "gap"), number))

    def _count_gaps(self, beat: Heartbeat) -> None:
        run = beat.instance, beat.epoch
        known = self._gap[2] if self._gap is not None and self._gap[:2] == run else 0
        if beat.gaps > known:
            self._gap = (*run, beat.gaps)
            self._tell_gap(Gap("", 0, 0, beat.gaps))

    def _tell_gap(self, gap: Gap) -> None:
        log.warning("the engine missed events (%s: %d, in all %d): findings may be missing", gap.kind or "kind not known", gap.count,
                    gap.total)
        if self._on_gap is not None:
            self._on_gap(gap)

    # -- What is acknowledged ----------------------------------------------------------------------------------------

    def _handled_all(self) -> int:
        """Up to where everything of the topic is handled: beyond the last handled if what follows is not of the topic."""
        return self._last if not self._ready and self._given <= self._handled else self._handled

    def _tell_handled(self, sequence: int | None = None) -> bool:
        assert self._requests is not None
        wanted = self._handled if sequence is None else sequence
        if wanted <= self._cursor:
            return True
        arguments = {"consumer": self._consumer, "seq": wanted, "instance": self._instance}
        try:
            answer = self._requests.ask("ACK", arguments, None, attempts=1)
        except RequestError as error:
            if error.code not in ("ahead", "other_instance"):
                raise
            log.warning("%s", error)
            self._greeting_due = True
            return False
        if answer is None:
            # Not to wait again for each finding while the engine is away.
            self._no_ack_before = time.monotonic() + self._timeouts.answer
            return False
        self._no_ack_before = 0.0
        self._cursor = max(self._cursor, _number(answer[0], "cursor", "ACK"))
        return self._cursor >= wanted
