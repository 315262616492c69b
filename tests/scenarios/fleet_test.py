#!/usr/bin/env python3
"""A benign fleet, made up to be hard (fleet.py), makes no finding; and hard it is: every step of the bundled rules is seen in it.

SPOOR_BINARY is the program, SPOOR_SOURCE_DIR the repository. SPOOR_LONG=1: a million records instead of 20,000.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ.get("SPOOR_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPOOR = os.environ.get("SPOOR_BINARY") or os.path.join(ROOT, "build/release/spoor")
FLEET = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fleet.py")
SEED = 1
COUNT = 1_000_000 if os.environ.get("SPOOR_LONG") == "1" else 20_000


class Fleet(unittest.TestCase):
    def replay(self, count, *arguments):
        """Findings and summary of the fleet's log."""
        with tempfile.TemporaryDirectory() as folder:
            summary_path = os.path.join(folder, "summary.json")
            with subprocess.Popen([sys.executable, FLEET, str(SEED), str(count)], stdout=subprocess.PIPE) as fleet:
                result = subprocess.run([SPOOR, "replay", "-", "--format", "ndjson", "--quiet", "--summary", summary_path,
                                         *arguments], stdin=fleet.stdout, capture_output=True, timeout=3000, check=False)
                fleet.stdout.close()
            self.assertEqual(fleet.returncode, 0)
            self.assertEqual(result.returncode, 0, result.stderr.decode(errors="replace"))
            with open(summary_path, encoding="utf-8") as file:
                summary = json.load(file)
        self.assertEqual(summary["events"]["received"], count)
        self.assertEqual(summary["events"]["applied"], count, "a record that is no new event")
        return [json.loads(line) for line in result.stdout.splitlines()], summary

    def test_no_finding(self):
        findings, _ = self.replay(COUNT)
        self.assertEqual([finding["message"] for finding in findings], [])

    def test_every_step_is_seen(self):
        """The detections without their correlations, so that each hit is a finding."""
        rules = [json.loads(line) for line in subprocess.run([SPOOR, "rules", "list", "--json"], capture_output=True,
                                                             check=True).stdout.splitlines()]
        steps = {rule["id"]: rule["name"] for rule in rules if rule["type"] != "correlation"}
        files = [path for path in glob.glob(os.path.join(ROOT, "detections/*/*.yml"))
                 if os.path.basename(path)[:-4] in steps.values()]
        self.assertEqual(len(files), len(steps))
        _, summary = self.replay(20_000, *(argument for path in files for argument in ("--rules", path)))
        seen = summary["findings"]["by_rule"]
        self.assertEqual(sorted(name for rule, name in steps.items() if seen.get(rule, 0) == 0), [])


if __name__ == "__main__":
    unittest.main(verbosity=1)
