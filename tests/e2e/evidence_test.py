#!/usr/bin/env python3
"""What senders told besides samples is in the pages of a running `tocsin serve`: log records that a counter counted, and the traces
of exemplars.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/evidence_test.py [-k NAME]
"""

import json
import os
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from alertmanager import free_port  # noqa: E402
from service import Simulator, Tocsin, await_  # noqa: E402

RULES = """
log_metrics:
- name: payment_timeouts_total
  match: {severity: {at_least: error}, body: {regex: "payment .* timed out"}}
  labels: {route: attributes.route}
- name: logins_total
  match: {body: {regex: "login of .*"}}
  evidence: false
groups:
- name: recorded
  interval: 1s
  rules:
  - {record: "route:timeouts:sum", expr: sum by (route) (payment_timeouts_total), labels: {level: route}}
  - {record: "timeouts:refunds", expr: 'sum without (level) (route:timeouts:sum{level="route"})'}
monitors:
- name: recorded
  query: timeouts:refunds{route="/refund"}
  threshold: {critical: ">= 2"}
  annotations:
    summary: "Refunds time out{{ range $i, $log := .Evidence.Logs }}{{ if eq $i 0 }}: {{ $log.Text }}{{ end }}{{ end }}"
  page: {tags: ["trace {{ .Evidence.TraceID }}"]}
- name: payments-time-out
  query: sum by (route) (payment_timeouts_total)
  threshold: {warning: ">= 2", critical: ">= 4"}
- name: logins
  query: logins_total
  threshold: {critical: ">= 1"}
- name: slow
  query: sum by (route) (request_duration_sum) / sum by (route) (request_duration_count)
  threshold: {critical: "> 1"}
"""
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OTHER_TRACE = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"


def text(value):
    return {"stringValue": value}


def route(value):
    return [{"key": "route", "value": text(value)}]


def logs(*records):
    """Records of (route, body, trace), a millisecond apart."""
    now = time.time_ns()
    made = [{"timeUnixNano": str(now + i * 1_000_000), "severityNumber": 17, "body": text(body), "traceId": trace,
             "attributes": route(where)} for i, (where, body, trace) in enumerate(records)]
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": made}]}]}


def histogram(where, total, trace):
    now = str(time.time_ns())
    point = {"timeUnixNano": now, "attributes": route(where), "count": "1", "sum": total, "bucketCounts": ["0", "1"],
             "explicitBounds": [1], "exemplars": [{"timeUnixNano": now, "asDouble": total, "traceId": trace}]}
    metric = {"name": "request_duration", "histogram": {"aggregationTemporality": 2, "dataPoints": [point]}}
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}


class EvidenceEndToEnd(unittest.TestCase):
    def setUp(self):
        self.simulator = Simulator()
        self.addCleanup(self.simulator.stop)
        self.tocsin = Tocsin(self.simulator.url, RULES, http=f"127.0.0.1:{free_port()}")
        self.addCleanup(self.tocsin.close)
        self.tocsin.start()

    def post(self, path, body):
        request = urllib.request.Request(f"http://{self.tocsin.http}{path}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=20) as reply:
            self.assertEqual(reply.status, 200)

    def pages(self, name):
        return [alert for alert in self.simulator.open_alerts() if alert["alias"].startswith(name + "-")]

    def test_log_lines(self):
        self.post("/v1/logs", logs(("/pay", "payment 1 timed out", ""), ("/pay", "payment 2\n timed out", TRACE),
                                   ("/refund", "payment 9 timed out", OTHER_TRACE), ("/pay", "all is well", "")))
        page = await_("page", lambda: self.pages("payments-time-out"))[0]
        lines = page["description"].split("Log lines:\n")[1].splitlines()
        self.assertEqual([line.split(" ", 1)[1] for line in lines],
                         [f"error: payment 2  timed out (trace {TRACE})", "error: payment 1 timed out"])
        self.assertEqual(page["details"]["trace_id"], TRACE)

        # It stays while the page is open at one level, over a restart, and is renewed with a worse level.
        self.post("/v1/logs", logs(("/pay", "payment 3 timed out", "")))
        await_("count", lambda: [row for row in self.tocsin.query("payment_timeouts_total") if row["value"][1] == "3"])
        self.tocsin.kill()
        self.tocsin.start()
        time.sleep(1)
        self.assertEqual(self.pages("payments-time-out")[0]["description"], page["description"])
        self.post("/v1/logs", logs(*[("/pay", f"payment {i} timed out", OTHER_TRACE) for i in range(10, 14)]))
        worse = await_("worse", lambda: [a for a in self.pages("payments-time-out") if "payment 13" in a["description"]])[0]
        self.assertNotIn("payment 2", worse["description"])
        await_("trace", lambda: self.pages("payments-time-out")[0]["details"]["trace_id"] == OTHER_TRACE)

    def test_of_what_a_recorded_series_comes_from(self):
        self.post("/v1/logs", logs(("/refund", "payment 1 timed out", TRACE), ("/pay", "payment 8 timed out", OTHER_TRACE),
                                   ("/refund", "payment 2 timed out", ""), ("/pay", "payment 9 timed out", OTHER_TRACE)))
        page = await_("page", lambda: self.pages("recorded"))[0]
        lines = page["description"].split("Log lines:\n")[1].splitlines()
        self.assertEqual([line.split(" ", 1)[1] for line in lines],
                         ["error: payment 2 timed out", f"error: payment 1 timed out (trace {TRACE})"])
        self.assertEqual(page["message"], "Refunds time out: error: payment 2 timed out", "templates of annotations see it")
        self.assertEqual(page["tags"], [f"trace {TRACE}"], "and those of pages")
        self.assertNotIn(OTHER_TRACE, json.dumps(page))

    def test_log_lines_stay_where_their_rule_says_so(self):
        self.post("/v1/logs", logs(("", "login of ann", "")))
        page = await_("page", lambda: self.pages("logins"))[0]
        self.assertNotIn("ann", json.dumps(page))

    def test_traces(self):
        self.post("/v1/metrics", histogram("/fast", 0.1, OTHER_TRACE))
        self.post("/v1/metrics", histogram("/slow", 2.5, TRACE))
        page = await_("page", lambda: self.pages("slow"))[0]
        self.assertRegex(page["description"], rf"\n\nTraces:\n20\S+Z {TRACE}, value 2.5$")
        self.assertEqual(page["details"]["trace_id"], TRACE)
        self.assertNotIn(OTHER_TRACE, json.dumps(page))


if __name__ == "__main__":
    unittest.main(verbosity=2)
