#!/usr/bin/env python3
"""Prints findings as they come: the smallest playbook.

    print_findings.py --replay tcp://127.0.0.1:5557 --level high
    print_findings.py --replay tcp://127.0.0.1:5557 --json | jq .finding_info.title
"""
import argparse
import sys
from datetime import datetime, timezone

import playbook
from spoor_client import Finding


def line(finding: Finding) -> str:
    """One line without control characters: what is in a log must not steer a terminal."""
    ocsf = finding.ocsf
    at = datetime.fromtimestamp(ocsf.get("time", 0) / 1000, timezone.utc).isoformat(timespec="milliseconds")
    words = [at, finding.level, finding.status, finding.uid, ocsf.get("device", {}).get("hostname", "-"),
             ocsf.get("finding_info", {}).get("title", "-")]
    return " ".join("".join(char if char.isprintable() else "?" for char in str(word)) for word in words)


def work(options: argparse.Namespace, stop: playbook.Stop) -> None:
    def show(finding: Finding) -> None:
        if options.json:
            sys.stdout.buffer.write(finding.payload + b"\n")
            sys.stdout.buffer.flush()
        else:
            print(line(finding), flush=True)

    playbook.run(options, stop, show)


if __name__ == "__main__":
    arguments = playbook.arguments("Prints findings as they come.")
    arguments.add_argument("--json", action="store_true", help="print OCSF, one finding a line")
    sys.exit(playbook.main(arguments, work))
