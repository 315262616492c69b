#!/usr/bin/env python3
"""`spoor report` and `spoor replay --report`: the page, and what a browser makes of it.

  report_test.py [Commands|Browser]

SPOOR_BINARY is the program, SPOOR_SOURCE_DIR the repository. Without Chromium `Browser` ends with 77: skipped.
SPOOR_UPDATE_GOLDEN=1 rewrites the golden file.
"""
import gzip
import html.parser
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

from program import PATIENCE, ROOT, FolderTest, run, scenario

GOLDEN = os.path.join(ROOT, "tests/golden/report/scenario_a.txt")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

RULE = """
title: Shell or Tool
id: 0b1b9f3e-6a54-4d1e-8f63-2f5f0a1c7d01
name: shell_or_tool
logsource: {product: windows, category: process_creation}
detection:
  selection: {CommandLine|contains: ' '}
  condition: selection
level: medium
"""


class Outline(html.parser.HTMLParser):
    """The text of a page, a line for each block; records, style and script left out."""
    SKIPPED = {"style", "script", "pre", "title", "button"}
    INLINE = {"span", "b", "code", "a", "h2", "h3", "td", "th", "dt", "dd", "summary"}

    def __init__(self):
        super().__init__()
        self.lines = [""]
        self.skipping = 0

    def handle_starttag(self, tag, attrs):
        self.skipping += tag in self.SKIPPED
        self.lines += [""] if tag not in self.INLINE else []
        self.lines[-1] += " " if tag in ("td", "th", "dd", "dt", "code") else ""

    def handle_endtag(self, tag):
        self.skipping -= tag in self.SKIPPED
        self.lines += [""] if tag not in self.INLINE else []

    def handle_data(self, data):
        if not self.skipping:
            self.lines[-1] += data.replace("\n", " ")

    @classmethod
    def of(cls, page):
        outline = cls()
        outline.feed(page)
        lines = (" ".join(line.split()) for line in outline.lines)
        return "\n".join(line for line in lines if line) + "\n"


