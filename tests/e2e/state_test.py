#!/usr/bin/env python3
"""State that survives: replays that go on, crashes at any moment, folders that cannot be used.

SPOOR_LONG=1: 1,000 kills instead of 100. SPOOR_BINARY is the program.
"""
import csv
import glob
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
import unittest

from program import PATIENCE, SPOOR, FolderTest, run, scenario, small_disk

LONG = bool(os.environ.get("SPOOR_LONG"))
# An instrumented program is slower, and checks itself: fewer kills tell as much.
KILLS = 1000 if LONG else 20 if os.environ.get("SPOOR_SANITIZE") else 100
EXIT_STATE = 74

RULES = """
title: Name looked up
id: name
name: name
level: low
logsource: {product: windows, category: dns_query}
detection: {s: {QueryName|endswith: '.test'}, condition: s}
---
title: Report looked up
id: report
level: medium
logsource: {product: windows, category: dns_query}
detection: {s: {QueryName: r.test}, condition: s}
---
title: Worker below a shell
id: below
level: medium
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\\worker.exe', ParentImage|endswith: '\\shell.exe'}, condition: s}
---
title: Shell
id: shell
name: shell
level: low
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\\shell.exe'}, condition: s}
---
title: Names below a shell
id: tree
level: high
correlation: {type: event_count, rules: [shell, name], anchor: shell, group-by: [process_tree], timespan: 10m,
  condition: {gte: 3}}
---
title: Quiet shell
id: quiet
level: medium
correlation: {type: temporal, rules: [shell, name], anchor: shell, group-by: [process_tree], timespan: 5m,
  condition: shell and not name}
---
title: Many names
id: often
level: medium
correlation: {type: value_count, rules: [name], group-by: [Computer], timespan: 2m,
  condition: {field: QueryName, gte: 3}}
"""


