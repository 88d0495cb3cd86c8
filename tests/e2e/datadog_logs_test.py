#!/usr/bin/env python3
"""Logs as a Datadog Agent sends them to a running `tocsin serve`: rules count them, a monitor pages, and the page's evidence shows them.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/datadog_logs_test.py
"""

import gzip
import json
import os
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from alertmanager import free_port  # noqa: E402
from service import BUILD, Simulator, Tocsin, await_  # noqa: E402

API_KEY = "m4rker-datadog-key-4711"
RULES = """
log_metrics:
- name: payment_timeouts_total
  match:
    severity: {at_least: error}
    body: {regex: ".*timed out after .*"}
    resource: {deployment.environment.name: prod}
  labels: {service: resource.service.name}
monitors:
- name: payments-time-out
  query: sum by (service) (increase(payment_timeouts_total[5m]))
  threshold: {critical: "> 10"}
"""


def log(message, status="error", tags="env:prod,team:pay"):
    return {"message": message, "status": status, "timestamp": int(time.time() * 1000), "hostname": "web-1", "service": "pay",
            "ddsource": "java", "ddtags": tags}


class DatadogLogsEndToEnd(unittest.TestCase):
    def setUp(self):
        self.simulator = Simulator()
        self.addCleanup(self.simulator.stop)
        self.tocsin = Tocsin(self.simulator.url, RULES, extra_config="datadog: {api_keys: [{api_key_file: datadog.key}]}",
                             http=f"127.0.0.1:{free_port()}")
        self.addCleanup(self.tocsin.close)
        self.tocsin.write("datadog.key", API_KEY)
        os.chmod(self.tocsin.path("datadog.key"), 0o600)
        self.tocsin.start()

    def post(self, path, body, key=API_KEY, **headers):
        """The answer's status and text."""
        if key:
            headers["DD-API-KEY"] = key
        request = urllib.request.Request(f"http://{self.tocsin.http}{path}", body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def send(self, logs):
        body = gzip.compress(json.dumps(logs).encode())
        return self.post("/api/v2/logs", body, **{"Content-Type": "application/json", "Content-Encoding": "gzip"})

    def test_logs_of_an_agent_page(self):
        self.assertEqual(self.post("/api/v2/logs", b"{}"), (202, "{}"))  # as an Agent that starts
        others = [log("fine", "info"), log("call timed out after 3 s", "info"), log("call timed out after 3 s", tags="env:test")]
        self.assertEqual(self.send(others + [log("call timed out after 3 s")] * 10), (202, "{}"))
        # One more, of a program that writes JSON, which an Agent read from its standard output.
        own = json.dumps({"level": "critical", "msg": "call timed out after 4 s", "dd": {"trace_id": "77"}})
        self.assertFalse(self.simulator.open_alerts())
        self.assertEqual(self.send([log(own, "info")]), (202, "{}"))
        page = await_("the page", lambda: next(iter(self.simulator.open_alerts()), None))
        self.assertIn("payments-time-out", json.dumps(page))
        shown = subprocess.run([f"{BUILD}/tocsin", "explain", "--server", self.tocsin.admin, page["alias"]], timeout=60, check=True,
                               capture_output=True, text=True).stdout
        self.assertIn("call timed out after 4 s", shown)
        self.assertIn("0000000000000000000000000000004d", shown)

    def test_keys_are_asked_for_and_never_written(self):
        self.assertEqual(self.post("/v1/input/" + API_KEY, b"line\n", key=None, **{"Content-Type": "text/plain"}), (202, "{}"))
        for path in ("/v1/input", "/v1/input/x" + API_KEY, "/api/v2/logs?api_key=x" + API_KEY):
            self.assertEqual(self.post(path, b"[]", key=None), (403, '{"errors":["Forbidden"]}'))
        self.assertEqual(self.post("/v1/input", b"83 <40>1", **{"Content-Type": "application/logplex-1"})[0], 415)
        self.tocsin.stop()
        self.assertNotIn(API_KEY, "\n".join(self.tocsin.log_lines()))


if __name__ == "__main__":
    unittest.main()
