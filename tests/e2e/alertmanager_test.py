#!/usr/bin/env python3
"""Pages at a real Alertmanager (Debian's prometheus-alertmanager), and at a webhook behind it: they appear, follow their level,
outlive a kill -9 and the keep-alive's interval, and go.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/alertmanager_test.py [-k NAME]

Exit code 77 where Alertmanager is not to be had, unless TOCSIN_COUNTERPARTS_REQUIRED is set.
"""

import http.server
import json
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from alertmanager import Alertmanager, available  # noqa: E402
from service import Tocsin, await_  # noqa: E402

SKIPPED = 77
RULES = """
monitors:
- name: queue-full
  query: max by (queue) (queue_length)
  threshold: {critical: ">= 100", warning: ">= 50"}
  annotations: {summary: "{{ $labels.queue }} is full"}
"""


class Webhook:
    """Keeps the bodies it is sent."""

    def __init__(self):
        bodies = self.bodies = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def statuses(self):
        return [(body["status"], body["commonLabels"]["severity"]) for body in self.bodies]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class AlertmanagerEndToEnd(unittest.TestCase):
    def setUp(self):
        self.alertmanager = Alertmanager()
        self.addCleanup(self.alertmanager.stop)
        self.webhook = Webhook()
        self.addCleanup(self.webhook.stop)
        self.tocsin = Tocsin("", RULES)
        self.addCleanup(self.tocsin.close)
        self.tocsin.write("tocsin.yaml", f"""
rules: [rules.yaml]
receivers:
- name: all
  alertmanager_configs: [{{url: "{self.alertmanager.url}", resend_interval: 1s}}]
  webhook_configs: [{{url: "{self.webhook.url}"}}]
route: {{receiver: all}}
""")
        self.tocsin.start()

    def push(self, value):
        self.assertTrue(self.tocsin.push("queue_length", value, "queue=orders"))

    def await_alerts(self, expected):
        """Until the active alerts have these queues and severities."""
        def active():
            return {alert["labels"]["queue"]: alert["labels"]["severity"] for alert in self.alertmanager.alerts()}
        await_(f"alerts {expected}", lambda: active() == expected)

    def test_a_page_appears_follows_its_level_and_goes(self):
        self.push(60)
        self.await_alerts({"orders": "warning"})
        self.push(200)
        self.await_alerts({"orders": "critical"})
        [alert] = self.alertmanager.alerts()
        self.assertEqual(alert["annotations"]["summary"], "orders is full")
        starts_at = alert["startsAt"]
        time.sleep(6)  # an alert that is not repeated ends after 4 s
        [alert] = self.alertmanager.alerts()
        self.assertEqual(alert["startsAt"], starts_at)
        self.push(1)
        self.await_alerts({})
        await_("webhook", lambda: len(self.webhook.bodies) == 3)
        self.assertEqual(self.webhook.statuses(),
                         [("firing", "warning"), ("firing", "critical"), ("resolved", "critical")])
        self.assertEqual(len({body["groupKey"] for body in self.webhook.bodies}), 1)

    def test_a_kill_loses_nothing(self):
        self.push(200)
        self.await_alerts({"orders": "critical"})
        self.tocsin.kill()
        self.await_alerts({})  # nobody repeats it
        self.tocsin.start()
        self.await_alerts({"orders": "critical"})
        self.push(1)
        self.await_alerts({})


if __name__ == "__main__":
    if not available():
        print("Alertmanager is not installed (Debian package prometheus-alertmanager): nothing to deliver to")
        sys.exit(1 if os.environ.get("TOCSIN_COUNTERPARTS_REQUIRED") else SKIPPED)
    unittest.main()
