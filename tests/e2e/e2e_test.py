#!/usr/bin/env python3
"""The program as its users run it: command lines in, exit codes, files and bus messages out.

SPOOR_BINARY is the program, SPOOR_SOURCE_DIR the repository. Tests of data beside the repository skip where it is absent.
"""
import contextlib
import fcntl
import glob
import gzip
import json
import os
import random
import select
import signal
import subprocess
import sys
import termios
import time
import unittest

from program import PATIENCE, ROOT, SPOOR, FolderTest, read_line, reserve_port, run, scenario

OTRF = os.path.join(ROOT, "tests/data/otrf")
SHARED = os.path.join(ROOT, "../shared/data")
DIALECTS = ["sysmon-evtxdump", "sysmon-winlogbeat", "sysmon-nxlog"]
# Of expected.json: the main process of the app, pid 6712.
ANCHOR = "{8f4c1e20-0564-641b-fb01-000000002f00}"


def lines_of(path):
    with gzip.open(path, "rb") as file:
        return file.read().splitlines()


class E2e(FolderTest):
    def replay(self, *arguments, stdin=None, code=0):
        """Findings and summary of one replay; the accounting is checked every time."""
        summary_path = self.path("summary.json")
        result = run("replay", "--format", "ndjson", "--summary", summary_path, *arguments, stdin=stdin)
        self.assertEqual(result.returncode, code, result.stderr.decode(errors="replace"))
        with open(summary_path, encoding="utf-8") as file:
            summary = json.load(file)
        events = summary["events"]
        self.assertEqual(events["residual"], 0)
        self.assertEqual(events["received"],
                         events["applied"] + events["duplicate"] + events["filtered"] + events["dead_lettered"])
        self.assertEqual(sum(counts["received"] for counts in summary["by_event"].values()) + events["dead_lettered"],
                         events["received"])
        return [json.loads(line) for line in result.stdout.splitlines()], summary, result


