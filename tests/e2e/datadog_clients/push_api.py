"""Sends with Datadog's Python client, over HTTP and as DogStatsD, as any user's program would.

    python3 push_api.py HTTP_PORT UDP_PORT SOCKET KEY NOW
"""

import sys

import datadog
from datadog.dogstatsd import DogStatsd


def over_http(port, key, now):
    datadog.initialize(api_key=key, app_key="app", api_host=f"http://127.0.0.1:{port}", hostname_from_config=False, mute=False)
    api = datadog.api
    api.Metric.send(metric="py.gauge", points=[(now, 1.5)], host="web-1", tags=["env:prod", "canary"])
    api.Metric.send(metric="py.count", points=[(now, 7)], type="count", interval=10, host="web-1")
    api.Metric.send(metric="py.rate", points=[(now, 2.5)], type="rate", interval=10, host="web-1")
    api.Distribution.send(distributions=[{"metric": "py.distribution", "points": [(now, [1, 2, 4])], "host": "web-1"}])
    api.ServiceCheck.check(check="py.check", host_name="web-1", status=2, timestamp=now, tags=["url:x"], message="down")
    api.Event.create(title="deployed", text="text", date_happened=now, host="web-1", alert_type="error", tags=["service:shop"])


def as_statsd(statsd, prefix):
    statsd.gauge(f"{prefix}.gauge", 3, tags=["a:b"])
    for _ in range(5):
        statsd.increment(f"{prefix}.count")
    statsd.histogram(f"{prefix}.size", 4)
    statsd.timing(f"{prefix}.took", 12)
    statsd.set(f"{prefix}.users", "u1")
    statsd.set(f"{prefix}.users", "u2")
    statsd.distribution(f"{prefix}.latency", 2)
    statsd.service_check(f"{prefix}.check", DogStatsd.WARNING, message="slow")
    statsd.event("title|odd", "text\nof two lines", alert_type="warning", tags=[f"client:{prefix}"])
    statsd.flush()
    statsd.stop()


def main():
    http_port, udp_port, socket, key, now = sys.argv[1:6]
    over_http(int(http_port), key, int(now))
    as_statsd(DogStatsd(host="127.0.0.1", port=int(udp_port), disable_telemetry=True), "udp")
    # The system queues few datagrams of a Unix socket; without a timeout the client drops what finds no place.
    as_statsd(DogStatsd(socket_path=socket, socket_timeout=5, disable_telemetry=True), "uds")


if __name__ == "__main__":
    main()
