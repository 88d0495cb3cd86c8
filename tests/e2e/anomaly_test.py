#!/usr/bin/env python3
"""An anomaly monitor with the real programs: it learns from what is recorded, pages, and is told at OpsGenie, in a note, that the page was false; all of it stays after a
kill.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/anomaly_test.py
"""

import math
import os
import random
import socket
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from service import BUILD, Simulator, Tocsin, await_  # noqa: E402

MONITOR = """
monitors:
- name: orders-unusual
  query: orders_per_minute
  anomaly: {interval: 10s}
"""
DAYS = 3
STEP = 300


def row(t, noise):
    return 100 + 20 * math.sin(2 * math.pi * t / 86400) + noise.gauss(0, 2)


class AnomalyTest(unittest.TestCase):
    def setUp(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.simulator = Simulator("--webhook", f"http://127.0.0.1:{port}/hooks/opsgenie/on-call",
                                   "--webhook-header", "Authorization: Bearer hook-s3cret")
        self.addCleanup(self.simulator.stop)
        self.tocsin = Tocsin(self.simulator.url, "groups: []\n", http=f"127.0.0.1:{port}", extra_config=f"""
retention: 240h
limits: {{past_ms_max: {10 * 86400 * 1000}}}
""")
        self.addCleanup(self.tocsin.close)
        self.tocsin.write("hook-secret", "hook-s3cret\n")
        os.chmod(self.tocsin.path("hook-secret"), 0o600)
        with open(self.tocsin.path("tocsin.yaml"), encoding="utf-8") as file:
            config = file.read()
        self.tocsin.write("tocsin.yaml", config.replace("    priority:", "    webhook_secret_file: hook-secret\n    priority:"))

    def record_the_past(self):
        noise = random.Random(1)
        end = int(time.time()) - 60
        lines = [f"{t},{row(t, noise)}" for t in range(end - DAYS * 86400, end, STEP)]
        self.tocsin.write("past.csv", "timestamp,value\n" + "\n".join(lines) + "\n")
        subprocess.run([f"{BUILD}/tocsin", "send", "csv", "--endpoint", self.tocsin.grpc, "--metric", "orders_per_minute", "--attr", "shop=ghent",
                        self.tocsin.path("past.csv")], timeout=60, check=True)

    def reload(self):
        urllib.request.urlopen(urllib.request.Request(self.tocsin.admin + "/-/reload", method="POST"), timeout=30).read()

    def command(self, *words):
        return subprocess.run([f"{BUILD}/tocsin", *words, "--server", self.tocsin.admin], capture_output=True, text=True, timeout=30,
                              check=False)

    def push_until(self, what, value, condition):
        def pushed():
            self.tocsin.push("orders_per_minute", value, "shop=ghent")
            return condition()
        return await_(what, pushed, 60)

    def test_learns_pages_and_is_told(self):
        self.tocsin.start()
        self.record_the_past()
        self.tocsin.write("rules.yaml", MONITOR)
        self.reload()
        page = self.push_until("page", 900, self.simulator.open_alerts)[0]
        self.assertIn("orders-unusual", page["message"])
        self.simulator.act("notes", page["alias"], note="load test. tocsin: false")
        await_("feedback", lambda: self.tocsin.metric('tocsin_feedback_total{feedback="false"}') == 1)
        self.push_until("close", 900, lambda: not self.simulator.open_alerts())

        self.tocsin.kill()
        self.tocsin.start()
        twice = self.command("feedback", page["alias"], "--false")
        self.assertNotEqual(twice.returncode, 0, twice.stdout)
        self.assertIn("ann@example.com", self.command("explain", page["alias"]).stdout)
        before = len(self.simulator.alerts())
        self.tocsin.push("orders_per_minute", 900, "shop=ghent", repeat=15, interval="2s")
        self.assertEqual(len(self.simulator.alerts()), before, "what was called false paged again")


if __name__ == "__main__":
    unittest.main()