class Findings(E2e):
    def test_the_intrusion_is_one_finding_in_every_dialect(self):
        for dialect in DIALECTS:
            with self.subTest(dialect):
                findings, summary, _ = self.replay(scenario("A." + dialect))
                self.assertEqual(len(findings), 1)
                finding = findings[0]
                self.assertEqual(finding["class_uid"], 2004)
                self.assertEqual(finding["severity"], "Critical")
                self.assertEqual(finding["actor"]["process"]["uid"].lower(), ANCHOR)
                self.assertEqual(finding["actor"]["process"]["pid"], 6712)
                self.assertEqual(summary["events"]["received"], 714)

    def test_all_dialects_give_one_uid(self):
        uids = {self.replay(scenario("A." + dialect))[0][0]["finding_info"]["uid"] for dialect in DIALECTS}
        self.assertEqual(len(uids), 1)

    def test_clean_software_and_look_alikes_are_silent(self):
        for name in ["C", "D1"]:
            for dialect in DIALECTS:
                with self.subTest(name + "." + dialect):
                    findings, _, _ = self.replay(scenario(name + "." + dialect))
                    self.assertEqual(findings, [])

    def test_real_captures_without_3cx_are_silent(self):
        findings, summary, _ = self.replay(os.path.join(OTRF, "*.zst"))
        self.assertEqual(findings, [])
        self.assertGreater(summary["events"]["received"], 100)
        self.assertEqual(summary["events"]["dead_lettered"], 0)

    def test_shuffled_arrival_gives_the_same_bytes(self):
        ordered = self.replay(scenario("A.sysmon-evtxdump"))[2].stdout
        late = self.replay(scenario("A-late.sysmon-evtxdump"))[2].stdout
        self.assertEqual(ordered, late)

    def test_the_same_log_twice_and_in_all_carriages_is_still_one_finding(self):
        files = [scenario("A." + dialect) for dialect in DIALECTS]
        findings, summary, _ = self.replay(*files, scenario("A-late.sysmon-evtxdump"))
        self.assertEqual(len(findings), 1)
        self.assertEqual(summary["events"]["applied"], 714)
        self.assertEqual(summary["events"]["duplicate"], 3 * 714)

    def test_twenty_permutations_with_duplicates_give_identical_bytes(self):
        lines = lines_of(scenario("A.sysmon-evtxdump"))
        want = self.replay("-", stdin=b"\n".join(lines))[2].stdout
        self.assertTrue(want)
        for seed in range(20):
            shuffled = random.Random(seed)
            arrival = lines + shuffled.sample(lines, len(lines) * 3 // 10)
            shuffled.shuffle(arrival)
            got = self.replay("-", stdin=b"\n".join(arrival))[2].stdout
            self.assertEqual(got, want, f"seed {seed}")

    def test_required_evidence_is_required(self):
        # The smallest chain: a library by its place, and a look-up. Without either there is no finding.
        with open(os.path.join(ROOT, "detections/threecx/samples/threecx_loader_chain.hit.ndjson"), "rb") as file:
            lines = file.read().splitlines()
        findings = self.replay("-", stdin=b"\n".join(lines))[0]
        self.assertEqual(len(findings), 1)
        required = {evidence["uid"] for evidence in findings[0]["evidences"] if evidence["data"]["step"]["required"]}
        self.assertEqual(len(required), len(lines))
        for index in range(len(lines)):
            left = lines[:index] + lines[index + 1:]
            self.assertEqual(self.replay("-", stdin=b"\n".join(left))[0], [], f"without line {index + 1}")

    def test_every_vendor_and_carriage(self):
        # What expected.json of the scenarios asks for: how many, how bad, about which process.
        wants = {"A": [("Critical", 6712)], "A-late": [("Critical", 6712)], "B": [("Critical", 2290)], "C": [], "D1": []}
        folder = os.path.join(ROOT, "tests/data/scenarios")
        names = sorted(name for name in os.listdir(folder) if name.endswith(".gz"))
        self.assertEqual(len(names), 23)
        for name in names:
            with self.subTest(name):
                findings, summary, _ = self.replay(os.path.join(folder, name))
                found = [(finding["severity"], finding["actor"]["process"]["pid"]) for finding in findings]
                self.assertEqual(found, wants[name.split(".")[0]])
                self.assertEqual(summary["events"]["dead_lettered"], 0)
                for finding in findings:
                    self.assertIn(finding["device"]["hostname"], ("PC042.acme.example", "PC042", "acme-mbp-07"))

    def test_late_is_the_same_for_every_vendor(self):
        for dialect in ("sysmon-evtxdump", "crowdstrike-fdr", "sentinelone-cf2"):
            with self.subTest(dialect):
                outputs = [self.replay(scenario(name + "." + dialect))[2].stdout for name in ("A", "A-late")]
                self.assertEqual(outputs[0], outputs[1])

    def test_one_event_in_every_sysmon_carriage_has_one_identity(self):
        uids = set()
        for dialect in ("sysmon-evtxdump", "sysmon-nxlog", "sysmon-winlogbeat", "sysmon-winlogbeat-ecs"):
            findings = self.replay(scenario("A." + dialect))[0]
            uids.add((findings[0]["finding_info"]["uid"], len(findings[0]["evidences"])))
        self.assertEqual(len(uids), 1)

    def test_shared_scenarios(self):
        folder = os.path.join(SHARED, "scenarios")
        if not os.path.isdir(folder):
            self.skipTest("skipped: the shared scenarios are not here")
        with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
            expected = json.load(file)
        for want in expected["files"]:
            with self.subTest(want["file"]):
                findings, summary, _ = self.replay(os.path.join(folder, want["file"]))
                self.assertEqual(len(findings), want["incidents_total"])
                self.assertEqual(summary["events"]["received"], want["records"])
                for finding, incident in zip(findings, want["incidents"]):
                    anchors = [incident["anchor"]] + incident["anchor_alternatives"]
                    self.assertIn(finding["actor"]["process"]["pid"], [anchor["pid"] for anchor in anchors])
                    self.assertEqual(finding["severity"].lower(), incident["tiers"]["chain"]["max"])


def falcon_start(number, parent, image, second):
    """A process start as the Falcon Data Replicator has it: the parent is a number and nothing else."""
    time = 1679479200 + second
    return json.dumps({
        "event_simpleName": "ProcessRollup2", "event_platform": "Win", "aid": "a1d", "cid": "c1", "id": "e%d" % number,
        "timestamp": "%d000" % time, "ContextTimeStamp": "%d.000" % time, "ProcessStartTime": "%d.000" % time,
        "TargetProcessId": str(number), "ParentProcessId": str(parent), "RawProcessId": str(100 + number),
        "ImageFileName": "\\Device\\HarddiskVolume3\\Work\\" + image, "CommandLine": image}).encode() + b"\n"


BELOW_B = b"""title: Started by b
id: 11111111-1111-4111-8111-111111111111
name: below_b
level: high
logsource: {product: windows, category: process_creation}
detection:
  s: {ParentImage|endswith: '\\b.exe'}
  condition: s
---
title: Twice within an hour
id: 11111111-1111-4111-8111-111111111112
level: medium
correlation:
  type: event_count
  rules: [below_b]
  group-by: [Image]
  timespan: 1h
  generate: true
  condition: {gte: 2}
"""


APP_LOOKUPS = rb"""title: App
id: 11111111-1111-4111-8111-111111111301
name: app
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\app.exe'}, condition: s}
---
title: A
id: 11111111-1111-4111-8111-111111111302
name: a
logsource: {product: windows, category: dns_query}
detection: {s: {QueryName: a.test}, condition: s}
---
title: B
id: 11111111-1111-4111-8111-111111111303
name: b
logsource: {product: windows, category: dns_query}
detection: {s: {QueryName: b.test}, condition: s}
---
title: Chain
id: 33333333-3333-4333-8333-333333333304
correlation: {type: temporal, rules: [app, a, b], anchor: app, group-by: [process_tree], timespan: 1d, condition: a and b}
---
title: Absent
id: 33333333-3333-4333-8333-333333333305
correlation: {type: temporal, rules: [app, a, b], anchor: app, group-by: [process_tree], timespan: 1h, condition: a and not b}
---
title: Count
id: 33333333-3333-4333-8333-333333333306
correlation: {type: event_count, rules: [a, b], timespan: 1h, condition: {gte: 2}}
"""


def falcon_lookup(number, second, name, host="a1d", time=None):
    time = time or 1679479200 + second
    return json.dumps({
        "event_simpleName": "DnsRequest", "event_platform": "Win", "aid": host, "cid": "c1", "id": "d%d" % second,
        "timestamp": "%d000" % time, "ContextTimeStamp": "%d.000" % time, "ContextProcessId": str(number),
        "DomainName": name, "RequestType": "1"}).encode() + b"\n"


class Revisions(E2e):
    def test_an_event_from_the_future_hides_nothing(self):
        rules = self.path("rules.yml", APP_LOOKUPS)
        clean = [falcon_start(1, 0, "app.exe", 0), falcon_lookup(1, 100, "a.test"), falcon_lookup(1, 400, "b.test")]
        for host in "a1d", "0ther":
            records = [*clean[:2], falcon_lookup(9, 200, "z.test", host, time=4070908800), clean[2]]
            for options in (), ("--revisions", "1"), ("--state", self.path("state-" + host)):
                findings, summary, _ = self.replay(self.path("events.ndjson", b"".join(records)), "--rules", rules, *options)
                titles = {finding["finding_info"]["title"] for finding in findings}
                self.assertEqual(titles - {"App", "A", "B"}, {"Chain", "Count"}, (host, options))
                self.assertEqual(summary["time_suspect"], 1, (host, options))

    def test_events_that_could_not_wait_are_told(self):
        rules = self.path("rules.yml", BELOW_B)
        children = b"".join(falcon_start(100 + i, 12, "c.exe", 30 + i) for i in range(2_000))
        events = self.path("events.ndjson", children + falcon_start(12, 11, "b.exe", 20))
        _, summary, result = self.replay(events, "--rules", rules)
        self.assertEqual(summary["process_graph"]["hurried_events"], 0)
        self.assertNotIn(b"judged before", result.stderr)
        _, summary, result = self.replay(events, "--rules", rules, "--waiting-memory", "1")
        self.assertGreater(summary["process_graph"]["hurried_events"], 500)
        self.assertIn(b"%d events were judged before" % summary["process_graph"]["hurried_events"], result.stderr)

    def told(self, *records, every=1):
        rules = self.path("rules.yml", BELOW_B)
        findings, _, _ = self.replay(self.path("events.ndjson", b"".join(records)), "--rules", rules, "--revisions", str(every))
        return [(f["finding_info"]["title"], f["unmapped"]["spoor"]["revision"], f["unmapped"]["spoor"]["completeness"]["missing"])
                for f in findings]

    def test_a_late_ancestor_is_judged_again_and_closes_the_gap(self):
        child, parent = falcon_start(13, 12, "c.exe", 30), falcon_start(12, 11, "b.exe", 20)
        later, root = falcon_start(15, 14, "x.exe", 9_000), falcon_start(11, 11, "a.exe", 10)
        # The parent is not here when the watermark passes the child: no finding. Then it comes.
        self.assertEqual(self.told(child, later, parent, root), [("Started by b", 1, 1), ("Started by b", 2, 0)])
        # With all there is in the end, the same is found at once.
        self.assertEqual(self.told(root, parent, child, later, every=100), [("Started by b", 1, 0)])

    def test_a_correlation_in_time_is_told_once_its_time_has_passed(self):
        records = [falcon_start(12, 11, "b.exe", 20), falcon_start(13, 12, "c.exe", 30), falcon_start(14, 12, "c.exe", 50)]
        later = falcon_start(15, 12, "d.exe", 9_000)
        told = self.told(*records, later, records[1])
        self.assertEqual([title for title, _, _ in told].count("Twice within an hour"), 1, told)

    def test_a_table_has_no_revisions(self):
        result = run("replay", "--revisions", "1", self.path("e", falcon_start(1, 1, "a.exe", 1)))
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"--format ndjson", result.stderr)


