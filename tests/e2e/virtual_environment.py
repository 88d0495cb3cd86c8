"""Virtual environments for tests against other people's Python packages; standard library only."""

import os
import subprocess
import sys

SKIPPED = 77


def works(python, probe):
    return os.path.exists(python) and subprocess.run(
        [python, "-c", probe], capture_output=True, check=False).returncode == 0


def install(folder, packages, probe):
    """The path of an interpreter in `folder` that can run `probe`, or None and the reason why there is none."""
    python = os.path.join(folder, "bin", "python3")
    if works(python, probe):
        return python, ""
    for step in ([sys.executable, "-m", "venv", "--clear", folder],
                 [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]):
        try:
            done = subprocess.run(step, capture_output=True, text=True, timeout=240, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return None, str(error)
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines() or ["failed"]
            return None, lines[-1]
    return (python, "") if works(python, probe) else (None, "the packages do not load")


def refuse_skip_in_ci(what, problem):
    """Counterparts may be missing on somebody's machine, not in CI."""
    if os.environ.get("TOCSIN_COUNTERPARTS_REQUIRED"):
        raise AssertionError(f"{what} cannot be installed: {problem}")
