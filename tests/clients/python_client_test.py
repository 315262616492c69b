#!/usr/bin/env python3
"""The Python client against a bus that drops, delays, repeats, restarts and forgets: each rule of the recipe."""
import logging
import os
import signal
import socket
import stat
import tempfile
import threading
import time
import unittest

import need_zmq  # noqa: F401  First: it finds the interpreter and the client.

import zmq
from fake_bus import PATIENCE, FakeBus, Store
from spoor_client import (IDLE_ACK_NUMBERS, Lost, Memory, Position, ProtocolError, RequestError, SpoorClient, Timeouts,
                          VersionError, read_key)

# Long enough for a busy machine to answer in, short enough to wait for.
QUICK = Timeouts(answer=0.3, silence=0.3, retry=0.05, renewal=5, handshake=0.5)
# Where requests are counted: asking again because the machine is busy would be one too many.
COUNTED = Timeouts(answer=2, silence=0.3, retry=0.05, renewal=5, handshake=0.5)


class ClientTest(unittest.TestCase):
    def setUp(self):
        logging.getLogger("spoor_client").setLevel(logging.CRITICAL)
        self.bus = FakeBus()
        self.addCleanup(lambda: self.bus.close())
        self.lost = []
        self.gaps = []

    def client(self, bus=None, plain=False, **options):
        bus = bus or self.bus
        options.setdefault("timeouts", Timeouts(answer=PATIENCE))
        client = SpoorClient(bus.bus_endpoint, None if plain else bus.replay_endpoint, on_lost=self.lost.append,
                             on_gap=self.gaps.append, **options)
        self.addCleanup(client.close)
        return client

    def connected(self, **options):
        """A client that has fetched what there is, and is subscribed."""
        client = self.client(**options)
        self.assertIsNone(client.next(0.01))
        self.bus.wait_for_subscriber()
        return client

    def take(self, client, count):
        findings = []
        until = time.monotonic() + PATIENCE
        while len(findings) < count:
            finding = client.next(0.2)
            if finding is not None:
                findings.append(finding)
            self.assertLess(time.monotonic(), until, f"{len(findings)} of {count} findings came")
        return findings

    def numbers(self, client, count):
        return [finding.sequence for finding in self.take(client, count)]

    def until(self, client, condition):
        """Lets the client work until something holds; nothing may be given meanwhile."""
        until = time.monotonic() + PATIENCE
        while not condition():
            self.assertIsNone(client.next(0.02))
            self.assertLess(time.monotonic(), until, "it never held")

    def back(self, client):
        """Waits until the client is subscribed again. A SUB socket sends its subscriptions anew when it is read from."""
        self.until(client, self.bus.has_subscriber)

    def beat_until(self, client, condition):
        def beaten():
            self.bus.heartbeat()
            return condition()
        self.until(client, beaten)


class Fetching(ClientTest):
    def test_what_was_before_comes_first_and_in_order(self):
        for _ in range(5):
            self.bus.add()
        client = self.client()
        self.assertEqual(self.numbers(client, 5), [1, 2, 3, 4, 5])
        self.bus.wait_for_subscriber()
        self.bus.publish()
        self.assertEqual(self.numbers(client, 1), [6])

    def test_more_than_one_answer_holds(self):
        self.bus.max_messages = 7
        for _ in range(50):
            self.bus.add()
        self.assertEqual(self.numbers(self.client(), 50), list(range(1, 51)))
        self.assertEqual([asked["from"] for asked in self.bus.asked("REPLAY")], [1, 8, 15, 22, 29, 36, 43, 50])

    def test_a_finding_says_what_it_is(self):
        self.bus.add(level="critical", rule="rule.with.dots", uid="f" * 32, revision=3, status="provisional", payload=b'{"a":"\xc3\xa4"}')
        finding = self.take(self.client(), 1)[0]
        self.assertEqual((finding.sequence, finding.level_sequence, finding.uid, finding.revision, finding.status, finding.level,
                          finding.rule_id, finding.topic, finding.instance, finding.epoch, finding.payload, finding.ocsf, finding.key),
                         (1, 1, "f" * 32, 3, "provisional", "critical", "rule.with.dots", "finding.critical.rule.with.dots", "a" * 32,
                          1, b'{"a":"\xc3\xa4"}', {"a": "ä"}, ("f" * 32, 3)))

    def test_numbers_are_not_doubles(self):
        self.bus.store.tail = 2**64 - 3
        self.bus.add()
        self.bus.add()
        self.assertEqual(self.numbers(self.client(), 2), [2**64 - 3, 2**64 - 2])

    def test_begin_now(self):
        for _ in range(3):
            self.bus.add()
        client = self.connected(start="now")
        self.until(client, lambda: client.position is not None)
        self.bus.publish()
        self.assertEqual(self.numbers(client, 1), [4])

    def test_begin_behind_a_position(self):
        for _ in range(5):
            self.bus.add()
        first = self.client()
        self.numbers(first, 3)
        self.assertEqual(first.position, Position("a" * 32, 3))
        self.assertEqual(self.numbers(self.client(start=first.position), 2), [4, 5])

    def test_a_position_of_other_numbers_is_none(self):
        self.bus.add()
        self.assertEqual(self.numbers(self.client(start=Position("b" * 32, 1)), 1), [1])

    def test_waiting_ends_and_nothing_is_lost_by_it(self):
        client = self.client()
        self.assertIsNone(client.next(0))
        self.bus.add()
        self.bus.wait_for_subscriber()
        self.bus.heartbeat()
        # Each call is too short for an answer; all of them together are not.
        until = time.monotonic() + PATIENCE
        while (finding := client.next(0)) is None:
            self.assertLess(time.monotonic(), until)
        self.assertEqual(finding.sequence, 1)
        self.assertEqual(len(self.bus.asked("HELLO")), 1)


