#!/usr/bin/env python3
"""Posts each finding, as OCSF, to a webhook: n8n, Shuffle, Tines, Cortex XSOAR, and whatever else takes JSON.

    SPOOR_WEBHOOK_SECRET=whsec_… signed_webhook.py --replay tcp://127.0.0.1:5557 --consumer n8n --url-file hook.url --level high

The headers are those of Standard Webhooks 1.0. `webhook-id` is `uid:revision`: it names the content, stays the same
when a delivery is repeated, and is what a receiver has to remember to act once. A new secret goes beside the old one, on a
line of its own, until all receivers have it.
"""
import argparse
import sys
import time

import delivery
import playbook
from spoor_client import Finding

URL = "SPOOR_WEBHOOK_URL"
SECRET = "SPOOR_WEBHOOK_SECRET"


def name(finding: Finding) -> str:
    return f"{finding.uid}:{finding.revision}"


def work(options: argparse.Namespace, stop: playbook.Stop) -> None:
    secret = playbook.secret(options.secret_file, SECRET, "webhook secret", "--secret-file")
    if secret is None and not options.unsigned:
        raise playbook.Failed(f"no secret: --secret-file or {SECRET}; or --unsigned")
    signer = delivery.Signer(secret) if secret is not None and not options.unsigned else None
    endpoint = delivery.endpoint(options, stop, URL)

    def post(finding: Finding) -> None:
        def headers() -> dict[str, str]:
            if signer is None:
                return {"webhook-id": name(finding)}
            return signer.headers(name(finding), finding.payload, time.time())

        endpoint.deliver(name(finding), finding.payload, headers=headers)

    playbook.run(options, stop, post)


if __name__ == "__main__":
    arguments = playbook.arguments("Posts findings to a webhook, signed.")
    delivery.add_arguments(arguments, URL)
    arguments.add_argument("--secret-file", metavar="FILE",
                           help=f"secrets, 'whsec_' and base64, one a line; or in the environment: {SECRET}")
    arguments.add_argument("--unsigned", action="store_true", help="for receivers whose URL is the secret")
    sys.exit(playbook.main(arguments, work))
