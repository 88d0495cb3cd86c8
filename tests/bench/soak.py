"""Half an hour at twice the load the service can take: what becomes of its memory, its answers and its pages.

  python3 tests/bench/soak.py build [--minutes 30] [--factor 2] [--cpu 0] [--cgroup DIR]

The service is pinned to one processor and the load to the others, so that the service, not the machine, is overloaded. With
--cgroup it runs in that control group, whose CPU quota limits it further, as a container's limit does.
First the load it sustains is measured (senders that wait for each answer), then senders that wait for nothing offer a
multiple of it. Every ten seconds a sample opens a page and closes the one before; the time from its acknowledgement to
the page's request at the receiver is taken. Prints one line a minute and a summary.
"""

import argparse
import http.server
import json
import os
import pathlib
import re
import subprocess
import tempfile
import threading
import time

RULES = """monitors:
- name: probe
  query: max by (run) (soak_probe)
  threshold: {critical: "> 10"}
  annotations: {summary: "{{ $labels.run }}"}
- name: load
  query: max by (service) (avg_over_time(load_metric_1[5m]))
  threshold: {critical: "> 1e300"}
"""
CONFIG = """rules: [rules.yaml]
retention: 1h
receivers:
- name: r
  opsgenie_configs: [{{api_url: "http://127.0.0.1:{port}", api_key_file: key}}]
route: {{receiver: r}}
"""


class Pages(http.server.BaseHTTPRequestHandler):
    """Answers as OpsGenie would if all went well, and notes when the create of a run's page came in."""

    protocol_version = "HTTP/1.1"
    arrived = {}

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        run = re.search(r'"message":"run-(\d+)"', body)
        if run and self.path == "/v2/alerts":
            self.arrived.setdefault(int(run.group(1)), time.monotonic())
        self._answer(202, {"result": "Request will be processed", "took": 0.01, "requestId": "r"})

    def do_GET(self):
        self._answer(200, {"data": {"success": True, "isSuccess": True, "status": "Created alert", "alertId": "a"}})

    def _answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def start_service(options, folder, port):
    (folder / "rules.yaml").write_text(RULES)
    (folder / "key").write_text("11111111-2222-4333-8444-555555555555")
    (folder / "key").chmod(0o400)
    (folder / "tocsin.yaml").write_text(CONFIG.format(port=port))
    log = folder / "log"

    def join():
        if options.cgroup:
            (options.cgroup / "cgroup.procs").write_text(str(os.getpid()))

    process = subprocess.Popen(
        ["taskset", "-c", str(options.cpu), options.build / "tocsin", "serve", "--config", folder / "tocsin.yaml", "--data-dir",
         folder / "data", "--grpc-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--admin-listen",
         "127.0.0.1:0"], stderr=log.open("w"), preexec_fn=join)
    for _ in range(300):
        ready = re.search(r'"event":"ready".*"grpc_port":(\d+)', log.read_text())
        if ready:
            return process, f"127.0.0.1:{ready.group(1)}"
        time.sleep(0.1)
    raise SystemExit(log.read_text())


def resident_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def load(build, target, cpus, *more):
    return ["taskset", "-c", cpus, build / "ingest_load", "--target", target, "--series", "128000",
            "--samples-per-request", "1000", "--connections", "32", *more]


def probe(build, target, cpus, run):
    """Pages run `run`, takes back the one before; returns the monotonic time of the acknowledgement, or None."""
    def push(which, value):
        return subprocess.run(["taskset", "-c", cpus, build / "push_value", "--endpoint", target, "--name", "soak_probe",
                               "--value", str(value), "--attr", f"run=run-{which}"], capture_output=True).returncode == 0
    push(run - 1, 0)
    return time.monotonic() if push(run, 100) else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--factor", type=float, default=2)
    parser.add_argument("--cpu", type=int, default=0)
    parser.add_argument("--cgroup", type=pathlib.Path)
    options = parser.parse_args()
    cpus = ",".join(str(cpu) for cpu in range(os.cpu_count()) if cpu != options.cpu) or str(options.cpu)
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        service, target = start_service(options, folder, receiver.server_port)
        try:
            soak(options, service, target, cpus)
        finally:
            service.terminate()
            print(f"exit code {service.wait(60)}")


def soak(options, service, target, cpus):
    out = subprocess.run(load(options.build, target, cpus, "--seconds", "30"), capture_output=True,
                         text=True, check=True).stdout
    sustained = float(re.search(r"steady: (\d+) points/s", out).group(1))
    print(f"sustained: {sustained:.0f} points/s, resident {resident_mb(service.pid):.0f} MB", flush=True)
    sender = subprocess.Popen(
        load(options.build, target, cpus, "--seconds", str(options.minutes * 60), "--rate",
             str(options.factor * sustained)), stdout=subprocess.PIPE, text=True)
    report(options, sender, service, target, cpus, sustained)


def report(options, sender, service, target, cpus, sustained):
    acknowledged, lines, run = {}, [], 0
    for text in sender.stdout:
        line = json.loads(text)
        line["resident_mb"] = resident_mb(service.pid)
        lines.append(line)
        if at := probe(options.build, target, cpus, run):
            acknowledged[run] = at
        run += 1
        if len(lines) % 6 == 0:
            print(f"{line['second']:5} s: accepted {sum(l['accepted_points'] for l in lines[-6:]) / 60:8.0f}/s, "
                  f"refused {sum(l['refused_requests'] for l in lines[-6:])}, left out "
                  f"{sum(l['left_out_requests'] for l in lines[-6:])}, answer p50 {line['answer_ms']['p50']} p99 "
                  f"{line['answer_ms']['p99']} ms, resident {line['resident_mb']:.0f} MB {line['error'][:80]}", flush=True)
    time.sleep(5)
    latencies = sorted((Pages.arrived[r] - at) * 1000 for r, at in acknowledged.items() if r in Pages.arrived)
    resident = [line["resident_mb"] for line in lines]
    print(f"offered {options.factor * sustained:.0f} points/s for {options.minutes:g} min; accepted "
          f"{sum(l['accepted_points'] for l in lines) / (options.minutes * 60):.0f}/s; resident after 5 min "
          f"{resident[min(29, len(resident) - 1)]:.0f} MB, at the end {resident[-1]:.0f}, most {max(resident):.0f} MB")
    print(f"pages: {run} probes, {len(acknowledged)} acknowledged, {len(latencies)} paged; acknowledgement to page, ms: "
          f"p50 {latencies[len(latencies) // 2]:.1f} p99 {latencies[int(len(latencies) * 0.99)]:.1f} max {latencies[-1]:.1f}")


if __name__ == "__main__":
    main()