class Gaps(ClientTest):
    def test_a_lost_message_is_seen_by_the_next(self):
        client = self.connected()
        self.bus.publish()
        self.bus.add()
        self.bus.publish()
        self.assertEqual(self.numbers(client, 3), [1, 2, 3])

    def test_a_lost_message_is_seen_by_the_heartbeat(self):
        client = self.connected()
        self.bus.add()
        self.bus.heartbeat()
        self.assertEqual(self.numbers(client, 1), [1])

    def test_what_comes_twice_is_given_once(self):
        client = self.connected()
        first = self.bus.add()
        self.bus.send(first)
        self.bus.send(first)
        self.bus.publish()
        self.bus.send(first)
        self.bus.publish()
        self.assertEqual(self.numbers(client, 3), [1, 2, 3])
        self.assertEqual(len(self.bus.asked("REPLAY")), 1)

    def test_what_comes_in_another_order_is_given_in_order(self):
        client = self.connected()
        messages = [self.bus.add() for _ in range(6)]
        for index in (2, 0, 5, 1, 4, 3):
            self.bus.send(messages[index])
        self.assertEqual(self.numbers(client, 6), [1, 2, 3, 4, 5, 6])
        self.bus.publish()
        self.assertEqual(self.numbers(client, 1), [7])

    def test_what_was_published_while_one_fetched_is_given_once(self):
        messages = [self.bus.add() for _ in range(4)]
        client = self.client()
        self.bus.wait_for_subscriber()
        for message in messages:
            self.bus.send(message)
        self.bus.publish()
        self.assertEqual(self.numbers(client, 5), [1, 2, 3, 4, 5])

    def test_a_message_that_cannot_be_read_is_fetched(self):
        client = self.connected()
        for broken in ([b"finding.high.r1", b"{", b"{}"], [b"finding.high.r1", b"[1]", b"{}"], [b"finding.high.r1"],
                       [b"finding.high.r1", b'{"v":1,"seq":"1"}', b"{}"], [b"finding.", b"{}", b"{}"], [b"heartbeat", b"", b""],
                       [b"gap.x", b"{}", b"{}"]):
            self.bus.send(broken)
        self.bus.add()
        self.bus.publish()
        self.assertEqual(self.numbers(client, 2), [1, 2])

    def test_topics_that_are_not_known_are_passed_over(self):
        client = self.connected()
        self.bus.send([b"finding.unheard-of.r1", b'{"v":1,"seq":0}', b""])
        self.bus.send([b"heartbeat.new", b"?", b""])
        self.bus.publish()
        self.assertEqual(self.numbers(client, 1), [1])

    def test_a_later_version_is_not_guessed_at(self):
        client = self.connected()
        self.bus.heartbeat(v=2)
        with self.assertRaisesRegex(VersionError, "version 2"):
            self.take(client, 1)

    def test_a_slow_reader_misses_nothing(self):
        client = self.connected(queued=1)
        payload = b'"%s"' % (b"x" * 20000)
        for _ in range(400):
            self.bus.publish(payload=payload)
        self.bus.heartbeat()
        self.assertEqual(self.numbers(client, 400), list(range(1, 401)))


