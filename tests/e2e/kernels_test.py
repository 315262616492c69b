#!/usr/bin/env python3
"""Every kernel of simdjson gives the same bytes: which one runs depends on the machine, and findings must not.

SPOOR_BINARY is the program, SPOOR_SOURCE_DIR the repository. Kernels that the machine lacks are skipped: forced, they would crash.
"""
import os
import platform
import subprocess
import unittest

ROOT = os.environ.get("SPOOR_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPOOR = os.environ.get("SPOOR_BINARY") or os.path.join(ROOT, "build/release/spoor")
SCENARIO = os.path.join(ROOT, "tests/data/scenarios/A.sysmon-nxlog.ndjson.gz")
DETECTIONS = os.path.join(ROOT, "detections")
RECORDS = os.path.join(ROOT, "tests/data/parse/*.ndjson")
# What simdjson asks of the processor, as /proc/cpuinfo calls it.
KERNELS = {
    "fallback": set(),
    "westmere": {"sse4_2", "pclmulqdq"},
    "haswell": {"avx2", "pclmulqdq", "bmi1", "bmi2"},
    "icelake": {"avx2", "pclmulqdq", "bmi1", "bmi2", "avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vbmi2", "avx512vl"},
}
# Sanitizers slow everything down.
PATIENCE = 300


def flags():
    if platform.machine() not in ("x86_64", "AMD64"):
        return None
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("flags"):
                # Linux writes two of them with an underscore, and westmere's carry-less product without its q.
                return {flag.replace("avx512_", "avx512") for flag in line.split()}
    return None


def run(kernel, *arguments):
    environment = dict(os.environ)
    environment.pop("SIMDJSON_FORCE_IMPLEMENTATION", None)
    if kernel is not None:
        environment["SIMDJSON_FORCE_IMPLEMENTATION"] = kernel
    return subprocess.run([SPOOR, *arguments], capture_output=True, timeout=PATIENCE, env=environment, check=False)


class Kernels(unittest.TestCase):
    def same_of_all(self, *arguments, code):
        want = run(None, *arguments)
        self.assertEqual(want.returncode, code, want.stderr.decode(errors="replace"))
        self.assertTrue(want.stdout)
        here = flags()
        tried = 0
        for kernel, needs in KERNELS.items():
            with self.subTest(kernel):
                if here is None or not needs <= here:
                    self.skipTest(f"skipped: the machine lacks {kernel}")
                got = run(kernel, *arguments)
                self.assertEqual(got.returncode, code, got.stderr.decode(errors="replace"))
                self.assertEqual(got.stdout, want.stdout)
                tried += 1
        self.assertTrue(here is None or tried > 0)

    def test_findings(self):
        self.same_of_all("replay", "--format", "ndjson", SCENARIO, code=0)

    def test_hits(self):
        self.same_of_all("match", "--rules", DETECTIONS, "--events", SCENARIO, code=0)

    def test_hits_by_name(self):
        # Flat events are read another way.
        samples = os.path.join(ROOT, "tests/data/parse/flat_export.ndjson")
        self.same_of_all("match", "--rules", DETECTIONS, "--events", samples, SCENARIO, code=0)

    def test_events(self):
        # Everything of every carriage. Some of these records are broken on purpose.
        self.same_of_all("parse", "--format", "ndjson", "--max-errors", "1000000", RECORDS, code=0)

    def test_the_kernel_is_really_chosen(self):
        # If the variable were without effect, all of the above would say nothing.
        records = os.path.join(ROOT, "tests/data/parse/evtx.ndjson")
        self.assertNotEqual(run("no-such-kernel", "parse", records).stdout, run(None, "parse", records).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
