#!/usr/bin/env python3
"""Every public capture beside the repository, with the bundled rules: what is found is listed here, with why it is accepted.

SPOOR_BINARY is the program, SPOOR_SOURCE_DIR the repository. Skips where the captures are absent.
"""
import json
import os
import subprocess
import unittest

ROOT = os.environ.get("SPOOR_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPOOR = os.environ.get("SPOOR_BINARY") or os.path.join(ROOT, "build/release/spoor")
SAMPLES = os.path.join(ROOT, "../shared/data/samples")

# (rule, level, host, program, pid) -> which capture, and why.
ACCEPTED = {
    ("phantom_service_chain", "high", "HR001.shire.com", "svchost.exe", 4500):
        "OTRF empire_scm_dll_hijack_ikeext, true: IKEEXT loads the planted, unsigned wlbsctrl.dll, and the service host adds a "
        "user (net user demo ... /add)",
}


class Captures(unittest.TestCase):
    def test_findings_are_those_listed(self):
        if not os.path.isdir(SAMPLES):
            self.skipTest("skipped: the public captures are not here")
        # Some hold records of other kinds on purpose: what cannot be read is for other tests.
        result = subprocess.run([SPOOR, "replay", SAMPLES, "--format", "ndjson", "--quiet", "--max-errors", "1000000", "--summary",
                                 "/dev/stderr"], capture_output=True, timeout=3000, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertGreater(json.loads(result.stderr)["events"]["applied"], 50_000)
        found = set()
        for line in result.stdout.splitlines():
            finding = json.loads(line)
            process = finding["actor"]["process"]
            found.add((finding["finding_info"]["analytic"]["name"], finding["severity"].lower(), finding["device"]["hostname"],
                       process["name"], process["pid"]))
        self.assertEqual(found, set(ACCEPTED))


if __name__ == "__main__":
    unittest.main(verbosity=1)