class NarrowTopics(ClientTest):
    def test_other_topics_are_left_out(self):
        for level in ("low", "critical", "low", "critical"):
            self.bus.add(level=level)
        client = self.connected(topic="finding.critical.", start="now")
        self.until(client, lambda: client.position == Position("a" * 32, 4))
        self.bus.publish(level="low")
        self.bus.publish(level="critical")
        self.bus.publish(level="low")
        self.bus.add(level="critical")
        self.bus.heartbeat()
        self.assertEqual(self.numbers(client, 2), [6, 8])
        self.assertEqual({asked["prefix"] for asked in self.bus.asked("REPLAY")}, {"finding.critical."})

    def test_the_position_is_past_what_is_not_wanted(self):
        client = self.connected(topic="finding.critical.")
        self.bus.publish(level="low")
        self.bus.heartbeat()
        self.until(client, lambda: client.position == Position("a" * 32, 1))
        asked = len(self.bus.asked("REPLAY"))
        self.bus.heartbeat()
        seen = client.last_heartbeat
        self.until(client, lambda: client.last_heartbeat is not seen)
        self.assertEqual(len(self.bus.asked("REPLAY")), asked)

    def test_one_rule(self):
        for rule in ("r1", "r2", "r1"):
            self.bus.add(rule=rule)
        self.assertEqual(self.numbers(self.client(topic="finding.high.r1"), 2), [1, 3])

    def test_what_is_no_topic_of_findings_is_refused(self):
        for topic in ("", "find", "heartbeat", "critical"):
            with self.subTest(topic), self.assertRaises(ValueError):
                self.client(topic=topic)


class Retention(ClientTest):
    def test_what_is_no_more_is_told(self):
        client = self.connected()
        self.bus.publish()
        self.assertEqual(self.numbers(client, 1), [1])
        for _ in range(9):
            self.bus.add()
        self.bus.store.forget(6)
        self.bus.heartbeat()
        self.assertEqual(self.numbers(client, 4), [7, 8, 9, 10])
        self.assertEqual(self.lost, [Lost(2, 6, "a" * 32)])

    def test_a_consumer_that_was_away_for_too_long_is_told(self):
        for _ in range(9):
            self.bus.add()
        self.bus.store.cursors["c"] = 3
        self.bus.store.forget(5)
        self.assertEqual(self.numbers(self.client(consumer="c"), 4), [6, 7, 8, 9])
        self.assertEqual(self.lost, [Lost(4, 5, "a" * 32)])

    def test_all_of_it_is_no_more(self):
        client = self.connected()
        self.bus.publish()
        self.numbers(client, 1)
        for _ in range(3):
            self.bus.add()
        self.bus.store.forget(4)
        self.bus.publish()
        self.assertEqual(self.numbers(client, 1), [5])
        self.assertEqual(self.lost, [Lost(2, 4, "a" * 32)])

    def test_who_begins_has_lost_nothing(self):
        for _ in range(5):
            self.bus.add()
        self.bus.store.forget(3)
        self.assertEqual(self.numbers(self.client(consumer="new"), 2), [4, 5])
        self.assertEqual(self.lost, [])


