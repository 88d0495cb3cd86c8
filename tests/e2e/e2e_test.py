#!/usr/bin/env python3
"""The real programs together: samples over gRPC, pages at the simulator, kill -9, outages, reloads.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/e2e_test.py [-k NAME]
"""

import collections
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from otel_sdk import install  # noqa: E402
from service import BUILD, KEY, Simulator, Tocsin, await_, get, get_json  # noqa: E402

RULES = """
monitors:
- name: queue-full
  query: max by (queue) (queue_length)
  threshold: {critical: ">= 100", warning: ">= 50"}
  annotations: {summary: "{{ $labels.queue }} holds {{ $value }} messages"}
- name: slow-burn
  query: max by (queue) (burn)
  threshold: {critical: "> 0"}
  for: 4s
groups:
- name: g
  interval: 1s
  rules:
  - record: queue:length:max
    expr: max(queue_length)
  - alert: QueueFull
    expr: queue:length:max >= 100
    labels: {severity: critical}
"""

SDK_RULES = """
monitors:
- name: orders-many
  query: orders_total
  threshold: {critical: ">= 30"}
  annotations: {summary: "{{ $value }} orders by {{ $labels.method }} from {{ $labels.job }}"}
- name: responses-large
  query: histogram_quantile(0.9, sum by (route) (response_size_bytes))
  threshold: {critical: "> 5000"}
  annotations: {summary: "{{ $labels.route }} answers with more than {{ $value | printf \\"%.0f\\" }} bytes"}
- name: payment-timeouts
  query: payment_timeouts_total
  threshold: {critical: ">= 6"}
  annotations: {summary: "{{ $value }} timeouts of {{ $labels.service }} at {{ $labels.route }}"}
- name: refunds-slow
  query: histogram_quantile(0.5, sum by (le) (refund_amount_bucket)) and on () (sum(refunds_total) == 6)
  threshold: {warning: "> 20"}
  annotations: {summary: "half of the refunds are above {{ $value }}"}
- name: checkout-alive
  query: tocsin_resource_up
  threshold: {warning: "== 1"}
  annotations: {summary: "{{ $labels.job }} {{ $labels.instance }} sends"}
log_metrics:
- name: payment_timeouts_total
  match:
    severity: {at_least: error}
    body: {regex: "payment \\\\d+ timed out"}
    attributes: {route: /pay}
    resource: {service.namespace: shop}
  labels: {service: resource.service.name, route: attributes.route}
"""


