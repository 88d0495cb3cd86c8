"""What becomes of those who send little, and of pages, while somebody else means no good: a line of a table for each attack.

  python3 tests/bench/attack.py build [--seconds 10] [--only NAME,..]

The attackers come from ::1 and run at the lowest priority, so that the service and not the scheduler is attacked; those who are looked at come
from 127.0.0.1: 20 requests a second of 10 samples over each protocol, and a page every second. Answers are timed by the sender, retries
included; pages from the acknowledgement of the sample to the request at the receiver. The memory is the most that was resident.
"""

import argparse
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from attackers import ATTACKS  # noqa: E402
from soak import RULES, Pages, probe  # noqa: E402

PROTOCOLS = ("otlp", "otlp_http", "remote_write", "native")
CONFIG = """rules: [rules.yaml]
access: {{allow_open_listeners: true}}
receivers:
- name: r
  opsgenie_configs: [{{api_url: "http://127.0.0.1:{port}", api_key_file: key}}]
route: {{receiver: r, storm_alerts: 1000}}
"""
# Attacks by the load tool: who sends as much as it can.
FLOODS = {
    "flood_otlp": ["otlp", "--connections", "16", "--series", "400000", "--samples-per-request", "10000"],
    "flood_otlp_http": ["otlp_http", "--connections", "64", "--series", "400000", "--samples-per-request", "5000"],
    "flood_remote_write": ["remote_write", "--connections", "64", "--series", "400000", "--samples-per-request", "5000"],
    "flood_native": ["native", "--connections", "16", "--in-flight", "64", "--series", "160000", "--samples-per-request", "10000"],
    "new_series": ["otlp_http", "--connections", "16", "--series", "1600000", "--samples-per-request", "5000"],
}


class Service:
    def __init__(self, build, folder, port):
        (folder / "rules.yaml").write_text(RULES)
        (folder / "key").write_text("11111111-2222-4333-8444-555555555555")
        (folder / "key").chmod(0o400)
        (folder / "tocsin.yaml").write_text(CONFIG.format(port=port))
        log = folder / "log"
        self.process = subprocess.Popen(
            [build / "tocsin", "serve", "--config", folder / "tocsin.yaml", "--data-dir", folder / "data", "--grpc-listen", "[::]:0",
             "--http-listen", "[::]:0", "--admin-listen", "127.0.0.1:0"], stderr=log.open("w"))
        for _ in range(300):
            ready = re.search(r'"event":"ready".*', log.read_text())
            if ready:
                self.grpc, self.http = (int(re.search(rf'"{which}_port":(\d+)', ready.group(0)).group(1)) for which in ("grpc", "http"))
                return
            time.sleep(0.1)
        raise SystemExit(log.read_text())

    def port(self, protocol):
        return self.grpc if protocol in ("otlp", "native") else self.http

    def reset_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def memory_mb(self, what):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+)", status).group(1)) / 1024

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def attacker(options, service, name):
    if name == "nobody":
        return None
    quietly = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if name in FLOODS:
        protocol, *rest = FLOODS[name]
        return subprocess.Popen(["nice", "-n", "19", options.build / "ingest_load", "--protocol", protocol, "--target",
                                 f"[::1]:{service.port(protocol)}", "--seconds", str(options.seconds + 3), *rest], **quietly)
    return subprocess.Popen(["nice", "-n", "19", sys.executable, pathlib.Path(__file__).with_name("attackers.py"), name,
                             str(service.grpc), str(service.http), str(options.seconds + 3)], **quietly)


def victims(options, service):
    return {protocol: subprocess.Popen(
        [options.build / "ingest_load", "--protocol", protocol, "--target", f"127.0.0.1:{service.port(protocol)}", "--series", "10",
         "--samples-per-request", "10", "--connections", "1", "--rate", "200", "--seconds", str(options.seconds)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for protocol in PROTOCOLS}


def page_latencies(options, service, runs):
    acknowledged, until = {}, time.monotonic() + options.seconds
    while time.monotonic() < until:
        run = next(runs)
        if at := probe(options.build, f"127.0.0.1:{service.grpc}", "0-1", run):
            acknowledged[run] = at
        time.sleep(1)
    time.sleep(2)
    return sorted((Pages.arrived[r] - at) * 1000 if r in Pages.arrived else float("inf") for r, at in acknowledged.items())


def scenario(options, service, name, runs):
    service.reset_peak()
    cpu, start = service.cpu_seconds(), time.monotonic()
    attack = attacker(options, service, name)
    time.sleep(1)
    senders = victims(options, service)
    pages = page_latencies(options, service, runs)
    cells = [name]
    for protocol, sender in senders.items():
        lines = [json.loads(line) for line in sender.communicate()[0].splitlines()]
        if not lines:
            cells.append("none")
            continue
        answers, refused = lines[-1]["answer_ms"], sum(line["refused_requests"] + line["left_out_requests"] for line in lines)
        cells.append(f"{answers['p50']:.1f} / {answers['p99']:.1f}" + (f" ({refused} refused)" if refused else ""))
    cells.append(f"{pages[len(pages) // 2]:.0f} / {pages[-1]:.0f}" if pages else "none")
    busy = (service.cpu_seconds() - cpu) / (time.monotonic() - start)
    if attack:
        attack.kill()
        attack.wait()
    cells += [f"{service.memory_mb('VmHWM'):.0f}", f"{busy:.2f}"]
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--only", type=lambda text: text.split(","), default=["nobody", *FLOODS, *ATTACKS, "nobody"])
    options = parser.parse_args()
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    print("| attack | " + " | ".join(f"{protocol}, ms" for protocol in PROTOCOLS) + " | page, ms | memory, MB | cores |")
    print("| --- " * (len(PROTOCOLS) + 4) + "|")
    with tempfile.TemporaryDirectory() as folder:
        service = Service(options.build, pathlib.Path(folder), receiver.server_port)
        runs = iter(range(1_000_000))
        try:
            for name in options.only:
                scenario(options, service, name, runs)
        finally:
            service.process.terminate()
            print(f"exit code {service.process.wait(60)}")


if __name__ == "__main__":
    main()
