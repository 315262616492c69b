#!/usr/bin/env python3
"""Findings in the forms of other tools: STIX 2.1, Timesketch, CSV; out of a state folder and of a replay.

The STIX is held against OASIS's schemas where stix2-validator is installed (pip install stix2-validator), else only against what
stands here. SPOOR_BINARY is the program.
"""
import csv
import datetime
import glob
import io
import json
import os
import unittest

from program import ROOT, FolderTest, run, scenario

try:
    import stix2validator
except ImportError:
    stix2validator = None

A = scenario("A.sysmon-evtxdump")
GOLDEN = os.path.join(ROOT, "tests/golden/report/*.stix.json")

# Two findings of one process, and one whose texts a spreadsheet or a strict reader would stumble over.
RULES = r"""
title: '=Lookup, "quoted"'
id: lookup
level: high
author: Someone
references: ['https://acme.test/report', 'a book']
tags: [attack.command-and-control, attack.t1071.004]
logsource: {product: windows, category: dns_query}
detection: {s: {QueryName|endswith: test}, condition: s}
---
title: Start
id: start
level: low
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\worker.exe'}, condition: s}
"""


def record(number, event_id, data, second):
    system = {"Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}}, "EventID": event_id, "EventRecordID": number,
              "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "PC1.acme.test"}
    process = {"UtcTime": f"2023-03-22 13:41:{second:02}.500", "ProcessGuid": "{0000000a-0001-0002-0003-000000000001}",
               "ProcessId": "4711", "Image": "C:\\Work\\worker.exe"}
    return json.dumps({"Event": {"System": system, "EventData": {**process, **data}}})


RECORDS = [record(1, 1, {"CommandLine": "worker.exe --now", "User": "ACME\\kim", "Hashes": "MD5=" + "ab" * 16}, 1),
           record(2, 22, {"QueryName": "c2.test", "QueryStatus": "0", "QueryResults": "::ffff:198.51.100.7;"}, 2),
           record(3, 22, {"QueryName": "no \u202e name\ttest", "QueryStatus": "0", "QueryResults": "-"}, 3)]


class ExchangeTest(FolderTest):
    def output(self, *arguments, code=0):
        result = run(*arguments)
        self.assertEqual(result.returncode, code, result.stderr.decode(errors="replace"))
        return result.stdout.decode()

    def made(self):
        """A state folder with the findings of RECORDS."""
        self.path("rules.yml", RULES)
        state = self.path("state")
        self.output("replay", self.path("records.ndjson", "\n".join(RECORDS) + "\n"), "--rules", self.path("rules.yml"),
                    "--state", state, "-q")
        return state

    def check_bundle(self, text):
        bundle = json.loads(text)
        objects = bundle["objects"]
        ids = {thing["id"] for thing in objects}
        for thing in objects:
            for name, value in thing.items():
                for reference in value if name.endswith("_refs") else [value] if name.endswith("_ref") else []:
                    self.assertIn(reference, ids)
        return objects


class Stix(ExchangeTest):
    def of(self, objects, kind):
        return [thing for thing in objects if thing["type"] == kind]

    def test_a_replay_and_its_state_give_one_bundle(self):
        state = self.path("state")
        self.output("replay", A, "--state", state, "-q")
        bundle = self.output("findings", "--state", state, "--format", "stix")
        self.assertEqual(bundle, self.output("replay", A, "--format", "stix", "-q"))
        self.assertEqual(bundle, self.output("findings", "--state", state, "--format", "stix", "--show", "87e0b903"))
        other = self.path("other")
        self.output("replay", A, "--state", other, "-q", "--format", "stix")
        self.assertEqual(bundle, self.output("findings", "--state", other, "--format", "stix"))
        objects = self.check_bundle(bundle)
        indicator, = self.of(objects, "indicator")
        self.assertEqual(indicator["pattern_type"], "sigma")
        self.assertIn("title: 3CX Desktop App Acts as a Loader", indicator["pattern"])
        sighting, = self.of(objects, "sighting")
        self.assertEqual(sighting["sighting_of_ref"], indicator["id"])
        self.assertEqual(sighting["external_references"][0]["external_id"], "87e0b903f2e98cf1bf34b3c669ca213d")
        self.assertEqual(len(sighting["observed_data_refs"]), len(self.of(objects, "observed-data")))
        # Nothing of it is of today: the times of what was seen, and 1970 for what has none.
        for thing in objects:
            self.assertIn(thing.get("created", "2023")[:4], ("1970", "2023"))

    def test_the_pattern_is_the_rule_as_it_was_written(self):
        state = self.made()
        result = run("findings", "--state", state, "--format", "stix")
        self.assertEqual(result.returncode, 0)
        self.assertIn("the text of 2 rules is not at hand", result.stderr.decode())
        self.assertEqual({thing["pattern_type"] for thing in self.of(self.check_bundle(result.stdout), "indicator")}, {"spoor"})
        result = run("findings", "--state", state, "--format", "stix", "--rules", self.path("rules.yml"))
        self.assertEqual(result.stderr, b"")
        patterns = {thing["pattern"] for thing in self.of(self.check_bundle(result.stdout), "indicator")}
        self.assertEqual(patterns, {part.strip() + "\n" for part in RULES.split("---")})
        # A rule that was changed since is another.
        self.path("rules.yml", RULES.replace("endswith: test", "endswith: .test"))
        result = run("findings", "--state", state, "--format", "stix", "--rules", self.path("rules.yml"))
        self.assertIn("the text of 1 rule is not at hand", result.stderr.decode())
        self.assertEqual(run("findings", "--state", state, "--format", "stix", "--rules", self.path("none")).returncode, 2)

    def test_findings_share_what_they_saw(self):
        objects = self.check_bundle(self.output("findings", "--state", self.made(), "--format", "stix"))
        self.assertEqual(len(self.of(objects, "sighting")), 3)
        process, = self.of(objects, "process")
        self.assertEqual((process["pid"], process["command_line"]), (4711, "worker.exe --now"))
        name, = self.of(objects, "domain-name")
        address, = self.of(objects, "ipv4-addr")
        self.assertEqual((name["value"], name["resolves_to_refs"]), ("c2.test", [address["id"]]))

    def test_no_two_versions_are_of_one_time(self):
        """A correlation that is told as it grows: provisional, final, the next revision."""
        self.path("rules.yml", RULES + """---
title: Many lookups of a worker
id: many
level: medium
correlation: {type: event_count, rules: [start, lookup], anchor: start, group-by: [process_tree], timespan: 1h,
  condition: {gte: 2}}
""")
        records = [RECORDS[0]] + [record(number, 22, {"QueryName": f"c{number}.test", "QueryStatus": "0", "QueryResults": "-"}, number)
                   for number in range(2, 8)]
        state = self.path("state")
        for part in (records[:3], records[3:5], records[5:]):
            self.output("replay", self.path("part.ndjson", "\n".join(part) + "\n"), "--rules", self.path("rules.yml"), "--state", state,
                        "--revisions", "1", "--format", "ndjson", "-q")
        told = list(csv.DictReader(io.StringIO(self.output("findings", "--state", state, "--all", "--format", "csv"))))
        sightings = self.of(self.check_bundle(self.output("findings", "--state", state, "--all", "--format", "stix")), "sighting")
        self.assertEqual(len(sightings), len(told))
        self.assertGreater(len(told), len({row["uid"] for row in told}))
        self.assertIn(("1", "provisional"), {(row["revision"], row["status"]) for row in told})
        self.assertEqual(len({(sighting["id"], sighting["modified"]) for sighting in sightings}), len(sightings))

    def test_it_is_valid(self):
        if stix2validator is None:
            self.skipTest("stix2-validator is not installed: OASIS's schemas are not asked")
        state = self.made()
        bundles = [self.output("findings", "--state", state, "--format", "stix", *more)
                   for more in ([], ["--all"], ["--rules", self.path("rules.yml")], ["--level", "critical"])]
        bundles += [self.output("replay", path, "--format", "stix", "-q") for path in sorted(glob.glob(scenario("*")))]
        for path in sorted(glob.glob(GOLDEN)):
            with open(path, encoding="utf-8") as file:
                bundles.append(file.read())
        for bundle in bundles:
            result = stix2validator.validate_string(bundle, stix2validator.ValidationOptions(version="2.1"))
            problems = [str(error) for part in getattr(result, "object_results", [result]) for error in part.errors]
            self.assertTrue(result.is_valid, problems)
        print(f"{len(bundles)} bundles are valid")


class Timesketch(ExchangeTest):
    def test_a_line_for_each_event(self):
        state = self.path("state")
        self.output("replay", A, "--state", state, "-q")
        text = self.output("findings", "--state", state, "--format", "timesketch")
        self.assertEqual(text, self.output("replay", A, "--format", "timesketch", "-q"))
        lines = [json.loads(line) for line in text.splitlines()]
        finding = json.loads(self.output("findings", "--state", state, "--format", "ndjson"))
        self.assertEqual({line["event_uid"] for line in lines}, {evidence["uid"] for evidence in finding["evidences"]})
        for line in lines:
            for name in ("message", "datetime", "timestamp_desc", "rule", "level", "hostname", "process", "finding_uid"):
                self.assertTrue(line[name], name)
            when = datetime.datetime.fromisoformat(line["datetime"].replace("Z", "+00:00"))
            self.assertEqual(round(when.timestamp() * 1_000_000), line["timestamp"])
            self.assertIn("T1195.002", line["tag"])

    def test_hostile_texts_stay_in_their_line(self):
        lines = [json.loads(line) for line in
                 self.output("findings", "--state", self.made(), "--format", "timesketch").splitlines()]
        self.assertEqual(len(lines), 3)
        self.assertIn("QueryName = no \u202e name\ttest", [matched for line in lines for matched in line["matched"]])


class Csv(ExchangeTest):
    def test_what_looks_like_a_formula_is_text(self):
        state = self.made()
        text = self.output("findings", "--state", state, "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual(list(rows[0]), ["sequence", "uid", "revision", "status", "level", "rule_id", "title", "host", "hostname",
                                         "first_seen", "last_seen", "evidence"])
        self.assertEqual({row["title"] for row in rows}, {"'=Lookup, \"quoted\"", "Start"})
        self.assertEqual({row["first_seen"] for row in rows},
                         {f"2023-03-22T13:41:0{second}.500Z" for second in (1, 2, 3)})
        uid = rows[0]["uid"]
        one = self.output("findings", "--state", state, "--format", "csv", "--show", uid)
        self.assertEqual([row["uid"] for row in csv.DictReader(io.StringIO(one))], [uid])


if __name__ == "__main__":
    unittest.main()
