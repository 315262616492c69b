"""The program under test, as its users run it, and a folder of its own for each test."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

ROOT = os.environ.get("SPOOR_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPOOR = os.environ.get("SPOOR_BINARY") or os.path.join(ROOT, "build/release/spoor")
SCENARIOS = os.path.join(ROOT, "tests/data/scenarios")
# Seconds. Sanitizers slow everything down.
PATIENCE = int(os.environ.get("SPOOR_PATIENCE", "300"))
# Log shippers, and where they are.
CLIENTS = os.environ.get("SPOOR_CLIENTS") or os.path.join(ROOT, "build/clients")
# Seconds that fetching them may take.
FETCHING = 300


def fetch_clients():
    """Fetches them if they are not there. Why there are none, or nothing."""
    with subprocess.Popen([os.path.join(ROOT, "tests/e2e/clients/fetch.sh"), CLIENTS], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, start_new_session=True) as fetching:
        try:
            _, errors = fetching.communicate(timeout=FETCHING)
        except subprocess.TimeoutExpired:
            os.killpg(fetching.pid, signal.SIGKILL)  # With whom it waits for.
            return f"they are not fetched after {FETCHING} s"
    return "" if fetching.returncode == 0 else errors.strip() or "they cannot be fetched"


def run(*arguments, stdin=None, env=None):
    environment = dict(os.environ, **(env or {}))
    return subprocess.run([SPOOR, *arguments], input=stdin, capture_output=True, timeout=PATIENCE, env=environment, check=False)


def reserve_port(test):
    """A port of 127.0.0.1 that nobody else is given before the test ends.

    It is bound but not listened at: connections are refused until somebody listens there. That takes SO_REUSEADDR, which
    every listener of ours and of those that we test with sets."""
    holder = socket.socket()
    test.addCleanup(holder.close)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder.getsockname()[1]


def read_line(process, patience=PATIENCE, *, of="stdout"):
    """The next line that the process writes. Where none comes in time the process is killed and the test fails."""
    lines = []
    reader = threading.Thread(target=lambda: lines.append(getattr(process, of).readline()), daemon=True)
    reader.start()
    reader.join(patience)
    if reader.is_alive():
        process.kill()  # Before anybody closes the pipe, which would wait for the reader.
        raise AssertionError(f"{process.args[0]} writes nothing to its {of}")
    return lines[0]


def scenario(name):
    return os.path.join(SCENARIOS, name + ".ndjson.gz")


def needs(program):
    """Skips a test, and says why, where a program that it uses is not installed."""
    return unittest.skipUnless(shutil.which(program), f"there is no {program}")


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """A file system of its own; None where that is not allowed."""
    os.makedirs(folder)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=False, capture_output=True)
    try:
        yield folder if mounted.returncode == 0 else None
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", folder], check=False)


class FolderTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name, content=None):
        """A path in the folder; with content (bytes, or text in UTF-8) the file is there."""
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode())
        return path
