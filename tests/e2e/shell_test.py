#!/usr/bin/env python3
"""Completion in the shells themselves, and the manual page as its readers' tools take it."""
import os
import pty
import select
import subprocess
import time
import unittest

from program import PATIENCE, SPOOR, FolderTest, needs, run

# Asks bash what it would offer for the words of the line.
BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_spoor
printf '%s\\n' "${COMPREPLY[@]}"
"""


def tool(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=PATIENCE, check=False)


class Completion(FolderTest):
    def script(self, shell, name):
        result = run("completion", shell)
        self.assertEqual(result.returncode, 0, result.stderr)
        return self.path(name, result.stdout)

    def cases(self, offers):
        """What is offered, whatever the shell; offers() gives it for a line."""
        self.assertEqual(offers("re"), ["replay", "report"])
        self.assertEqual(offers("bus", "ta"), ["tail"])
        self.assertEqual(offers("replay", "--form"), ["--format"])
        self.assertEqual(offers("replay", "--format", "t"), ["table", "timesketch"])
        # A value that is called like a command is a value.
        self.assertEqual(offers("findings", "--rule", "show", "--lev"), ["--level"])
        self.assertEqual(offers("findings", "show", "--sta"), ["--state"])
        self.assertEqual(offers("completion", "z"), ["zsh"])

    @needs("bash")
    def test_bash(self):
        script = self.script("bash", "spoor.bash")

        def offers(*words):
            result = tool("bash", "-c", BASH, "bash", script, "spoor", *words)
            self.assertEqual(result.stderr, "")
            return result.stdout.split()

        self.cases(offers)
        self.assertEqual(offers("replay", "--format", "=", "t"), ["table", "timesketch"])
        self.assertEqual(offers("replay", "-o", ""), [], "bash itself names files")
        self.assertEqual(offers("replay", "--from", ""), [])
        self.assertIn("--version", offers("--"))

    @needs("shellcheck")
    def test_bash_script_is_clean(self):
        result = tool("shellcheck", "-s", "bash", self.script("bash", "spoor.bash"))
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    @needs("fish")
    def test_fish(self):
        script = self.script("fish", "spoor.fish")

        def offers(*words):
            line = " ".join(("spoor", *words))
            result = tool("fish", "--no-config", "-c", f"source {script}; complete -C '{line}'")
            self.assertEqual(result.stderr, "")
            return [offer.split("\t")[0] for offer in result.stdout.splitlines()]

        self.cases(offers)
        self.path("log.ndjson", "")
        self.assertEqual(offers("replay", "-o", self.path("lo")), [self.path("log.ndjson")])

    @needs("zsh")
    def test_zsh(self):
        """zsh completes on a terminal only: presses Tab twice and reads what it writes."""
        folder = self.path("functions")
        os.mkdir(folder)
        self.script("zsh", "functions/_spoor")
        self.assertEqual(tool("zsh", "-n", os.path.join(folder, "_spoor")).stderr, "")
        self.path(".zshrc", f"""
PS1='READY '; fpath=({folder} $fpath); autoload -U compinit; compinit -u -d {self.path('dump')}
zstyle ':completion:*' verbose no; unsetopt list_types; setopt auto_list; LISTMAX=0
""")
        environment = {"PATH": os.environ["PATH"], "ZDOTDIR": self.folder, "TERM": "dumb", "HOME": self.folder}
        for line, wanted in [("re", ["replay", "report"]), ("replay --format t", ["table", "timesketch"]),
                             ("bus t", ["bus tail "]), ("findings --sta", ["--state"]), ("completion z", ["zsh"])]:
            with self.subTest(line):
                self.at_terminal(environment, f"spoor {line}\t\t", wanted)

    def at_terminal(self, environment, keys, wanted):
        """Fails where zsh does not answer the keys with all of the wanted words."""
        child, terminal = pty.fork()
        if child == 0:
            os.execvpe("zsh", ["zsh", "-i"], environment)
        try:
            self.read_until(terminal, lambda text, is_quiet: "READY " in text and is_quiet)
            os.write(terminal, keys.encode())
            self.read_until(terminal, lambda text, _: all(word in text for word in wanted))
        finally:
            os.close(terminal)
            os.kill(child, 9)
            os.waitpid(child, 0)

    def read_until(self, terminal, holds):
        """Until something holds of what it has said and whether it has said nothing more for a second."""
        text, end = "", time.monotonic() + PATIENCE
        while time.monotonic() < end:
            says = select.select([terminal], [], [], 1)[0]
            if says:
                text += os.read(terminal, 65536).decode(errors="replace")
            if holds(text, not says):
                return
        self.fail(f"zsh says {text!r}")


class ManPage(FolderTest):
    def setUp(self):
        super().setUp()
        result = run("man")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.page = self.path("spoor.1", result.stdout)

    @needs("groff")
    def test_groff_has_no_warnings(self):
        result = tool("groff", "-man", "-ww", "-Tutf8", self.page)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("spoor bus tail", result.stdout)

    @needs("man")
    def test_man_shows_it_without_warnings(self):
        result = tool("man", "--warnings", "-l", self.page)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    @needs("mandoc")
    def test_mandoc_finds_but_the_missing_date(self):
        """A date would tell when the page was built, and two builds of one source would differ."""
        result = tool("mandoc", "-T", "lint", "-W", "warning", self.page)
        self.assertEqual([line for line in result.stdout.splitlines() if "missing date" not in line], [])


if __name__ == "__main__":
    unittest.main()
