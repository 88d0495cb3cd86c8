#!/usr/bin/env python3
"""Silences and inhibition as people use them: Alertmanager's own amtool and `tocsin silence` against the real service.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/amtool_test.py [-k NAME]

amtool is Debian's (prometheus-alertmanager, 0.25); without it its tests are skipped, unless TOCSIN_COUNTERPARTS_REQUIRED is set.
"""

import json
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from service import BUILD, Simulator, Tocsin, await_, get_json  # noqa: E402

RULES = """
monitors:
- name: cluster-down
  query: max by (cluster) (down)
  threshold: {critical: "> 0"}
- name: slow
  query: max by (cluster, team) (latency)
  threshold: {warning: "> 1"}
  annotations: {summary: "slow in {{ $labels.cluster }}"}
- name: tried
  query: max by (cluster) (latency)
  threshold: {critical: "> 1"}
  mode: shadow
"""
CONFIG = """
external_labels: {site: north}
inhibit_rules:
- {source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [cluster]}
"""


def find_amtool():
    extracted = os.path.join(BUILD, "counterparts", "usr", "bin", "amtool")
    return shutil.which("amtool") or (extracted if os.path.exists(extracted) else None)


AMTOOL = find_amtool()


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


class Suppression(unittest.TestCase):
    def setUp(self):
        self.simulator = Simulator()
        self.addCleanup(self.simulator.stop)
        self.tocsin = Tocsin(self.simulator.url, RULES, CONFIG)
        self.addCleanup(self.tocsin.close)
        self.tocsin.start()

    def alerts(self, query=""):
        return {alert["labels"]["alertname"]: alert for alert in get_json(self.tocsin.admin + "/api/v2/alerts" + query)}

    def fire(self):
        self.tocsin.push("latency", 5, "cluster=a", "team=x")
        await_("slow fires", lambda: "slow" in self.alerts())

    def command(self, *words):
        return run(f"{BUILD}/tocsin", "silence", *words, "--server", self.tocsin.admin)

    def said(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.strip()


@unittest.skipIf(AMTOOL is None and not os.environ.get("TOCSIN_COUNTERPARTS_REQUIRED"),
                 "amtool is not here: ./dev test --ci fetches it")
class Amtool(Suppression):
    def amtool(self, *words):
        self.assertIsNotNone(AMTOOL, "amtool is required")
        return run(AMTOOL, "--alertmanager.url", self.tocsin.admin, *words)

    def silences(self, *words):
        return json.loads(self.said(self.amtool("-o", "json", "silence", "query", *words)))

    def test_silences(self):
        made = self.said(self.amtool("silence", "add", "slow", "team=~x|y", "zone!=eu", "--comment", "why", "--author", "me",
                                     "--duration", "2h"))
        [silence] = self.silences()
        self.assertEqual(silence["id"], made)
        self.assertEqual((silence["createdBy"], silence["comment"]), ("me", "why"))
        self.assertEqual({(m["name"], m["value"], m["isRegex"], m["isEqual"]) for m in silence["matchers"]},
                         {("alertname", "slow", False, True), ("team", "x|y", True, True), ("zone", "eu", False, False)})
        self.assertIn(made, self.said(self.amtool("silence", "query")))
        self.assertEqual(self.silences("alertname=slow")[0]["id"], made)
        self.assertEqual(self.silences("alertname=other"), [])

        self.said(self.amtool("silence", "update", made, "--duration", "3h", "--comment", "longer"))
        [updated] = self.silences()
        self.assertEqual((updated["id"], updated["comment"]), (made, "longer"))
        self.assertGreater(updated["endsAt"], silence["endsAt"])

        self.said(self.amtool("silence", "expire", made))
        self.assertEqual(self.silences(), [])
        self.assertEqual(self.silences("--expired")[0]["id"], made)
        unknown = self.amtool("silence", "expire", "11111111-2222-4333-8444-555555555555")
        self.assertNotEqual(unknown.returncode, 0)

    def test_silences_survive_kill(self):
        made = self.said(self.amtool("silence", "add", "slow", "--comment", "why"))
        self.tocsin.kill()
        self.tocsin.start()
        self.assertEqual(self.silences()[0]["id"], made)

    def test_refusals_are_shown(self):
        refused = self.amtool("silence", "add", "team=~.*", "--comment", "why")
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("at least one matcher must not match the empty string", refused.stdout + refused.stderr)

    def test_import(self):
        self.said(self.amtool("silence", "add", "slow", "--comment", "why"))
        [silence] = self.silences()
        silence.pop("id")
        done = subprocess.run([AMTOOL, "--alertmanager.url", self.tocsin.admin, "silence", "import"],
                              input=json.dumps([silence]), capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.silences()), 2)

    def test_alerts(self):
        self.fire()
        queried = json.loads(self.said(self.amtool("-o", "json", "alert", "query", "alertname=slow")))
        self.assertEqual(queried[0]["labels"],
                         {"alertname": "slow", "cluster": "a", "team": "x", "severity": "warning", "site": "north"})
        self.assertEqual(queried[0]["receivers"], [{"name": "on-call"}])
        self.assertIn("slow in a", self.said(self.amtool("-o", "extended", "alert")))
        made = self.said(self.amtool("silence", "add", "slow", "--comment", "why"))
        self.assertEqual(json.loads(self.said(self.amtool("-o", "json", "alert", "query"))), [])
        [silenced] = json.loads(self.said(self.amtool("-o", "json", "alert", "query", "--silenced")))
        self.assertEqual(silenced["status"], {"state": "suppressed", "silencedBy": [made], "inhibitedBy": []})

    def test_config_and_cluster(self):
        self.assertIn("inhibit_rules", self.said(self.amtool("config", "show")))
        self.assertIn("disabled", self.said(self.amtool("cluster", "show")))


