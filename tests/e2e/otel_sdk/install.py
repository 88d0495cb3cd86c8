#!/usr/bin/env python3
"""Prints the path of a Python interpreter that has the OpenTelemetry SDK, making a virtual environment for it in the given
folder if there is none. Exit code 77 with a plain message if the packages cannot be installed.

    python3 install.py FOLDER
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import virtual_environment  # noqa: E402

PACKAGES = ["opentelemetry-sdk>=1.20,<2", "opentelemetry-exporter-otlp-proto-grpc>=1.20,<2",
            "opentelemetry-exporter-otlp-proto-http>=1.20,<2"]
PROBE = ("import opentelemetry.sdk.metrics, opentelemetry.exporter.otlp.proto.grpc.metric_exporter, "
         "opentelemetry.exporter.otlp.proto.grpc._log_exporter, opentelemetry.exporter.otlp.proto.http.metric_exporter, "
         "opentelemetry.exporter.otlp.proto.http._log_exporter")
NODE_PACKAGES = ["@opentelemetry/api@1", "@opentelemetry/api-logs@>=0.200.0 <1", "@opentelemetry/resources@2",
                 "@opentelemetry/sdk-metrics@2", "@opentelemetry/sdk-logs@>=0.200.0 <1",
                 "@opentelemetry/exporter-metrics-otlp-grpc@>=0.200.0 <1", "@opentelemetry/exporter-logs-otlp-grpc@>=0.200.0 <1"]
SKIPPED = virtual_environment.SKIPPED


def install(folder):
    """The interpreter's path, or the reason why there is none."""
    return virtual_environment.install(folder, PACKAGES, PROBE)


def install_node(folder):
    """The path of node with the SDK installed in `folder`, or None and the reason why there is none."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None, "there is no node or npm"
    os.makedirs(folder, exist_ok=True)
    if os.path.isdir(os.path.join(folder, "node_modules", "@opentelemetry", "exporter-logs-otlp-grpc")):
        return node, ""
    try:
        done = subprocess.run([npm, "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts",
                               *NODE_PACKAGES], capture_output=True, text=True, timeout=240, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    if done.returncode != 0:
        return None, ((done.stderr or done.stdout).strip().splitlines() or ["failed"])[-1]
    return node, ""


def refuse_skip_in_ci(problem):
    virtual_environment.refuse_skip_in_ci("the OpenTelemetry SDK", problem)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    python, problem = install(sys.argv[1])
    if python is None:
        print(f"skipped: the OpenTelemetry SDK cannot be installed: {problem}", file=sys.stderr)
        return SKIPPED
    print(python)
    return 0


if __name__ == "__main__":
    sys.exit(main())
