#!/usr/bin/env python3
"""Runs push.py against the ports alone (ingest_sink_server) and compares what arrived.

    python3 run.py --server BUILD/ingest_sink_server --venv FOLDER

Exit code 77 if the OpenTelemetry SDK cannot be installed here.
"""

import argparse
import os
import re
import subprocess
import sys

import install

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = 3
IDENTITY = 'instance="instance-1", job="shop/checkout"'
# series, with its value in each round
WANTED = {
    f'room_temperature_celsius{{{IDENTITY}, room="kitchen"}}': [21, 22, 23],
    f'orders_total{{{IDENTITY}, method="card", route="/pay"}}': [10, 20, 30],
    f'cpu_time_seconds_total{{{IDENTITY}, state="user"}}': [1.5, 3, 4.5],
    f'queue_length{{{IDENTITY}, queue="mail"}}': [1, 2, 3],
    f'response_size_bytes{{{IDENTITY}, route="/pay"}}': [(1, 2000), (2, 6000), (3, 12000)],  # count and sum
}
LINE = re.compile(r"(?P<series>.*?) (?P<value>\{\{.*\}\}|\S+) @-?\d+")


def value_of(text):
    """A number; of a native histogram its count and sum."""
    if not text.startswith("{{"):
        return float(text)
    return tuple(float(re.search(rf" {part}:(\S+)", text).group(1)) for part in ("count", "sum"))


def values_by_series(lines):
    """Lines are `series value @time`; a series may hold blanks, and so do histograms."""
    found = {}
    for line in lines:
        match = LINE.fullmatch(line)
        found.setdefault(match["series"], []).append(value_of(match["value"]))
    return found


def without_repeats(values):
    """The SDK exports the last round once more when it shuts down."""
    return [value for i, value in enumerate(values) if i == 0 or value != values[i - 1]]


def compare(lines):
    found = {series: without_repeats(values) for series, values in values_by_series(lines).items()}
    problems = [f"{series}: wanted {wanted}, got {found.get(series)}"
                for series, wanted in WANTED.items() if found.get(series) != wanted]
    infos = [series for series in found if series.startswith("target_info{")]
    if len(infos) != 1 or 'host_name="sdk-host"' not in infos[0] or found[infos[0]] != [1.0]:
        problems.append(f"target_info: got {[(info, found[info]) for info in infos]}")
    others = [series for series in found if series not in WANTED and series not in infos]
    return problems + [f"not expected: {series}" for series in others]


def push(arguments, python, extra):
    server = subprocess.Popen([arguments.server, "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                              stdin=subprocess.PIPE, text=True)
    ports = {"grpc": server.stdout.readline().split()[-1], "http": server.stdout.readline().split()[-1]}
    port = ports["http" if "--http" in extra else "grpc"]
    client = subprocess.run(
        [python, os.path.join(HERE, "push.py"), "--endpoint", f"127.0.0.1:{port}", "--rounds", str(ROUNDS),
         "--interval", "0.05", *extra], timeout=120, check=False)
    lines = server.communicate(input="", timeout=60)[0].splitlines()  # the end of its input stops it
    problems = compare(lines)
    if client.returncode != 0:
        problems.append(f"push.py ended with {client.returncode}")
    if server.returncode != 0:
        problems.append(f"the server ended with {server.returncode}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", required=True)
    parser.add_argument("--venv", required=True)
    arguments = parser.parse_args()
    python, problem = install.install(arguments.venv)
    if python is None:
        install.refuse_skip_in_ci(problem)
        print(f"skipped: the OpenTelemetry SDK cannot be installed: {problem}")
        return install.SKIPPED
    problems = []
    for extra in ([], ["--gzip"], ["--http"], ["--http", "--gzip"]):
        problems += [" ".join([*extra, text]) for text in push(arguments, python, extra)]
    for text in problems:
        print(text)
    print("failed" if problems else "passed: every sample arrived, over gRPC and HTTP, plain and compressed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
