#!/usr/bin/env python3
"""Makes a data directory of the present format, for tests that must open it for ever after.

    TOCSIN_BINARY_DIR=build python3 tests/storage/directories/make.py format-N

Needs the targets tocsin, opsgenie-sim, push_value and close_block, and packages for tests/e2e/otel_sdk. The service is fed until
rules.yaml has alerts of every kind, stopped (so that there are table files and a block), started, fed again while the receiver
is out, and killed (so that there is a write-ahead log). What the directory must be found to hold is then written beside it:

    TOCSIN_DIRECTORIES_WRITE=1 build/state_directories_test

and to be read before it is committed. Run this where the name of the host may be published: table files hold it.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "e2e"))
from otel_sdk import install  # noqa: E402
from service import BUILD, Simulator, Tocsin, await_  # noqa: E402


def states(tocsin):
    return {alert["labels"]["alertname"]: alert["state"] for alert in tocsin.alerts()}


def page_names(simulator):
    return {alert["alias"].rsplit("-", 1)[0] for alert in simulator.open_alerts()}


def feed_and_confirm(tocsin, simulator):
    python, problem = install.install(os.path.join(BUILD, "otel_sdk_venv"))
    if python is None:
        raise SystemExit(problem)
    subprocess.run([python, os.path.join(HERE, "..", "..", "e2e", "otel_sdk", "push.py"), "--endpoint", tocsin.grpc,
                    "--rounds", "3", "--interval", "0.3"], check=True)
    tocsin.push("heartbeat", 1, "host=a")
    tocsin.push("blip", 1)
    await_("blip pages", lambda: "blip" in page_names(simulator))
    tocsin.push("queue_length", 5, "queue=mail", repeat=20, interval="50ms")
    tocsin.push("queue_length", 0.1, "queue=orders")
    tocsin.push("queue_length", 120, "queue=orders", repeat=5)
    tocsin.push("burn", 1, "queue=orders")
    tocsin.push("blip", 0)
    await_("pages", lambda: page_names(simulator) == {"queue-full", "QueueFull", "heartbeat"})
    await_("alerts", lambda: states(tocsin) == {
        "queue-full": "firing", "QueueFull": "firing", "heartbeat": "firing", "tried": "firing", "slow-burn": "pending"})
    time.sleep(2)  # confirmations


def add_silence(tocsin):
    """Programs from format 4 on have silences."""
    silence = {"matchers": [{"name": "alertname", "value": "blip|tried", "isRegex": True},
                            {"name": "severity", "value": "info", "isRegex": False, "isEqual": False}],
               "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z", "createdBy": "make.py",
               "comment": "so that there is one"}
    urllib.request.urlopen(urllib.request.Request(
        tocsin.admin + "/api/v2/silences", json.dumps(silence).encode(), method="POST"), timeout=10).close()


def learn():
    """Programs from format 5 on have models; each is stored at one of ten evaluations."""
    time.sleep(105)


def close_block(data_dir):
    """The half hour after which the service closes one by itself is too long to wait for."""
    program = os.path.join(BUILD, "close_block")
    if os.path.exists(program):  # formats from 3 on have blocks
        subprocess.run([program, data_dir], check=True)


def owe_a_page(tocsin, simulator):
    simulator.faults(outage=1)
    tocsin.push("queue_length", 121, "queue=orders")
    tocsin.push("backlog", 7.25, "queue=orders")
    await_("backlog fires", lambda: states(tocsin).get("backlog") == "firing")
    time.sleep(1)  # a first attempt failed


def keep(data_dir, folder):
    """Without what is of the process alone, or names the machine's folders."""
    database = os.path.join(folder, "db")
    shutil.rmtree(database, ignore_errors=True)
    skipped = shutil.ignore_patterns("LOCK", "LOG*", "OPTIONS*")
    shutil.copytree(os.path.join(data_dir, "db"), database, ignore=skipped)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    simulator = Simulator()
    with open(os.path.join(HERE, "rules.yaml"), encoding="utf-8") as file:
        tocsin = Tocsin(simulator.url, file.read())
    try:
        tocsin.start()
        feed_and_confirm(tocsin, simulator)
        add_silence(tocsin)
        learn()
        tocsin.stop()
        close_block(tocsin.data_dir)
        tocsin.start()
        owe_a_page(tocsin, simulator)
        tocsin.kill()
        keep(tocsin.data_dir, os.path.join(HERE, sys.argv[1]))
    finally:
        tocsin.close()
        simulator.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