class Consumers(ClientTest):
    def test_goes_on_behind_what_was_acknowledged(self):
        for _ in range(5):
            self.bus.add()
        with self.client(consumer="c") as client:
            findings = self.take(client, 4)
            self.assertTrue(client.ack(findings[2]))
        self.assertEqual(self.bus.store.cursors, {"c": 3})
        self.assertEqual(self.numbers(self.client(consumer="c"), 2), [4, 5])
        self.assertEqual(self.numbers(self.client(consumer="d"), 5), [1, 2, 3, 4, 5])

    def test_nothing_is_acknowledged_that_was_not(self):
        self.bus.add()
        with self.client(consumer="c") as client:
            self.take(client, 1)
        self.assertEqual((self.bus.store.cursors, self.bus.asked("ACK")), ({}, []))

    def test_an_older_acknowledgement_asks_nobody(self):
        for _ in range(2):
            self.bus.add()
        client = self.client(consumer="c")
        first, second = self.take(client, 2)
        self.assertTrue(client.ack(second))
        self.assertTrue(client.ack(first))
        self.assertEqual([asked["seq"] for asked in self.bus.asked("ACK")], [2])
        self.assertEqual(self.bus.asked("ACK")[0]["instance"], "a" * 32)

    def test_an_acknowledgement_without_answer_is_told_again(self):
        client = self.connected(consumer="c", timeouts=COUNTED)
        self.bus.publish()
        finding = self.take(client, 1)[0]
        self.bus.script = ["ignore"]
        self.assertFalse(client.ack(finding))
        self.beat_until(client, lambda: self.bus.store.cursors.get("c") == 1)

    def test_an_engine_that_is_away_holds_up_one_acknowledgement_not_each(self):
        for _ in range(50):
            self.bus.add()
        client = self.client(consumer="c", timeouts=Timeouts(answer=1))
        findings = self.take(client, 50)
        self.bus.script = ["ignore"] * 50
        self.assertFalse(any(client.ack(finding) for finding in findings))
        self.assertLess(len(self.bus.asked("ACK")), 10)
        self.bus.script = []
        self.bus.wait_for_subscriber()
        self.beat_until(client, lambda: self.bus.store.cursors == {"c": 50})

    def test_close_tells_what_is_not_told_yet(self):
        self.bus.add()
        client = self.client(consumer="c", timeouts=COUNTED)
        finding = self.take(client, 1)[0]
        self.bus.script = ["ignore"]
        self.assertFalse(client.ack(finding))
        client.close()
        self.assertEqual(self.bus.store.cursors, {"c": 1})
        client.close()

    def test_numbers_of_other_topics_are_acknowledged_along(self):
        client = self.connected(consumer="c", topic="finding.critical.")
        self.bus.publish(level="critical")
        finding = self.take(client, 1)[0]
        for _ in range(IDLE_ACK_NUMBERS):
            self.bus.add(level="low")
        self.bus.heartbeat()
        self.until(client, lambda: client.position == Position("a" * 32, 1 + IDLE_ACK_NUMBERS))
        self.bus.heartbeat()
        seen = client.last_heartbeat
        self.until(client, lambda: client.last_heartbeat is not seen)
        self.assertEqual(self.bus.store.cursors, {}, "before the finding is acknowledged nothing behind it is")
        self.assertTrue(client.ack(finding))
        self.beat_until(client, lambda: self.bus.store.cursors == {"c": 1 + IDLE_ACK_NUMBERS})

    def test_begin_now_is_remembered(self):
        self.bus.add()
        with self.client(consumer="c", start="now") as client:
            self.until(client, lambda: self.bus.store.cursors == {"c": 1})
        self.bus.add()
        self.assertEqual(self.numbers(self.client(consumer="c", start="now"), 1), [2])

    def test_acknowledging_beyond_what_there_is_asks_anew(self):
        client = self.connected(consumer="c")
        for _ in range(3):
            self.bus.publish()
        finding = self.take(client, 3)[2]
        self.bus.store.messages = self.bus.store.messages[:1]
        self.assertFalse(client.ack(finding))
        self.bus.add(uid="e" * 32)
        self.assertEqual([one.uid for one in self.take(client, 1)], ["e" * 32])

    def test_needs_a_name_and_the_replay_socket(self):
        for options in ({"consumer": "with space"}, {"consumer": ""}, {"consumer": "x" * 65}, {"plain": True, "consumer": "c"},
                        {"plain": True, "start": "now"}):
            with self.subTest(options), self.assertRaises(ValueError):
                self.client(**options)
        self.bus.add()
        client = self.client()
        with self.assertRaises(ValueError):
            client.ack(self.take(client, 1)[0])


class Requests(ClientTest):
    def test_no_answer_is_asked_again_over_a_new_connection(self):
        for command, script in (("HELLO", ["ignore", "ignore"]), ("REPLAY", ["", "ignore", "ignore"])):
            with self.subTest(command):
                self.bus.script = script
                self.bus.requests.clear()
                self.bus.peers.clear()
                self.bus.add()
                client = self.client(timeouts=COUNTED)
                self.take(client, self.bus.store.sequence)
                self.assertEqual(len(self.bus.asked(command)), 3)
                self.assertEqual(len(set(self.bus.peers)), 3)

    def test_a_late_answer_is_not_taken_for_another(self):
        self.bus.max_messages = 2
        for _ in range(10):
            self.bus.add()
        self.bus.script = ["late", "", "late", "", "late"]
        client = self.client(timeouts=QUICK)
        self.assertEqual(self.numbers(client, 10), list(range(1, 11)))

    def test_answers_find_their_questions(self):
        self.bus.max_messages = 1
        for _ in range(3):
            self.bus.add()
        self.bus.script = ["", "", "late"]
        client = self.client(consumer="c")
        first = self.take(client, 1)[0]
        self.assertIsNone(client.next(0.05))
        self.until(client, lambda: len(self.bus.asked("REPLAY")) == 2)
        self.bus.script = ["late"]
        self.assertTrue(client.ack(first), "the answer to REPLAY came first")
        self.assertEqual(self.numbers(client, 2), [2, 3])
        self.assertEqual(len(self.bus.asked("REPLAY")), 3)

    def test_an_answer_that_comes_while_nobody_asks_is_there_later(self):
        self.bus.add()
        self.bus.script = ["late"]
        client = self.client()
        self.assertIsNone(client.next(0.05))
        self.assertEqual(self.numbers(client, 1), [1])
        self.assertEqual(len(self.bus.asked("HELLO")), 1)

    def test_unavailable_is_asked_again(self):
        self.bus.add()
        self.bus.script = ["unavailable", "unavailable", "", "unavailable"]
        self.assertEqual(self.numbers(self.client(timeouts=QUICK), 1), [1])

    def test_a_refusal_is_told(self):
        self.bus.script = ["forbidden"]
        with self.assertRaises(RequestError) as caught:
            self.client().next(PATIENCE)
        self.assertEqual(caught.exception.code, "forbidden")

    def test_other_commands_can_be_asked(self):
        client = self.client(timeouts=COUNTED)
        self.assertEqual(client.ask("STATS")["stats"], {"bad_requests": 0})
        with self.assertRaises(RequestError) as caught:
            client.ask("DANCE", high=True)
        self.assertEqual(caught.exception.code, "unknown_command")
        self.bus.script = ["ignore"] * 3
        with self.assertRaises(TimeoutError):
            client.ask("STATS")

    def test_answers_that_are_wrong_are_not_believed(self):
        wrong = {"count": {"count": 7}, "no way on": {"next": 1, "count": 0}, "not ascending": {"next": 2}, "no number": {"seq": "many"}}
        for name, change in wrong.items():
            with self.subTest(name):
                bus = FakeBus()
                self.addCleanup(bus.close)
                for _ in range(3):
                    bus.add()
                truth = bus._ok
                bus._ok = lambda arguments, header, frames=(), change=change, truth=truth: truth(
                    arguments, {**header, **change} if "next" in header else header, [] if change.get("count") == 0 else frames)
                with self.assertRaises(ProtocolError):
                    self.take(self.client(bus), 3)