class Input(E2e):
    def test_plain_gzip_zstd_stdin_and_array_are_the_same(self):
        lines = lines_of(scenario("A.sysmon-evtxdump"))
        plain = b"\n".join(lines)
        want = self.replay("-", stdin=plain)[2].stdout
        forms = {
            "a.ndjson": plain + b"\n",
            "crlf.ndjson": b"\xef\xbb\xbf" + b"\r\n".join(lines) + b"\r\n\r\n",
            "two-members.json.gz": gzip.compress(plain[:70000]) + gzip.compress(plain[70000:]),
            "array.json": b"[" + b",\n".join(lines) + b"]",
            "pretty.json": json.dumps([json.loads(line) for line in lines], indent=2).encode(),
            "a.jsonl.zst": subprocess.run(["zstd", "-qc"], input=plain, capture_output=True, check=True).stdout,
        }
        for name, content in forms.items():
            with self.subTest(name):
                findings, summary, result = self.replay(self.path(name, content))
                self.assertEqual(len(findings), 1)
                self.assertEqual(summary["events"]["applied"], 714)
                if name != "pretty.json":  # Its evidence quotes another text of the record.
                    self.assertEqual(result.stdout, want)

    def test_folders_and_globs(self):
        self.path("one.ndjson", b"\n".join(lines_of(scenario("A.sysmon-evtxdump"))))
        self.path("notes.txt", b"not a log")
        self.assertEqual(len(self.replay(self.folder)[0]), 1)
        self.assertEqual(len(self.replay(os.path.join(self.folder, "*.ndjson"))[0]), 1)

    def test_bad_lines_leave_their_neighbours_alone(self):
        lines = lines_of(scenario("A.sysmon-evtxdump"))
        bad = [b"{", b"\xff\xfe", b'{"Event":{"System":', b'{"a":"unterminated', b"[" * 100000, b"{}", b'{"x":1}', b"x" * (1 << 20 | 1),
               b'{"deep":' + b"[" * 70 + b"]" * 70 + b"}"]
        mixed = []
        for index, line in enumerate(lines):
            mixed.append(line)
            if index < len(bad):
                mixed.append(bad[index])
        clean = self.replay("-", stdin=b"\n".join(lines))[2].stdout
        letters = self.path("dead.ndjson")
        path = self.path("mixed.ndjson", b"\n".join(mixed))
        _, summary, result = self.replay(path, "--dead-letters", letters, code=3)
        self.assertEqual(result.stdout, clean)
        self.assertEqual(summary["events"]["dead_lettered"], len(bad))
        with open(path, "rb") as file:
            content = file.read()
        with open(letters, encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
        self.assertEqual(len(records), len(bad))
        for letter, record in zip(records, bad):
            self.assertEqual(content[letter["offset"]:letter["offset"] + len(record)], record)
            self.assertTrue(letter["code"])
            self.assertEqual(content[:letter["offset"]].count(b"\n") + 1, letter["line"])
        self.assertEqual(self.replay(path, "--max-errors", "9", code=0)[1]["events"]["dead_lettered"], len(bad))

    def test_json_test_suite_between_good_lines(self):
        folder = os.path.join(ROOT, "tests/data/json-test-suite/test_parsing")
        folder = folder if os.path.isdir(folder) else os.path.join(SHARED, "json-test-suite/test_parsing")
        if not os.path.isdir(folder):
            self.skipTest("skipped: JSONTestSuite is not here")
        lines = lines_of(scenario("A.sysmon-evtxdump"))
        names = sorted(os.listdir(folder))
        self.assertEqual(len(names), 318)
        mixed = []
        for index, line in enumerate(lines):
            mixed.append(line)
            if index < len(names):
                with open(os.path.join(folder, names[index]), "rb") as file:
                    mixed.append(file.read())
        clean = self.replay("-", stdin=b"\n".join(lines))[2].stdout
        _, summary, result = self.replay("-", stdin=b"\n".join(mixed), code=3)
        self.assertEqual(result.stdout, clean)
        self.assertEqual(summary["events"]["applied"], 714)

    def test_a_torn_archive_is_told_and_the_next_file_goes_on(self):
        whole = gzip.compress(b"\n".join(lines_of(scenario("A.sysmon-evtxdump"))))
        torn = self.path("1-torn.ndjson.gz", whole[:len(whole) // 2])
        findings, summary, result = self.replay(torn, scenario("A.sysmon-evtxdump"), code=3)
        self.assertEqual(len(findings), 1)
        self.assertEqual(summary["failed_inputs"], 1)
        self.assertIn(b"1-torn.ndjson.gz", result.stderr)

    def test_from_and_to_filter_by_event_time(self):
        findings, summary, _ = self.replay(scenario("A.sysmon-evtxdump"), "--to", "2023-03-14T09:00:00Z")
        self.assertEqual(findings, [])
        self.assertGreater(summary["events"]["filtered"], 0)
        findings, _, _ = self.replay(scenario("A.sysmon-evtxdump"), "--from", "2023-03-22T13:00:00Z")
        self.assertEqual(len(findings), 1)


    def test_a_stretch_of_a_recording(self):
        records = lines_of(scenario("A.sysmon-evtxdump"))
        recording = b"spoor-recording 1\n"
        for second, record in enumerate(records):
            recording += b"%d %d record edr\n%s\n" % (1_700_000_000_000_000_000 + second * 1_000_000_000, len(record), record)
        path = self.path("a.recording", recording)
        whole, summary, _ = self.replay(path)
        self.assertEqual(summary["events"]["received"], len(records))
        plain, _, _ = self.replay(scenario("A.sysmon-evtxdump"))
        self.assertEqual(whole, plain)
        # 1,700,000,000 is 22:13:20.
        _, summary, _ = self.replay(path, "--received-from", "2023-11-14T22:13:23Z", "--received-to", "2023-11-14T22:13:28Z")
        self.assertEqual(summary["events"]["received"], 5)
        _, summary, result = self.replay(path, scenario("A.sysmon-evtxdump"), "--received-to", "2023-11-14T22:13:21Z", code=3)
        self.assertEqual(summary["events"]["received"], 1)
        self.assertIn(b"this is no recording", result.stderr)
        result = run("replay", path, "--received-to", "2023-11-14", "--state", self.path("state"))
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"--received-to", result.stderr)


class HostAliases(E2e):
    def test_the_names_of_a_machine_are_one_host(self):
        aliases = self.path("aliases.yml", b"PC042.acme.example: [AAA-sensor]\n")
        findings, _, _ = self.replay(scenario("A.sysmon-evtxdump"), "--host-aliases", aliases)
        self.assertEqual([finding["device"]["uid"] for finding in findings], ["aaa-sensor"])

    def test_what_is_wrong_is_told_with_its_place(self):
        for content, place in ((b"- a\n", b":1:1: error: host aliases are a map"), (b"a: [b, {c: d}]\n", b":1:8: error: the name of a machine"),
                               (b"a: b\na: c\n", b":2:1: error")):
            result = run("replay", scenario("A.sysmon-evtxdump"), "--host-aliases", self.path("aliases.yml", content))
            self.assertEqual(result.returncode, 2)
            self.assertIn(place, result.stderr)
        result = run("replay", scenario("A.sysmon-evtxdump"), "--host-aliases", "/nowhere.yml")
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"cannot read /nowhere.yml", result.stderr)


class CommandLine(E2e):
    def test_stdout_is_data_only(self):
        result = run("replay", scenario("A.sysmon-evtxdump"), "--format", "ndjson")
        for line in result.stdout.splitlines():
            json.loads(line)
        self.assertIn(b"714 events", result.stderr)
        self.assertNotIn(b"\x1b", result.stderr)
        quiet = run("replay", scenario("A.sysmon-evtxdump"), "--format", "ndjson", "--quiet")
        self.assertEqual(quiet.stderr, b"")
        self.assertEqual(quiet.stdout, result.stdout)

    def test_the_table_shows_the_tree(self):
        result = run("replay", scenario("A.sysmon-evtxdump"))
        self.assertEqual(result.returncode, 0)
        text = result.stdout.decode()
        for wanted in ["critical", "explorer.exe", "3CXDesktopApp.exe", "cmd.exe", "raw.githubusercontent.com"]:
            self.assertIn(wanted, text)
        self.assertNotIn("\x1b", text)
        colored = run("replay", scenario("A.sysmon-evtxdump"), "--color", "always", env={"NO_COLOR": "1"})
        self.assertIn(b"\x1b[", colored.stdout)

    def test_output_file(self):
        path = self.path("findings.ndjson")
        result = run("replay", scenario("A.sysmon-evtxdump"), "--format", "ndjson", "-o", path)
        self.assertEqual(result.stdout, b"")
        with open(path, "rb") as file:
            self.assertEqual(len(file.read().splitlines()), 1)
        self.assertEqual(os.listdir(self.folder), ["findings.ndjson"])

    def test_exit_codes(self):
        intrusion, clean = scenario("A.sysmon-evtxdump"), scenario("C.sysmon-evtxdump")
        bad = self.path("bad.ndjson", b"not json\n")
        broken_rule = self.path("broken.yml", b"title: x\nlogsource: {category: dns_query}\ndetection: {s: {QueryName|endwith: x}, condition: s}\n")
        for code, arguments in [
            (0, ["replay", intrusion]),
            (2, ["replay"]),
            (2, ["replay", self.path("nothing.ndjson")]),
            (2, ["replay", intrusion, "--rules", broken_rule]),
            (2, ["replay", intrusion, "--rules", self.path("no-rules")]),
            (2, ["replay", intrusion, "-o", self.path("no/such/folder/x")]),
            (2, ["replay", intrusion, "--publish", "http://x"]),
            (2, ["replay", intrusion, "--from", "2023-04-01", "--to", "2023-03-01"]),
            (3, ["replay", bad]),
            (0, ["replay", bad, "--max-errors", "1"]),
            (10, ["replay", intrusion, "--fail-on", "high"]),
            (0, ["replay", clean, "--fail-on", "low"]),
            (78, ["replay", intrusion, "--publish", "tcp://0.0.0.0:5556"]),
            (0, ["--version"]),
            (2, ["bus", "tail", "nonsense"]),
        ]:
            result = run(*arguments)
            self.assertEqual(result.returncode, code, (arguments, result.stderr))

    def test_a_bad_rule_is_shown_where_it_is_bad(self):
        rule = self.path("broken.yml", b"title: x\nid: 11111111-1111-4111-8111-111111111111\nlogsource: {category: dns_query}\n"
                                       b"detection:\n  selection:\n    QueryName|endwith: x\n  condition: selection\n")
        result = run("replay", scenario("C.sysmon-evtxdump"), "--rules", rule)
        text = result.stderr.decode()
        self.assertIn("broken.yml:6:", text)
        self.assertIn("endswith", text)
        self.assertIn("^", text)
        # Beside a good one it is told, and the good one works; --strict makes it an error.
        good = os.path.join(ROOT, "detections")
        self.assertEqual(run("replay", scenario("A.sysmon-evtxdump"), "--rules", rule, "--rules", good, "--fail-on", "high").returncode, 10)
        self.assertEqual(run("replay", scenario("A.sysmon-evtxdump"), "--rules", rule, "--rules", good, "--strict").returncode, 2)

    def wait_until_it_waits_for(self, process):
        """Until it has read all that there is in its standard input, and all its threads sleep; twice, as it may be about to work."""
        end = time.monotonic() + PATIENCE
        idle = 0
        while idle < 2:
            self.assertIsNone(process.poll(), "it ended")
            self.assertLess(time.monotonic(), end, "it does not come to rest")
            time.sleep(0.05)
            unread = int.from_bytes(fcntl.ioctl(process.stdin, termios.FIONREAD, bytes(4)), sys.byteorder)
            idle = idle + 1 if unread == 0 and set(self.thread_states(process)) == {"S"} else 0

    @staticmethod
    def thread_states(process):
        for path in glob.glob(f"/proc/{process.pid}/task/*/stat"):
            with contextlib.suppress(OSError), open(path, encoding="ascii") as file:  # One may have ended.
                yield file.read().rsplit(")", 1)[1].split()[0]

    def test_an_interrupt_flushes_and_exits_with_130(self):
        lines = b"\n".join(lines_of(scenario("A.sysmon-evtxdump"))) + b"\n"
        summary, findings = self.path("summary.json"), self.path("findings.ndjson")
        command = [SPOOR, "replay", "-", "--format", "ndjson", "--summary", summary, "-o", findings, "--quiet"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            process.stdin.write(lines)
            process.stdin.flush()
            self.wait_until_it_waits_for(process)
            process.send_signal(signal.SIGINT)
            # The flag is seen between records: keep them coming.
            with contextlib.suppress(BrokenPipeError):
                for _ in range(50):
                    process.stdin.write(lines)
                    process.stdin.flush()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            self.assertEqual(process.wait(timeout=PATIENCE), 130)
        with open(findings, "rb") as file:
            self.assertEqual(len(file.read().splitlines()), 1)
        with open(summary, encoding="utf-8") as file:
            self.assertTrue(json.load(file)["interrupted"])

    def test_a_closed_pipe_is_an_error_not_a_crash(self):
        with subprocess.Popen([SPOOR, "replay", scenario("A.sysmon-evtxdump"), "--format", "ndjson"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stdout.close()
            self.assertIn(process.wait(timeout=PATIENCE), (0, 1))


class Parse(E2e):
    def events(self, *arguments, stdin=None, code=0):
        result = run("parse", *arguments, stdin=stdin)
        self.assertEqual(result.returncode, code, result.stderr.decode(errors="replace"))
        return [json.loads(line) for line in result.stdout.splitlines()], result

    def test_every_dialect_gives_the_same_events(self):
        seen = []
        for dialect in DIALECTS:
            events, _ = self.events(scenario("A." + dialect))
            self.assertEqual(len(events), 714)
            self.assertEqual({event["source"] for event in events}, {"sysmon"})
            seen.append(sorted((event["uid"], event["type"], event["time"], event["actor"]["uid"], event["actor"]["image"])
                               for event in events if "actor" in event))
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], seen[2])

    def test_an_event_says_what_it_is_and_where_it_was_read(self):
        path = self.path("log.ndjson", b"\n".join(lines_of(scenario("A.sysmon-nxlog"))))
        events, _ = self.events(path, "--format", "ndjson")
        load = next(event for event in events if event["type"] == "image_load" and "ffmpeg.dll" in event["fields"]["ImageLoaded"])
        self.assertEqual((load["source"], load["carriage"], load["vendor_type"], load["host"], load["platform"]),
                         ("sysmon", "nxlog", "7", "pc042", "windows"))
        self.assertEqual(load["position"]["file"], path)
        with open(path, "rb") as file:
            content = file.read()
        self.assertEqual(content[:load["position"]["offset"]].count(b"\n") + 1, load["position"]["line"])
        self.assertTrue(content[load["position"]["offset"]:].startswith(b"{"))

    def test_ocsf(self):
        events, _ = self.events(scenario("A.sysmon-evtxdump"), "--format", "ocsf")
        self.assertEqual(len(events), 714)
        self.assertEqual({event["class_uid"] for event in events}, {1001, 1005, 1007, 4001, 4003})
        for event in events:
            self.assertEqual(event["metadata"]["version"], "1.6.0")
            self.assertEqual(event["type_uid"], event["class_uid"] * 100 + event["activity_id"])
            self.assertEqual(event["device"]["uid"], "pc042")

    def test_the_table_is_for_people(self):
        result = run("parse", scenario("A.sysmon-evtxdump"), "--format", "table", "--limit", "5")
        lines = result.stdout.decode().splitlines()
        self.assertEqual(len(lines), 6)
        self.assertTrue(lines[0].startswith("TIME"))
        self.assertIn("explorer.exe (4876)", lines[1])
        self.assertNotIn(b"\x1b", result.stdout)
        self.assertIn(b"\x1b[", run("parse", scenario("A.sysmon-evtxdump"), "--format", "table", "--color", "always").stdout)

    def test_limit_counts_events_not_records(self):
        self.assertEqual(len(self.events(scenario("A.sysmon-evtxdump"), "--limit", "5")[0]), 5)
        array = b"[" + b",".join(lines_of(scenario("A.sysmon-evtxdump"))[:40]) + b"]\n"
        self.assertEqual(len(self.events("-", "--limit", "25", stdin=b'{"x":' + b"\n" + array, code=3)[0]), 25)
        # What is wrong behind the limit was not read.
        bad_end = self.path("bad-end.ndjson", b"\n".join(lines_of(scenario("A.sysmon-evtxdump"))[:5] + [b"{"]))
        self.assertEqual(len(self.events(bad_end, "--limit", "5", code=0)[0]), 5)

    def test_stats_count_what_the_events_are(self):
        events, _ = self.events(scenario("A.sysmon-evtxdump"))
        result = run("parse", scenario("A.sysmon-evtxdump"), "--stats", "--format", "ndjson")
        stats = json.loads(result.stdout)
        self.assertEqual(stats["events"], 714)
        self.assertEqual(stats["unreadable"], 0)
        for kind in stats["kinds"]:
            self.assertEqual(kind["count"], sum(event["type"] == kind["type"] for event in events))
        table = run("parse", scenario("A.sysmon-evtxdump"), "--stats", "--format", "table").stdout.decode()
        self.assertIn("714 events, 0 unreadable records", table)
        self.assertIn("image_load", table)

    def test_stats_show_keys_that_no_field_takes_and_why_records_are_bad(self):
        line = lines_of(scenario("A.sysmon-nxlog"))[0].replace(b'"EventID"', b'"NewInThisVersion":"example","EventID"', 1)
        path = self.path("log.ndjson", line + b"\n{\nnonsense\n")
        result = run("parse", path, "--stats", "--format", "ndjson")
        self.assertEqual(result.returncode, 3)
        stats = json.loads(result.stdout)
        self.assertIn({"count": 1, "source": "sysmon", "key": "NewInThisVersion", "example": "example"}, stats["unmapped"])
        self.assertEqual(stats["unreadable"], 2)
        self.assertEqual(sum(letter["count"] for letter in stats["dead_letters"]), 2)
        self.assertEqual(stats["dead_letters"][0]["file"], path)
        self.assertNotIn(b"warning", result.stderr)

    def test_bad_records_are_told_where_they_are(self):
        good = lines_of(scenario("A.sysmon-evtxdump"))[0]
        path = self.path("log.ndjson", good + b"\nnonsense\n" + good + b"\n")
        events, result = self.events(path, code=3)
        self.assertEqual(len(events), 2)
        self.assertIn(f"{path}:2: malformed_json: ".encode(), result.stderr)
        self.assertEqual(len(self.events(path, "--max-errors", "1")[0]), 2)
        many = self.path("many.ndjson", b"nonsense\n" * 100)
        _, result = self.events(many, code=3)
        self.assertEqual(result.stderr.count(b"malformed_json"), 20)
        self.assertIn(b"80 more records could not be read", result.stderr)

    def test_invalid_bytes_are_mended_and_flagged(self):
        line = lines_of(scenario("A.sysmon-nxlog"))[0].replace(b"ACME", b"AC\xffME")
        events, result = self.events("-", stdin=line)
        result.stdout.decode("utf-8")
        self.assertEqual(events[0]["flags"], ["salvaged"])
        self.events("-", "--format", "ocsf", stdin=line)[1].stdout.decode("utf-8")

    def test_the_source_may_be_told(self):
        events, _ = self.events(scenario("A.sysmon-evtxdump"), "--source", "sysmon", "--limit", "3")
        self.assertEqual({event["source"] for event in events}, {"sysmon"})
        self.assertEqual(run("replay", scenario("A.sysmon-evtxdump"), "--source", "sysmon").stdout,
                         run("replay", scenario("A.sysmon-evtxdump")).stdout)

    def test_mistakes(self):
        log = scenario("A.sysmon-evtxdump")
        for arguments in [[], [self.path("nothing.ndjson")], [log, "--format", "xml"], [log, "--source", "auditd"], [log, "--limit", "0"],
                          [log, "--limit", "-3"], [log, "--stats", "--format", "ocsf"]]:
            result = run("parse", *arguments)
            self.assertEqual(result.returncode, 2, (arguments, result.stderr))
            self.assertEqual(result.stdout, b"")
        torn = self.path("torn.ndjson.gz", gzip.compress(b"\n".join(lines_of(log)))[:9000])
        self.assertEqual(run("parse", torn).returncode, 3)

    def test_a_reader_that_leaves_is_no_error(self):
        for arguments in [["--format", "ndjson"], ["--format", "table"], ["--format", "ocsf"]]:
            with subprocess.Popen([SPOOR, "parse", scenario("A.sysmon-evtxdump"), *arguments], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE) as process:
                read_line(process)
                process.stdout.close()
                self.assertEqual(process.wait(timeout=PATIENCE), 0)
                self.assertEqual(process.stderr.read(), b"")

    def test_of_a_live_input_events_come_at_once(self):
        """However soon one follows another: what is known goes out before the program waits for more."""
        line = lines_of(scenario("A.sysmon-evtxdump"))[0]
        rule = self.path("starts.yml", json.dumps({
            "title": "starts", "id": "11111111-1111-4111-8111-111111111111", "logsource": {"category": "process_creation", "product": "windows"},
            "detection": {"s": {"Image|exists": True}, "condition": "s"}}).encode())
        for command in [["parse", "-", "-q"], ["match", "--events", "-", "--rules", rule]]:
            with subprocess.Popen([SPOOR, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
                for _ in range(5):
                    process.stdin.write(line + b"\n")
                    ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
                    self.assertTrue(ready, command)
                    json.loads(process.stdout.readline())
                process.stdin.close()
                self.assertEqual(process.wait(timeout=PATIENCE), 0)


class Match(E2e):
    """Rules on events: which hold where."""
    LOGON = {"title": "logon", "id": "logon-id", "name": "logon", "logsource": {"product": "windows", "service": "security"},
             "detection": {"s": {"EventID": 4624}, "condition": "s"}}
    FAILED = {"title": "failed", "id": "failed-id", "name": "failed", "logsource": {"product": "windows", "service": "security"},
              "detection": {"s": {"EventID": 4625}, "condition": "s"}}
    BRUTE = {"title": "brute", "id": "brute-id", "correlation": {
        "type": "event_count", "rules": "failed", "group-by": ["User", "Host"], "timespan": "10s", "condition": {"gte": 2}}}

    def match(self, rules, events, *options, code=0):
        """Lines of output; rules are written as JSON, a file each, events are bytes or objects."""
        paths = [self.path(f"rule{i}.json", json.dumps(rule).encode()) for i, rule in enumerate(rules)]
        if not isinstance(events, bytes):
            events = b"".join(json.dumps(event).encode() + b"\n" for event in events)
        self.events = self.path("events.ndjson", events)
        result = run("match", "--rules", *paths, "--events", self.events, *options)
        self.assertEqual(result.returncode, code, result.stderr.decode(errors="replace"))
        self.stderr = result.stderr.decode()
        return [json.loads(line) for line in result.stdout.splitlines()]

    def failures(self, *seconds):
        return [{"timestamp": 1680000000 + second, "EventID": 4625, "User": "a", "Host": "h", "Channel": "Security"} for second in seconds]

    def test_a_line_for_each_rule_that_holds(self):
        events = [{"EventID": 4624}, {"EventID": 1}, {"EventID": "4625"}]
        self.assertEqual(self.match([self.LOGON, self.FAILED], events),
                         [{"rule": "logon-id", "event": 0, "file": self.events}, {"rule": "failed-id", "event": 2, "file": self.events}])

    def test_correlations_fire_once_or_at_every_event(self):
        events = self.failures(0, 5, 8, 30)
        lines = self.match([self.FAILED, self.BRUTE], events)
        self.assertEqual(len([line for line in lines if line["rule"] == "failed-id"]), 4)  # Whatever `generate` says.
        self.assertEqual([line for line in lines if line["rule"] == "brute-id"],
                         [{"rule": "brute-id", "event": 1, "file": self.events, "group": ["a", "h"]}])
        every = self.match([self.FAILED, self.BRUTE], events, "--every")
        self.assertEqual([line["event"] for line in every if line["rule"] == "brute-id"], [1, 2])

    def test_correlations_see_all_files_in_order_of_time(self):
        first = self.path("first.ndjson", json.dumps(self.failures(5)[0]).encode())
        second = self.path("second.json", json.dumps(self.failures(0)).encode())
        rules = [self.path("failed.yml", json.dumps(self.FAILED).encode()), self.path("brute.json", json.dumps(self.BRUTE).encode())]
        result = run("match", "--rules", *rules, "--events", first, second)
        lines = [json.loads(line) for line in result.stdout.splitlines() if b"group" in line]
        self.assertEqual(lines, [{"rule": "brute-id", "event": 0, "file": first, "group": ["a", "h"]}])

    def test_shuffled_events_of_distinct_times_give_the_same(self):
        events = self.failures(*[3 * i for i in range(40)])
        in_order = self.match([self.FAILED, self.BRUTE], events)
        times = {line["event"] for line in in_order if "group" in line}
        order = list(range(40))
        random.Random(3).shuffle(order)
        shuffled = self.match([self.FAILED, self.BRUTE], [events[i] for i in order])
        self.assertEqual({order[line["event"]] for line in shuffled if "group" in line}, times)

    def test_lines_an_array_and_compressed_are_the_same(self):
        events = self.failures(0, 5, 8)
        want = self.match([self.FAILED, self.BRUTE], events)
        array = json.dumps(events).encode()
        for content in (array, json.dumps(events, indent=2).encode(), gzip.compress(array)):
            self.assertEqual(self.match([self.FAILED, self.BRUTE], content), want)

    def test_routing_minds_the_log_source(self):
        events = [{"EventID": 4625, "Channel": "Security"}, {"EventID": 4625, "Channel": "Application"}, {"EventID": 4625}]
        self.assertEqual([line["event"] for line in self.match([self.FAILED], events)], [0, 1, 2])
        self.assertEqual([line["event"] for line in self.match([self.FAILED], events, "--route", "windows")], [0])
        self.assertEqual([line["event"] for line in self.match([self.FAILED], events, "--route", "none")], [0, 1, 2])

    def test_vendors_records_are_read_as_parse_reads_them(self):
        rule = {"title": "t", "id": "t", "logsource": {"product": "windows", "category": "image_load"},
                "detection": {"s": {"ImageLoaded|endswith": "\\ffmpeg.dll"}, "condition": "s"}}
        path = self.path("rule.json", json.dumps(rule).encode())
        found = []
        for dialect in DIALECTS:
            result = run("match", "--rules", path, "--events", scenario("A." + dialect), "--route", "windows")
            self.assertEqual(result.returncode, 0, result.stderr)
            found.append(sorted(json.loads(line)["event"] for line in result.stdout.splitlines()))
        self.assertTrue(found[0])
        # evtx_dump and Winlogbeat are nested. NXLog is flat already, and says the same.
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0], found[2])

    def test_what_looks_like_a_wrapper_and_is_none_is_flat(self):
        rule = {"title": "t", "id": "t", "logsource": {"product": "test"}, "detection": {"s": {"message": "hello"}, "condition": "s"}}
        self.assertEqual([line["event"] for line in self.match([rule], [{"message": "hello"}])], [0])

    def test_bad_records_keep_their_number(self):
        events = json.dumps({"EventID": 4625}).encode() + b"\n{torn\n" + json.dumps({"EventID": 4625}).encode() + b"\n"
        self.assertEqual([line["event"] for line in self.match([self.FAILED], events, code=3)], [0, 2])
        self.assertIn("events.ndjson:2:", self.stderr)

    def test_rules_that_are_refused(self):
        broken = dict(self.BRUTE, correlation=dict(self.BRUTE["correlation"], timespan="1x"))
        self.assertEqual(self.match([broken], [], code=2), [])
        self.assertIn("rule0.json:1:", self.stderr)
        self.assertIn("'1x' is not a timespan", self.stderr)
        self.assertEqual(len(self.match([broken, self.FAILED], self.failures(0))), 1)
        self.assertIn("1 of 2 rules refused", self.stderr)

    def test_mistakes(self):
        rule = self.path("rule.json", json.dumps(self.FAILED).encode())
        events = self.path("events.ndjson", b"{}")
        for arguments in (["--rules", rule], ["--events", events], ["--rules", "nowhere", "--events", events],
                          ["--rules", rule, "--events", "nowhere"],
                          ["--rules", rule, "--events", events, "--placeholders", self.path("p.yml", b"[a]")]):
            result = run("match", *arguments)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertTrue(result.stderr)


class Tree(E2e):
    def test_text(self):
        result = run("tree", scenario("A.sysmon-evtxdump"), "--host", "PC042", "--pid", "6712")
        self.assertEqual(result.returncode, 0, result.stderr)
        text = result.stdout.decode()
        self.assertIn("3CXDesktopApp.exe (6712) <==", text)
        self.assertLess(text.index("explorer.exe"), text.index("(6712)"))
        self.assertLess(text.index("(6712)"), text.index("cmd.exe (11872)"))

    def test_by_uid_and_as_dot(self):
        by_pid = run("tree", scenario("A.sysmon-evtxdump"), "--host", "pc042.acme.example", "--pid", "6712", "--format", "dot")
        by_uid = run("tree", scenario("A-late.sysmon-evtxdump"), "--host", "PC042", "--uid", ANCHOR.strip("{}").upper(), "--format", "dot")
        self.assertEqual(by_pid.returncode, 0)
        self.assertTrue(by_pid.stdout.startswith(b"digraph"))
        self.assertEqual(by_pid.stdout, by_uid.stdout)

    def test_mistakes_name_what_there_is(self):
        result = run("tree", scenario("A.sysmon-evtxdump"), "--host", "nobody")
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"PC042.acme.example", result.stderr)
        self.assertEqual(run("tree", scenario("A.sysmon-evtxdump"), "--pid", "1").returncode, 2)


CHAIN = r"""
title: App
id: app
name: app
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: app.exe}
  condition: selection
---
title: Tool
id: tool
name: tool
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: tool.exe, CommandLine|contains: secret}
  condition: selection
---
title: Chain
id: chain
name: chain
level: high
correlation:
  type: temporal
  rules: [app, tool]
  group-by: [process_tree]
  anchor: app
  relation: {app: self, tool: descendant}
  timespan: 1h
  condition: app and tool
"""


def started(image, pid, parent, at="10:00:00", command="x"):
    guid = "{8f4c1e20-0564-641b-0000-%012d}"
    data = {"UtcTime": f"2026-01-31 {at}.000", "ProcessGuid": guid % pid, "ProcessId": pid, "Image": "C:\\" + image,
            "CommandLine": command, "ParentProcessGuid": guid % parent, "ParentProcessId": parent}
    system = {"Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}}, "EventID": 1, "EventRecordID": pid,
              "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "pc1"}
    return json.dumps({"Event": {"System": system, "EventData": data}}).encode() + b"\n"


class Explain(E2e):
    """Why a rule did or did not complete."""

    def explain(self, *arguments, code=0, stdin=None):
        result = run("explain", *arguments, "--format", "json", "--quiet", stdin=stdin)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stderr, b"")
        return json.loads(result.stdout)

    def chain(self, *records):
        """Of the crafted chain, on crafted records: the explanation, and of the nearest anchor each step."""
        told = self.explain("chain", "--rules", self.path("chain.yml", CHAIN.encode()), "--events", "-", stdin=b"".join(records))
        return told, {step["step"]: step for step in told["by_host"][0]["nearest"][0]["steps"]}

    def test_the_intrusion_completes(self):
        findings, _, _ = self.replay(scenario("A.sysmon-evtxdump"))
        told = self.explain("threecx_loader_chain", "--events", scenario("A.sysmon-evtxdump"), "--host", "PC042")
        self.assertTrue(told["completed"])
        self.assertEqual([one["uid"] for one in told["findings"]], [findings[0]["finding_info"]["uid"]])
        self.assertEqual(told["findings"][0]["level"], "critical")
        anchor = told["by_host"][0]["nearest"][0]
        self.assertEqual((anchor["process"], anchor["process_uid"].lower()), ("3CXDesktopApp.exe (6712)", ANCHOR))
        states = {step["step"]: step["state"] for step in anchor["steps"]}
        self.assertEqual(states["threecx_c2_domain"], "seen")
        self.assertEqual(states["threecx_sensor_verdict"], "absent")

    def test_clean_software_lacks_a_step(self):
        for dialect in DIALECTS:
            with self.subTest(dialect):
                told = self.explain("312b61ee", "--events", scenario("C." + dialect))
                self.assertFalse(told["completed"])
                self.assertTrue(told["verdict"].endswith("lacks dead_drop_lookup or threecx_c2_domain or threecx_loader_known_bad"), told["verdict"])
                steps = {step["step"]: step for step in told["by_host"][0]["nearest"][0]["steps"]}
                self.assertTrue(steps["dead_drop_lookup"]["missing"])
                self.assertIn("filter_browser", steps["dead_drop_lookup"]["nearest"][0]["failed"][0])
                self.assertFalse(steps["shell_started"]["missing"])

    def test_arrival_does_not_show(self):
        texts = [run("explain", "threecx_loader_chain", "--events", scenario(name + ".sysmon-evtxdump"), "--quiet").stdout
                 for name in ["A", "A-late"]]
        self.assertEqual(texts[0], texts[1])
        self.assertTrue(texts[0])

    def test_a_chain_that_holds(self):
        told, steps = self.chain(started("app.exe", 1, 9), started("tool.exe", 2, 1, "10:10:00", "a secret"))
        self.assertTrue(told["completed"])
        self.assertEqual(steps["tool"]["where"], "a child of the anchor")

    def test_a_missing_parent(self):
        told, steps = self.chain(started("app.exe", 1, 9), started("tool.exe", 2, 8, "10:10:00", "a secret"))
        self.assertFalse(told["completed"])
        self.assertTrue(told["verdict"].endswith("app.exe (1) on pc1, lacks tool"), told["verdict"])
        self.assertEqual((steps["tool"]["state"], steps["tool"]["missing"]), ("elsewhere", True))
        self.assertEqual(steps["tool"]["hit"]["process"], "tool.exe (2)")
        self.assertEqual(steps["tool"]["where"], "in another tree: what started process 8, at its top, is unknown")
        self.assertIn("ancestor process 9: its start was not seen, nor is it known what started it",
                      told["by_host"][0]["nearest"][0]["unknown"])

    def test_a_step_out_of_the_timespan(self):
        told, steps = self.chain(started("app.exe", 1, 9), started("tool.exe", 2, 1, "11:00:05", "a secret"))
        self.assertFalse(told["completed"])
        self.assertEqual((steps["tool"]["state"], steps["tool"]["outside_by_ms"]), ("out_of_window", 5000))

    def test_a_step_that_nearly_hit(self):
        told, steps = self.chain(started("app.exe", 1, 9), started("tool.exe", 3, 7, "10:05:00"), started("tool.exe", 2, 1, "10:10:00"))
        self.assertEqual(steps["tool"]["state"], "no_hit")
        # Both lack the same; the one below the anchor is told of.
        self.assertEqual(steps["tool"]["nearest"][0]["process"], "tool.exe (2)")
        self.assertEqual(steps["tool"]["nearest"][0]["failed"], ["selection: CommandLine is 'x', wanted '*secret*'"])

    def test_a_detection_for_a_person(self):
        result = run("explain", "tool", "--rules", self.path("chain.yml", CHAIN.encode()), "--events", "-", "--color", "never",
                     stdin=started("tool.exe", 2, 1) + started("other.exe", 3, 1))
        self.assertEqual(result.returncode, 0)
        text = result.stdout.decode()
        self.assertIn("did not complete: none of the 2 events of its log source, windows/process_creation, satisfies it", text)
        self.assertIn("CommandLine is 'x', wanted '*secret*'", text)
        self.assertIn(b"2 events of 1 host", result.stderr)
        self.assertNotIn("\x1b", text)

    def test_mistakes_name_what_there_is(self):
        events = scenario("C.sysmon-evtxdump")
        for arguments, word in [(["dead_drop_lokup", "--events", events], b"did you mean 'dead_drop_lookup'?"),
                                (["threecx", "--events", events], b"there is threecx_"),
                                (["chain", "--events", self.path("nowhere.ndjson")], b"nowhere.ndjson"),
                                (["dead_drop_lookup", "--events", events, "--host", "nobody"], b"PC042.acme.example"),
                                (["dead_drop_lookup", "--events", events, "--rules", self.path("nowhere")], b"nowhere"),
                                (["dead_drop_lookup"], b"--events is required"),
                                (["dead_drop_lookup", "--events", self.path("empty.ndjson", b"")], b"no event was read")]:
            with self.subTest(arguments[0]):
                result = run("explain", *arguments)
                self.assertEqual((result.returncode, result.stdout), (2, b""))
                self.assertIn(word, result.stderr)


class Bus(E2e):
    def tail(self, endpoint, *arguments):
        return subprocess.Popen([SPOOR, "bus", "tail", endpoint, "--timeout", "60", *arguments], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def test_a_subscriber_receives_what_the_file_holds(self):
        for endpoint in [f"tcp://127.0.0.1:{reserve_port(self)}", "ipc://" + self.path("bus.sock")]:
            with self.subTest(endpoint), self.tail(endpoint, "-n", "1") as tail:
                path = self.path("findings.ndjson")
                result = run("replay", scenario("A.sysmon-evtxdump"), "--format", "ndjson", "-o", path, "--publish", endpoint,
                             "--publish-wait", "60")
                self.assertEqual(result.returncode, 0, result.stderr)
                received, _ = tail.communicate(timeout=PATIENCE)
                self.assertEqual(tail.returncode, 0)
                with open(path, "rb") as file:
                    self.assertEqual(received, file.read())

    def test_nobody_listening_is_told(self):
        result = run("replay", scenario("A.sysmon-evtxdump"), "--publish", f"tcp://127.0.0.1:{reserve_port(self)}", "--publish-wait", "0.1")
        self.assertEqual(result.returncode, 0)
        self.assertIn(b"nobody subscribed", result.stderr)


RULE = """title: Certutil Fetches a File
id: 0b9a2c1e-5d0f-4a52-8f6a-3f0a7a5c9e01
name: certutil_download
status: experimental
date: 2026-01-31
tags: [attack.command-and-control, attack.t1105]
logsource: {product: windows, category: process_creation}
detection:
  selection:
    Image|endswith: '\\certutil.exe'
    CommandLine|contains: 'urlcache'
  condition: selection
level: high
"""


def start(image, command, pid):
    data = {"UtcTime": "2026-01-31 10:00:00.000", "ProcessGuid": "{8f4c1e20-0564-641b-0000-%012d}" % pid, "ProcessId": pid,
            "Image": image, "CommandLine": command}
    system = {"Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}}, "EventID": 1, "EventRecordID": pid,
              "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "pc1"}
    return json.dumps({"Event": {"System": system, "EventData": data}}).encode() + b"\n"


class Rules(E2e):
    """Rules in, their problems, lists, maps and tests out."""

    def rule(self, name="certutil_download.yml", change=("", "")):
        return self.path(name, RULE.replace(*change, 1).encode() if change[0] else RULE.encode())

    def test_lint_of_good_rules_is_silent(self):
        self.rule()
        result = run("rules", "lint", self.folder, "--strict")
        self.assertEqual((result.returncode, result.stdout), (0, b""), result.stderr)
        self.assertIn(b"1 rule, 0 refused: 0 errors, 0 warnings", result.stderr)

    def test_lint_warns_with_place_and_caret(self):
        path = self.rule(change=("Image|endswith", "Imag|endswith"))
        result = run("rules", "lint", self.folder)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stdout.decode(),
                         f"{path}:10:5: warning: no event of this category has a field 'Imag' [unknown-field]\n"
                         "   10 |     Imag|endswith: '\\certutil.exe'\n"
                         "      |     ^\n"
                         "      hint: did you mean 'Image'?\n")
        self.assertEqual(run("rules", "lint", self.folder, "--strict").returncode, 2)
        ignored = run("rules", "lint", self.folder, "--strict", "--ignore", "unknown-field")
        self.assertEqual((ignored.returncode, ignored.stdout), (0, b""))

    def test_lint_tells_errors_too_and_as_json(self):
        path = self.rule(change=("Image|endswith", "Image|endwith"))
        result = run("rules", "lint", path, "--format", "json", "-q")
        self.assertEqual((result.returncode, result.stderr), (2, b""))
        problems = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(len(problems), 1)
        self.assertEqual((problems[0]["severity"], problems[0]["line"], problems[0]["file"]), ("error", 10, path))

    def test_lint_knows_what_a_source_does_not_send(self):
        self.rule(change=("Image|endswith: '\\certutil.exe'", "OriginalFileName: CertUtil.exe"))
        self.assertEqual(run("rules", "lint", self.folder, "--source", "sysmon").stdout, b"")
        result = run("rules", "lint", self.folder, "--source", "crowdstrike")
        self.assertEqual(result.returncode, 0)
        self.assertIn(b":10:23: warning: the rule never fires: the field OriginalFileName of process_creation does not "
                      b"come from crowdstrike [never-fires]\n", result.stdout)

    def test_lint_knows_which_chains_a_source_cannot_make(self):
        result = run("rules", "lint", os.path.join(ROOT, "detections"), "--source", "sysmon")
        self.assertIn(b"threecx_macos_chain.yml:", result.stdout)
        self.assertIn(b"too few of the rules it lists can fire on records of sysmon [never-fires]", result.stdout)
        self.assertNotIn(b"threecx_loader_chain.yml", result.stdout)

    def test_lint_of_nothing_and_of_no_path_is_a_usage_error(self):
        for path in [self.folder, self.path("nothing.yml")]:
            result = run("rules", "lint", path)
            self.assertEqual((result.returncode, result.stdout), (2, b""))
            self.assertIn(b"spoor: error: no rule file", result.stderr)

    def test_list_of_the_bundled_rules(self):
        result = run("rules", "list")
        self.assertEqual(result.returncode, 0)
        self.assertTrue(result.stdout.startswith(b"ID  "))
        self.assertNotIn(b"refused", result.stdout)
        rules = [json.loads(line) for line in run("rules", "list", "--json").stdout.splitlines()]
        self.assertEqual(len(rules), len(result.stdout.splitlines()) - 1)
        chain = next(rule for rule in rules if rule["name"] == "threecx_loader_chain")
        self.assertEqual((chain["type"], chain["class"], chain["loaded"], chain["license"]), ("correlation", "M", True, "Apache-2.0"))
        self.assertEqual((chain["latency"], chain["keeps_at_most"]), ("at once", "100 hits per rule and process"))
        step = next(rule for rule in rules if rule["name"] == "shell_started")
        self.assertEqual((step["generate"], step["log_source"]["category"]), (False, "process_creation"))

    def test_list_says_why_a_rule_does_not_load(self):
        self.rule("a.yml", ("Image|endswith", "Image|endwith"))
        self.path("b.yml", b"title: [")
        self.rule("c.yml", ("0b9a2c1e", "0b9a2c1f"))
        result = run("rules", "list", self.folder, "--json")
        self.assertEqual(result.returncode, 0)
        rules = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([rule["loaded"] for rule in rules], [False, False, True])
        self.assertEqual(rules[0]["error"], "10:11: unknown modifier 'endwith'")
        self.assertIn(b"3 rules, 2 refused", result.stderr)

    def test_coverage_as_a_table_and_as_a_layer(self):
        self.rule()
        layer_path = self.path("layer.json")
        result = run("rules", "coverage", self.folder, "--layer", layer_path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(b"Command and Control", result.stdout)
        self.assertIn(b"1 of 1 rules can fire.", result.stdout)
        with open(layer_path, encoding="utf-8") as file:
            layer = json.load(file)
        self.assertEqual(layer["techniques"],
                         [{"techniqueID": "T1105", "score": 1, "comment": "Certutil Fetches a File", "enabled": True}])
        on_output = run("rules", "coverage", self.folder, "--layer", "-")
        self.assertEqual(json.loads(on_output.stdout), layer)
        self.assertIn(b"Command and Control", on_output.stderr)
        self.assertEqual(run("rules", "coverage", self.folder, "--layer", self.path("no/such/layer.json")).returncode, 2)

    def test_rules_are_tried_on_their_samples(self):
        self.rule()
        hit = self.path("certutil_download.hit.ndjson", start("C:\\Windows\\certutil.exe", "certutil -urlcache -f http://x", 1))
        self.path("certutil_download.near_miss.ndjson", start("C:\\Windows\\certutil.exe", "certutil -hashfile x", 1))
        result = run("rules", "test", self.folder, "--require-samples")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, b"pass        certutil_download: 1 hit sample, 1 near miss, 2 records, 2 orders\n")
        with open(hit, "ab") as file:
            file.write(start("C:\\Windows\\certutil.exe", "certutil -verify", 2))
        result = run("rules", "test", self.folder)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout.decode(),
                         f"fail        certutil_download\n  {hit}: line 2 does not hit\n"
                         "      selection: CommandLine is 'certutil -verify', wanted '*urlcache*'\n")
        outcome = json.loads(run("rules", "test", self.folder, "--format", "json").stdout)
        self.assertEqual((outcome["verdict"], [sample["passed"] for sample in outcome["samples"]]), ("fail", [False, True]))

    def test_rules_without_samples_are_listed_or_fail(self):
        self.rule()
        result = run("rules", "test", self.folder)
        self.assertEqual((result.returncode, result.stdout), (0, b"no samples  certutil_download\n"))
        result = run("rules", "test", self.folder, "--require-samples")
        self.assertEqual((result.returncode, result.stdout), (1, b"fail        certutil_download: no hit sample, no near miss\n"))

    def test_a_refused_rule_is_no_test_result(self):
        self.rule(change=("Image|endswith", "Image|endwith"))
        result = run("rules", "test", self.folder)
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"hint: did you mean 'endswith'?", result.stderr)

    def test_the_bundled_rules_pass_everything(self):
        folder = os.path.join(ROOT, "detections")
        result = run("rules", "lint", folder, "--strict")
        self.assertEqual(result.returncode, 0, result.stdout)
        result = run("rules", "test", folder, "--require-samples")
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_lint_has_little_to_say_of_sigmahq(self):
        folder = os.path.join(SHARED, "sigma/rules")
        if not os.path.isdir(folder):
            self.skipTest("the SigmaHQ rules are not here")
        result = run("rules", "lint", folder, "--format", "json")
        problems = [json.loads(line) for line in result.stdout.splitlines()]
        warnings = [problem for problem in problems if problem["severity"] == "warning"]
        # A check that warns about the rules that everybody uses is switched off by everybody.
        self.assertLess(len(warnings), 250)


if __name__ == "__main__":
    unittest.main(verbosity=2)
