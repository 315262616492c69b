#!/usr/bin/env python3
"""Says which machines to isolate, in OpenC2: one command for each finding that calls for it. It executes nothing.

    openc2_contain.py --replay tcp://127.0.0.1:5557 --consumer contain >> commands.ndjson
    openc2_contain.py --replay tcp://127.0.0.1:5557 --consumer contain --url-file hook.url

A command goes to standard output, or, signed, to a webhook of who decides and acts. A finding gives one, however often it
is revised; after a restart another may come, and a receiver knows it by `command_id`, which is the finding's uid. By default
only final findings count, for a provisional one may be taken back; if one is taken back after its command, that is told on
standard error.
"""
import argparse
import json
import sys
import time
from typing import Any

import delivery
import playbook
from spoor_client import Finding, Memory

URL = "SPOOR_OPENC2_URL"
SECRET = "SPOOR_WEBHOOK_SECRET"
REMEMBERED = 65536


def command(finding: Finding) -> dict[str, Any] | None:
    """None if the finding does not say which machine it is about."""
    ocsf = finding.ocsf
    device = ocsf.get("device", {})
    target = {name: device[key] for name, key in (("hostname", "hostname"), ("device_id", "uid")) if device.get(key)}
    if not target:
        return None
    title = ocsf.get("finding_info", {}).get("title", finding.rule_id)
    return {"action": "contain", "target": {"device": target},
            "args": {"response_requested": "complete", "comment": f"{title} ({finding.level}, finding {finding.uid})"},
            "command_id": finding.uid}


def work(options: argparse.Namespace, stop: playbook.Stop) -> None:
    emit = to_webhook(options, stop) if options.url or options.url_file or options.webhook else to_output
    told = Memory(REMEMBERED)
    commanded: set[str] = set()
    # A finding that is taken back is looked at too, for what was said of it before.
    heard, options.status = options.status, options.status | {"retracted"}

    def contain(finding: Finding) -> None:
        if finding.status not in heard:
            if finding.uid in commanded:
                commanded.discard(finding.uid)
                playbook.log.warning("finding %s was taken back after its command: look whether to undo it", finding.uid)
            return
        if not told.is_new((finding.uid, 0, "")):
            return
        body = command(finding)
        if body is None:
            playbook.log.warning("finding %s names no machine", finding.uid)
            return
        emit(body)
        if len(commanded) < REMEMBERED:
            commanded.add(finding.uid)

    playbook.run(options, stop, contain)


def to_output(body: dict[str, Any]) -> None:
    print(json.dumps(body), flush=True)


def to_webhook(options: argparse.Namespace, stop: playbook.Stop) -> Any:
    secret = playbook.secret(options.secret_file, SECRET, "webhook secret", "--secret-file")
    if secret is None:
        raise playbook.Failed(f"no secret: --secret-file or {SECRET}: a command that is not signed is not for the network")
    signer = delivery.Signer(secret)
    endpoint = delivery.endpoint(options, stop, URL)

    def post(body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        endpoint.deliver(body["command_id"], text, headers=lambda: signer.headers(body["command_id"], text, time.time()))

    return post


if __name__ == "__main__":
    arguments = playbook.arguments("Says in OpenC2 which machines to isolate. Executes nothing.", level="critical", status="final")
    delivery.add_arguments(arguments, URL)
    arguments.add_argument("--webhook", action="store_true", help=f"post to the URL in the environment ({URL})")
    arguments.add_argument("--secret-file", metavar="FILE", help=f"secrets to sign with; or in the environment: {SECRET}")
    sys.exit(playbook.main(arguments, work))
