#!/usr/bin/env python3
"""What docs/ says of the metrics, the dashboard and the alert rules, against the metrics that `spoor run` has."""
import json
import os
import re
import subprocess
import unittest

from program import PATIENCE, ROOT, needs
from run_test import RunTest

MONITORING = os.path.join(ROOT, "docs/monitoring")
ALERTS = os.path.join(MONITORING, "spoor-alerts.yml")
NAME = re.compile(r"\bspoor_[a-z0-9_]+")


def text_of(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def dashboard():
    return json.loads(text_of("docs/monitoring/spoor-dashboard.json"))


def queries():
    """Those of the dashboard, with its variables filled in as Grafana does."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"].replace("$__rate_interval", "5m").replace("$__range", "6h")
            yield panel["title"], re.sub(r"\$(job|instance)\b", ".*", query)


class Monitoring(RunTest):
    def setUp(self):
        super().setUp()
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        config["sinks"] = [{"name": "soar", "type": "webhook", "url": "http://127.0.0.1:9/"}]
        self.path("spoor.yaml", json.dumps(config))

    def served(self):
        """The names of metrics, as their samples have them, and those of histograms apart."""
        engine = self.engine()
        self.wait_for(lambda: self.ask(engine.ports["admin"], "GET", "/readyz")[0] == 200, "it is ready")
        text = self.ask(engine.ports["admin"], "GET", "/metrics")[1].decode()
        self.assertEqual(engine.stop(), 0, engine.log)
        types = dict(re.findall(r"(?m)^# TYPE (\S+) (\S+)$", text))
        self.assertGreater(len(types), 30)
        return set(types), {name for name, kind in types.items() if kind == "histogram"}

    def test_what_is_named_is_there(self):
        names, histograms = self.served()
        rows = "".join(line for line in text_of("docs/operations.md").splitlines(True) if line.startswith("| `spoor_"))
        self.assertEqual(set(NAME.findall(rows)), names, "the table of docs/operations.md")
        self.assertLessEqual(set(NAME.findall(text_of("docs/operations.md"))) - {"spoor_evtx"}, names)
        samples = (names - histograms) | {name + end for name in histograms for end in ("_bucket", "_sum", "_count")}
        asked = [query for _, query in queries()] + [variable["definition"] for variable in dashboard()["templating"]["list"]
                                                     if "definition" in variable]
        self.assertGreater(len(asked), 20)
        used = set(NAME.findall(" ".join(asked)))
        self.assertEqual(used - samples, set(), "in the dashboard")
        expressions = " ".join(re.findall(r"(?m)^ +expr: (.*)$", text_of("docs/monitoring/spoor-alerts.yml")))
        self.assertEqual(set(NAME.findall(expressions)) - samples, set(), "in the alert rules")
        told = " ".join(re.findall(r"(?m)^ +(?:summary|description): (.*)$", text_of("docs/monitoring/spoor-alerts.yml")))
        self.assertEqual(set(NAME.findall(told)) - samples, set(), "in what alerts say")

    def test_panels_have_their_place(self):
        taken = set()
        panels = dashboard()["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        for panel in panels:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells
            self.assertTrue(panel["type"] == "row" or panel["targets"], panel["title"])

    def promtool(self, *arguments):
        result = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    @needs("promtool")
    def test_queries_and_rules_can_be_read(self):
        self.assertIn("SUCCESS", self.promtool("check", "rules", ALERTS))
        rules = [{"record": f"query:{number}", "expr": query} for number, (_, query) in enumerate(queries())]
        asked = self.path("queries.yml", json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
        self.assertIn(f"{len(rules)} rules found", self.promtool("check", "rules", asked))

    @needs("promtool")
    def test_alerts_fire_when_they_should(self):
        common = {"instance": "i", "job": "spoor"}

        def series(name, values, **labels):
            text = ",".join(f'{key}="{value}"' for key, value in {**common, **labels}.items())
            return {"series": f"{name}{{{text}}}", "values": values}

        cases = [("SpoorDown", [series("up", "0x60")], {}),
                 # Of two inputs one may fill three quarters of the queue.
                 ("SpoorOverloaded", [series("spoor_queue_bytes", "75x60"), series("spoor_queue_limit_bytes", "100x60"),
                                      series("spoor_input_stalls_total", "0+60x60", input="web"),
                                      series("spoor_input_stalls_total", "7x60", input="lines")], {"input": "web"}),
                 ("SpoorDeadLettersLost", [series("spoor_dead_letters_waiting", "2x60")], {}),
                 ("SpoorCannotRead", [series("spoor_events_total", "0+6x60", fate="dead_lettered"),
                                      series("spoor_received_events_total", "0+60x60")], {}),
                 ("SpoorForgetsProcesses", [series("spoor_coverage_gaps_total", "0x50 100x10", kind="evicted_processes")],
                  {"kind": "evicted_processes"}),
                 ("SpoorSinkBehind", [series("spoor_finding_sequence", "9x60"), series("spoor_sink_sequence", "4x60", sink="soar")],
                  {"sink": "soar"}),
                 ("SpoorInputSilent", [series("spoor_input_records_total", "5x90", input="web")], {"input": "web"}),
                 ("SpoorStateFull", [series("spoor_state_full", "1x60")], {}),
                 ("SpoorMiscounts", [series("spoor_accounting_residual", "1x60")], {})]
        quiet = [series("up", "1x60"), series("spoor_queue_bytes", "75x60"), series("spoor_queue_limit_bytes", "100x60"),
                 series("spoor_input_stalls_total", "7x60", input="web"), series("spoor_dead_letters_waiting", "0x60"),
                 series("spoor_dead_letters_lost_total", "3x60"),
                 series("spoor_events_total", "0x60", fate="dead_lettered"), series("spoor_received_events_total", "0+60x60"),
                 series("spoor_coverage_gaps_total", "7x60", kind="evicted_processes"), series("spoor_finding_sequence", "9x60"),
                 series("spoor_sink_sequence", "9x60", sink="soar"), series("spoor_input_records_total", "0+1x90", input="web"),
                 series("spoor_accounting_residual", "0x60"), series("spoor_state_full", "0x60")]
        for name, input_series, labels in cases:
            for fires, given in ((True, input_series), (False, quiet)):
                with self.subTest(name, fires=fires):
                    self.check_alert(name, given, dict(common, **labels) if fires else None)

    def check_alert(self, name, input_series, labels):
        """That it fires after an hour and no other way, with those labels; None: it does not."""
        with open(ALERTS, encoding="utf-8") as file:
            severity = re.search(rf"alert: {name}\n.*?severity: (\w+)", file.read(), re.S)[1]
        # What an alert says is not looked at here: promtool would have it word for word.
        text = re.sub(r"(?m)^ +(annotations|summary|description):.*\n", "", text_of("docs/monitoring/spoor-alerts.yml"))
        bare = self.path("bare.yml", text)
        expected = [{"exp_labels": dict(labels, severity=severity)}] if labels else []
        tests = self.path("tests.yml", json.dumps({"rule_files": [bare], "evaluation_interval": "1m", "tests": [
            {"interval": "1m", "input_series": input_series,
             "alert_rule_test": [{"eval_time": "60m", "alertname": name, "exp_alerts": expected}]}]}))
        self.promtool("test", "rules", tests)


if __name__ == "__main__":
    unittest.main()
