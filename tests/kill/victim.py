"""The service as something that is killed and started again, on one data directory and one port."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from service import BUILD, KEY, Simulator, Tocsin, await_, get  # noqa: E402, F401  (for the others here)

# What a test cannot wait half an hour for; the program of the tests alone knows these.
QUICK_UPKEEP = ["--block-span", "500ms", "--upkeep-interval", "100ms"]


def seed():
    """Of this run: TOCSIN_SEED or a fresh one; printed, so that a failure can be repeated."""
    value = int(os.environ.get("TOCSIN_SEED", random.randrange(1 << 30)))
    print(f"TOCSIN_SEED={value}", flush=True)
    return value


def free_port():
    """Below those that the system gives out by itself, so that nobody takes it while the service is down."""
    while True:
        port = random.SystemRandom().randrange(15000, 30000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Victim(Tocsin):
    def __init__(self, simulator_url, rules, extra_config=""):
        super().__init__(simulator_url, rules, extra_config)
        self.grpc = f"127.0.0.1:{free_port()}"
        self.starts = 0

    def launch(self, program="tocsin", arguments=()):
        """Starts the process and waits for nothing. `program`: tocsin, or tocsin_killable with its own flags."""
        self.starts += 1
        self.log_path = self.path(f"log.{self.starts % 100}")
        command = [f"{BUILD}/{program}"] + (["serve"] if program == "tocsin" else [])
        command += ["--config", self.path("tocsin.yaml"), "--data-dir", self.data_dir,
                    "--grpc-listen", self.grpc, "--http-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", *arguments]
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stderr=log, env={**os.environ, "OPSGENIE_API_KEY": KEY})

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def ready(self):
        """Whether the process takes samples; knows the admin port from then on."""
        for line in self.log().splitlines():
            if '"event":"ready"' in line and line.endswith("}"):
                self.admin = "http://" + json.loads(line)["admin"]
                return True
        return False

    def await_ready(self, seconds=30):
        """True: ready. False: the process ended before. AssertionError: neither in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.ready():
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.005)
        raise AssertionError(f"neither ready nor ended within {seconds} s:\n{self.log()[-4000:]}")

    def start(self, program="tocsin", arguments=()):
        self.launch(program, arguments)
        if not self.await_ready():
            raise AssertionError(f"ended with {self.process.returncode}:\n{self.log()[-4000:]}")
        return self

    def await_end(self, seconds):
        """The exit code (-9: killed), or None if it is still alive after `seconds`."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        return self.process.wait()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.terminate()
        return self.process.wait(60)

    def close(self):
        """TOCSIN_KEEP=FOLDER keeps the logs of all starts there, one folder each victim."""
        self.stop()
        if keep := os.environ.get("TOCSIN_KEEP"):
            shutil.copytree(self.folder.name, os.path.join(keep, os.path.basename(self.folder.name)),
                            ignore=shutil.ignore_patterns("data", "damaged", "new.*"))
        super().close()
