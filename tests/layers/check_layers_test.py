#!/usr/bin/env python3
"""The layer check must find what it is there to find: planted breaches, each named with file and line."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_layers  # noqa: E402


class CheckLayers(unittest.TestCase):
    def breaches(self, path, text):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, os.path.dirname(path)))
            with open(os.path.join(root, path), "w", encoding="utf-8") as source:
                source.write(text)
            return check_layers.check(root)

    def test_a_back_edge_is_named_with_file_and_line(self):
        found = self.breaches("engine/event/event.h", '#pragma once\n\n#include "engine/matcher/matcher.h"\n')
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0].startswith("engine/event/event.h:3: engine/event may not include engine/matcher"))

    def test_an_edge_along_the_order_is_fine(self):
        self.assertEqual(self.breaches("engine/matcher/matcher.cpp", '#include "engine/event/event.h"\n'), [])

    def test_a_parser_may_not_know_the_rules(self):
        self.assertEqual(len(self.breaches("parsers/x.cpp", '#include "engine/rule/rule.h"\n')), 1)

    def test_a_heavy_library_outside_its_folder(self):
        self.assertEqual(len(self.breaches("engine/finding/x.cpp", "#include <simdjson.h>\n")), 1)
        self.assertEqual(self.breaches("parsers/x.cpp", "#include <simdjson.h>\n"), [])

    def test_the_wall_clock(self):
        self.assertEqual(len(self.breaches("engine/rule/x.cpp", "auto t = std::chrono::steady_clock::now();\n")), 1)
        self.assertEqual(len(self.breaches("engine/rule/x.cpp", "auto t = time(nullptr);\n")), 1)
        self.assertEqual(self.breaches("engine/base/clock.cpp", "std::chrono::steady_clock::now();\n"), [])
        self.assertEqual(self.breaches("engine/rule/x.cpp", "// never steady_clock::now()\n"), [])

    def test_a_prefetch_that_the_compiler_may_leave_out(self):
        self.assertEqual(len(self.breaches("engine/rule/x.cpp", "__builtin_prefetch(place);\n")), 1)
        self.assertEqual(self.breaches("engine/base/prefetch.h", "__builtin_prefetch(place);\n"), [])

    def test_an_include_that_is_not_from_the_root(self):
        self.assertEqual(len(self.breaches("engine/rule/x.cpp", '#include "rule.h"\n')), 1)


if __name__ == "__main__":
    unittest.main()
