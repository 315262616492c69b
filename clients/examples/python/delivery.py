"""HTTP for playbooks: a POST that is repeated while that can help, and a file for what could not be delivered.

Delivered at least once: a receiver that answers too late gets the same again, under the same id.
"""
from __future__ import annotations

import argparse
import base64
import binascii
import email.utils
import hashlib
import hmac
import http.client
import ipaddress
import json
import logging
import os
import random
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from playbook import Failed, Stop, secret

ANSWER_BYTES_MAX = 65536

log = logging.getLogger("delivery")


@dataclass(frozen=True)
class Reply:
    """`status` is 0 if there was no answer; `body` then says why."""

    status: int
    body: bytes
    retry_after: str = ""


@dataclass(frozen=True)
class Policy:
    """How often and how long. Between attempts: `first` seconds, then twice as long each time up to `most`, less up to half
    of it by chance, so that many senders do not come at once; or as long as the receiver asks for, up to `asked_most`."""

    attempts: int = 8
    first: float = 1.0
    most: float = 60.0
    asked_most: float = 3600.0
    timeout: float = 30.0

    def pause(self, attempt: int, reply: Reply) -> float:
        own = min(self.most, self.first * 2.0 ** attempt) * random.uniform(0.5, 1.0)
        return max(own, min(self.asked_most, asked_pause(reply.retry_after)))


def asked_pause(text: str) -> float:
    """Retry-After in seconds: a number or a date; 0 for none, or for what is neither."""
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def may_help(reply: Reply) -> bool:
    """Whether the same again can end otherwise."""
    return reply.status in (0, 408, 429) or 500 <= reply.status <= 599


def is_ok(reply: Reply) -> bool:
    return 200 <= reply.status <= 299


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A POST that is redirected would go on as a GET, or carry secrets elsewhere: the answer is what it is."""

    def redirect_request(self, *_: object) -> None:
        return None


class DeadLetters:
    """What could not be delivered, one JSON object a line, on disk before `add` returns."""

    def __init__(self, path: str) -> None:
        self._path = path

    def add(self, name: str, reply: Reply, body: bytes) -> None:
        line = json.dumps({"id": name, "status": reply.status, "answer": reply.body.decode("utf-8", "replace")[:1000],
                           "body": body.decode("utf-8", "replace")}, ensure_ascii=False)
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Failed(f"dead letters: {error}") from error


class Endpoint:
    """Where to post to. Without dead letters, what cannot be delivered ends the playbook."""

    def __init__(self, url: str, stop: Stop, *, headers: dict[str, str] | None = None, policy: Policy = Policy(),
                 dead_letters: DeadLetters | None = None, ca_file: str | None = None, allow_http: bool = False) -> None:
        self._url = check_url(url, allow_http)
        self._stop = stop
        self._headers = {"Content-Type": "application/json", "User-Agent": "spoor-playbook/1", **(headers or {})}
        self._policy = policy
        self._dead_letters = dead_letters
        try:
            context = ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise Failed(f"certificates: {error}") from error
        self._opener = urllib.request.build_opener(_NoRedirects, urllib.request.HTTPSHandler(context=context))

    def deliver(self, name: str, body: bytes, *, headers: Callable[[], dict[str, str]] = dict,
                accept: Callable[[Reply], bool] = is_ok) -> bool:
        """True: delivered. False: it is a dead letter. `headers` is asked anew for each attempt; `name` is for the log."""
        for attempt in range(self._policy.attempts):
            reply = self._post(body, headers())
            if accept(reply):
                log.info("%s: delivered (%d)", name, reply.status)
                return True
            log.warning("%s: attempt %d of %d: %s", name, attempt + 1, self._policy.attempts, describe(reply))
            if not may_help(reply):
                break
            if attempt + 1 < self._policy.attempts:
                self._stop.wait(self._policy.pause(attempt, reply))
        if self._dead_letters is None:
            raise Failed(f"{name} cannot be delivered: {describe(reply)}; with --dead-letters FILE it would be put aside")
        self._dead_letters.add(name, reply, body)
        return False

    def _post(self, body: bytes, headers: dict[str, str]) -> Reply:
        request = urllib.request.Request(self._url, data=body, headers={**self._headers, **headers}, method="POST")
        try:
            with self._opener.open(request, timeout=self._policy.timeout) as answer:
                return Reply(answer.status, answer.read(ANSWER_BYTES_MAX))
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, _read(error), error.headers.get("Retry-After", ""))
        except (OSError, http.client.HTTPException) as error:
            return Reply(0, str(getattr(error, "reason", error) or type(error).__name__).encode())


def _read(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read(ANSWER_BYTES_MAX)
    except (OSError, http.client.HTTPException):
        return b""


def describe(reply: Reply) -> str:
    text = reply.body.decode("utf-8", "replace")[:200]
    return f"no answer ({text})" if reply.status == 0 else f"status {reply.status} {text}".strip()


def check_url(url: str, allow_http: bool) -> str:
    """https anywhere; http to this machine, or where it is allowed: secrets and command lines would go over it."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Failed("the URL must begin with https:// or http://")
    if parts.scheme == "http" and not allow_http and not is_loopback(parts.hostname):
        raise Failed("plain http to another machine; --allow-http if that is meant")
    return url


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Signer:
    """Standard Webhooks 1.0: https://www.standardwebhooks.com. One signature for each secret, so that they can be changed
    without a moment in which neither holds."""

    def __init__(self, text: str) -> None:
        self._secrets = [self._decode(line) for line in text.split()]
        if not self._secrets:
            raise Failed("webhook secret: there is none")

    @staticmethod
    def _decode(text: str) -> bytes:
        try:
            key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise Failed("webhook secret: not whsec_ and base64") from error
        if not 24 <= len(key) <= 64:
            raise Failed(f"webhook secret: {len(key)} bytes; 24 to 64 are wanted")
        return key

    def headers(self, name: str, body: bytes, now: float) -> dict[str, str]:
        signed = f"{name}.{int(now)}.".encode() + body
        signatures = [base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in self._secrets]
        return {"webhook-id": name, "webhook-timestamp": str(int(now)),
                "webhook-signature": " ".join("v1," + signature for signature in signatures)}


