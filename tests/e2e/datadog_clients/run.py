#!/usr/bin/env python3
"""Runs Datadog's real clients against the intake alone (datadog_sink_server) and compares what arrived.

    python3 run.py --server BUILD/datadog_sink_server --folder FOLDER

Exit code 77 if none of the clients can be installed here.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

import install

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = "0123456789abcdef0123456789abcdef"
LINE = re.compile(r"(?P<series>.*?) (?P<value>\{\{.*\}\}|\S+) @-?\d+")


def statsd(prefix, labels, check_labels, users):
    """Series of the messages that all clients of DogStatsD send here."""
    own = "{" + ", ".join(sorted(['host="statsd-host"', *labels])) + "}"
    return {
        f"{prefix}_count{own}": 5,
        **{f"{prefix}_size_{part}{own}": 4 for part in ("max", "median", "avg", "95percentile")},
        **{f"{prefix}_took_{part}{own}": 12 for part in ("max", "median", "avg", "95percentile")},
        f"{prefix}_size_count{own}": 1,
        f"{prefix}_took_count{own}": 1,
        f"{prefix}_users{own}": users,
        f"{prefix}_latency{own}": (1, 2),
        f"datadog_service_check{{{check_labels}}}": 1 if prefix != "hot" else 2,
    }


PYTHON = {
    'py_gauge{canary="true", env="prod", host="web-1"}': 1.5,
    'py_count{host="web-1"}': 7,
    'py_rate{host="web-1"}': 25,
    'py_distribution{host="web-1"}': (3, 7),
    'datadog_service_check{check="py.check", host="web-1", url="x"}': 2,
    'datadog_events{alert_type="error", host="web-1", priority="normal", service="shop"}': 1,
    **{f'{prefix}_gauge{{a="b", host="statsd-host"}}': 3 for prefix in ("udp", "uds")},
    **{f'datadog_events{{alert_type="warning", client="{prefix}", host="statsd-host", priority="normal"}}': 1
       for prefix in ("udp", "uds")},
    **statsd("udp", [], 'check="udp.check", host="statsd-host"', 2),
    **statsd("uds", [], 'check="uds.check", host="statsd-host"', 2),
}
NODE = {
    'node_gauge{a="b", env="prod", host="web-2"}': 1.5,
    'node_count{env="prod", host="web-2"}': 7,
    'node_distribution{env="prod", host="web-2"}': (2, 6),
    'node_v2{env="prod", host="web-2"}': 25,
    'logs{body="timed out", env="prod", host="web-2", service="shop", severity="error", source="nginx"}': 2,
    r'logs{body="{\"level\":\"warn\",\"msg\":\"slow\"}", env="test", severity="warn"}': 1,
    'hot_gauge{env="prod", host="statsd-host"}': 3,
    'datadog_events{alert_type="error", env="prod", host="web-3", priority="normal"}': 1,
    **statsd("hot", ['env="prod"'], 'check="hot.check", env="prod", host="web-3"', 1),
}


def value_of(text):
    """A number; of a native histogram its count and sum."""
    if not text.startswith("{{"):
        return float(text)
    return tuple(float(re.search(rf"\b{part}:(\S+?)[ }}]", text).group(1)) for part in ("count", "sum"))


def compare(wanted, lines):
    found = {}
    for line in lines:
        match = LINE.fullmatch(line)
        if match is None:
            return [f"not a sample: {line}"]
        value = value_of(match["value"])
        # A count goes on as 0, and a bucket may end between two messages.
        before = found.get(match["series"], 0 if isinstance(value, float) else (0, 0))
        found[match["series"]] = before + value if match["series"].split("{")[0].endswith("_count") else value
    problems = [f"{series}: wanted {value}, got {found.get(series)}" for series, value in wanted.items()
                if found.get(series) != value]
    return problems + [f"not expected: {series}" for series in found
                       if series not in wanted and not series.startswith("datadog_metric_interval_seconds{")]


def run(server, wanted, command):
    with tempfile.TemporaryDirectory() as folder:
        socket = os.path.join(folder, "dsd.socket")
        process = subprocess.Popen([server, "--key", KEY, "--socket", socket], stdout=subprocess.PIPE,
                                   stdin=subprocess.PIPE, text=True)
        http_port, udp_port = process.stdout.readline().split()[-2:]
        client = subprocess.run(command(http_port, udp_port, socket), timeout=120, check=False,
                                capture_output=True, text=True)
        lines = process.communicate(input="", timeout=60)[0].splitlines()  # the end of its input stops it
    problems = compare(wanted, lines)
    if client.returncode != 0:
        problems.append(f"the client ended with {client.returncode}: {client.stderr}")
    if process.returncode != 0:
        problems.append(f"the server ended with {process.returncode}")
    return problems


def python_problems(arguments):
    python, reason = install.python_client(arguments.folder)
    if python is None:
        return None, reason
    return run(arguments.server, PYTHON, lambda http_port, udp_port, socket: [
        python, os.path.join(HERE, "push_api.py"), http_port, udp_port, socket, KEY, str(int(time.time()))]), ""


def node_problems(arguments):
    program = install.missing_program()
    if program is not None:
        return None, f"{program} is not there"
    folder, reason = install.node_clients(arguments.folder)
    if folder is None:
        return None, reason
    # The modules are looked for in the working folder.
    return run(arguments.server, NODE, lambda http_port, udp_port, _: [
        "sh", "-c", 'cd "$0" && exec node "$@"', folder, os.path.join(HERE, "push_api.js"), http_port, udp_port, KEY]), ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", required=True)
    parser.add_argument("--folder", required=True)
    arguments = parser.parse_args()
    ran = failed = False
    for name, problems_of in (("Datadog's Python client", python_problems), ("Datadog's clients for Node", node_problems)):
        problems, reason = problems_of(arguments)
        if problems is None and reason.endswith("is not there"):
            print(f"skipped: {name}: {reason}")
            continue
        if problems is None:
            install.refuse_skip_in_ci(name, reason)
            print(f"skipped: {name} cannot be installed: {reason}")
            continue
        ran = True
        failed = failed or bool(problems)
        for text in problems:
            print(f"{name}: {text}")
        print(f"{name}: {'failed' if problems else 'every sample arrived'}")
    if not ran:
        return install.SKIPPED
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