class Restarts(ClientTest):
    def test_the_same_numbers_go_on(self):
        client = self.connected(timeouts=COUNTED)
        self.bus.publish()
        self.assertEqual(self.numbers(client, 1), [1])
        self.bus.restart()
        self.bus.add()
        self.back(client)
        self.bus.heartbeat()
        self.assertEqual(self.numbers(client, 1), [2])
        self.assertEqual(len(self.bus.asked("HELLO")), 1)

    def test_other_numbers_are_begun_anew(self):
        client = self.connected(timeouts=QUICK)
        for _ in range(3):
            self.bus.publish()
        self.numbers(client, 3)
        other = Store("b" * 32)
        for index in range(5):
            other.add(uid=f"{index:031x}f")
        self.bus.restart(other)
        self.back(client)
        self.bus.heartbeat()
        findings = self.take(client, 5)
        self.assertEqual([(one.sequence, one.instance) for one in findings], [(index, "b" * 32) for index in range(1, 6)])
        self.assertEqual(client.position, Position("b" * 32, 5))

    def test_other_numbers_are_seen_where_there_are_as_many(self):
        client = self.connected(timeouts=QUICK)
        self.bus.publish()
        self.numbers(client, 1)
        other = Store("b" * 32)
        other.add(uid="e" * 32)
        self.bus.restart(other)
        self.back(client)
        self.bus.heartbeat()
        self.assertEqual([(one.sequence, one.uid) for one in self.take(client, 1)], [(1, "e" * 32)])

    def test_other_numbers_are_seen_by_a_finding_too(self):
        client = self.connected(timeouts=QUICK)
        self.bus.restart(Store("b" * 32))
        self.back(client)
        self.bus.add()
        self.bus.publish()
        self.assertEqual([(one.sequence, one.instance) for one in self.take(client, 2)], [(1, "b" * 32), (2, "b" * 32)])

    def test_what_is_left_of_the_numbers_before_is_dropped(self):
        client = self.connected(timeouts=QUICK)
        old = self.bus.add()
        self.bus.send(old)
        self.numbers(client, 1)
        self.bus.restart(Store("b" * 32))
        self.back(client)
        self.bus.publish(uid="e" * 32)
        self.assertEqual([one.uid for one in self.take(client, 1)], ["e" * 32])
        asked = len(self.bus.asked("HELLO"))
        for _ in range(20):
            self.bus.send(old)
        self.bus.publish(uid="d" * 32)
        self.assertEqual([one.uid for one in self.take(client, 1)], ["d" * 32])
        self.assertEqual(len(self.bus.asked("HELLO")), asked)

    def test_findings_that_are_known_come_once_under_other_numbers(self):
        client = self.connected(timeouts=QUICK)
        self.bus.publish(uid="1" * 32)
        self.bus.publish(uid="2" * 32, revision=1, status="provisional")
        self.numbers(client, 2)
        other = Store("b" * 32)
        other.add(uid="1" * 32)
        other.add(uid="2" * 32, revision=1, status="provisional")
        other.add(uid="2" * 32, revision=2, status="final")
        self.bus.restart(other)
        self.back(client)
        self.bus.heartbeat()
        self.assertEqual([one.key for one in self.take(client, 1)], [("2" * 32, 2)])

    def test_a_consumer_goes_on_with_its_cursor_among_other_numbers(self):
        client = self.connected(timeouts=QUICK, consumer="c")
        self.bus.publish()
        old = self.take(client, 1)[0]
        other = Store("b" * 32)
        for index in range(4):
            other.add(uid=f"{index:031x}f")
        other.cursors["c"] = 2
        self.bus.restart(other)
        self.back(client)
        self.bus.heartbeat()
        findings = self.take(client, 2)
        self.assertEqual([one.sequence for one in findings], [3, 4])
        self.assertFalse(client.ack(old), "of numbers that are no more")
        self.assertTrue(client.ack(findings[1]))
        self.assertEqual(other.cursors, {"c": 4})

    def test_a_state_that_was_put_back_is_read_from_its_beginning(self):
        client = self.connected(timeouts=QUICK)
        for _ in range(5):
            self.bus.publish()
        self.numbers(client, 5)
        copy = Store()
        copy.add()
        copy.add(uid="e" * 32)
        self.bus.restart(copy)
        self.back(client)
        self.bus.heartbeat()
        findings = self.take(client, 1)
        self.assertEqual([(one.sequence, one.uid) for one in findings], [(2, "e" * 32)])
        self.assertEqual(self.lost, [])

    def test_a_state_that_was_put_back_is_seen_by_its_start_too(self):
        client = self.connected(timeouts=QUICK)
        self.bus.store.epoch = 9
        for _ in range(2):
            self.bus.publish()
        self.bus.heartbeat()
        self.numbers(client, 2)
        seen = client.last_heartbeat
        self.bus.heartbeat()
        self.until(client, lambda: client.last_heartbeat is not seen)
        copy = Store()
        for uid in ("c", "d", "e"):
            copy.add(uid=uid * 32)
        self.bus.restart(copy)
        self.back(client)
        self.bus.heartbeat()
        self.assertEqual([one.uid[0] for one in self.take(client, 3)], ["c", "d", "e"])

    def test_other_numbers_while_one_fetches(self):
        for name, instance, count in [("other", "b", 4), ("put back", "a", 1)]:
            with self.subTest(name):
                bus = FakeBus(max_messages=2)
                self.addCleanup(bus.close)
                for _ in range(6):
                    bus.add()
                client = self.client(bus)
                self.assertEqual(self.numbers(client, 2), [1, 2])
                bus.store = Store(instance * 32)
                for index in range(count):
                    bus.store.add(uid=f"{index:031x}f")
                self.assertEqual([one.uid[-1] + str(one.sequence) for one in self.take(client, count)],
                                 [f"f{index + 1}" for index in range(count)])
                self.assertEqual(self.lost, [])

    def test_a_heartbeat_that_was_on_its_way_changes_nothing(self):
        for _ in range(4):
            self.bus.add()
        client = self.client()
        self.numbers(client, 4)
        self.bus.wait_for_subscriber()
        self.bus.heartbeat(seq=2)
        self.until(client, lambda: len(self.bus.asked("HELLO")) == 2)
        self.bus.publish()
        self.assertEqual(self.numbers(client, 1), [5])
        self.assertEqual(len(self.bus.asked("REPLAY")), 1)

    def test_many_heartbeats_that_waited_are_one(self):
        for _ in range(4):
            self.bus.add()
        client = self.client()
        self.numbers(client, 4)
        self.bus.wait_for_subscriber()
        for _ in range(100):
            self.bus.heartbeat(seq=2)
        self.bus.publish()
        self.assertEqual(self.numbers(client, 1), [5])
        self.assertLess(len(self.bus.asked("HELLO")), 20)

    def test_an_engine_that_is_away_at_first_is_waited_for(self):
        self.bus.stop()
        client = self.client(timeouts=QUICK)
        self.assertIsNone(client.next(1))
        self.bus.start()
        self.bus.add()
        self.assertEqual(self.numbers(client, 1), [1])


