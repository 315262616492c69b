"""A subscriber for bus_test.py: writes what it gets, a line each, until it has all that the file `end` speaks of.

A line: sequence, level_sequence, uid, revision, status, topic, SHA-256 of the payload. Losses are lines that begin with LOST.
"""
import argparse
import hashlib
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../clients"))
import need_zmq  # noqa: E402, F401

from spoor_client import SpoorClient  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--bus", required=True)
parser.add_argument("--replay", required=True)
parser.add_argument("--output", required=True)
parser.add_argument("--end", required=True)
parser.add_argument("--consumer")
parser.add_argument("--topic", default="finding.")
parser.add_argument("--delay", type=float, default=0, help="at most so many seconds for each finding, by chance")
parser.add_argument("--nap", type=float, default=0, help="so many seconds for every 1,000th")
options = parser.parse_args()

dice = random.Random(options.output)
with open(options.output, "a", encoding="utf-8") as output:
    def lose(lost):
        output.write(f"LOST {lost}\n")
        output.flush()

    def done():
        if client.position is None or not os.path.exists(options.end):
            return False
        with open(options.end, encoding="ascii") as file:
            return client.position.sequence >= int(file.read())

    with SpoorClient(options.bus, options.replay, consumer=options.consumer, topic=options.topic, on_lost=lose) as client:
        count = 0
        while True:
            finding = client.next(0.2)
            if finding is None:
                if done():
                    break
                continue
            digest = hashlib.sha256(finding.payload).hexdigest()
            output.write(f"{finding.sequence} {finding.level_sequence} {finding.uid} {finding.revision} {finding.status} {finding.topic} {digest}\n")
            count += 1
            if options.delay:
                time.sleep(dice.uniform(0, options.delay))
            if options.nap and count % 1000 == 0:
                time.sleep(options.nap)
            if options.consumer and count % 50 == 0:
                output.flush()
                client.ack(finding)
        output.flush()
