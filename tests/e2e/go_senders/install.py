#!/usr/bin/env python3
"""Builds the senders that are written in Go into a folder: `collector`, an OpenTelemetry Collector of the components that tests
need, and `prometheus`, Prometheus 3. Exit code 77 with a plain message where there is no Go that can.

    python3 install.py FOLDER
"""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import virtual_environment  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = virtual_environment.SKIPPED
# go.mod pins their versions.
PACKAGES = {"collector": "./collector", "prometheus": "github.com/prometheus/prometheus/cmd/prometheus"}
SOURCES = ["go.mod", "go.sum", "collector/main.go"]
GO = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "CGO_ENABLED": "0"}


def missing_go():
    """Why there is no Go to build them with, or None. It is none of the packages that CI installs."""
    if shutil.which("go") is None:
        return "there is no go"
    with open(os.path.join(HERE, "go.mod"), encoding="utf-8") as file:
        wanted = re.search(r"^go (\d+)\.(\d+)", file.read(), re.MULTILINE)
    shown = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False, env={**os.environ, **GO}).stdout
    found = re.match(r"go(\d+)\.(\d+)", shown)
    if found is None or tuple(map(int, found.groups())) < tuple(map(int, wanted.groups())):
        return f"go is {shown.strip() or 'not usable'}, and {wanted.group(0)} is needed"
    return None


def is_built(folder):
    newest = max(os.path.getmtime(os.path.join(HERE, source)) for source in SOURCES)
    programs = [os.path.join(folder, program) for program in PACKAGES]
    return all(os.path.exists(program) and os.path.getmtime(program) >= newest for program in programs)


def install(folder):
    """The folder of the programs, or None and the reason why there are none. Takes minutes the first time."""
    folder = os.path.abspath(folder)
    if is_built(folder):
        return folder, ""
    problem = missing_go()
    if problem:
        return None, problem
    os.makedirs(folder, exist_ok=True)
    try:
        done = subprocess.run(["go", "build", "-trimpath", "-buildvcs=false", "-tags", "remove_all_sd", "-o", folder + "/",
                               *PACKAGES.values()],
                              cwd=HERE, capture_output=True, text=True, timeout=1200, check=False, env={**os.environ, **GO})
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    if done.returncode != 0:
        return None, ((done.stderr or done.stdout).strip().splitlines() or ["go build failed"])[-1]
    for program in PACKAGES:  # go leaves what has not changed as it is
        os.utime(os.path.join(folder, program))
    return folder, ""


def program(name):
    """The path of a program in the build folder; ends the test where it is not to be had."""
    folder, problem = install(os.path.join(os.environ.get("TOCSIN_BINARY_DIR", "build"), "counterparts", "go"))
    if folder:
        return os.path.join(folder, name)
    if missing_go() is None:
        virtual_environment.refuse_skip_in_ci(name, problem)
    print(f"skipped: {name} cannot be built: {problem}")
    sys.exit(SKIPPED)


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder, problem = install(sys.argv[1])
    if folder:
        return 0
    print(f"the senders written in Go cannot be built: {problem}", file=sys.stderr)
    return SKIPPED if missing_go() else 1


if __name__ == "__main__":
    sys.exit(main())
