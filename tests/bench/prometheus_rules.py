#!/usr/bin/env python3
"""The rules of rules_bench on a Prometheus, beside Tocsin's figures from the same run.

Prometheus gets an hour of samples of 1,000 hosts, one each 10 s, in blocks; each rule's expression is asked for at
successive times over the query API, and the CPU time of the process is divided by the number of questions. An empty
question's share (HTTP, JSON) is taken off. What rules cost beside their query (alerts, labels) is in Tocsin's figure,
not in Prometheus'.

  prometheus_rules.py BUILD_DIRECTORY
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

HOSTS = 1000
STEP = 10
STEPS = 400
QUESTIONS = 100

KINDS = [
    ("instant", "load > 1e6"),
    ("avg_over_time 5m by host", "avg by (host) (avg_over_time(load[5m])) > 1e6"),
    ("sum by rate 5m", "sum by (service) (rate(requests_total[5m])) > 1e9"),
    ("ratio of rates 5m",
     "sum by (service) (rate(errors_total[5m])) / sum by (service) (rate(requests_total[5m])) > 1e6"),
    ("max_over_time 5m", "max_over_time(load[5m]) > 1e6"),
    ("quantile_over_time 5m", "quantile_over_time(0.95, load[5m]) > 1e6"),
    ("absent", "absent(load)"),
    ("predict_linear 1h", "predict_linear(load[1h], 14400) < -1e9"),
    ("z-score 1h", "(load - avg_over_time(load[1h])) / stddev_over_time(load[1h]) > 1e3"),
]


def write_samples(path, begin):
    with open(path, "w", encoding="utf-8") as out:
        for family, kind, name in (("load", "gauge", "load"), ("requests", "counter", "requests_total"),
                                   ("errors", "counter", "errors_total")):
            out.write(f"# TYPE {family} {kind}\n")
            for host in range(HOSTS):
                labels = (f'host="host-{host}",service="service-{host % 50}",env="env-0",'
                          f'instance="10.0.{host // 250}.{host % 250}",az="zone-{host % 3}"')
                for step in range(STEPS):
                    noise = ((host * 2654435761 + step * 40503001) >> 8) % 10000
                    value = noise / 100 if kind == "gauge" else step * 100 + noise % 50
                    out.write(f"{name}{{{labels}}} {value} {begin + step * STEP}\n")
        out.write("# EOF\n")


class Prometheus:
    def __init__(self, directory):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = os.path.join(directory, "prometheus.yml")
        with open(config, "w", encoding="utf-8") as out:
            out.write("global: {scrape_interval: 1h}\n")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory}/blocks",
             f"--web.listen-address=127.0.0.1:{self.port}", "--storage.tsdb.retention.time=10y"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait_until_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        raise SystemExit("prometheus did not become ready within 60 s")

    def ask(self, expr, at):
        query = urllib.parse.urlencode({"query": expr, "time": at})
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{query}", timeout=30) as answer:
            return answer.read().decode()

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cost(self, expr, end):
        """Median of three, in ms of CPU a question."""
        costs = []
        for _ in range(3):
            before = self.cpu_seconds()
            for i in range(QUESTIONS):
                self.ask(expr, end - (QUESTIONS - 1 - i) % 20 * STEP)
            costs.append((self.cpu_seconds() - before) / QUESTIONS * 1e3)
        return sorted(costs)[1]


def tocsin_costs(build):
    output = subprocess.run([os.path.join(build, "rules_bench"), "--part", "peer"], check=True, capture_output=True,
                            text=True).stdout
    return {m[1].strip(): float(m[2]) / 1e3
            for m in re.finditer(r"^(.*?)\s+\d+ series\s+1 rules\s+([\d.]+) us a rule", output, re.M)}


def main():
    build = sys.argv[1]
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        print("prometheus is not installed (Debian package prometheus): no figures of it")
        return
    with tempfile.TemporaryDirectory() as directory:
        begin = int(time.time()) // 7200 * 7200 - 4 * 7200
        samples = os.path.join(directory, "samples.txt")
        write_samples(samples, begin)
        subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", samples, f"{directory}/blocks"],
                       check=True, stdout=subprocess.DEVNULL)
        os.remove(samples)
        prometheus = Prometheus(directory)
        try:
            prometheus.wait_until_ready()
            end = begin + (STEPS - 1) * STEP
            if f'"{HOSTS}"' not in prometheus.ask("count(load)", end):
                raise SystemExit("prometheus does not have the samples")
            empty = prometheus.cost("vector(1)", end)
            tocsin = tocsin_costs(build)
            print(f"{'1,000 rows a rule, CPU of one evaluation':<42}{'Prometheus':>14}{'Tocsin':>12}{'ratio':>8}")
            for name, expr in KINDS:
                cost = prometheus.cost(expr, end) - empty
                print(f"{name:<42}{cost:>11.2f} ms{tocsin[name] * 1e3:>9.1f} us{cost / tocsin[name]:>8.0f}", flush=True)
        finally:
            prometheus.process.terminate()
            prometheus.process.wait()


if __name__ == "__main__":
    main()
