#!/usr/bin/env python3
"""A real Prometheus (Debian's) writes to `tocsin serve`: what it scraped is there to the last sample, also across a kill -9,
rules over it page, and what ends there ends here.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/remote_write_test.py [-k NAME]

Exit code 77 where Prometheus is not to be had, unless TOCSIN_COUNTERPARTS_REQUIRED is set.
"""

import os
import sys
import time
import unittest
from urllib.parse import urlencode

sys.path.insert(0, os.path.dirname(__file__))
from alertmanager import free_port  # noqa: E402
from prometheus import VERSION_2, Prometheus, Target, native_histogram, program  # noqa: E402
from service import Simulator, Tocsin, await_, get_json  # noqa: E402

SKIPPED = 77
RULES = """
groups:
- name: app
  rules:
  - alert: QueueFull
    expr: queue_length{job="app", env="test"} > 50
  - alert: AppDown
    expr: up{job="app"} == 0
"""


def samples_of(result):
    """(series, time, value) of each sample of a range vector."""
    return {(tuple(sorted(row["metric"].items())), time_s, value) for row in result for time_s, value in row["values"]}


class RemoteWriteEndToEnd(unittest.TestCase):
    def setUp(self):
        self.simulator = Simulator()
        self.tocsin = Tocsin(self.simulator.url, RULES, http=f"127.0.0.1:{free_port()}").start()
        self.target = Target('queue_length{queue="mail"} 7\nodd{text="größe \\"x\\" \\n"} NaN\n')
        self.prometheus = self.start_prometheus(self.target.address, f"http://{self.tocsin.http}/api/v1/write")

    def start_prometheus(self, target, write_url):
        return Prometheus(target, write_url, program(), **VERSION_2)

    def tearDown(self):
        self.prometheus.stop()
        if self.target is not None:
            self.target.stop()
        self.tocsin.close()
        self.simulator.stop()

    def value(self, expression):
        result = self.tocsin.query(expression)
        return float(result[0]["value"][1]) if result else None

    def aliases(self):
        return [alert["message"] for alert in self.simulator.open_alerts()]

    def test_rules_over_scraped_metrics_page(self):
        await_("first sample", lambda: self.value("queue_length") == 7)
        self.assertEqual(self.tocsin.query("queue_length")[0]["metric"],
                         {"__name__": "queue_length", "queue": "mail", "job": "app", "env": "test",
                          "instance": self.target.address})
        self.target.text = 'queue_length{queue="mail"} 99\n'
        await_("page", lambda: any("QueueFull" in text for text in self.aliases()))
        await_("the series that is gone ended", lambda: not self.tocsin.query("odd"))
        self.target.stop()
        self.target = None
        await_("page", lambda: any("AppDown" in text for text in self.aliases()))
        await_("close", lambda: not any("QueueFull" in text for text in self.aliases()))

    def test_native_histograms_arrive(self):
        # Counts 2, 3 and 1 in (1, 2], (2, 4], (4, 8], and 1 at zero.
        self.target.text = native_histogram("latency", count=7, total=21.5, zero_count=1, deltas=[2, 1, -2])
        await_("histogram", lambda: self.value("histogram_count(latency)") == 7)
        self.assertEqual(self.value("histogram_sum(latency)"), 21.5)
        # Debian's Prometheus goes linearly through a bucket, later ones and Tocsin exponentially.
        for quantile in (0.2, 0.5, 0.9):
            wanted = float(self.prometheus.query(f"histogram_quantile({quantile}, latency)")[0]["value"][1])
            self.assertAlmostEqual(self.value(f"histogram_quantile({quantile}, latency)"), wanted, delta=1.0)
            self.assertGreater(wanted, 0)
        self.assertEqual(self.prometheus.metric("prometheus_remote_storage_histograms_failed_total"), 0)

    def test_no_sample_is_missing_after_a_kill(self):
        await_("first sample", lambda: self.value("queue_length") == 7)
        begin = time.time()
        for round_number in range(3):
            self.target.text = f'queue_length{{queue="mail"}} {round_number}\n'
            time.sleep(0.5)
            self.tocsin.kill()
            time.sleep(0.5)
            self.tocsin.start()
        await_("newest sample", lambda: self.value("queue_length") == 2)
        end = time.time() - 0.5
        expression = f"{{job='app'}}[{round(end - begin)}s]"
        wanted = samples_of(self.prometheus.query(expression, end))
        self.assertGreater(len(wanted), 20)

        def missing():
            url = self.tocsin.admin + "/api/v1/query?" + urlencode({"query": expression, "time": end})
            return wanted - samples_of(get_json(url)["data"]["result"])

        await_("every sample", lambda: not missing())
        self.assertEqual(self.prometheus.metric("prometheus_remote_storage_samples_failed_total"), 0)
        self.assertEqual(self.prometheus.metric("prometheus_remote_storage_samples_dropped_total"), 0)


if __name__ == "__main__":
    if program() is None:
        if os.environ.get("TOCSIN_COUNTERPARTS_REQUIRED"):
            sys.exit("Prometheus is not to be had")
        print("skipped: Prometheus is not to be had; ./dev test --ci takes it out of its package")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
