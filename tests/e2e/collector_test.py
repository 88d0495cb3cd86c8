#!/usr/bin/env python3
"""A real OpenTelemetry Collector sends to `tocsin serve`: over OTLP/gRPC, OTLP/HTTP and remote write 1.0 and 2.0. The series are the
same whichever way they come, also across a kill -9; logs are counted, rules page, and tokens are asked for.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/collector_test.py [-k NAME]

Exit code 77 where there is no Go to build the Collector with.
"""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from alertmanager import free_port  # noqa: E402
from certificates import make_authority, make_certificate  # noqa: E402
from collector import CUMULATIVE, Collector, attributes, gauge, logs_of, metrics_of, now_ns, point  # noqa: E402
from go_senders import install  # noqa: E402
from service import Simulator, Tocsin, await_  # noqa: E402

RULES = """
monitors:
- name: queue-full
  query: max by (queue, instance) (queue_length)
  threshold: {critical: ">= 100"}
  annotations: {summary: "{{ $labels.queue }} holds {{ $value }} messages"}
log_metrics:
- name: timeouts_total
  match: {severity: {at_least: error}, body: {regex: ".*timed out.*"}, resource: {service.namespace: shop}}
  labels: {instance: resource.service.instance.id, route: attributes.route}
"""
SECOND = 1_000_000_000
TOKEN, WRONG = "m4rker-token-that-is-right", "m4rker-token-that-is-wrong"
INSECURE = {"tls": {"insecure": True}}


def ways_to(grpc, http, client, scheme="http"):
    """Name -> exporter; `client`: what each needs besides its endpoint. Labels of the scope, which exporters of remote write add
    to those of Tocsin's own translation, are left out."""
    url = f"{scheme}://{http}"
    write = {"http": {"endpoint": url + "/api/v1/write", **client}, "disable_scope_info": True}
    return {
        "grpc": ("otlp_grpc", {"endpoint": grpc, "compression": "none", **client}),
        "grpc-gzip": ("otlp_grpc", {"endpoint": grpc, "compression": "gzip", **client}),
        "grpc-zstd": ("otlp_grpc", {"endpoint": grpc, "compression": "zstd", **client}),
        "http-proto": ("otlp_http", {"endpoint": url, "compression": "zstd", **client}),
        "http-json": ("otlp_http", {"endpoint": url, "encoding": "json", **client}),
        "write-1": ("prometheus_remote_write", write),
        "write-2": ("prometheus_remote_write", {**write, "protobuf_message": "io.prometheus.write.v2.Request"}),
    }


def every_kind(time_ns, start_ns, factor):
    """A metric of each kind of OTLP; counts grow with `factor`."""
    route = {"http.route": "/pay", "größe": "ü\n"}
    cumulative = {"aggregationTemporality": CUMULATIVE}
    orders = point({"asInt": str(5 * factor)}, route, time_ns, start_ns)
    orders["exemplars"] = [{"timeUnixNano": str(time_ns), "asDouble": 1, "traceId": "5b8aa5a2d2c872e8321cf37308d69df2",
                            "spanId": "5fb397be34d26b51"}]
    durations = point({"count": str(6 * factor), "sum": 40.5 * factor, "bucketCounts": [str(n * factor) for n in (1, 2, 3)],
                       "explicitBounds": [5, 10.5]}, route, time_ns, start_ns)
    sizes = point({"count": str(9 * factor), "sum": 300.25 * factor, "scale": 1, "zeroCount": str(factor), "zeroThreshold": 0.001,
                   "positive": {"offset": 2, "bucketCounts": [str(n * factor) for n in (2, 0, 0, 0, 1, 4)]},
                   "negative": {"offset": -1, "bucketCounts": [str(factor)]}}, route, time_ns, start_ns)
    pauses = point({"count": str(3 * factor), "sum": 1.5 * factor, "quantileValues": [{"quantile": 0.5, "value": 0.4},
                                                                                     {"quantile": 0.99, "value": 0.9}]},
                   {}, time_ns, start_ns)
    return [
        gauge("queue.length", 7 * factor, {"queue": "mail"}, time_ns, "{messages}"),
        gauge("disk.used", 0.25 * factor, {}, time_ns, "1"),
        {"name": "orders", "unit": "{order}", "sum": {"isMonotonic": True, **cumulative, "dataPoints": [orders]}},
        {"name": "connections.open", "sum": {"isMonotonic": False, **cumulative,
                                             "dataPoints": [point({"asInt": str(-factor)}, route, time_ns, start_ns)]}},
        {"name": "request.duration", "unit": "ms", "histogram": {**cumulative, "dataPoints": [durations]}},
        {"name": "response.size", "unit": "By", "exponentialHistogram": {**cumulative, "dataPoints": [sizes]}},
        {"name": "gc.pause", "unit": "s", "summary": {"dataPoints": [pauses]}},
    ]


