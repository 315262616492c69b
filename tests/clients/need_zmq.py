"""Makes sure that pyzmq is there: imported first by tests that need it.

Debian's python3-zmq belongs to Debian's interpreter, which need not be the one that runs the test: then the test goes on in
that. Where there is none the test is skipped, with code 77.
"""
import os
import sys

DEBIAN_PYTHON = "/usr/bin/python3"

try:
    import zmq  # noqa: F401
except ImportError:
    if os.path.exists(DEBIAN_PYTHON) and not os.environ.get("SPOOR_TEST_REEXEC"):
        os.environ["SPOOR_TEST_REEXEC"] = "1"
        os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])
    print("skipped: no pyzmq (Debian: python3-zmq)")
    sys.exit(77)

ROOT = os.environ.get("SPOOR_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "clients/python"))
sys.path.insert(0, os.path.join(ROOT, "clients/examples/python"))
# What all tests of whole programs share.
sys.path.append(os.path.join(ROOT, "tests/e2e"))
