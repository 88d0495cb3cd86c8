#!/usr/bin/env python3
"""OpsGenie's own Python SDK against the simulator: what the SDK sends must be accepted, and what the simulator answers must be
understood by code that was written for the real server.

Exit code 77 if the SDK cannot be installed here.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import service  # noqa: E402
import virtual_environment  # noqa: E402

# The newest there will be: OpsGenie ends in April 2027. What it needs is pinned as well.
PACKAGES = ["opsgenie-sdk==2.1.5", "urllib3>=2,<3", "six>=1.16,<2", "python-dateutil>=2.8,<5", "tenacity>=8,<10", "certifi",
            "setuptools"]
WRONG_KEY = "99999999-2222-4333-8444-555555555555"


def main():
    python, problem = virtual_environment.install(
        os.path.join(service.BUILD, "opsgenie_sdk_venv"), PACKAGES, "import opsgenie_sdk")
    if python is None:
        virtual_environment.refuse_skip_in_ci("the OpsGenie SDK", problem)
        print(f"skipped: the OpsGenie SDK cannot be installed: {problem}")
        return virtual_environment.SKIPPED
    simulator = service.Simulator("--quiet", "--has", "team:payments", "--has", "user:ann@example.com")
    try:
        done = subprocess.run(
            [python, os.path.join(HERE, "calls.py"), "--url", simulator.url, "--key", service.KEY, "--wrong-key", WRONG_KEY],
            timeout=120, check=False)
        if done.returncode != 0:
            for entry in simulator.journal():
                print(entry["method"], entry["target"], entry["status"], entry["verdict"])
        return 1 if done.returncode != 0 else 0
    finally:
        simulator.stop()


if __name__ == "__main__":
    sys.exit(main())
