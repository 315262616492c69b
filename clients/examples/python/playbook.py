"""What the playbooks share: the command line, the loop, secrets.

A playbook handles findings one after the other and acknowledges each when it is done with it. It may be killed at any
moment: under a consumer's name it goes on with the finding that it had not done with.
"""
from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../python"))

from spoor_client import LEVELS, Finding, RequestError, ProtocolError, SpoorClient  # noqa: E402

STATUSES = ("provisional", "final", "retracted")
# Findings that were not for this playbook are acknowledged in groups: each time costs the engine a write.
SKIPPED_MAX = 100

log = logging.getLogger("playbook")


class Stopped(Exception):
    """The playbook was told to end while it waited for somebody else."""


class Failed(Exception):
    """Something that ends the playbook; the message is for its user."""


class Stop:
    """Whether SIGTERM or SIGINT came. Made once, by `main`."""

    def __init__(self) -> None:
        self.requested = False
        self.then: Callable[[], None] = lambda: None

    def request(self, *_: object) -> None:
        """The first signal ends the playbook when it can; the second at once."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        self.then()

    def wait(self, seconds: float) -> None:
        """Sleeps; raises Stopped if the playbook has to end."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.requested:
                raise Stopped
            time.sleep(min(left, 0.2))
        if self.requested:
            raise Stopped


def arguments(description: str, *, level: str = "informational", status: str = "provisional,final,retracted") -> argparse.ArgumentParser:
    """The options that all playbooks have; `level` and `status` are the defaults of what is handled."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bus", default="tcp://127.0.0.1:5556", metavar="ENDPOINT", help="default: %(default)s")
    parser.add_argument("--replay", metavar="ENDPOINT", help="where to fetch what was missed; without it, what is missed is gone")
    parser.add_argument("--consumer", metavar="NAME", help="the engine remembers under NAME how far this playbook has come")
    parser.add_argument("--topic", metavar="PREFIX", help="only these findings; default: what --level needs")
    parser.add_argument("--start", choices=("kept", "now"), default="kept",
                        help="where to begin at first: with all that is kept, or now; default: %(default)s")
    parser.add_argument("--server-key", metavar="FILE", help="public key of the bus, for CURVE")
    parser.add_argument("--key", metavar="FILE", help="secret key of this client, for CURVE")
    parser.add_argument("--level", choices=LEVELS, default=level, help="this level and above; default: %(default)s")
    parser.add_argument("--status", type=statuses, default=statuses(status), metavar="LIST",
                        help=f"of {', '.join(STATUSES)}; default: {status}")
    parser.add_argument("--count", type=int, metavar="N", help="end after N findings")
    parser.add_argument("--idle", type=float, metavar="SECONDS", help="end when none came for so long")
    parser.add_argument("--verbose", action="store_true", help="tell what is done")
    return parser


def statuses(text: str) -> frozenset[str]:
    names = frozenset(text.split(","))
    if not names <= frozenset(STATUSES):
        raise argparse.ArgumentTypeError(f"of {', '.join(STATUSES)}, with commas between")
    return names


def topic(options: argparse.Namespace) -> str:
    """The narrowest prefix that holds all that is wanted."""
    if options.topic is not None:
        return options.topic
    return "finding.critical." if options.level == "critical" else "finding."


def wanted(options: argparse.Namespace, finding: Finding) -> bool:
    # A level that is not known may be any.
    rank = LEVELS.index(finding.level) if finding.level in LEVELS else len(LEVELS)
    return rank >= LEVELS.index(options.level) and finding.status in options.status


def secret(path: str | None, variable: str, what: str, option: str) -> str | None:
    """A secret from a file or the environment; never from the command line, which everybody on the machine can read."""
    if path is None:
        return os.environ.get(variable) or None
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read().strip()
    except (OSError, UnicodeError) as error:
        raise Failed(f"{what} ({option}): {error}") from error
    if not text:
        raise Failed(f"{what} ({option}): {path} is empty")
    return text


def run(options: argparse.Namespace, stop: Stop, handle: Callable[[Finding], object]) -> None:
    """Hands findings to `handle`, and acknowledges what it returns from."""
    if options.consumer is not None and options.replay is None:
        raise Failed("--consumer needs --replay")
    try:
        client = SpoorClient(options.bus, options.replay, consumer=options.consumer, topic=topic(options),
                             start=options.start if options.replay else "kept", server_key_file=options.server_key,
                             key_file=options.key)
    except (ValueError, OSError) as error:
        raise Failed(str(error)) from error
    stop.then = client.stop
    with client:
        if stop.requested:
            return
        handled = 0
        skipped: list[Finding] = []

        def acknowledge(finding: Finding) -> None:
            if options.consumer is not None:
                client.ack(finding)
            skipped.clear()

        try:
            while handled != options.count and (finding := client.next(options.idle)) is not None:
                if wanted(options, finding):
                    handle(finding)
                    handled += 1
                    acknowledge(finding)
                else:
                    skipped.append(finding)
                    if len(skipped) >= SKIPPED_MAX:
                        acknowledge(finding)
        finally:
            if skipped:
                acknowledge(skipped[-1])


def main(parser: argparse.ArgumentParser, work: Callable[[argparse.Namespace, Stop], None]) -> int:
    """Exit codes: 0 done or told to end, 1 failure, 2 usage, 130 told twice."""
    options = parser.parse_args()
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr,
                        level=logging.INFO if options.verbose else logging.WARNING)
    stop = Stop()
    signal.signal(signal.SIGTERM, stop.request)
    signal.signal(signal.SIGINT, stop.request)
    try:
        work(options, stop)
    except Stopped:
        pass
    except KeyboardInterrupt:
        return 130
    except (Failed, RequestError, ProtocolError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Who read our output has gone; nothing more to say to it, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
