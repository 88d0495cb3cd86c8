#!/usr/bin/env python3
"""Prints the path of a Python interpreter that has the OpenTelemetry SDK, making a virtual environment for it in the given
folder if there is none. Exit code 77 with a plain message if the packages cannot be installed.

    python3 install.py FOLDER
"""

import os
import subprocess
import sys

PACKAGES = ["opentelemetry-sdk>=1.20,<2", "opentelemetry-exporter-otlp-proto-grpc>=1.20,<2"]
PROBE = "import opentelemetry.sdk.metrics, opentelemetry.exporter.otlp.proto.grpc.metric_exporter"
SKIPPED = 77


def works(python):
    return os.path.exists(python) and subprocess.run(
        [python, "-c", PROBE], capture_output=True, check=False).returncode == 0


def install(folder):
    """The interpreter's path, or the reason why there is none."""
    python = os.path.join(folder, "bin", "python3")
    if works(python):
        return python, ""
    for step in ([sys.executable, "-m", "venv", "--clear", folder],
                 [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]):
        try:
            done = subprocess.run(step, capture_output=True, text=True, timeout=240, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return None, str(error)
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["failed"]
            return None, lines[-1]
    return (python, "") if works(python) else (None, "the packages do not load")


def refuse_skip_in_ci(problem):
    """Counterparts may be missing on somebody's machine, not in CI."""
    if os.environ.get("TOCSIN_COUNTERPARTS_REQUIRED"):
        raise AssertionError(f"the OpenTelemetry SDK cannot be installed: {problem}")


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
