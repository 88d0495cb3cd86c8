"""Starts a real OpenTelemetry Collector (go_senders), and makes the OTLP that programs send to it."""

import json
import os
import subprocess
import tempfile
import time
import urllib.request

from alertmanager import free_port
from service import await_, get

CUMULATIVE = 2
RETRY = {"initial_interval": "100ms", "max_interval": "500ms"}


def attributes(pairs):
    return [{"key": key, "value": {"stringValue": value}} for key, value in pairs.items()]


def point(value_fields, labels, time_ns, start_ns=0):
    return {"timeUnixNano": str(time_ns), "startTimeUnixNano": str(start_ns), "attributes": attributes(labels), **value_fields}


def gauge(name, value, labels, time_ns, unit=""):
    return {"name": name, "unit": unit, "gauge": {"dataPoints": [point({"asDouble": value}, labels, time_ns)]}}


def resource(instance, **scoped):
    """One resource, of metrics (`scopeMetrics`) or logs (`scopeLogs`)."""
    identity = {"service.namespace": "shop", "service.name": "checkout", "service.instance.id": instance, "host.name": "web-1"}
    return {"resource": {"attributes": attributes(identity)}, **scoped}


def metrics_of(instance, metrics):
    scope = {"scope": {"name": "app", "version": "1.0"}, "metrics": metrics}
    return {"resourceMetrics": [resource(instance, scopeMetrics=[scope])]}


def logs_of(instance, records):
    return {"resourceLogs": [resource(instance, scopeLogs=[{"scope": {"name": "app"}, "logRecords": records}])]}


class Collector:
    """Each way is a pipeline of its own: an OTLP receiver and one exporter, so that a test knows which way it sends.

    `ways`: name -> (type of the exporter, its configuration).
    """

    def __init__(self, program, ways, extensions=None):
        self.folder = tempfile.TemporaryDirectory(prefix="collector-")
        self.ports = {way: free_port() for way in ways}
        self.own_port = free_port()
        pipelines = {f"{signal}/{way}": {"receivers": [f"otlp/{way}"], "exporters": [f"{kind}/{way}"]}
                     for way, (kind, _) in ways.items()
                     for signal in (["metrics"] if kind == "prometheus_remote_write" else ["metrics", "logs"])}
        reader = {"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": self.own_port}}}}
        config = {
            "extensions": extensions or {},
            "receivers": {f"otlp/{way}": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}} for way, port in self.ports.items()},
            "exporters": {f"{kind}/{way}": {"retry_on_failure": RETRY, **config} for way, (kind, config) in ways.items()},
            "service": {"extensions": list(extensions or {}), "pipelines": pipelines,
                        "telemetry": {"metrics": {"level": "normal", "readers": [reader]}}},
        }
        with open(self.path("config.yaml"), "w", encoding="utf-8") as file:
            json.dump(config, file)  # which is YAML, too
        self.log = open(self.path("log"), "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, f"--config=file:{self.path('config.yaml')}",
             "--feature-gates=exporter.prometheusremotewritexporter.enableSendingRW2"], stderr=self.log)
        await_("Collector ready", self.ready, 30)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def log_text(self):
        with open(self.path("log"), encoding="utf-8") as file:
            return file.read()

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError("the Collector ended:\n" + self.log_text())
        return "Everything is ready" in self.log_text()

    def send(self, way, message):
        """A message of OTLP, which the Collector answers when it is in the exporter's queue."""
        signal = "logs" if "resourceLogs" in message else "metrics"
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[way]}/v1/{signal}", json.dumps(message).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        with urllib.request.urlopen(request, timeout=30) as reply:
            reply.read()

    def metric(self, name, way):
        """One of the Collector's own, of one exporter; 0 while there is none."""
        lines = [line for line in get(f"http://127.0.0.1:{self.own_port}/metrics").splitlines()
                 if line.startswith(name + "{") and f'/{way}"' in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()
        self.folder.cleanup()


def now_ns():
    return time.time_ns() // 1_000_000 * 1_000_000
