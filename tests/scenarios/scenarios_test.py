#!/usr/bin/env python3
"""Every variant of every story, in every vendor's words, through the program: the findings must be those that the story names.

SPOOR_BINARY is the program, SPOOR_SOURCE_DIR the repository. `scenarios_test.py --write FOLDER` writes the records instead.
"""
import json
import os
import random
import subprocess
import sys
import unittest

ROOT = os.environ.get("SPOOR_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPOOR = os.environ.get("SPOOR_BINARY") or os.path.join(ROOT, "build/release/spoor")

import sideloading  # noqa: E402
import threecx  # noqa: E402
import vendors  # noqa: E402
from story import Story  # noqa: E402

PACKS = {"threecx": threecx.VARIANTS, "sideloading": sideloading.VARIANTS}


def told(pack, variant, dialect):
    """The records of a variant in a dialect, and the findings that it wants: (rule, level, process), the process as a finding
    names it."""
    story = Story(f"{pack}.{variant.__name__}")
    wanted = variant(story)
    by_dialect = wanted if isinstance(wanted, dict) else {"": wanted}
    expected = by_dialect.get(dialect, by_dialect[""])
    return vendors.lines(story, dialect), sorted((rule, level, vendors.uid_of(process, dialect)) for rule, level, process in expected)


def cases():
    for pack, variants in PACKS.items():
        for variant in variants:
            for dialect in vendors.DIALECTS:
                lines, expected = told(pack, variant, dialect)
                if lines:
                    yield f"{pack}/{variant.__name__}.{dialect}", lines, expected


def replay(lines):
    result = subprocess.run([SPOOR, "replay", "-", "--format", "ndjson", "--quiet"], input="\n".join(lines).encode(),
                            capture_output=True, timeout=300, check=False)
    if result.returncode != 0:
        raise AssertionError(result.stderr.decode(errors="replace"))
    return result.stdout


def summary_of(output):
    found = []
    for line in output.splitlines():
        finding = json.loads(line)
        found.append((finding["finding_info"]["analytic"]["name"], finding["severity"].lower(),
                      finding["actor"]["process"]["uid"].lower()))
    return sorted(found)


class Scenarios(unittest.TestCase):
    def test_every_variant_of_every_vendor(self):
        for name, lines, expected in cases():
            with self.subTest(name):
                output = replay(lines)
                self.assertEqual(summary_of(output), expected)
                arrival = lines + lines[::3]
                random.Random(name).shuffle(arrival)
                self.assertEqual(replay(arrival), output, "the order of arrival shows")

    def test_the_variants_are_what_they_say(self):
        """Findings and silence, each vendor, each rule that makes findings."""
        wanted = {(name.rsplit(".", 1)[1], rule) for name, _, expected in cases() for rule, _, _ in expected}
        listed = subprocess.run([SPOOR, "rules", "list", "--json"], capture_output=True, check=True).stdout
        rules = [json.loads(line) for line in listed.splitlines()]
        correlations = {rule["name"] for rule in rules if rule["type"] == "correlation"}
        self.assertEqual({rule for _, rule in wanted}, correlations)
        self.assertEqual({dialect for dialect, _ in wanted}, set(vendors.DIALECTS))
        # What is listed reports through its correlation only, so that one intrusion is one finding.
        self.assertEqual([rule["name"] for rule in rules if rule["type"] != "correlation" and rule["generate"]], [])

    def test_rendering_is_deterministic(self):
        first = [(name, lines) for name, lines, _ in cases()]
        second = [(name, lines) for name, lines, _ in cases()]
        self.assertEqual(first, second)


def write(folder):
    for name, lines, expected in cases():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".ndjson", "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        with open(path + ".expected.json", "w", encoding="utf-8") as file:
            json.dump(expected, file, indent=1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write(sys.argv[2])
    else:
        unittest.main(verbosity=1)