class Cut(ClientTest):
    def test_a_connection_that_leads_nowhere_is_made_anew(self):
        """A forwarder that swallows everything and closes nothing: a subscriber only sees that it hears nothing."""
        forwarder = Forwarder(self.bus.bus_endpoint)
        self.addCleanup(forwarder.close)
        client = SpoorClient(forwarder.endpoint, self.bus.replay_endpoint, timeouts=Timeouts(renewal=0.5))
        self.addCleanup(client.close)
        self.assertIsNone(client.next(0.1))
        self.bus.wait_for_subscriber()
        # It may be between two connections, where it hears no message; what it missed it sees by a heartbeat.
        self.bus.publish()
        self.beat_until_given(client, 1)
        forwarder.swallow()
        before = forwarder.connections
        self.bus.add()
        until = time.monotonic() + PATIENCE
        while forwarder.connections == before:
            self.assertIsNone(client.next(0.05))
            self.assertLess(time.monotonic(), until, "no new connection")
        self.beat_until_given(client, 2)

    def beat_until_given(self, client, number):
        until = time.monotonic() + PATIENCE
        while True:
            self.bus.heartbeat()
            finding = client.next(0.05)
            if finding is not None:
                self.assertEqual(finding.sequence, number)
                return
            self.assertLess(time.monotonic(), until)


