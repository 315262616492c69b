#!/usr/bin/env python3
"""The bundled scenarios against all that expected.json says of them: how many findings, about which process, how bad, on which
evidence and without which, and how bad it had to be by then at each milestone.

SPOOR_BINARY is the program, SPOOR_SOURCE_DIR the repository.
"""
import gzip
import json
import os
import subprocess
import unittest

ROOT = os.environ.get("SPOOR_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPOOR = os.environ.get("SPOOR_BINARY") or os.path.join(ROOT, "build/release/spoor")
SCENARIOS = os.path.join(ROOT, "tests/data/scenarios")
EXPECTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.json.gz")
LEVELS = ["informational", "low", "medium", "high", "critical"]
# expected.json names a vendor's fields as the vendor does.
UIDS = {"sysmon": "ProcessGuid", "crowdstrike": "TargetProcessId", "sentinelone": "process.uid"}


def replay(lines):
    """Findings and summary; records that could not be read fail."""
    read, write = os.pipe()
    with os.fdopen(read, "rb") as summary_file:
        process = subprocess.Popen([SPOOR, "replay", "-", "--format", "ndjson", "--quiet", "--summary", f"/dev/fd/{write}"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[write])
        os.close(write)
        output, errors = process.communicate(b"\n".join(lines))
        summary = json.loads(summary_file.read())
    if process.returncode != 0:
        raise AssertionError(errors.decode(errors="replace"))
    return [json.loads(line) for line in output.splitlines()], summary


def flat(record, prefix=""):
    """The leaves of a record by their last name and by their dotted one."""
    leaves = {}
    for name, value in record.items():
        if isinstance(value, dict):
            leaves.update(flat(value, prefix + name + "."))
        else:
            leaves[prefix + name] = str(value)
            leaves.setdefault(name, str(value))
    return leaves


# Names that a witness uses for what a carriage calls otherwise.
ALIASES = {"EventRecordID": ("EventRecordID", "record_id", "RecordNumber"), "Computer": ("Computer", "computer_name", "Hostname")}


def is_witness(leaves, witness):
    return all(any(leaves.get(alias) == str(value) for alias in ALIASES.get(name, (name,))) for name, value in witness.items())


class Expected(unittest.TestCase):
    def test_every_file(self):
        with gzip.open(EXPECTED, "rt", encoding="utf-8") as file:
            expected = json.load(file)
        self.assertEqual(len(expected["files"]), 23)
        for want in expected["files"]:
            with self.subTest(want["file"]):
                name = want["file"].removesuffix(".gz") + ".gz"
                with gzip.open(os.path.join(SCENARIOS, name), "rb") as file:
                    self.check(want, file.read().splitlines())

    def test_the_shape_is_known_without_the_name(self):
        """`tiers.generic`: the same records with the programs under names that no rule knows."""
        with gzip.open(EXPECTED, "rt", encoding="utf-8") as file:
            expected = json.load(file)
        for want in expected["files"]:
            if want["scenario"] == "B":  # The generic rules are for Windows.
                continue
            with self.subTest(want["file"]):
                with gzip.open(os.path.join(SCENARIOS, want["file"].removesuffix(".gz") + ".gz"), "rb") as file:
                    content = file.read().replace(b"3CXDesktopApp", b"SoftphoneApp").replace(b"Code.exe", b"Edit.exe")
                findings, _ = replay(content.splitlines())
                self.assertEqual(len(findings), want["incidents_total"])
                for finding, incident in zip(findings, want["incidents"]):
                    self.assertTrue(incident["tiers"]["generic"])
                    self.assertEqual(finding["finding_info"]["analytic"]["name"], "sideload_chain")
                    self.assertEqual(finding["severity"].lower(), incident["tiers"]["chain"]["max"])
                    self.assertEqual(finding["actor"]["process"]["pid"], incident["anchor"]["pid"])

    def check(self, want, lines):
        findings, summary = replay(lines)
        self.assertEqual(summary["events"]["received"], want["records"])
        self.assertEqual(summary["events"]["applied"], want["distinct_records"])
        self.assertEqual(len(findings), want["incidents_total"])
        self.assertEqual(len(want["incidents"]), want["incidents_total"])
        for incident in want["incidents"]:
            of_host = [finding for finding in findings if finding["device"]["hostname"] in incident["host_names"]]
            self.assertEqual(len(of_host), incident["count"])
            for finding in of_host:
                self.check_finding(want, incident, finding)
            for milestone in incident.get("milestones", []):
                self.check_milestone(milestone, lines)

    def check_finding(self, want, incident, finding):
        chain = incident["tiers"]["chain"]
        level = LEVELS.index(finding["severity"].lower())
        self.assertGreaterEqual(level, LEVELS.index(chain["min"]))
        self.assertLessEqual(level, LEVELS.index(chain["max"]))
        source = want["dialect"].split("-")[0]
        anchors = [anchor[source][UIDS[source]].lower() for anchor in [incident["anchor"], *incident["anchor_alternatives"]]]
        self.assertIn(finding["actor"]["process"]["uid"].lower(), anchors)
        self.assertEqual(finding["actor"]["process"]["uid"].lower(), anchors[0], "the main process of the app")

        evidence = [flat(json.loads(evidence["data"]["raw"])) for evidence in finding["evidences"]]
        processes = {evidence["process"]["uid"].lower() for evidence in finding["evidences"] if "process" in evidence}
        for process in incident["processes_required"]:
            self.assertIn(process[source][UIDS[source]].lower(), processes, f"process {process['pid']} is in no evidence")
        for required in incident["evidence_required"]:
            seen = any(is_witness(leaves, witness) for leaves in evidence for witness in required["witness"])
            self.assertTrue(seen, f"no evidence of {required['kind']}")
        self.assertEqual(incident["evidence_kinds_forbidden"], [])
        for forbidden in incident["records_forbidden"]:
            self.assertFalse(any(is_witness(leaves, forbidden["witness"]) for leaves in evidence), forbidden["why"])
        for process in incident["processes_forbidden"]:
            self.assertNotIn(process[source][UIDS[source]].lower(), processes)
        self.assertNotIn(finding["device"]["hostname"], incident["hosts_forbidden"])

    def check_milestone(self, milestone, lines):
        """What is known when the milestone's record has come, and all before it."""
        witness = flat(json.loads(lines[milestone["line"] - 1]))
        self.assertTrue(is_witness(witness, milestone["witness"]), milestone)
        findings, _ = replay(lines[:milestone["line"]])
        level = max((LEVELS.index(finding["severity"].lower()) for finding in findings), default=-1)
        self.assertLessEqual(len(findings), 1)
        if milestone["max"] is not None:
            self.assertLessEqual(level, LEVELS.index(milestone["max"]), milestone)
        if milestone["min"] is not None:
            self.assertGreaterEqual(level, LEVELS.index(milestone["min"]), milestone)


if __name__ == "__main__":
    unittest.main(verbosity=1)