class ReportTest(FolderTest):
    def read(self, path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def replay(self, *arguments, stdin=None):
        """Findings and the page of one replay."""
        findings, page = self.path("findings.ndjson"), self.path("page.html")
        result = run("replay", "-q", "--format", "ndjson", "-o", findings, "--report", page, *arguments, stdin=stdin)
        self.assertEqual(result.returncode, 0, result.stderr.decode(errors="replace"))
        return findings, page


class Commands(ReportTest):
    def test_a_replay_and_its_written_findings_give_the_same_page(self):
        for name in ["A.sysmon-evtxdump", "A.crowdstrike-fdr", "A.sentinelone-cf2", "B.sentinelone-cf2", "C.sysmon-evtxdump"]:
            with self.subTest(name):
                findings, page = self.replay(scenario(name))
                again = run("report", findings)
                self.assertEqual(again.returncode, 0, again.stderr)
                with open(page, "rb") as file:
                    self.assertEqual(file.read(), again.stdout)

    def test_many_findings_in_any_order_of_lines_and_from_several_files_give_the_same_page(self):
        findings, page = self.replay("--rules", self.path("rule.yml", RULE), scenario("A.sysmon-evtxdump"), scenario("B.crowdstrike-fdr"))
        with open(findings, "rb") as file:
            lines = file.read().splitlines()
        self.assertGreater(len(lines), 20)
        with open(page, "rb") as file:
            want = file.read()
        first = self.path("first.ndjson", b"\n".join(lines[::-2]) + b"\n")
        second = self.path("second.ndjson.gz", gzip.compress(b"\n".join(lines)))
        result = run("report", first, second, first, "-o", self.path("again.html"))
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("again.html"), "rb") as file:
            self.assertEqual(file.read(), want)
        self.assertIn("older revisions and repetitions", result.stderr.decode())

    def test_scenario_a_as_agreed(self):
        _, page = self.replay(scenario("A.crowdstrike-fdr"))
        outline = Outline.of(self.read(page))
        if os.environ.get("SPOOR_UPDATE_GOLDEN") == "1":
            with open(GOLDEN, "w", encoding="utf-8") as file:
                file.write(outline)
        self.assertEqual(outline, self.read(GOLDEN), "SPOOR_UPDATE_GOLDEN=1 accepts the new text")

    def test_from_standard_input(self):
        findings, page = self.replay(scenario("A.sysmon-evtxdump"))
        with open(findings, "rb") as file:
            result = run("report", "-", stdin=file.read())
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout.decode(), self.read(page))

    def test_bad_lines_are_told_with_their_place_and_the_others_go_in(self):
        findings, page = self.replay(scenario("A.sysmon-evtxdump"))
        with open(findings, "rb") as file:
            good = file.read()
        mixed = self.path("mixed.ndjson", b'{"class_uid": 2004, oops}\n' + good + b'{"class_uid": 1007}\nhello\n')
        result = run("report", mixed, "-o", self.path("mixed.html"))
        said = result.stderr.decode()
        self.assertEqual(result.returncode, 3, said)
        self.assertRegex(said, re.escape(mixed) + r":1:21: not JSON: ")
        self.assertRegex(said, re.escape(mixed) + r":3:1: not a finding: class_uid is not 2004")
        self.assertRegex(said, re.escape(mixed) + r":4:1: ")
        self.assertEqual(self.read(self.path("mixed.html")), self.read(page))
        tolerant = run("report", mixed, "-o", self.path("mixed.html"), "--max-errors", "3")
        self.assertEqual(tolerant.returncode, 0)

    def test_later_revisions_replace_earlier_ones(self):
        findings, _ = self.replay(scenario("A.sysmon-evtxdump"))
        finding = json.loads(self.read(findings))
        later = json.loads(json.dumps(finding))
        later["finding_info"]["title"] = "Seen again"
        later["unmapped"]["spoor"]["revision"] = 2
        page = run("report", "-", stdin=(json.dumps(later) + "\n" + json.dumps(finding)).encode()).stdout.decode()
        self.assertIn("Seen again", page)
        self.assertEqual(page.count("<article"), 1)

    def test_an_empty_file_gives_a_page_that_says_so(self):
        result = run("report", self.path("none.ndjson", b""))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("No findings.", result.stdout.decode())

    def test_mistakes_are_told(self):
        findings, _ = self.replay(scenario("A.sysmon-evtxdump"))
        self.path("logs.ndjson", gzip.open(scenario("A.crowdstrike-fdr")).read())
        cases = [
            (["report"], 2, "FILE is required"),
            (["report", self.path("missing.ndjson")], 2, "missing.ndjson"),
            (["report", findings, "-o", self.folder], 2, "it is a directory"),
            (["report", findings, "-o", self.path("no/such/folder.html")], 2, "cannot write"),
            (["report", findings, "-o", findings], 2, "it is an input"),
            (["report", self.path("logs.ndjson"), "-o", self.path("x.html")], 3, "no finding was read"),
            (["report", "--max-errors", "-1", findings], 2, "not a count"),
            (["replay", scenario("A.sysmon-evtxdump"), "--report", "-"], 2, "--report needs a file"),
            (["replay", scenario("A.sysmon-evtxdump"), "--report", self.path("no/such.html")], 2, "cannot write"),
            (["replay", scenario("A.sysmon-evtxdump"), "--report", self.path("x"), "-o", self.path("x")], 2, "another output"),
        ]
        for arguments, code, said in cases:
            with self.subTest(arguments):
                result = run(*arguments)
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertIn(said, result.stderr.decode())
        self.assertFalse(os.path.exists(self.path("x.html")))
        self.assertTrue(json.loads(self.read(findings)))

    def test_dot_is_a_digraph_for_each_finding(self):
        result = run("replay", "-q", "--format", "dot", scenario("A.sysmon-evtxdump"), scenario("B.crowdstrike-fdr"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(re.findall(rb"^digraph ", result.stdout, re.M)), 2)
        if shutil.which("dot"):
            drawn = subprocess.run(["dot", "-Tsvg"], input=result.stdout, capture_output=True, timeout=PATIENCE, check=False)
            self.assertEqual((drawn.returncode, drawn.stderr), (0, b""))

    def test_help_names_the_command(self):
        self.assertIn(b"report ", run("--help").stdout)
        self.assertIn(b"spoor report findings.ndjson", run("report", "--help").stdout)


# What a person does with the page, done by a script of the test; the page's own policy is taken out for it.
DRIVE = """<script>
const seen = {};
Object.defineProperty(navigator, "clipboard", {value: {writeText: async (text) => { seen.copied = text; }}});
const visible = () => document.querySelectorAll("article:not([hidden])").length;
const rows = () => document.querySelectorAll(".list tbody tr:not([hidden])").length;
seen.all = visible();
const filter = document.getElementById("filter");
const type = (text) => { filter.value = text; filter.dispatchEvent(new Event("input")); return [visible(), rows()]; };
seen.typed = type("dead_drop msstorage");
seen.status = document.getElementById("shown").textContent;
seen.nothing = type("no such thing anywhere");
type("");
const level = document.querySelector("button.level.critical");
level.click();
seen.unpressed = [visible(), rows(), level.getAttribute("aria-pressed")];
level.click();
seen.pressed = visible();
document.querySelector(".toggle").click();
seen.opened = document.querySelectorAll("#f1 .events details[open]").length === document.querySelectorAll("#f1 .events details").length;
document.querySelector("#f1 .group .copy-all").click();
setTimeout(() => { document.documentElement.dataset.seen = JSON.stringify(seen); }, 50);
</script>
"""


@unittest.skipIf(CHROMIUM is None, "skipped: Chromium is not here")
class Browser(ReportTest):
    def chromium(self, page, *options):
        with tempfile.TemporaryDirectory() as profile:
            command = [CHROMIUM, "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
                       "--no-first-run", f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND",
                       "--hide-scrollbars", "--virtual-time-budget=3000", *options, "file://" + page]
            if os.geteuid() == 0:
                command.insert(1, "--no-sandbox")
            return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)

    def dom(self, page, *options):
        result = self.chromium(page, "--dump-dom", *options)
        self.assertEqual(result.returncode, 0, result.stderr.decode(errors="replace"))
        return result.stdout.decode()

    def screenshot(self, page, width, height, *options):
        """Size of the picture's file, and its pixels' width and height."""
        picture = self.path("picture.png")
        result = self.chromium(page, f"--screenshot={picture}", f"--window-size={width},{height}", *options)
        self.assertEqual(result.returncode, 0, result.stderr.decode(errors="replace"))
        with open(picture, "rb") as file:
            content = file.read()
        self.assertEqual(content[:8], b"\x89PNG\r\n\x1a\n")
        return len(content), struct.unpack(">II", content[16:24])

    def several(self):
        """The chain, and a number of plain findings."""
        chain, _ = self.replay(scenario("A.sysmon-evtxdump"))
        lines = self.read(chain)
        plain, _ = self.replay("--rules", self.path("rule.yml", RULE), scenario("A.sysmon-evtxdump"))
        page = self.path("several.html")
        run("report", "-", "-o", page, stdin=(lines + self.read(plain)).encode())
        return page

    def test_the_script_runs_without_an_error(self):
        _, one = self.replay(scenario("A.sysmon-evtxdump"))
        for page in [one, self.several()]:
            root = re.search(r"<html[^>]*>", self.dom(page)).group()
            self.assertIn('data-ready="true"', root)
            self.assertIn('data-errors="0"', root)

    def test_the_page_is_whole_without_a_script(self):
        _, page = self.replay(scenario("A.sysmon-evtxdump"))
        # Taken out: with scripts switched off a headless Chromium gives neither DOM nor picture.
        bare = self.path("bare.html", re.sub(r"<script>.*</script>", "", self.read(page), flags=re.S))
        dom = self.dom(bare)
        self.assertNotIn("data-ready", re.search(r"<html[^>]*>", dom).group())
        for text in ["msstorageboxes.com", "claimed by child", "Raw record", "EventRecordID"]:
            self.assertIn(text, dom)
        size, _ = self.screenshot(bare, 1280, 1600)
        self.assertGreater(size, 100_000)

    def test_filters_and_buttons_do_what_they_say(self):
        page = self.read(self.several())
        page = re.sub(r"<meta http-equiv=[^>]*>", "", page).replace("</body>", DRIVE + "</body>")
        dom = self.dom(self.path("driven.html", page))
        seen = json.loads(html.unescape(re.search(r'data-seen="([^"]*)"', dom).group(1)))
        self.assertGreater(seen["all"], 10)
        self.assertEqual(seen["typed"], [1, 1])
        self.assertEqual(seen["status"], f"1 of {seen['all']} shown")
        self.assertEqual(seen["nothing"], [0, 0])
        self.assertEqual(seen["unpressed"], [seen["all"] - 1, seen["all"] - 1, "false"])
        self.assertEqual(seen["pressed"], seen["all"])
        self.assertTrue(seen["opened"])
        self.assertIn("162.213.255.24", seen["copied"].split("\n"))

    def test_names_of_attackers_choice_stay_text(self):
        name = "</script></style><img src=x onerror=\"document.documentElement.dataset.pwned=1\"><script>document." \
               "documentElement.dataset.pwned=2</script>\u202egnp.exe"
        events = []
        for number in range(3):
            events.append(json.dumps({
                "Event": {"System": {"Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}}, "EventID": 1,
                                     "TimeCreated": {"#attributes": {"SystemTime": "2023-03-22T13:40:52.022727Z"}},
                                     "EventRecordID": number, "Channel": "Microsoft-Windows-Sysmon/Operational",
                                     "Computer": "PC1.<img src=x onerror=alert(1)>"},
                          "EventData": {"UtcTime": "2023-03-22 13:40:52.000", "ProcessGuid": "8F4C1E20-0564-641B-FB01-00000000%04d" % number,
                                        "ProcessId": 100 + number, "Image": "C:\\x\\" + name, "CommandLine": "x " + name,
                                        "User": name, "ParentImage": "C:\\y\\" + name, "ParentProcessId": 99,
                                        "ParentProcessGuid": "8F4C1E20-0563-641B-F401-000000002F00", "ParentCommandLine": name}}}))
        findings, page = self.replay("--rules", self.path("rule.yml", RULE), "-", stdin="\n".join(events).encode())
        self.assertEqual(len(self.read(findings).splitlines()), 3)
        dom = self.dom(page)
        self.assertIn("onerror", dom)
        self.assertNotIn("<img", dom)
        self.assertNotIn("data-pwned", dom)
        self.assertNotIn("\u202e", dom)
        self.assertEqual(dom.count("<script"), 1)
        self.assertIn('data-errors="0"', dom)

    def test_pictures(self):
        _, page = self.replay(scenario("A.sysmon-evtxdump"))
        dark = "--blink-settings=preferredColorScheme=0"
        sizes = {}
        for name, width, options in [("light", 1280, []), ("dark", 1280, [dark]), ("narrow", 500, [])]:
            with self.subTest(name):
                sizes[name], pixels = self.screenshot(page, width, 1600, *options)
                self.assertEqual(pixels, (width, 1600))
                # A blank page of that size has a few KB.
                self.assertGreater(sizes[name], 60_000)
        self.assertNotEqual(sizes["light"], sizes["dark"])

    def test_nothing_is_wider_than_the_window(self):
        measure = "<script>document.documentElement.dataset.width=[innerWidth,document.documentElement.scrollWidth].join();</script>"
        events = gzip.open(scenario("A.sysmon-evtxdump")).read().replace(b'"cmd.exe"', b'"cmd.exe ' + b"A" * 30000 + b'"')
        _, page = self.replay("-", stdin=events)
        page = re.sub(r"<meta http-equiv=[^>]*>", "", self.read(page)).replace("<details", "<details open")
        path = self.path("measured.html", page.replace("</body>", measure + "</body>"))
        for width in (1280, 600):
            with self.subTest(width):
                inner, scroll = re.search(r'data-width="(\d+),(\d+)"', self.dom(path, f"--window-size={width},900")).groups()
                self.assertLessEqual(int(scroll), int(inner))


if __name__ == "__main__":
    if "Browser" in sys.argv and CHROMIUM is None:
        print("skipped: Chromium is not here")
        sys.exit(77)
    unittest.main(verbosity=2)
