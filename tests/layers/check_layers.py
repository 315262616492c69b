#!/usr/bin/env python3
"""Checks the order of the folders: who may include whom, and where heavy libraries and the wall clock may appear.

    check_layers.py ROOT

Prints "file:line: what is wrong" for each breach and exits with 1 if there is one.
"""
import os
import re
import sys

# folder -> folders whose headers it may include, beside its own. The order of docs and engine/README.md.
LAYERS = {
    "engine/base": [],
    "engine/event": ["engine/base"],
    "engine/process_graph": ["engine/base", "engine/event"],
    "engine/rule": ["engine/base", "engine/event"],
    "engine/finding": ["engine/base", "engine/event"],
    "engine/report": ["engine/base", "engine/event", "engine/finding"],
    "parsers": ["engine/base", "engine/event"],
    "engine/matcher": ["engine/base", "engine/event", "engine/rule", "engine/process_graph"],
    "engine/correlation": ["engine/base", "engine/event", "engine/rule", "engine/process_graph", "engine/matcher",
                           "engine/finding"],
    "engine/state": ["engine/base", "engine/event", "engine/finding"],
    "engine/bus": ["engine/base", "engine/event", "engine/finding", "engine/state"],
    "engine/sink": ["engine/base", "engine/event", "engine/rule", "engine/finding", "engine/state"],
    # engine/pipeline.* and engine/accounting.*: the only code that knows both engine and parsers.
    "engine": ["engine/base", "engine/event", "engine/process_graph", "engine/rule", "engine/finding", "parsers",
               "engine/matcher", "engine/correlation", "engine/state", "engine/bus", "engine/sink"],
}
LAYERS["replay"] = LAYERS["engine"] + ["engine"]
# A stream is split and unpacked by the rules of a file.
LAYERS["ingest"] = LAYERS["replay"] + ["replay"]
# What others build on: it needs nothing of ours.
LAYERS["clients"] = []
LAYERS["cli"] = LAYERS["replay"] + ["replay", "ingest", "engine/report", "clients"]

# A heavy library is included by the files of one folder.
HEAVY = {
    "pugixml": ["parsers"],
    "simdjson": ["parsers"],
    "re2/": ["engine/matcher"],
    "yaml-cpp/": ["engine/rule"],
    "zmq": ["engine/bus", "ingest", "clients"],
    "librdkafka/": ["ingest"],
    "rocksdb/": ["engine/state"],
    "curl/": ["engine/sink"],
    "openssl/": ["engine/sink", "ingest"],
    "boost/asio": ["ingest"],
    "boost/beast": ["ingest"],
    "zlib": ["replay", "ingest"],
    "zstd": ["replay", "ingest"],
    "boost/graph/": ["engine/process_graph"],
    "spdlog/": ["cli"],
    "CLI/": ["cli"],
}

# Engine code never reads the wall clock: its clocks are event times. The one door is base/clock.
WALL_CLOCK = re.compile(r"system_clock::|steady_clock::|high_resolution_clock|\bgettimeofday\b|\bclock_gettime\b"
                        r"|\btime\s*\(\s*(nullptr|NULL|0)\s*\)|\blocaltime|\bgmtime")
CLOCK_DOOR = ("engine/base/clock.cpp",)

# g++ leaves out calls of functions that do nothing but ask for memory; the one door knows how to keep them.
PREFETCH = re.compile(r"__builtin_prefetch|\b_mm_prefetch")
PREFETCH_DOOR = ("engine/base/prefetch.h",)

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(path):
    """The longest layer that is a prefix of the path, or None."""
    found = [layer for layer in LAYERS if path.startswith(layer + "/")]
    return max(found, key=len) if found else None


def check_line(path, layer, line):
    """What is wrong with one line, or None."""
    include = INCLUDE.match(line)
    if include:
        kind, target = include.groups()
        if kind == '"':
            target_layer = layer_of(target)
            if target_layer is None:
                return f'"{target}" is in no layer: include from the root of the repository'
            if target_layer != layer and target_layer not in LAYERS[layer]:
                return f"{layer} may not include {target_layer} ({target})"
        for library, folders in HEAVY.items():
            if kind == "<" and target.startswith(library) and layer not in folders:
                return f"<{target}> belongs into {', '.join(folders)} only"
    code = line.split("//")[0]
    if WALL_CLOCK.search(code) and path not in CLOCK_DOOR and layer != "clients":
        return "reads the wall clock: ask a spoor::Clock (engine/base/clock.h)"
    if PREFETCH.search(code) and path not in PREFETCH_DOOR:
        return "may be left out by the compiler: call prefetch_line() (engine/base/prefetch.h)"
    return None


def check(root):
    breaches = []
    for folder in sorted({layer.split("/")[0] for layer in LAYERS}):
        for where, _, files in os.walk(os.path.join(root, folder)):
            for name in sorted(files):
                path = os.path.relpath(os.path.join(where, name), root)
                layer = layer_of(path)
                if not name.endswith((".h", ".cpp", ".inc")) or layer is None:
                    continue
                with open(os.path.join(root, path), encoding="utf-8") as source:
                    for number, line in enumerate(source, 1):
                        wrong = check_line(path, layer, line)
                        if wrong:
                            breaches.append(f"{path}:{number}: {wrong}")
    return breaches


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    breaches = check(sys.argv[1])
    print("\n".join(breaches) if breaches else "the layers are in order")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
