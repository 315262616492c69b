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
        return ["replay", *inputs, "--rules", self.path("rules.yml"), "--state", state, "--max-errors", "100", "--quiet",
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
            end = time.monotonic() + PATIENCE
            while not os.path.exists(os.path.join(state, "CURRENT")):
                self.assertIsNone(first.poll(), "it ended before it had a state")
                self.assertLess(time.monotonic(), end, "it makes no state")
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