def add_arguments(parser: argparse.ArgumentParser, variable: str) -> None:
    parser.add_argument("--url", help="where to post to; if it holds a secret, use --url-file")
    parser.add_argument("--url-file", metavar="FILE", help=f"the URL is in FILE, or in the environment: {variable}")
    parser.add_argument("--header-file", metavar="FILE", help="more headers, 'Name: value' a line: for an API key")
    parser.add_argument("--dead-letters", metavar="FILE",
                        help="put aside what cannot be delivered, as NDJSON; without it that ends the playbook")
    parser.add_argument("--attempts", type=int, default=Policy.attempts, metavar="N", help="default: %(default)s")
    parser.add_argument("--first-pause", type=float, default=Policy.first, metavar="SECONDS",
                        help="between the first two attempts; twice as long each time; default: %(default)s")
    parser.add_argument("--ca-file", metavar="FILE", help="certificates to trust, PEM; default: the system's")
    parser.add_argument("--allow-http", action="store_true", help="plain http to another machine is meant")


def endpoint(options: argparse.Namespace, stop: Stop, variable: str, *, path: str = "",
             headers: dict[str, str] | None = None) -> Endpoint:
    """The endpoint that the options name; `path` is appended to its URL."""
    url = options.url or secret(options.url_file, variable, "URL", "--url-file")
    if url is None:
        raise Failed(f"no URL: --url, --url-file or {variable}")
    if options.attempts < 1:
        raise Failed("--attempts: at least 1")
    if not options.first_pause >= 0:
        raise Failed("--first-pause: not less than 0")
    more = read_headers(options.header_file) if options.header_file else {}
    return Endpoint(url.rstrip("/") + path if path else url, stop, headers={**(headers or {}), **more},
                    policy=Policy(attempts=options.attempts, first=options.first_pause),
                    dead_letters=DeadLetters(options.dead_letters) if options.dead_letters else None,
                    ca_file=options.ca_file, allow_http=options.allow_http)


def read_headers(path: str) -> dict[str, str]:
    headers = {}
    for line in (secret(path, "", "headers", "--header-file") or "").splitlines():
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not line.isprintable():
            raise Failed(f"headers (--header-file): {path}: wanted 'Name: value'")
        headers[name.strip()] = value.strip()
    return headers