class Commands(Suppression):
    def test_silence_commands(self):
        made = self.said(self.command("add", "slow", "team=x", "--comment", "why", "--author", "me", "--duration", "2h"))
        listed = self.said(self.command("list"))
        self.assertIn(made, listed)
        self.assertIn('alertname="slow" team="x"', listed)
        self.fire()
        self.assertEqual(self.alerts()["slow"]["status"]["silencedBy"], [made])
        self.assertEqual(self.said(self.command("expire", made)), "")
        self.assertEqual(self.said(self.command("list")), "no silences")
        self.assertEqual(self.said(self.command("list", "--expired", "-q")), made)
        self.assertEqual(self.alerts()["slow"]["status"]["state"], "active")
        self.assertEqual(self.command("expire", "nothing").returncode, 2)

    def test_inhibition_holds_over_a_restart(self):
        self.fire()
        self.assertNotIn("tried", self.alerts(), "shadowed monitors page nobody")
        self.assertEqual(self.alerts()["slow"]["status"]["state"], "active")
        self.tocsin.push("down", 1, "cluster=b")
        await_("another cluster is down", lambda: "cluster-down" in self.alerts())
        self.assertEqual(self.alerts()["slow"]["status"]["inhibitedBy"], [])
        self.tocsin.push("down", 0, "cluster=b")
        await_("it is up", lambda: "cluster-down" not in self.alerts())
        self.tocsin.push("down", 1, "cluster=a")
        source = await_("this cluster is down", lambda: self.alerts().get("cluster-down"))
        self.assertEqual(self.alerts()["slow"]["status"]["inhibitedBy"], [source["fingerprint"]])
        self.assertEqual(set(self.alerts("?inhibited=false")), {"cluster-down"})
        self.tocsin.kill()
        self.tocsin.start()
        self.assertEqual(self.alerts()["slow"]["status"]["inhibitedBy"], [source["fingerprint"]])
        self.tocsin.push("down", 0, "cluster=a")
        await_("inhibition ends with its source", lambda: self.alerts()["slow"]["status"]["state"] == "active")

    def test_a_reload_takes_other_rules_over(self):
        self.fire()
        self.tocsin.push("down", 1, "cluster=a")
        await_("inhibited", lambda: self.alerts()["slow"]["status"]["state"] == "suppressed")
        with open(self.tocsin.path("tocsin.yaml"), encoding="utf-8") as file:
            config = file.read()
        self.tocsin.write("tocsin.yaml", config.replace("equal: [cluster]", "equal: [cluster, team]"))
        await_("not any more", lambda: self.alerts()["slow"]["status"]["state"] == "active")


if __name__ == "__main__":
    unittest.main(verbosity=2)