class EndToEnd(unittest.TestCase):
    def setUp(self):
        self.simulator = Simulator()
        self.addCleanup(self.simulator.stop)
        self.tocsin = Tocsin(self.simulator.url, RULES)
        self.addCleanup(self.tocsin.close)
        self.tocsin.start()

    def pages(self, name):
        """Open alerts of one rule at the simulator."""
        return [alert for alert in self.simulator.open_alerts() if alert["alias"].startswith(name + "-")]

    def assert_nothing_refused(self):
        for entry in self.simulator.journal():
            self.assertNotIn(entry.get("status"), (400, 401, 403, 405, 415, 422), entry)

    def test_the_account_is_watched(self):
        request = urllib.request.Request(
            self.simulator.url + "/v2/heartbeats", b'{"name": "tocsin", "interval": 1, "intervalUnit": "minutes", "enabled": true}',
            {"Authorization": "GenieKey " + KEY, "Content-Type": "application/json"}, method="POST")
        urllib.request.urlopen(request, timeout=10).read()
        self.assertTrue(self.tocsin.push("queue_length", 120, "queue=orders"))
        await_("page", lambda: self.pages("queue-full"))
        with open(self.tocsin.path("tocsin.yaml"), encoding="utf-8") as file:
            config = file.read()

        def configure(heartbeat):
            line = f"    heartbeat: {{name: {heartbeat}, interval: 10s}}\n"
            self.tocsin.write("tocsin.yaml", config.replace("    priority:", line + "    priority:"))

        def pinged():
            return any(heartbeat["pings"] for heartbeat in get_json(self.simulator.url + "/sim/heartbeats"))

        configure("tocsin")
        await_("ping", pinged)
        await_("list", lambda: self.tocsin.metric("tocsin_receiver_open_alerts") >= 1)
        self.assertEqual(self.tocsin.metric("tocsin_receiver_probe_findings"), 0)
        configure("toscin")
        await_("finding", lambda: self.tocsin.metric("tocsin_receiver_probe_findings") == 1)
        self.assertTrue(any('"code":"no_such_heartbeat"' in line for line in self.tocsin.log_lines()))
        configure("tocsin")
        await_("no finding", lambda: self.tocsin.metric("tocsin_receiver_probe_findings") == 0)
        self.assert_nothing_refused()

    def test_people_and_escalation(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        simulator = Simulator("--webhook", f"http://127.0.0.1:{port}/hooks/opsgenie/on-call",
                              "--webhook-header", "Authorization: Bearer hook-s3cret")
        self.addCleanup(simulator.stop)
        tocsin = Tocsin(simulator.url, RULES, http=f"127.0.0.1:{port}")
        self.addCleanup(tocsin.close)
        with open(tocsin.path("tocsin.yaml"), encoding="utf-8") as file:
            config = file.read()
        tocsin.write("hook-secret", "hook-s3cret\n")
        os.chmod(tocsin.path("hook-secret"), 0o600)
        config = config.replace("    priority:", "    webhook_secret_file: hook-secret\n    priority:")
        tocsin.write("tocsin.yaml", config.replace(
            "route: {", "  escalation: [{after: 4s, priority: P1, add_responders: [{type: team, name: leads}]}]\nroute: {"))
        tocsin.start()
        tocsin.push("queue_length", 60, "queue=taken")
        page = await_("page", simulator.open_alerts)[0]
        simulator.act("acknowledge", page["alias"])
        simulator.act("notes", page["alias"], note="looking at it")
        tocsin.push("queue_length", 60, "queue=left")
        left = await_("second page", lambda: [a for a in simulator.open_alerts() if a["alias"] != page["alias"]])[0]
        await_("escalation", lambda: [a for a in simulator.open_alerts() if a["alias"] == left["alias"] and a["priority"] == "P1"])
        await_("responder", lambda: any("/responders" in entry["target"] for entry in simulator.journal()))
        self.assertEqual([a["priority"] for a in simulator.open_alerts() if a["alias"] == page["alias"]], ["P3"])
        self.assertEqual(tocsin.metric("tocsin_escalations_total"), 1)
        simulator.act("close", left["alias"])
        await_("notice of the close", lambda: tocsin.metric('tocsin_pages_total{outcome="closed_by_others",receiver="on-call"}') == 1)
        explained = subprocess.run([f"{BUILD}/tocsin", "explain", page["alias"], "--server", tocsin.admin],
                                   capture_output=True, text=True, timeout=30, check=True).stdout
        self.assertIn("Acknowledge by ann@example.com", explained)
        self.assertIn("AddNote by ann@example.com: looking at it", explained)
        explained = subprocess.run([f"{BUILD}/tocsin", "explain", left["alias"], "--server", tocsin.admin],
                                   capture_output=True, text=True, timeout=30, check=True).stdout
        self.assertIn("escalate, step 1 of 1, priority P1, 1 responders", explained)
        self.assertNotIn("hook-s3cret", "\n".join(tocsin.log_lines()))

    def test_page_and_close(self):
        self.assertTrue(self.tocsin.push("queue_length", 5, "queue=orders"))
        self.assertTrue(self.tocsin.push("queue_length", 120, "queue=orders"))
        page = await_("page", lambda: self.pages("queue-full"))[0]
        self.assertEqual(page["priority"], "P1")
        self.assertEqual(page["message"], "orders holds 120 messages")
        await_("page of the Prometheus rule", lambda: self.pages("QueueFull"))
        states = {alert["labels"]["alertname"]: alert["state"] for alert in self.tocsin.alerts()}
        self.assertEqual(states, {"queue-full": "firing", "QueueFull": "firing"})
        self.tocsin.push("queue_length", 5, "queue=orders")
        await_("close", lambda: not self.simulator.open_alerts())
        self.assert_nothing_refused()

    def test_worse_level_updates_the_open_page(self):
        self.tocsin.push("queue_length", 60, "queue=mail")
        page = await_("page", lambda: self.pages("queue-full"))[0]
        self.assertEqual(page["priority"], "P3")
        time.sleep(0.2)
        self.tocsin.push("queue_length", 150, "queue=mail")
        await_("priority", lambda: [a for a in self.pages("queue-full") if a["priority"] == "P1"])
        self.assertEqual(len(self.pages("queue-full")), 1)

    def test_kill_while_pending_and_firing(self):
        self.tocsin.push("queue_length", 120, "queue=orders")
        self.tocsin.push("burn", 1, "queue=orders")
        await_("page", lambda: self.pages("queue-full"))
        await_("pending", lambda: any(a["state"] == "pending" for a in self.tocsin.alerts()))
        self.tocsin.kill()
        self.tocsin.start()
        states = await_("alerts back", lambda: {a["labels"]["alertname"]: a["state"] for a in self.tocsin.alerts()})
        self.assertEqual(states["queue-full"], "firing")
        self.assertIn(states["slow-burn"], ("pending", "firing"))
        await_("slow-burn pages after its `for`", lambda: self.pages("slow-burn"))
        # Recovery after the restart closes what was opened before it.
        self.tocsin.push("queue_length", 0, "queue=orders")
        self.tocsin.push("burn", 0, "queue=orders")
        await_("closes", lambda: not self.simulator.open_alerts())
        creates = collections.Counter(
            json.loads(entry["body"])["alias"] for entry in self.simulator.journal()
            if entry["method"] == "POST" and entry["target"] == "/v2/alerts")
        self.assertEqual(len(creates), 3, creates)
        # The kill may fall between a request and the record of its answer: then it is repeated, under the same alias.
        self.assertLessEqual(max(creates.values()), 2, creates)
        self.assert_nothing_refused()

    def test_page_owed_during_an_outage_survives_kill(self):
        self.simulator.faults(outage=1)
        self.tocsin.push("queue_length", 120, "queue=orders")
        await_("alert firing", lambda: any(a["state"] == "firing" for a in self.tocsin.alerts()))
        self.tocsin.kill()
        self.assertEqual(self.simulator.open_alerts(), [])
        self.simulator.faults(outage=0)
        self.tocsin.start()
        await_("owed page", lambda: self.pages("queue-full"))
        self.assertEqual(len(self.pages("queue-full")), 1)

    def test_acknowledged_samples_survive_kills_at_random_moments(self):
        seed = int(os.environ.get("TOCSIN_SEED", random.randrange(1 << 30)))
        print(f"seed {seed}", flush=True)
        randomness = random.Random(seed)
        acknowledged = set()
        for _ in range(5):
            pusher = subprocess.Popen(
                [f"{BUILD}/push_value", "--endpoint", self.tocsin.grpc, "--name", "kept", "--value", "1",
                 "--repeat", "400", "--interval", "3ms"], stdout=subprocess.PIPE, text=True)
            time.sleep(0.2 + randomness.random())
            self.tocsin.kill()
            output, _ = pusher.communicate(timeout=60)
            acknowledged.update(int(line.split()[1]) for line in output.splitlines() if line.startswith("acked"))
            self.tocsin.start()
        self.assertGreater(len(acknowledged), 20)
        counted = self.tocsin.query("count_over_time(kept[10m])")
        # Equal times are one sample; a sample may be durable although its acknowledgement was lost.
        self.assertGreaterEqual(float(counted[0]["value"][1]), len(acknowledged))

    def test_reload_is_all_or_nothing(self):
        self.tocsin.push("queue_length", 120, "queue=orders")
        await_("page", lambda: self.pages("queue-full"))
        self.tocsin.write("rules.yaml", "monitors:\n- name: broken\n  query: sum(\n  threshold: {critical: '> 1'}\n")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(self.tocsin.admin + "/-/reload", method="POST"), timeout=10)
        self.assertIn("rules.yaml:3:", refused.exception.read().decode())
        self.assertEqual(self.tocsin.metric("tocsin_config_last_reload_successful"), 0)
        self.assertTrue(self.pages("queue-full"))
        # A rule that goes away closes its page; the files are watched.
        self.tocsin.write("rules.yaml", "monitors:\n- name: other\n  query: queue_length\n  threshold: {critical: '> 1e6'}\n")
        await_("close after removal", lambda: not self.simulator.open_alerts(), 20)
        self.assertEqual(self.tocsin.metric("tocsin_config_last_reload_successful"), 1)

    def test_stop_drains(self):
        self.tocsin.push("queue_length", 120, "queue=orders")
        begin = time.monotonic()
        self.assertEqual(self.tocsin.stop(), 0)
        self.assertLess(time.monotonic() - begin, 15)
        self.tocsin.start()
        await_("page", lambda: self.pages("queue-full"))

    def test_opentelemetry_sdk_reaches_a_page(self):
        python, problem = install.install(os.path.join(BUILD, "otel_sdk_venv"))
        if python is None:
            install.refuse_skip_in_ci(problem)
            self.skipTest(f"the OpenTelemetry SDK cannot be installed: {problem}")
        # Three rounds of ten orders, three messages in the queue: push.py says which series these become.
        self.tocsin.write("rules.yaml", SDK_RULES)
        urllib.request.urlopen(urllib.request.Request(self.tocsin.admin + "/-/reload", method="POST"), timeout=10)
        pushed = subprocess.run(
            [python, os.path.join(os.path.dirname(__file__), "otel_sdk", "push.py"), "--endpoint", self.tocsin.grpc,
             "--rounds", "3", "--interval", "0.3"], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(pushed.returncode, 0, pushed.stdout + pushed.stderr)
        page = await_("page", lambda: self.pages("orders-many"))[0]
        self.assertEqual(page["message"], "30 orders by card from shop/checkout")
        self.assertEqual(page["priority"], "P1")
        self.assertEqual(page["details"]["instance"], "instance-1")
        # An exponential histogram of 2000, 4000 and 6000 bytes.
        large = await_("page", lambda: self.pages("responses-large"))[0]
        self.assertRegex(large["message"], r"^/pay answers with more than (5[5-9]|6[0-4])\d\d bytes$")
        # Two log records a round, which became a counter.
        timeouts = await_("page", lambda: self.pages("payment-timeouts"))[0]
        self.assertEqual(timeouts["message"], "6 timeouts of checkout at /pay")
        # Deltas: three refunds of 30, in the bucket from 25 to 50; twice two of the counter.
        self.assertEqual(await_("page", lambda: self.pages("refunds-slow"))[0]["message"], "half of the refunds are above 37.5")
        self.assertEqual(await_("page", lambda: self.pages("checkout-alive"))[0]["message"], "shop/checkout instance-1 sends")
        self.assert_nothing_refused()

    def small_disk(self):
        """A folder on a volume of its own, or a skip where none can be had."""
        folder = tempfile.mkdtemp(prefix="tocsin-disk-")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700m", "tocsin", folder],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            os.rmdir(folder)
            self.skipTest(f"cannot make a small volume: {mounted.stderr.strip()}")
        self.addCleanup(lambda: (subprocess.run(["umount", "-l", folder], check=False), os.rmdir(folder)))
        return folder

    def test_full_disk(self):
        """Refuses samples, goes on paging, also over kill -9 and a restart on it, and recovers by itself."""
        disk = self.small_disk()
        filler = os.path.join(disk, "filler")

        def fill(leave):
            with open(filler, "ab") as file:
                room = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - leave
                if room > 0:
                    os.posix_fallocate(file.fileno(), file.tell(), room)

        self.tocsin.stop()
        self.tocsin.data_dir = os.path.join(disk, "data")
        self.tocsin.start()
        self.assertTrue(self.tocsin.push("burn", 1, "queue=orders"))
        fill(leave=16 << 20)
        self.assertFalse(self.tocsin.push("queue_length", 120, "queue=orders"))
        await_("slow-burn pages on a full disk", lambda: self.pages("slow-burn"))
        self.tocsin.kill()
        fill(leave=0)
        self.tocsin.start()
        states = {alert["labels"]["alertname"]: alert["state"] for alert in self.tocsin.alerts()}
        self.assertEqual(states.get("slow-burn"), "firing")
        self.assertFalse(self.tocsin.push("queue_length", 120, "queue=orders"))
        os.unlink(filler)
        self.assertTrue(await_("samples are taken again", lambda: self.tocsin.push("queue_length", 120, "queue=orders")))
        await_("page", lambda: self.pages("queue-full"))
        self.tocsin.push("burn", 0, "queue=orders")
        await_("close", lambda: not self.pages("slow-burn"))
        self.assert_nothing_refused()

    def test_key_never_shows(self):
        self.tocsin.push("queue_length", 120, "queue=orders")
        await_("page", lambda: self.pages("queue-full"))
        everything = get(self.tocsin.admin + "/metrics") + "\n".join(self.tocsin.log_lines())
        everything += str(get_json(self.tocsin.admin + "/api/v1/rules"))
        self.assertNotIn(KEY, everything)


if __name__ == "__main__":
    unittest.main(verbosity=2)