def history(seed, events):
    """Records of some hosts over hours, in an order that is a little off, as NDJSON lines."""
    dice = random.Random(seed)
    begin = 1_679_479_200
    records = []
    alive = {host: [] for host in range(8)}
    number = 0

    def add(at, event_id, host, data):
        nonlocal number
        number += 1
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at)) + f".{number % 1000:03d}"
        system = {"Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}}, "EventID": event_id,
                  "EventRecordID": number, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": f"PC{host}.acme.test"}
        records.append((at + dice.randrange(20), json.dumps({"Event": {"System": system, "EventData": {"UtcTime": stamp, **data}}})))

    def guid(host, at, process):
        return "{%08x-%04x-%04x-%04x-%012x}" % (0xA0 + host, at & 0xFFFF, at >> 16, process & 0xFFFF, process)

    at = begin
    for process in range(events // 5):
        at += dice.randrange(3)
        host = dice.randrange(len(alive))
        image = dice.choice(["shell", "worker", "browser", "service"])
        me = {"guid": guid(host, at, process + 1), "pid": str(1000 + process % 500), "image": f"C:\\Work\\{image}.exe"}
        parents = [process for process in alive[host] if process["depth"] < 4]
        parent = dice.choice(parents) if parents else None
        me["depth"] = 0 if parent is None else parent["depth"] + 1
        start = {"ProcessGuid": me["guid"], "ProcessId": me["pid"], "Image": me["image"], "CommandLine": f"{image}.exe --job {process}",
                 "User": "ACME\\u"}
        if parent is not None:
            start.update(ParentProcessGuid=parent["guid"], ParentProcessId=parent["pid"], ParentImage=parent["image"])
        add(at, 1, host, start)
        alive[host].append(me)
        for _ in range(dice.randrange(6)):
            name = dice.choice("abcdefghijklmnopqr") + dice.choice([".test"] + 11 * [".example"])
            add(at + dice.randrange(30), 22, host, {"ProcessGuid": me["guid"], "ProcessId": me["pid"], "Image": me["image"],
                                                    "QueryName": name, "QueryStatus": "0", "QueryResults": "10.0.0.1;"})
        if len(alive[host]) > 12:
            gone = alive[host].pop(dice.randrange(len(alive[host]) - 1))
            add(at, 5, host, {"ProcessGuid": gone["guid"], "ProcessId": gone["pid"], "Image": gone["image"]})
    return [line for _, line in sorted(records, key=lambda record: record[0])]


class StateTest(FolderTest):
    max_errors = 100

    def history_files(self, events, files=3):
        lines = history(7, events)
        share = len(lines) // files + 1
        paths = []
        for part in range(files):
            content = "\n".join(lines[part * share:(part + 1) * share] + ["no record"]) + "\n"
            paths.append(self.path(f"part-{part}.ndjson", content))
        self.path("rules.yml", RULES)
        return paths, len(lines) + files

    def command(self, state, inputs, *more):
        return ["replay", *inputs, "--rules", self.path("rules.yml"), "--state", state, "--max-errors", str(self.max_errors), "--quiet",
                "--format", "ndjson", *more]

    def replay(self, state, inputs, *more, code=0):
        result = run(*self.command(state, inputs, *more))
        self.assertEqual(result.returncode, code, result.stderr.decode(errors="replace"))
        return result

    def findings(self, state, *more, code=0):
        result = run("findings", "--state", state, *more)
        self.assertEqual(result.returncode, code, result.stderr.decode(errors="replace"))
        return result.stdout.decode()

    def told(self, state):
        """All revisions in the order they were told: rows of the list, without the payload."""
        rows = list(csv.DictReader(io.StringIO(self.findings(state, "--all", "--format", "csv"))))
        self.assertEqual([int(row["sequence"]) for row in rows], list(range(1, len(rows) + 1)))
        return rows


class Kills(StateTest):
    def test_a_killed_replay_ends_as_one_that_was_not(self):
        inputs, records = self.history_files(60_000 if LONG else 30_000)
        whole = self.path("whole")
        unbroken = self.replay(whole, inputs, "--summary", self.path("whole.json"))
        want = self.told(whole)
        want_payloads = self.findings(whole, "--all", "--format", "ndjson")
        self.assertGreater(len(want), 1000)
        self.assertTrue({"final", "provisional"} <= {row["status"] for row in want})
        dice = random.Random(1)
        kills = rounds = 0
        while kills < KILLS:
            rounds += 1
            broken = self.path(f"broken-{rounds}")
            while True:
                summary = self.path("summary.json")
                process = subprocess.Popen([SPOOR, *self.command(broken, inputs, "--resume", "--summary", summary)],
                                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                try:
                    output, _ = process.communicate(timeout=dice.uniform(0.02, 2.0) if kills < KILLS else PATIENCE)
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.communicate()
                    kills += 1
                    continue
                self.assertEqual(process.returncode, 0)
                break
            self.assertEqual(self.told(broken), want, f"round {rounds}, {kills} kills")
            self.assertEqual(self.findings(broken, "--all", "--format", "ndjson"), want_payloads)
            self.assertEqual(output, unbroken.stdout)
            with open(summary, encoding="utf-8") as file:
                events = json.load(file)["events"]
            self.assertEqual(events["residual"], 0)
            self.assertEqual(events["received"], records)
            shutil.rmtree(broken)
        seen = {}
        for row, payload in zip(want, want_payloads.splitlines()):
            key = (row["uid"], row["revision"])
            self.assertEqual(seen.setdefault(key, payload), payload)
        print(f"{kills} kills, {rounds} replays of {records} records, {len(want)} findings told")


class GoingOn(StateTest):
    def test_a_history_replayed_again_tells_nothing_new(self):
        inputs, _ = self.history_files(6_000)
        state = self.path("state")
        first = self.replay(state, inputs)
        told = self.told(state)
        again = self.replay(state, inputs)
        self.assertEqual(again.stdout, b"")
        self.assertEqual(self.told(state), told)
        fresh = self.path("fresh")
        self.assertEqual(self.replay(fresh, inputs).stdout, first.stdout)

    def test_days_that_are_replayed_one_by_one_are_one_history(self):
        """Each file alone: the intrusion's install and beacon are weeks apart."""
        day = self.path("days.ndjson")
        subprocess.run(f"gzip -dc {scenario('A.sysmon-evtxdump')} > {day}", shell=True, check=True)
        with open(day, "rb") as file:
            lines = file.read().splitlines(keepends=True)
        state = self.path("state")
        for part in range(4):
            share = len(lines) // 4 + 1
            path = self.path(f"day-{part}.ndjson", b"".join(lines[part * share:(part + 1) * share]))
            result = run("replay", path, "--state", state, "--resume", "--format", "ndjson", "--quiet")
            self.assertEqual(result.returncode, 0, result.stderr)
        at_once = run("replay", day, "--format", "ndjson", "--quiet")
        want, = [json.loads(line) for line in at_once.stdout.splitlines()]
        got, = [json.loads(line) for line in self.findings(state, "--format", "ndjson").splitlines()]
        self.assertEqual(got["finding_info"]["uid"], want["finding_info"]["uid"])
        self.assertEqual(got["evidences"], want["evidences"])

    def test_resuming_passes_by_what_was_read(self):
        inputs, records = self.history_files(3_000)
        state = self.path("state")
        self.replay(state, inputs[:2])
        summary = self.path("summary.json")
        self.replay(state, inputs, "--resume", "--summary", summary)
        with open(summary, encoding="utf-8") as file:
            events = json.load(file)["events"]
        self.assertEqual((events["received"], events["duplicate"]), (records, 0))

    def test_a_file_that_is_another_is_read_whole(self):
        inputs, _ = self.history_files(3_000)
        state = self.path("state")
        self.replay(state, inputs)
        with open(inputs[0], "rb") as file:
            content = file.read()
        self.path("part-0.ndjson", b"\n".join(content.split(b"\n")[7:]))
        result = run(*[word for word in self.command(state, inputs, "--resume") if word != "--quiet"])
        self.assertIn("part-0.ndjson is another file", result.stderr.decode())

    def test_a_rule_that_changes_loses_its_own_hits_alone(self):
        inputs, _ = self.history_files(3_000)
        state = self.path("state")
        self.replay(state, inputs[:1])
        told = self.told(state)
        self.path("rules.yml", RULES.replace("r.test", "s.test"))
        result = run(*[word for word in self.command(state, inputs, "--resume") if word != "--quiet"])
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("rules have changed", result.stderr.decode())
        after = self.told(state)
        self.assertEqual(after[:len(told)], told)
        self.assertTrue(any(row["rule_id"] == "tree" for row in after[len(told):]))


class Growing(StateTest):
    """Inputs that were read, and are more, or whole, or others when the replay goes on."""

    def setUp(self):
        super().setUp()
        self.path("rules.yml", RULES)
        self.lines = history(7, 1_000)
        self.state = self.path("state")

    def read_on(self, name, content, *more, code=0):
        """Replays the file, which holds this now, with --resume: the counts of all replays so far."""
        summary = self.path("summary.json")
        self.replay(self.state, [self.path(name, content)], "--resume", "--summary", summary, *more, code=code)
        with open(summary, encoding="utf-8") as file:
            events = json.load(file)["events"]
        self.assertEqual(events["residual"], 0)
        return {fate: events[fate] for fate in ("received", "applied", "duplicate", "dead_lettered")}

    def counts(self, applied, duplicate=0, dead_lettered=0):
        return {"received": applied + duplicate + dead_lettered, "applied": applied, "duplicate": duplicate, "dead_lettered": dead_lettered}

    def held(self, state):
        """Windows that were judged at the end of a replay stay told: which they are depends on where it ended."""
        rows = csv.DictReader(io.StringIO(self.findings(state, "--format", "csv")))
        return {row["uid"] for row in rows if row["rule_id"] != "often"}

    def assert_as_at_once(self):
        """What holds is what one replay of all lines finds."""
        fresh = self.path("fresh")
        self.replay(fresh, [self.path("fresh.ndjson", "\n".join(self.lines) + "\n")])
        want = self.held(fresh)
        self.assertGreater(len(want), 20)
        self.assertEqual(self.held(self.state), want)
        shutil.rmtree(fresh)

    def test_a_file_that_grew_is_read_on(self):
        text = "".join(line + "\n" for line in self.lines)
        for lines in (1, 2, 200, len(self.lines)):  # From less than what tells files apart to much more.
            content = "".join(line + "\n" for line in self.lines[:lines])
            self.assertEqual(self.read_on("a.ndjson", content), self.counts(lines))
        self.assertEqual(self.read_on("a.ndjson", text), self.counts(len(self.lines)))
        self.assert_as_at_once()

    def test_a_file_that_was_empty(self):
        self.assertEqual(self.read_on("a.ndjson", ""), self.counts(0))
        self.assertEqual(self.read_on("a.ndjson", self.lines[0] + "\n"), self.counts(1))

    def test_files_that_grew_beside_others(self):
        inputs, records = self.history_files(2_000)
        self.replay(self.state, inputs)
        for path in inputs[:2]:
            with open(path, "a", encoding="utf-8") as file:
                file.write(self.lines[0].replace("PC", "NB") + "\n")
        inputs.insert(0, self.path("a-new.ndjson", self.lines[1].replace("PC", "NB") + "\n"))
        summary = self.path("summary.json")
        self.replay(self.state, inputs, "--resume", "--summary", summary)
        with open(summary, encoding="utf-8") as file:
            events = json.load(file)["events"]
        self.assertEqual((events["received"], events["duplicate"]), (records + 3, 1))

    def test_a_last_line_without_its_newline(self):
        head = "\n".join(self.lines[:300])
        self.assertEqual(self.read_on("a.ndjson", head), self.counts(300))
        self.assertEqual(self.read_on("a.ndjson", head), self.counts(300))
        self.assertEqual(self.read_on("a.ndjson", head + "\n"), self.counts(300))
        self.assertEqual(self.read_on("a.ndjson", head + "\n" + self.lines[300]), self.counts(301))
        self.assertEqual(self.read_on("a.ndjson", head + "\n" + self.lines[300] + "\n" + self.lines[301]), self.counts(302))

    def test_a_last_line_that_was_half_written(self):
        letters = self.path("letters")
        head = "\n".join(self.lines[:300]) + "\n"
        half, rest = self.lines[300][:70], self.lines[300][70:]
        args = ("--dead-letters", letters)
        self.assertEqual(self.read_on("a.ndjson", head + half, *args), self.counts(300, dead_lettered=1))
        self.assertEqual(self.read_on("a.ndjson", head + half + rest + "\n" + self.lines[301] + "\n", *args),
                         self.counts(302, dead_lettered=1))
        with open(letters, encoding="utf-8") as file:
            self.assertEqual([json.loads(line)["offset"] for line in file], [len(head.encode())])

    def test_an_array_that_was_half_written(self):
        records = [json.loads(line) for line in self.lines]
        for indent in (1, None):
            with self.subTest(indent=indent):
                self.state = self.path(f"state-{indent}")
                whole = json.dumps(records, indent=indent).replace('}}}, {"Event"', '}}},\n{"Event"')
                half = whole[:len(whole) // 2]
                before = self.read_on("a.json", half)
                self.assertGreater(before["applied"], 100)
                self.assertGreater(before["dead_lettered"], 0)
                self.assertEqual(self.read_on("a.json", half), before)
                after = self.read_on("a.json", whole)
                self.assertEqual(after["applied"], len(records))
                self.assertEqual(after["dead_lettered"], before["dead_lettered"])
                self.assertLess(after["duplicate"], 10)
                self.assert_as_at_once()

    def test_an_array_on_one_line_that_was_half_written(self):
        whole = "[" + ",".join(self.lines) + "]\n"
        before = self.read_on("a.json", whole[:len(whole) // 2])
        self.assertGreater(before["dead_lettered"], 0)
        self.assertEqual(self.read_on("a.json", whole)["applied"], len(self.lines))
        self.assert_as_at_once()

    def test_an_archive_that_was_torn_and_is_whole_now(self):
        text = "".join(line + "\n" for line in self.lines).encode()
        for suffix, pack in (("gz", ["gzip", "-c"]), ("zst", ["zstd", "-qc"])):
            with self.subTest(suffix):
                self.state = self.path(f"state-{suffix}")
                name = f"a.ndjson.{suffix}"
                whole = subprocess.run(pack, input=text, capture_output=True, check=True).stdout
                self.max_errors = 0
                torn = self.read_on(name, whole[:len(whole) // 2], code=3)
                # It is told again that it is torn, and nothing of it is counted again.
                self.assertEqual(self.read_on(name, whole[:len(whole) // 2], code=3), torn)
                self.max_errors = 100
                self.assertEqual(self.read_on(name, whole), self.counts(len(self.lines), dead_lettered=torn["dead_lettered"]))
                self.assertEqual(self.read_on(name, whole), self.counts(len(self.lines), dead_lettered=torn["dead_lettered"]))
                self.assert_as_at_once()
                more = subprocess.run(pack, input=self.lines[0].replace("PC", "NB").encode(), capture_output=True, check=True).stdout
                self.assertEqual(self.read_on(name, whole + more),
                                 self.counts(len(self.lines) + 1, dead_lettered=torn["dead_lettered"]))

    def test_a_file_that_shrank_is_another(self):
        self.read_on("a.ndjson", "".join(line + "\n" for line in self.lines))
        path = self.path("a.ndjson", "".join(line + "\n" for line in self.lines[:200]))
        result = run(*[word for word in self.command(self.state, [path], "--resume") if word != "--quiet"])
        self.assertIn("a.ndjson is another file", result.stderr.decode())


class DeadLetters(StateTest):
    max_errors = 100_000

    def bad_history(self, events):
        """A history in which every twentieth line is no record."""
        lines = history(7, events)
        for place in range(0, len(lines), 20):
            lines[place] = f"no record {place} " + "x" * (place % 700)
        self.path("rules.yml", RULES)
        share = len(lines) // 3 + 1
        inputs = [self.path(f"part-{part}.ndjson", "\n".join(lines[part * share:(part + 1) * share]) + "\n") for part in range(3)]
        return inputs, len(range(0, len(lines), 20))

    def read(self, path):
        with open(path, "rb") as file:
            return file.read()

    def test_no_kill_loses_one(self):
        inputs, bad = self.bad_history(20_000)
        letters = self.path("letters.ndjson")
        self.replay(self.path("whole"), inputs, "--dead-letters", letters)
        want = self.read(letters)
        self.assertEqual(want.count(b"\n"), bad)
        dice = random.Random(3)
        enough = max(KILLS // 5, 10)
        kills = rounds = 0
        while kills < enough:
            rounds += 1
            state = self.path(f"state-{rounds}")
            letters = self.path(f"letters-{rounds}.ndjson")
            while True:
                process = subprocess.Popen([SPOOR, *self.command(state, inputs, "--resume", "--dead-letters", letters)],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    self.assertEqual(process.wait(dice.uniform(0.05, 0.8) if kills < enough else PATIENCE), 0)
                    break
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    kills += 1
            self.assertEqual(self.read(letters), want, f"round {rounds}, {kills} kills")
            shutil.rmtree(state)
        print(f"{kills} kills, {rounds} replays, {bad} dead letters")

    def test_without_resume_the_file_is_new_and_with_it_goes_on(self):
        inputs, bad = self.bad_history(2_000)
        letters = self.path("letters.ndjson", "of another day\n")
        state = self.path("state")
        self.replay(state, inputs[:1], "--dead-letters", letters)
        first = self.read(letters)
        self.assertNotIn(b"another day", first)
        # What stands behind a replay that came to its end is not its own to cut off.
        with open(letters, "ab") as file:
            file.write(b"a line that was broken o")
        self.replay(state, inputs, "--resume", "--dead-letters", letters)
        after = self.read(letters)
        self.assertTrue(after.startswith(first + b"a line that was broken o\n{"))
        self.assertEqual(after.count(b"\n"), bad + 1)
        self.replay(state, inputs, "--resume", "--dead-letters", letters)
        self.assertEqual(self.read(letters), after)

    def test_a_file_that_cannot_be_written_stops_the_replay(self):
        """Without state it goes on, says so at once, and fails in the end."""
        inputs, bad = self.bad_history(2_000)
        state = self.path("state")
        result = self.replay(state, inputs, "--dead-letters", "/dev/full", code=EXIT_STATE)
        self.assertIn("cannot write /dev/full: No space left on device", result.stderr.decode())
        letters = self.path("letters.ndjson")
        self.replay(state, inputs, "--resume", "--dead-letters", letters)
        self.assertEqual(self.read(letters).count(b"\n"), bad)
        result = run("replay", *inputs, "--rules", self.path("rules.yml"), "--format", "ndjson", "--dead-letters", "/dev/full")
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot write /dev/full: No space left on device", result.stderr.decode())
        self.assertTrue(result.stdout)


class Folders(StateTest):
    def made(self):
        inputs, _ = self.history_files(3_000)
        state = self.path("state")
        self.replay(state, inputs)
        return state, inputs

    def assert_refused(self, state, inputs, *words):
        result = run(*self.command(state, inputs))
        message = result.stderr.decode(errors="replace")
        self.assertEqual(result.returncode, EXIT_STATE, message)
        for word in words:
            self.assertIn(word, message)

    def test_a_folder_of_something_else(self):
        inputs, _ = self.history_files(100)
        os.mkdir(self.path("photos"))
        self.path("photos/me.jpg", b"...")
        self.assert_refused(self.path("photos"), inputs, "holds files, but no state")
        self.assertEqual(os.listdir(self.path("photos")), ["me.jpg"])

    def test_two_at_once(self):
        inputs, _ = self.history_files(30_000)
        state = self.path("state")
        first = subprocess.Popen([SPOOR, *self.command(state, inputs)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not os.path.exists(os.path.join(state, "CURRENT")):
                time.sleep(0.01)
            first.send_signal(signal.SIGSTOP)
            result = run(*self.command(state, inputs))
            self.assertIn("in use by another Spoor", result.stderr.decode())
            self.assertNotEqual(result.returncode, 0)
        finally:
            first.send_signal(signal.SIGCONT)
            first.wait(PATIENCE)

    def test_no_folder_to_read(self):
        result = run("findings", "--state", self.path("nowhere"))
        self.assertEqual(result.returncode, 2)
        self.assertIn("no such state folder", result.stderr.decode())

    def test_a_flipped_byte_is_never_an_empty_state(self):
        """In each file, at places spread over it: refused in words, or nothing of it is lost."""
        state, inputs = self.made()
        want = self.findings(state, "--all", "--format", "csv")
        outcomes = {"refused": 0, "unharmed": 0}
        for path in sorted(glob.glob(os.path.join(state, "*"))):
            name = os.path.basename(path)
            if name.startswith(("LOG", "LOCK")) or os.path.getsize(path) == 0:
                continue
            with open(path, "rb") as file:
                content = file.read()
            for place in sorted({len(content) * part // 9 for part in range(9)}):
                broken = self.path("broken")
                shutil.copytree(state, broken)
                with open(os.path.join(broken, name), "r+b") as file:
                    file.seek(place)
                    file.write(bytes([content[place] ^ 0x10]))
                result = run(*self.command(broken, inputs, "--resume"))
                if result.returncode == 0:
                    self.assertEqual(self.findings(broken, "--all", "--format", "csv"), want, f"{name} at {place}")
                    outcomes["unharmed"] += 1
                else:
                    self.assertEqual(result.returncode, EXIT_STATE, f"{name} at {place}")
                    self.assertIn("state", result.stderr.decode(errors="replace"), f"{name} at {place}")
                    outcomes["refused"] += 1
                shutil.rmtree(broken)
        print(outcomes)
        self.assertGreater(outcomes["refused"], 0)

    def test_a_missing_file_is_never_an_empty_state(self):
        state, inputs = self.made()
        want = self.findings(state, "--all", "--format", "csv")
        for path in sorted(glob.glob(os.path.join(state, "*"))):
            name = os.path.basename(path)
            broken = self.path("broken")
            shutil.copytree(state, broken)
            os.remove(os.path.join(broken, name))
            result = run(*self.command(broken, inputs, "--resume"))
            if result.returncode == 0:
                self.assertEqual(self.findings(broken, "--all", "--format", "csv"), want, name)
            else:
                self.assertIn("state", result.stderr.decode(errors="replace"), name)
            shutil.rmtree(broken)


class FullDisks(StateTest):
    def test_a_full_disk_stops_the_replay_and_room_lets_it_go_on(self):
        inputs, _ = self.history_files(30_000)
        want = self.path("want")
        self.replay(want, inputs)
        with small_disk(self.path("disk"), 72) as disk:
            if disk is None:
                self.skipTest("no file system can be mounted here")
            filler = os.path.join(disk, "filler")
            with open(filler, "wb") as file:
                file.write(b"x" * (68 << 20))
            state = os.path.join(disk, "state")
            result = run(*self.command(state, inputs))
            message = result.stderr.decode(errors="replace")
            self.assertEqual(result.returncode, EXIT_STATE, message)
            self.assertIn("No space left", message)
            os.remove(filler)
            self.replay(state, inputs, "--resume")
            self.assertEqual(self.told(state), self.told(want))


class FailingDisks(StateTest):
    """Each call that makes things durable fails once, with EIO: the N-th of each kind, until none is left to fail."""

    def strace(self):
        strace = shutil.which("strace")
        if strace is None or os.environ.get("SPOOR_SANITIZE"):
            self.skipTest("needs strace, and a program that it can follow")
        probe = subprocess.run([strace, "-f", "-e", "trace=none", "true"], check=False, capture_output=True)
        if probe.returncode != 0:
            self.skipTest("strace may not trace here")
        return strace

    def test_every_write_may_fail(self):
        """Each call that changes a file of the state fails once, the disk being full; default: some of them."""
        strace = self.strace()
        inputs, _ = self.history_files(2_000, files=1)
        whole = self.path("whole")
        trace = self.path("trace")
        calls = ("write", "pwrite64", "ftruncate", "rename", "mkdir", "link")
        subprocess.run([strace, "-f", "-y", "-o", trace, "-e", "trace=" + ",".join(calls), SPOOR, *self.command(whole, inputs)],
                       check=True, capture_output=True, timeout=PATIENCE)
        want = self.told(whole)
        self.assertGreater(len(want), 10)
        points = []
        counts = dict.fromkeys(calls, 0)
        with open(trace, encoding="utf-8", errors="replace") as file:
            for line in file:
                call = re.match(r"\d+ +(\w+)\(", line)
                if call and call[1] in counts:
                    counts[call[1]] += 1
                    if whole in line:
                        points.append((call[1], counts[call[1]]))
        self.assertGreater(len(points), 20)
        if not os.environ.get("SPOOR_LONG"):
            points = points[::len(points) // 30 + 1]
        stopped = 0
        for call, number in points:
            state = self.path("broken")
            command = [strace, "-f", "-o", os.devnull, "-e", "trace=" + call, "-e",
                       f"inject={call}:error=ENOSPC:when={number}", SPOOR, *self.command(state, inputs)]
            result = subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE)
            message = result.stderr.decode(errors="replace")
            allowed = (0, 1, EXIT_STATE) if "standard output" in message else (0, EXIT_STATE)
            self.assertIn(result.returncode, allowed, f"{call} {number}: {message}")
            stopped += result.returncode != 0
            self.replay(state, inputs, "--resume")
            self.assertEqual(self.told(state), want, f"{call} {number}")
            shutil.rmtree(state)
        print(f"{len(points)} writes failed once each, {stopped} of them stopped the replay")
        self.assertGreater(stopped, 5)

    def test_every_sync_may_fail(self):
        strace = self.strace()
        inputs, _ = self.history_files(4_000, files=1)
        whole = self.path("whole")
        self.replay(whole, inputs)
        want = self.told(whole)
        failed = 0
        for call in ("fdatasync", "fsync"):
            for number in range(1, 200):
                state = self.path(f"{call}-{number}")
                command = [strace, "-f", "-o", os.devnull, "-e", "trace=" + call, "-e",
                           f"inject={call}:error=EIO:when={number}", SPOOR, *self.command(state, inputs)]
                result = subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE)
                message = result.stderr.decode(errors="replace")
                self.assertIn(result.returncode, (0, EXIT_STATE), message)
                if result.returncode != 0:
                    self.assertIn("state", message)
                    failed += 1
                self.replay(state, inputs, "--resume")
                self.assertEqual(self.told(state), want, f"{call} {number}")
                shutil.rmtree(state)
                if result.returncode == 0:
                    break  # There was no such call any more, or RocksDB did without it.
        print(f"{failed} failures gone on from")
        self.assertGreater(failed, 3)


if __name__ == "__main__":
    unittest.main()