class Forwarder:
    """TCP in between. `swallow()`: what goes over the connections there are now is lost, silently."""

    def __init__(self, endpoint):
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        self._to = host, int(port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "tcp://127.0.0.1:%d" % self._listener.getsockname()[1]
        self.connections = 0
        self._sockets = []
        self._swallowed = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._to)
            except OSError:
                return
            self.connections += 1
            self._sockets += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source, target):
        try:
            while data := source.recv(65536):
                if source not in self._swallowed:
                    target.sendall(data)
            if source not in self._swallowed:
                target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def swallow(self):
        self._swallowed = set(self._sockets)

    def close(self):
        self._listener.close()
        for one in self._sockets:
            one.close()


class Life(ClientTest):
    def test_heartbeats_show_that_the_engine_lives(self):
        beats = []
        client = SpoorClient(self.bus.bus_endpoint, self.bus.replay_endpoint, on_heartbeat=beats.append, timeouts=QUICK)
        self.addCleanup(client.close)
        self.assertIsNone(client.next(0.1))
        self.assertFalse(client.is_alive)
        self.bus.wait_for_subscriber()
        self.beat_until(client, lambda: client.is_alive)
        self.assertEqual((beats[0].instance, beats[0].epoch, beats[0].sequence, beats[0].tail), ("a" * 32, 1, 0, 1))
        self.assertEqual(client.last_heartbeat, beats[-1])
        self.until(client, lambda: not client.is_alive)

    def test_gaps_of_the_engine_are_told_once(self):
        client = self.connected()
        self.bus.gap(1, "late_events", 3, 3)
        self.bus.gap(1, "late_events", 3, 3)
        self.bus.gap(2, "evicted_by_limit", 1, 1)
        self.bus.heartbeat(gaps=2)
        seen = client.last_heartbeat
        self.until(client, lambda: client.last_heartbeat is not seen)
        self.assertEqual([(gap.kind, gap.count, gap.total, gap.number) for gap in self.gaps],
                         [("late_events", 3, 3, 1), ("evicted_by_limit", 1, 1, 2)])

    def test_a_message_about_a_gap_that_was_lost_is_told(self):
        client = self.connected()
        self.bus.heartbeat(gaps=4)
        self.bus.heartbeat(gaps=4)
        self.until(client, lambda: self.gaps)
        self.bus.gap(5)
        self.until(client, lambda: len(self.gaps) == 2)
        self.assertEqual([(gap.kind, gap.number) for gap in self.gaps], [("", 4), ("late_events", 5)])

    def test_stop_ends_the_iteration(self):
        client = self.client()
        timer = threading.Timer(0.2, client.stop)
        timer.start()
        self.assertEqual(list(client), [])
        timer.join()

    def test_stop_ends_the_wait_for_an_engine_that_is_away(self):
        self.bus.stop()
        client = self.client()
        timer = threading.Timer(0.2, client.stop)
        timer.start()
        self.assertEqual(list(client), [])
        timer.join()
        self.bus.start()

    def test_stop_may_be_called_by_a_signal_handler(self):
        client = self.client()
        before = signal.signal(signal.SIGALRM, lambda *_: client.stop())
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        self.assertEqual(list(client), [])