NAMES = {"queue_length", "disk_used_ratio", "orders_total", "connections_open", "target_info", "response_size_bytes",
         *(f"request_duration_milliseconds_{part}" for part in ("bucket", "sum", "count")),
         "gc_pause_seconds", "gc_pause_seconds_sum", "gc_pause_seconds_count"}


class CollectorEndToEnd(unittest.TestCase):
    def setUp(self):
        self.simulator = Simulator()
        self.addCleanup(self.simulator.stop)

    def start(self, extra_config="", prepare=lambda tocsin: None):
        self.tocsin = Tocsin(self.simulator.url, RULES, extra_config, http=f"127.0.0.1:{free_port()}", grpc=f"127.0.0.1:{free_port()}")
        self.addCleanup(self.tocsin.close)
        prepare(self.tocsin)
        self.tocsin.start()

    def collect(self, ways, extensions=""):
        self.ways = ways
        self.collector = Collector(install.program("collector"), ways, extensions)
        self.addCleanup(self.collector.stop)

    def collect_plainly(self):
        self.start()
        self.collect(ways_to(self.tocsin.grpc, self.tocsin.http, INSECURE))

    def samples(self, way, selector=""):
        """(series, time) -> value of all that one way brought; the label that tells the ways apart is left out."""
        found = {}
        for row in self.tocsin.query(f'{{instance="{way}"{selector}}}[10m]'):
            labels = tuple(sorted((name, value) for name, value in row["metric"].items() if name != "instance"))
            for time_s, value in row.get("values", []) + row.get("histograms", []):
                found[labels, time_s] = value
        return found

    def values(self, expression):
        return [float(row["value"][1]) for row in self.tocsin.query(expression)]

    def assert_nothing_failed(self):
        for way in self.ways:
            for signal in ("metric_points", "log_records"):
                self.assertEqual(self.collector.metric(f"otelcol_exporter_send_failed_{signal}", way), 0, way)
        log = self.collector.log_text()
        for text in ("Exporting failed. Dropping", "failed to send", "header is missing"):
            self.assertNotIn(text, log)
        self.assertEqual(self.tocsin.metric("tocsin_ingest_rejected_samples_total"), 0)

    def test_series_are_the_same_whichever_way_they_come(self):
        self.collect_plainly()
        begin = now_ns() - 4 * SECOND
        for factor in (1, 2):
            for way in self.ways:
                metrics = every_kind(begin + factor * SECOND, begin, factor)
                self.collector.send(way, metrics_of(way, metrics))
        found = {}
        for way in self.ways:
            # Each request is one message also by remote write, so that all of it is there at once.
            await_(way, lambda: self.values(f'count_over_time(target_info{{instance="{way}"}}[10m])') == [2])
            found[way] = self.samples(way, ',__name__!="tocsin_resource_up"')
        wanted = found["grpc"]
        self.assertEqual({dict(labels)["__name__"] for labels, _ in wanted}, NAMES)
        for way, samples in found.items():
            # Remote write 1.0 does not say when a counter began, which otherwise is a sample of 0 there.
            same = {key: value for key, value in wanted.items() if way != "write-1" or key[1] != begin / SECOND}
            differences = [(key, same.get(key), samples.get(key)) for key in same | samples if same.get(key) != samples.get(key)]
            self.assertEqual(differences, [], way)
        self.assert_nothing_failed()

    def test_pages_and_counted_logs(self):
        self.collect_plainly()
        for way in self.ways:
            self.collector.send(way, metrics_of(way, [gauge("queue.length", 120, {"queue": way}, now_ns())]))
        messages = {f"{way} holds 120 messages" for way in self.ways}
        await_("a page of each way", lambda: {alert["message"] for alert in self.simulator.open_alerts()} == messages)
        ways_of_logs = [way for way, (kind, _) in self.ways.items() if kind != "prometheus_remote_write"]
        for way in ways_of_logs:
            error = {"timeUnixNano": str(now_ns()), "severityNumber": 17, "body": {"stringValue": "payment 7 timed out after 3 s"},
                     "attributes": attributes({"route": "/pay"})}
            self.collector.send(way, logs_of(way, [error, {**error, "severityNumber": 9}, error]))
            self.assertEqual(await_(way, lambda: self.values(f'timeouts_total{{instance="{way}",route="/pay"}} > 0')), [2], way)
        for way in self.ways:
            self.collector.send(way, metrics_of(way, [gauge("queue.length", 1, {"queue": way}, now_ns())]))
        await_("closes", lambda: not self.simulator.open_alerts())
        self.assert_nothing_failed()

    def test_nothing_is_missing_after_kills(self):
        self.collect_plainly()
        wanted = {way: {} for way in self.ways}
        for number in range(60):
            if number % 20 == 5:
                self.tocsin.kill()
            if number % 20 == 15:
                self.tocsin.start()
            for way in self.ways:
                time_ns = now_ns()
                self.collector.send(way, metrics_of(way, [gauge("kept", number, {}, time_ns)]))
                wanted[way][time_ns / SECOND] = str(number)
            time.sleep(0.05)
        for way in self.ways:
            await_(way, lambda: {time_s: value for (_, time_s), value in self.samples(way, ',__name__="kept"').items()} == wanted[way], 60)
        for way in self.ways:
            for failed in ("otelcol_exporter_send_failed_metric_points", "otelcol_exporter_enqueue_failed_metric_points"):
                self.assertEqual(self.collector.metric(failed, way), 0, way)

    def test_compression_that_is_not_understood_is_refused_at_once(self):
        self.start()
        self.collect({"snappy": ("otlp_grpc", {"endpoint": self.tocsin.grpc, "compression": "snappy", **INSECURE})})
        self.collector.send("snappy", metrics_of("snappy", [gauge("kept", 1, {}, now_ns())]))
        await_("end", lambda: self.collector.metric("otelcol_exporter_send_failed_metric_points", "snappy") == 1)
        self.assertRegex(self.collector.log_text(), "Permanent error: rpc error: code = Unimplemented desc = snappy")
        self.assertEqual(self.samples("snappy"), {})

    def test_tokens_over_tls(self):
        def prepare(tocsin):
            make_authority(tocsin.folder.name)
            make_certificate(tocsin.folder.name)
            tocsin.write("ingest.token", TOKEN + "\n")
            os.chmod(tocsin.path("ingest.token"), 0o600)

        self.start("""
tls: {cert_file: server.pem, key_file: server.key}
access:
  tokens: [{name: collectors, scopes: [ingest], token_file: ingest.token}]
""", prepare)
        ways = {}
        for which in ("right", "wrong"):
            client = {"tls": {"ca_file": self.tocsin.path("ca.pem")}, "auth": {"authenticator": f"bearertokenauth/{which}"}}
            for way, exporter in ways_to(self.tocsin.grpc, self.tocsin.http, client, "https").items():
                ways[f"{which}-{way}"] = exporter
        self.collect(ways, {"bearertokenauth/right": {"token": TOKEN}, "bearertokenauth/wrong": {"token": WRONG}})
        for way in sorted(ways, reverse=True):  # the wrong ones first
            self.collector.send(way, metrics_of(way, [gauge("queue.length", 120, {"queue": way}, now_ns())]))
        right = {f"{way} holds 120 messages" for way in ways if way.startswith("right")}
        await_("pages", lambda: {alert["message"] for alert in self.simulator.open_alerts()} == right)
        for way in ways:
            if way.startswith("wrong"):
                await_(way, lambda: self.collector.metric("otelcol_exporter_send_failed_metric_points", way) == 1)
        # Given up at once: trying again is no use.
        dropped = [line for line in self.collector.log_text().splitlines() if "Exporting failed. Dropping data" in line]
        self.assertEqual(len(dropped), len(ways) // 2)
        self.assertTrue(all("Permanent error" in line for line in dropped), dropped)
        self.assertEqual({alert["message"] for alert in self.simulator.open_alerts()}, right)
        log = "\n".join(self.tocsin.log_lines())
        self.assertIn("access refused", log)
        self.assertNotIn(TOKEN, log)
        self.assertNotIn(WRONG, log)


if __name__ == "__main__":
    install.program("collector")
    unittest.main(verbosity=2)
