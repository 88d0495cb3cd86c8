#!/usr/bin/env python3
"""Sends metrics of every instrument kind, deltas and logs with the OpenTelemetry SDK, as any user's program would.

    python3 push.py --endpoint 127.0.0.1:4317 [--http] [--rounds 3] [--interval 0.5] [--service checkout] [--gzip]

Each round sets new values and exports at once. Needs opentelemetry-sdk and
opentelemetry-exporter-otlp-proto-grpc, with --http opentelemetry-exporter-otlp-proto-http.
Series a receiver should then hold (job="shop/checkout", instance="instance-1"), r being the round from 1:

    room_temperature_celsius{room="kitchen"}          20 + r    observable gauge
    orders_total{method="card", route="/pay"}         10 * r    counter
    cpu_time_seconds_total{state="user"}              1.5 * r   observable counter
    queue_length{queue="mail"}                        r         up-down counter
    target_info{...}                                  1         resource
    response_size_bytes{route="/pay"}                 r observations, the newest 2000 * r: exponential histogram
    request_duration_milliseconds{route="/pay"}       r observations, the newest 12.5 * r: histogram
    refunds_total{method="card"}                      2 * r     counter sent as deltas
    refund_amount{method="card"}                      r observations of 30: histogram sent as deltas

Each round also logs two errors ("payment <r> timed out") and an information.

Exit code 0 if every export was taken, 1 otherwise.
"""

import argparse
import logging
import sys
import time

from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource


class Counts:
    failures = 0
    exports = 0


def counting(exporter_class, counts):
    """The SDK's exporter, remembering how exports ended."""

    class CountingExporter(exporter_class):
        def export(self, *args, **kwargs):
            result = super().export(*args, **kwargs)
            counts.exports += 1
            if result is not MetricExportResult.SUCCESS:
                counts.failures += 1
            return result

    return CountingExporter


def http_options(arguments, path):
    from opentelemetry.exporter.otlp.proto.http import Compression
    return {"endpoint": f"http://{arguments.endpoint}{path}", "timeout": 10,
            "compression": Compression.Gzip if arguments.gzip else Compression.NoCompression}


def grpc_options(arguments):
    import grpc
    return {"endpoint": arguments.endpoint, "insecure": True, "timeout": 10,
            "compression": grpc.Compression.Gzip if arguments.gzip else None}


def new_exporter(arguments, counts, **preferences):
    if arguments.http:
        from opentelemetry.exporter.otlp.proto.http import metric_exporter
        options = http_options(arguments, "/v1/metrics")
    else:
        from opentelemetry.exporter.otlp.proto.grpc import metric_exporter
        options = grpc_options(arguments)
    return counting(metric_exporter.OTLPMetricExporter, counts)(**options, **preferences)


def new_log_exporter(arguments):
    if arguments.http:
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
        return OTLPLogExporter(**http_options(arguments, "/v1/logs"))
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    return OTLPLogExporter(**grpc_options(arguments))


class Deltas:
    """A counter and a histogram whose exporter prefers deltas."""

    def __init__(self, arguments, counts, resource):
        exporter = new_exporter(arguments, counts,
                                preferred_temporality={Counter: AggregationTemporality.DELTA,
                                                       Histogram: AggregationTemporality.DELTA})
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
        self.provider = MeterProvider(metric_readers=[reader], resource=resource)
        meter = self.provider.get_meter("otel_sdk_test", "1.0")
        self.refunds = meter.create_counter("refunds")
        self.amount = meter.create_histogram("refund.amount")

    def send(self):
        self.refunds.add(2, {"method": "card"})
        self.amount.record(30, {"method": "card"})
        self.provider.force_flush(timeout_millis=15_000)


class Logs:
    """Python's own logging, sent by the SDK."""

    def __init__(self, arguments, resource):
        self.provider = LoggerProvider(resource=resource)
        self.provider.add_log_record_processor(BatchLogRecordProcessor(new_log_exporter(arguments)))
        self.logger = logging.getLogger("otel_sdk_test")
        self.logger.setLevel(logging.INFO)
        self.logger.propagate = False
        self.logger.addHandler(LoggingHandler(logger_provider=self.provider))

    def send(self, current_round):
        for _ in range(2):
            self.logger.error("payment %d timed out", current_round, extra={"route": "/pay"})
        self.logger.info("round %d is over", current_round)
        self.provider.force_flush(timeout_millis=15_000)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--endpoint", default="127.0.0.1:4317")
    parser.add_argument("--http", action="store_true", help="OTLP/HTTP instead of gRPC")
    parser.add_argument("--service", default="checkout")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--interval", type=float, default=0.5, help="seconds between rounds")
    parser.add_argument("--gzip", action="store_true")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    current_round = 0
    counts = Counts()
    exporter = new_exporter(arguments, counts)
    # Exports happen when flushed, not by the clock.
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    resource = Resource.create({
        "service.name": arguments.service,
        "service.namespace": "shop",
        "service.instance.id": "instance-1",
        "host.name": "sdk-host",
    })
    exponential = View(instrument_name="response.size", aggregation=ExponentialBucketHistogramAggregation())
    provider = MeterProvider(metric_readers=[reader], resource=resource, views=[exponential])
    meter = provider.get_meter("otel_sdk_test", "1.0")

    meter.create_observable_gauge(
        "room.temperature", unit="Cel",
        callbacks=[lambda _: [Observation(20 + current_round, {"room": "kitchen"})]])
    meter.create_observable_counter(
        "cpu.time", unit="s",
        callbacks=[lambda _: [Observation(1.5 * current_round, {"state": "user"})]])
    orders = meter.create_counter("orders", unit="{order}")
    queue = meter.create_up_down_counter("queue.length")
    duration = meter.create_histogram("request.duration", unit="ms")
    size = meter.create_histogram("response.size", unit="By")

    deltas = Deltas(arguments, counts, resource)
    logs = Logs(arguments, resource)
    for current_round in range(1, arguments.rounds + 1):
        orders.add(10, {"method": "card", "route": "/pay"})
        queue.add(1, {"queue": "mail"})
        duration.record(12.5 * current_round, {"route": "/pay"})
        size.record(2000 * current_round, {"route": "/pay"})
        if not provider.force_flush(timeout_millis=15_000):
            counts.failures += 1
        deltas.send()
        logs.send(current_round)
        if current_round < arguments.rounds:
            time.sleep(arguments.interval)
    exports, failures = counts.exports, counts.failures
    for one in (provider, deltas.provider, logs.provider):
        one.shutdown()
    print(f"{exports} exports, {failures} failed")
    return 0 if exports > 0 and failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