class Plain(ClientTest):
    """Without the replay socket."""

    def begun(self, **options):
        client = self.client(plain=True, **options)
        self.bus.wait_for_subscriber()
        return client

    def test_gives_what_comes(self):
        for _ in range(3):
            self.bus.add()
        client = self.begun()
        self.bus.publish()
        self.bus.publish()
        self.assertEqual(self.numbers(client, 2), [4, 5])
        self.assertEqual((self.lost, self.bus.requests), ([], []))

    def test_tells_of_a_loss(self):
        client = self.begun()
        self.bus.publish()
        self.bus.add()
        self.bus.publish()
        self.assertEqual(self.numbers(client, 2), [1, 3])
        self.assertEqual(self.lost, [Lost(2, 2, "a" * 32)])
        self.bus.add()
        self.bus.heartbeat()
        self.until(client, lambda: len(self.lost) == 2)
        self.assertEqual(self.lost[1], Lost(4, 4, "a" * 32))

    def test_tells_of_a_loss_in_one_level_by_the_numbers_of_the_level(self):
        client = self.begun(topic="finding.critical.")
        self.bus.publish(level="critical")
        self.bus.publish(level="low")
        self.bus.publish(level="critical")
        self.assertEqual(self.numbers(client, 2), [1, 3])
        self.assertEqual(self.lost, [])
        self.bus.add(level="critical")
        self.bus.publish(level="critical")
        self.assertEqual(self.numbers(client, 1), [5])
        self.assertEqual(self.lost, [Lost(3, 3, "a" * 32, "critical")])
        self.bus.add(level="critical")
        self.bus.heartbeat()
        self.until(client, lambda: len(self.lost) == 2)
        self.assertEqual(self.lost[1], Lost(5, 5, "a" * 32, "critical"))

    def test_does_not_guess_at_losses_of_one_rule(self):
        client = self.begun(topic="finding.high.r1")
        self.bus.publish(rule="r1")
        self.bus.publish(rule="r2")
        self.bus.publish(rule="r1")
        self.bus.heartbeat()
        self.assertEqual(self.numbers(client, 2), [1, 3])
        self.until(client, lambda: client.last_heartbeat is not None)
        self.assertEqual(self.lost, [])

    def test_other_numbers_are_taken(self):
        client = self.begun()
        for _ in range(3):
            self.bus.publish()
        self.numbers(client, 3)
        self.bus.restart(Store("b" * 32))
        self.back(client)
        self.bus.publish(uid="e" * 32)
        self.assertEqual([(one.sequence, one.uid) for one in self.take(client, 1)], [(1, "e" * 32)])

    def test_a_state_that_was_put_back_is_taken(self):
        client = self.begun()
        for _ in range(3):
            self.bus.publish()
        self.numbers(client, 3)
        self.bus.restart(Store())
        self.back(client)
        self.bus.heartbeat()
        self.until(client, lambda: client.last_heartbeat is not None and client.last_heartbeat.sequence == 0)
        self.bus.publish(uid="e" * 32)
        self.assertEqual([one.uid for one in self.take(client, 1)], ["e" * 32])


class Keys(ClientTest):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, content, mode=0o600):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, mode)
        return path

    def test_curve(self):
        public, secret = zmq.curve_keypair()
        _, own = zmq.curve_keypair()
        bus = FakeBus(curve=secret)
        self.addCleanup(bus.close)
        bus.add()
        server_key = self.file("server.pub", b"# the engine's\n" + public + b"\n")
        client = self.client(bus, server_key_file=server_key, key_file=self.file("own", own + b"\n"))
        self.assertEqual(self.numbers(client, 1), [1])
        bus.wait_for_subscriber()
        bus.publish()
        self.assertEqual(self.numbers(client, 1), [2])

    def test_another_servers_key_gets_nothing(self):
        _, secret = zmq.curve_keypair()
        other, own = zmq.curve_keypair()
        bus = FakeBus(curve=secret)
        self.addCleanup(bus.close)
        bus.add()
        client = self.client(bus, server_key_file=self.file("server.pub", other), key_file=self.file("own", own), timeouts=QUICK)
        self.assertIsNone(client.next(1))
        self.assertEqual(bus.requests, [])

    def test_what_is_no_key_is_refused(self):
        public, _ = zmq.curve_keypair()
        for content in (b"", b"short", public + b"\n" + public, public + b"x", b"\xff" * 40, public[:-1] + b" "):
            with self.subTest(content), self.assertRaisesRegex(ValueError, "not a key"):
                read_key(self.file("key", content), secret=False)
        with self.assertRaises(ValueError):
            self.client(server_key_file=self.file("key", public))

    def test_a_secret_that_others_may_read_is_warned_of(self):
        _, own = zmq.curve_keypair()
        logging.getLogger("spoor_client").setLevel(logging.WARNING)
        with self.assertLogs("spoor_client", "WARNING") as logs:
            read_key(self.file("key", own, stat.S_IRUSR | stat.S_IRGRP), secret=True)
        self.assertIn("others may read it", logs.output[0])
        with self.assertNoLogs("spoor_client", "WARNING"):
            read_key(self.file("key", own), secret=True)


class Remembering(unittest.TestCase):
    def test_has_a_bound_and_keeps_the_latest(self):
        memory = Memory(3)
        keys = [(str(index), 1, "final") for index in range(5)]
        self.assertTrue(all(memory.is_new(key) for key in keys[:3]))
        self.assertFalse(memory.is_new(keys[0]))
        self.assertTrue(memory.is_new(keys[3]))
        self.assertEqual(len(memory), 3)
        self.assertFalse(memory.is_new(keys[0]), "used since")
        self.assertTrue(memory.is_new(keys[1]), "the oldest was forgotten")


if __name__ == "__main__":
    unittest.main(verbosity=1)
