"""Installs Datadog's clients into folders of the build: `datadog` from PyPI; `datadog-metrics`, `hot-shots` and Datadog's API
client from npm."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import virtual_environment  # noqa: E402

SKIPPED = virtual_environment.SKIPPED
NODE_PACKAGES = ["datadog-metrics@^0.12", "@datadog/datadog-api-client@^1.30", "hot-shots@>=10 <18"]


def python_client(folder):
    """The interpreter's path, or None and the reason why there is none."""
    return virtual_environment.install(os.path.join(folder, "venv"), ["datadog>=0.50,<1"], "import datadog")


def node_works(folder):
    probe = "require('datadog-metrics'); require('hot-shots'); require('@datadog/datadog-api-client')"
    return os.path.isdir(folder) and subprocess.run(
        ["node", "-e", probe], cwd=folder, capture_output=True, check=False).returncode == 0


def node_clients(folder):
    """The folder of the modules, or None and the reason why there is none."""
    folder = os.path.join(folder, "node")
    if node_works(folder):
        return folder, ""
    os.makedirs(folder, exist_ok=True)
    try:
        done = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--silent", *NODE_PACKAGES],
                              capture_output=True, text=True, timeout=240, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    if done.returncode != 0:
        return None, ((done.stderr or done.stdout).strip().splitlines() or ["npm failed"])[-1]
    return (folder, "") if node_works(folder) else (None, "the packages do not load")


def missing_program():
    """What of Node is not here, or None. It is none of the packages that CI installs."""
    return next((program for program in ("node", "npm") if shutil.which(program) is None), None)


def refuse_skip_in_ci(what, problem):
    virtual_environment.refuse_skip_in_ci(what, problem)
