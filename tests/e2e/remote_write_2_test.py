#!/usr/bin/env python3
"""Prometheus 3 writes to `tocsin serve` by remote write 2.0: all that remote_write_test.py shows, and what this version alone sends.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/remote_write_2_test.py [-k NAME]

Exit code 77 where there is no Go to build Prometheus with.
"""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
import remote_write_test  # noqa: E402
from go_senders import install  # noqa: E402
from prometheus import VERSION_3, Prometheus, native_histogram  # noqa: E402
from service import await_  # noqa: E402


class RemoteWrite2EndToEnd(remote_write_test.RemoteWriteEndToEnd):
    def start_prometheus(self, target, write_url):
        return Prometheus(target, write_url, install.program("prometheus"), **VERSION_3)

    def assert_nothing_failed(self):
        for name in ("samples_failed", "samples_dropped", "histograms_failed", "histograms_dropped"):
            self.assertEqual(self.prometheus.metric(f"prometheus_remote_storage_{name}_total"), 0, name)
        self.assertEqual(self.tocsin.metric("tocsin_ingest_rejected_samples_total"), 0)
        self.assertGreater(self.tocsin.metric("tocsin_ingest_samples_total"), 0)

    def test_histograms_mean_the_same(self):
        self.target.text = native_histogram("latency", count=7, total=21.5, zero_count=1, deltas=[2, 1, -2])
        await_("histogram", lambda: self.value("histogram_count(latency)") == 7)
        for quantile in (0.1, 0.2, 0.5, 0.9, 1):
            expression = f"histogram_quantile({quantile}, latency)"
            self.assertAlmostEqual(self.value(expression), float(self.prometheus.query(expression)[0]["value"][1]), places=12)
        self.assert_nothing_failed()

    def test_classic_histograms_with_bounds_of_their_own(self):
        # Prometheus makes a native histogram with custom buckets of it.
        self.target.text = """# TYPE size histogram
size_bucket{le="5"} 1
size_bucket{le="10.5"} 3
size_bucket{le="+Inf"} 6
size_sum 40.5
size_count 6
"""
        await_("histogram", lambda: self.value("histogram_count(size)") == 6)
        for expression in ("histogram_sum(size)", *(f"histogram_quantile({quantile}, size)" for quantile in (0.1, 0.4, 0.9))):
            self.assertEqual(self.value(expression), float(self.prometheus.query(expression)[0]["value"][1]), expression)
        self.assert_nothing_failed()

    def test_a_counter_begins_where_its_start_says(self):
        began = round(time.time() - 60, 3)
        self.target.text = f"""# HELP orders Orders "taken".
# TYPE orders counter
orders_total{{way="card"}} 5 # {{trace_id="5b8aa5a2d2c872e8321cf37308d69df2"}} 1.0
orders_created{{way="card"}} {began}
# TYPE disk_bytes gauge
# UNIT disk_bytes bytes
disk_bytes 4096
# EOF
"""
        await_("counter", lambda: self.value('orders_total{way="card"}') == 5)
        self.assertEqual(self.tocsin.query("orders_total[5m]")[0]["values"][0], [began, "0"])
        self.assertGreaterEqual(self.value("increase(orders_total[5m])"), 5)
        await_("gauge", lambda: self.value("disk_bytes") == 4096)
        # It says that the exemplar was written.
        await_("exemplars", lambda: self.prometheus.metric("prometheus_remote_storage_exemplars_total") > 0)
        self.assertEqual(self.prometheus.metric("prometheus_remote_storage_exemplars_failed_total"), 0)
        self.assert_nothing_failed()


if __name__ == "__main__":
    install.program("prometheus")
    unittest.main(verbosity=2)
