#!/usr/bin/env python3
"""Runs push.py, or push.mjs with the SDK for Node, against the ports alone (ingest_sink_server) and compares what arrived.

    python3 run.py --server BUILD/ingest_sink_server --venv FOLDER
    python3 run.py --server BUILD/ingest_sink_server --node FOLDER

Exit code 77 if that OpenTelemetry SDK cannot be installed here.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys

import install

HERE = os.path.dirname(os.path.abspath(__file__))
ROUNDS = 3
IDENTITY = 'instance="instance-1", job="shop/checkout"'
# The default bounds of the SDK's histograms.
BOUNDS = ["0", "5", "10", "25", "50", "75", "100", "250", "500", "750", "1000", "2500", "5000", "7500", "10000", "+Inf"]


def histogram(name, labels, rounds):
    """The classic series of a histogram that observes each of `rounds` in one round; all begin at 0."""
    before, after = labels
    wanted = {f"{name}_count{{{before}{IDENTITY}{after}}}": list(range(len(rounds) + 1)),
              f"{name}_sum{{{before}{IDENTITY}{after}}}": [sum(rounds[:i]) for i in range(len(rounds) + 1)]}
    for bound in BOUNDS:
        counts = [sum(1 for value in rounds[:i] if value <= float(bound)) for i in range(len(rounds) + 1)]
        wanted[f'{name}_bucket{{{before}{IDENTITY}, le="{bound}"{after}}}'] = without_repeats(counts)
    return wanted


def without_repeats(values):
    """The SDK exports the last round once more when it shuts down."""
    return [value for i, value in enumerate(values) if i == 0 or value != values[i - 1]]


# series, with its value in each round; counters begin with the 0 that their start says
WANTED = {
    f'room_temperature_celsius{{{IDENTITY}, room="kitchen"}}': [21, 22, 23],
    f'orders_total{{{IDENTITY}, method="card", route="/pay"}}': [0, 10, 20, 30],
    f'cpu_time_seconds_total{{{IDENTITY}, state="user"}}': [0, 1.5, 3, 4.5],
    f'queue_length{{{IDENTITY}, queue="mail"}}': [1, 2, 3],
    f'response_size_bytes{{{IDENTITY}, route="/pay"}}': [(0, 0), (1, 2000), (2, 6000), (3, 12000)],  # count and sum
    **histogram("request_duration_milliseconds", ("", ', route="/pay"'), [12.5, 25, 37.5]),
    f'refunds_total{{{IDENTITY}, method="card"}}': [0, 2, 4, 6],
    **histogram("refund_amount", ("", ', method="card"'), [30, 30, 30]),
    'log_records_total{service="checkout", severity="error"}': [0, 2, 4, 6],
    'log_records_total{service="checkout", severity="info"}': [0, 1, 2, 3],
}
# Node's SDK counts what is observed from the first value on, which has no 0 before it.
NODE_WANTED = {**WANTED, f'cpu_time_seconds_total{{{IDENTITY}, state="user"}}': [1.5, 3, 4.5]}
LINE = re.compile(r"(?P<series>.*?) (?P<value>\{\{.*\}\}|\S+) @-?\d+")


def value_of(text):
    """A number; of a native histogram its count and sum."""
    if not text.startswith("{{"):
        return float(text)
    parts = dict(re.findall(r"(\w+):([^\s}]+)", text))
    return tuple(float(parts.get(part, 0)) for part in ("count", "sum"))


def values_by_series(lines):
    """Lines are `series value @time`; a series may hold blanks, and so do histograms."""
    found = {}
    for line in lines:
        match = LINE.fullmatch(line)
        found.setdefault(match["series"], []).append(value_of(match["value"]))
    return found


def compare(lines, all_wanted):
    found = {series: without_repeats(values) for series, values in values_by_series(lines).items()}
    problems = [f"{series}: wanted {wanted}, got {found.get(series)}"
                for series, wanted in all_wanted.items() if found.get(series) != wanted]
    infos = [series for series in found if series.startswith("target_info{")]
    if len(infos) != 1 or 'host_name="sdk-host"' not in infos[0] or found[infos[0]] != [1.0]:
        problems.append(f"target_info: got {[(info, found[info]) for info in infos]}")
    others = [series for series in found if series not in all_wanted and series not in infos]
    return problems + [f"not expected: {series}" for series in others]


def push(server_path, command, wanted):
    """Runs one client against a server of its own; what was not as wanted."""
    server = subprocess.Popen([server_path, "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                              stdin=subprocess.PIPE, text=True)
    ports = {"grpc": server.stdout.readline().split()[-1], "http": server.stdout.readline().split()[-1]}
    port = ports["http" if "--http" in command else "grpc"]
    client = subprocess.run(
        [*command, "--endpoint", f"127.0.0.1:{port}", "--rounds", str(ROUNDS), "--interval", "0.05"],
        timeout=120, check=False)
    lines = server.communicate(input="", timeout=60)[0].splitlines()  # the end of its input stops it
    problems = compare(lines, wanted)
    if client.returncode != 0:
        problems.append(f"{command[1]} ended with {client.returncode}")
    if server.returncode != 0:
        problems.append(f"the server ended with {server.returncode}")
    return problems


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", required=True)
    sdk = parser.add_mutually_exclusive_group(required=True)
    sdk.add_argument("--venv")
    sdk.add_argument("--node")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.venv:
        program, problem = install.install(arguments.venv)
        script = os.path.join(HERE, "push.py")
    else:
        program, problem = install.install_node(arguments.node)
        script = os.path.join(arguments.node, "push.mjs")
    if program is None:
        install.refuse_skip_in_ci(problem)
        print(f"skipped: the OpenTelemetry SDK cannot be installed: {problem}")
        return install.SKIPPED
    if arguments.node:
        # Node looks for packages beside the script.
        shutil.copyfile(os.path.join(HERE, "push.mjs"), script)
    wanted = NODE_WANTED if arguments.node else WANTED
    ways = [[], ["--gzip"]] if arguments.node else [[], ["--gzip"], ["--http"], ["--http", "--gzip"]]
    problems = [" ".join([*extra, problem]) for extra in ways
                for problem in push(arguments.server, [program, script, *extra], wanted)]
    for text in problems:
        print(text)
    print("failed" if problems else "passed: every sample arrived, plain and compressed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
