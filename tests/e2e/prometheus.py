"""Starts a real Prometheus: an installed one, the one that `./dev test --ci` takes out of Debian's package, or Prometheus 3
(go_senders)."""

import http.server
import os
import shutil
import struct
import subprocess
import tempfile
import threading
from urllib.parse import urlencode

from alertmanager import free_port
from service import BUILD, await_, get, get_json

PROGRAM = "prometheus"
TEXT = "text/plain; version=0.0.4"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
FETCHED = os.path.join(os.path.abspath(BUILD), "counterparts", "usr", "bin", PROGRAM)


def program():
    """The path of Debian's; None where it is not to be had."""
    return shutil.which(PROGRAM) or (FETCHED if os.path.exists(FETCHED) else None)


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """A field of a protobuf message: an unsigned integer, a double or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def zigzag(value):
    return value << 1 if value >= 0 else (-value << 1) - 1


def native_histogram(name, count, total, zero_count, deltas, schema=0, offset=1):
    """A scraped native histogram of one span, as client libraries write it (io.prometheus.client.MetricFamily)."""
    span = field(1, zigzag(offset)) + field(2, len(deltas))
    histogram = field(1, count) + field(2, float(total)) + field(5, zigzag(schema)) + field(6, 0.001) + field(7, zero_count)
    histogram += field(12, span) + b"".join(field(13, zigzag(delta)) for delta in deltas)
    family = field(1, name.encode()) + field(3, 4) + field(4, field(7, histogram))
    return varint(len(family)) + family


class Target:
    """A program with metrics, whose text a test sets (OpenMetrics if it ends as such); or bytes: delimited protobuf."""

    def __init__(self, text):
        self.text = text
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                text = target.text
                body = text if isinstance(text, bytes) else text.encode()
                kind = PROTOBUF if isinstance(text, bytes) else OPENMETRICS if text.endswith("# EOF\n") else TEXT
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


# What tests need beyond the defaults of Debian's Prometheus 2 and of Prometheus 3: features, and lines of its configuration.
VERSION_2 = {"features": "native-histograms"}
VERSION_3 = {"features": "metadata-wal-records,exemplar-storage,st-storage", "writing": "protobuf_message: io.prometheus.write.v2.Request\n  send_exemplars: true",
             "scraping": "scrape_native_histograms: true\n  convert_classic_histograms_to_nhcb: true"}


class Prometheus:
    """On a free port; scrapes one target every 200 ms as job `app` and writes what it gets to `write_url`, unless None."""

    def __init__(self, target, write_url, path, features, scraping="", writing=""):
        self.folder = tempfile.TemporaryDirectory(prefix="prometheus-")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        with open(self.path("prometheus.yml"), "w", encoding="utf-8") as file:
            file.write(f"""
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs:
- job_name: app
  {scraping}
  static_configs: [{{targets: ["{target}"], labels: {{env: test}}}}]
""")
            if write_url is not None:
                file.write(f"""
remote_write:
- url: {write_url}
  {writing}
  send_native_histograms: true
  queue_config: {{batch_send_deadline: 100ms, min_backoff: 50ms, max_backoff: 200ms}}
""")
        self.log = open(self.path("log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [path, f"--enable-feature={features}", f"--config.file={self.path('prometheus.yml')}",
             f"--storage.tsdb.path={self.path('data')}", f"--web.listen-address=127.0.0.1:{port}"], stderr=self.log)
        await_("Prometheus ready", self.ready, 30)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def log_text(self):
        with open(self.path("log"), encoding="utf-8") as file:
            return file.read()

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError("Prometheus ended:\n" + self.log_text())
        try:
            return get(self.url + "/-/ready")
        except OSError:
            return None

    def query(self, expression, time=None):
        parameters = {"query": expression, **({"time": time} if time else {})}
        return get_json(self.url + "/api/v1/query?" + urlencode(parameters))["data"]["result"]

    def metric(self, name):
        """The sum over all labels."""
        lines = [line for line in get(self.url + "/metrics").splitlines() if line.startswith((name + "{", name + " "))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        self.folder.cleanup()
