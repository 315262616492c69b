#!/usr/bin/env python3
"""`spoor match` against other people's answers: which events each Sigma rule holds for.

  sigma_conformance.py SPOOR SET      SET: vectors, cases, synthetic or corpus

`vectors` stands in the repository (hand-written, one for each point of the language). The others
hold SigmaHQ's rules and public logs, which may not be redistributed; they are read from the folder
beside the repository, and where it is absent the test is skipped (exit code 77). The expected
answers come from an evaluator of another make; `cases` are of SigmaHQ's regression data and of
events that its rules hit in public corpora; `corpus` are whole files, routed by log source.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared" / "data"
CASES = SHARED / "sigma-cases"
CORE = ["rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance"]
SKIPPED = 77
SHOWN = 10


class Check:
    """Counts what agrees and shows the first few that do not."""

    def __init__(self):
        self.good = 0
        self.bad = 0

    def expect(self, name, found, wanted, errors=""):
        if found == wanted:
            self.good += 1
            return
        self.bad += 1
        if self.bad <= SHOWN:
            print(f"{name}: wanted {wanted}, found {found}\n{errors[:500]}")

    def exit_code(self, least):
        print(f"{self.good} agree, {self.bad} do not")
        if self.good + self.bad < least:
            print(f"only {self.good + self.bad} cases were found, of at least {least}")
            return 1
        return 1 if self.bad else 0


def match(spoor, rules, events, *options):
    """The matches and what went to stderr."""
    command = [spoor, "match", "--rules", *map(str, rules), "--events", *map(str, events), *options]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return [json.loads(line) for line in run.stdout.splitlines()], run.stderr


def write_lines(path, values):
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")


def fires_of(matches, rules):
    """{correlation: [[event, group], ...]} of the correlations among `rules`."""
    found = {rule["id"]: [] for rule in rules if "correlation" in rule}
    for one in matches:
        if "group" in one:
            found[one["rule"]].append([one["event"], one["group"]])
    return {rule: sorted(fires) for rule, fires in found.items()}


def check_vector(spoor, folder, vector, check):
    rules = vector.get("rules") or [vector["rule"]]
    (folder / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    write_lines(folder / "events.ndjson", vector["events"] or [{"any": "event"}])
    options = []
    if "placeholders" in vector:
        (folder / "values.json").write_text(json.dumps(vector["placeholders"]), encoding="utf-8")
        options += ["--placeholders", str(folder / "values.json")]
    if "fires" in vector:
        options.append("--every")
    matches, errors = match(spoor, [folder / "rules.json"], [folder / "events.ndjson"], *options)
    if vector.get("reject"):
        check.expect(vector["name"], "error:" in errors, True, errors)
    elif "fires" in vector:
        wanted = {rule: sorted(fires) for rule, fires in vector["fires"].items()}
        check.expect(vector["name"], fires_of(matches, rules), wanted, errors)
    else:
        found = sorted({one["event"] for one in matches})
        check.expect(vector["name"], found, vector["matches"], errors)


def vectors(spoor, folder):
    check = Check()
    path = REPOSITORY / "tests" / "data" / "sigma" / "vectors.json"
    for vector in json.loads(path.read_text(encoding="utf-8")):
        check_vector(spoor, folder, vector, check)
    return check.exit_code(127)


def cases(spoor, _folder):
    check = Check()
    for case in sorted([*(CASES / "regression").iterdir(), *(CASES / "real").iterdir()]):
        expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
        matches, errors = match(spoor, [case / "rule.yml"], [case / "events.ndjson"])
        found = sorted(one["event"] for one in matches)
        check.expect(case.name, found, expected["matches"], errors)
    return check.exit_code(363)


def synthetic(spoor, folder):
    check = Check()
    with open(CASES / "synthetic.ndjson", encoding="utf-8") as lines:
        for line in lines:
            case = json.loads(line)
            write_lines(folder / "events.ndjson", case["events"])
            rule = SHARED / "sigma" / case["path"]
            matches, errors = match(spoor, [rule], [folder / "events.ndjson"])
            found = sorted(one["event"] for one in matches)
            check.expect(case["path"], found, case["matches"], errors)
    return check.exit_code(1800)


def corpus(spoor, folder):
    unpacked = subprocess.run(["zstdcat", str(CASES / "corpus.ndjson.zst")], capture_output=True,
                              text=True, check=True)
    files = {}
    for line in unpacked.stdout.splitlines():
        record = json.loads(line)
        files.setdefault(record["file"], []).append(record)
    paths = {}
    for number, (name, records) in enumerate(files.items()):
        path = folder / f"{number}.ndjson"
        records.sort(key=lambda record: record["i"])
        write_lines(path, [record["event"] for record in records])
        paths[str(path)] = name
    rules = [SHARED / "sigma" / part for part in CORE]
    matches, _ = match(spoor, rules, paths, "--route", "windows", "--flat")
    found = {}
    for one in matches:
        found.setdefault((paths[one["file"]], one["rule"]), []).append(one["event"])
    wanted = {}
    expected = json.loads((CASES / "corpus.expected.json").read_text(encoding="utf-8"))
    for name, of_file in expected.items():
        for rule, events in of_file.items():
            if events:
                wanted[(name, rule)] = sorted(events)
    check = Check()
    for key in sorted(set(found) | set(wanted)):
        check.expect(" ".join(key), sorted(found.get(key, [])), wanted.get(key, []))
    return check.exit_code(1000)


def main():
    spoor, name = sys.argv[1], sys.argv[2]
    sets = {"vectors": vectors, "cases": cases, "synthetic": synthetic, "corpus": corpus}
    if name != "vectors" and not CASES.is_dir():
        print("skipped: the Sigma cases are not here")
        return SKIPPED
    if name == "corpus" and not any(
            os.access(Path(part) / "zstdcat", os.X_OK) for part in os.get_exec_path()):
        print("skipped: there is no zstdcat")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        return sets[name](spoor, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
