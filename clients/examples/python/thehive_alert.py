#!/usr/bin/env python3
"""Makes an alert in TheHive 5 of each finding.

    THEHIVE_API_KEY=… thehive_alert.py --replay tcp://127.0.0.1:5557 --consumer thehive --url https://thehive.acme.test --level medium

TheHive knows an alert by (type, source, sourceRef), and sourceRef is the finding's uid: whatever comes how often, there is one
alert. It is made from the first revision that comes and holds; later ones change nothing in TheHive.
"""
import argparse
import json
import sys
from typing import Any

import delivery
import playbook
from spoor_client import Finding

URL = "THEHIVE_URL"
API_KEY = "THEHIVE_API_KEY"
SEVERITY = {"informational": 1, "low": 1, "medium": 2, "high": 3, "critical": 4}
# OCSF's type of an observable to TheHive's. A name that was looked up is a domain, that of a machine a hostname.
DATA_TYPES = {1: "domain", 2: "ip", 5: "mail", 6: "url", 7: "filename", 8: "hash", 9: "filename"}
OBSERVABLES_MAX = 200


def observables(ocsf: dict[str, Any]) -> list[dict[str, Any]]:
    """Each value once: TheHive refuses an alert that holds one twice."""
    found: dict[tuple[str, str], list[str]] = {}
    for entry in ocsf.get("observables", []):
        data_type, value, where = DATA_TYPES.get(entry.get("type_id")), entry.get("value"), str(entry.get("name", ""))
        if data_type is None or not isinstance(value, str) or not value.strip():
            continue
        if where == "device.hostname":
            data_type = "hostname"
        key = data_type, value
        if key in found or len(found) < OBSERVABLES_MAX:
            found.setdefault(key, []).append(where)
    return [{"dataType": data_type, "data": value, "message": ", ".join(places[:5])}
            for (data_type, value), places in found.items()]


def procedures(ocsf: dict[str, Any]) -> list[dict[str, Any]]:
    """ATT&CK: the techniques, of a sub-technique its own number."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for attack in ocsf.get("finding_info", {}).get("attacks", []):
        pattern = (attack.get("sub_technique") or attack.get("technique") or {}).get("uid")
        tactic = attack.get("tactic", {}).get("name", "").lower().replace(" ", "-")
        if pattern:
            entry = {"patternId": pattern, "occurDate": ocsf.get("start_time", ocsf.get("time", 0))}
            if tactic:
                entry["tactic"] = tactic
            found.setdefault((pattern, tactic), entry)
    return list(found.values())


def alert(finding: Finding, source: str, with_procedures: bool) -> dict[str, Any]:
    ocsf = finding.ocsf
    info = ocsf.get("finding_info", {})
    host = ocsf.get("device", {}).get("hostname", "")
    title = info.get("title", finding.rule_id)
    rule = info.get("analytic", {}).get("name", finding.rule_id)
    text = [ocsf.get("message", ""), info.get("desc", ""), f"Finding `{finding.uid}`, revision {finding.revision}, {finding.status}."]
    body = {
        "type": "spoor", "source": source, "sourceRef": finding.uid,
        "title": (f"{title} on {host}" if host else title)[:512],
        "description": "\n\n".join(part.strip() for part in text if part.strip()),
        "severity": SEVERITY.get(finding.level, 2), "date": ocsf.get("time", 0),
        "tags": ["spoor", f"level:{finding.level}", f"rule:{rule}", *sorted({one["patternId"] for one in procedures(ocsf)})],
        "observables": observables(ocsf),
    }
    if with_procedures:
        body["procedures"] = procedures(ocsf)
    return body


def accept(reply: delivery.Reply) -> bool:
    """An alert that is there already is what we want. TheHive says so with 400, as it says that a request is wrong, or that
    an observable is there twice: only the words tell."""
    text = reply.body.lower()
    return delivery.is_ok(reply) or (reply.status in (400, 409) and b"already exist" in text and b"observable" not in text)


def work(options: argparse.Namespace, stop: playbook.Stop) -> None:
    key = playbook.secret(options.api_key_file, API_KEY, "API key", "--api-key-file")
    if key is None:
        raise playbook.Failed(f"no API key: --api-key-file or {API_KEY}")
    if not key.isprintable() or not key.isascii():
        raise playbook.Failed("API key: one line of ASCII is wanted")
    headers = {"Authorization": f"Bearer {key}"}
    if options.organisation:
        headers["X-Organisation"] = options.organisation
    endpoint = delivery.endpoint(options, stop, URL, path="/api/v1/alert", headers=headers)

    def post(finding: Finding) -> None:
        body = json.dumps(alert(finding, options.source, not options.no_procedures), ensure_ascii=False).encode()
        endpoint.deliver(finding.uid, body, accept=accept)

    playbook.run(options, stop, post)


if __name__ == "__main__":
    arguments = playbook.arguments("Makes an alert in TheHive 5 of each finding.", status="provisional,final")
    delivery.add_arguments(arguments, URL)
    arguments.add_argument("--api-key-file", metavar="FILE", help=f"API key; or in the environment: {API_KEY}")
    arguments.add_argument("--organisation", help="X-Organisation: if the key's user belongs to several")
    arguments.add_argument("--source", default="spoor", help="source of the alerts; default: %(default)s")
    arguments.add_argument("--no-procedures", action="store_true", help="where TheHive has no ATT&CK catalogue")
    sys.exit(playbook.main(arguments, work))
