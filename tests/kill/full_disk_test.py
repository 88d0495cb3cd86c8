#!/usr/bin/env python3
"""A disk that fills up under load, also while blocks are written, and gets room again: nothing is lost, no restart needed.

    TOCSIN_BINARY_DIR=build python3 tests/kill/full_disk_test.py

The disk is a tmpfs of its own; skipped where none can be mounted. TOCSIN_SEED repeats a run's choices.
"""

import os
import random
import subprocess
import tempfile
import time
import unittest
import urllib.error

import checks
from receiver import Receiver
from script import HIGH, RULES, Load, Script
from victim import QUICK_UPKEEP, Victim, await_, get, seed

DISK_MIB = 300
MIB = 1 << 20
CYCLES = 6

PENDING_RULES = """
monitors:
- name: kill-now
  query: max by (series) (kill_value{series="0"})
  threshold: {critical: "> 900"}
  annotations: {summary: "kill-now/{{ $labels.series }}"}
- name: kill-later
  query: max by (series) (kill_value{series="1"})
  threshold: {critical: "> 900"}
  for: 3s
  annotations: {summary: "kill-later/{{ $labels.series }}"}
"""


class Disk:
    """A small volume and a file that fills it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tocsin-disk-")
        self.filler = os.path.join(self.folder, "filler")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tocsin", self.folder],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            os.rmdir(self.folder)
            raise unittest.SkipTest(f"cannot make a small volume: {mounted.stderr.strip()}")

    def fill(self, leave):
        """Leaves so many bytes free, as far as others let it."""
        with open(self.filler, "ab") as file:
            while True:
                state = os.statvfs(self.folder)
                room = state.f_bavail * state.f_frsize - leave
                if room <= 0:
                    return
                try:
                    os.posix_fallocate(file.fileno(), file.tell(), room)
                    file.seek(0, os.SEEK_END)
                except OSError:  # somebody wrote meanwhile
                    continue

    def free(self):
        os.unlink(self.filler)

    def close(self):
        subprocess.run(["umount", "-l", self.folder], check=False)
        os.rmdir(self.folder)


class FullDiskTest(unittest.TestCase):
    def make(self, rules):
        self.disk = Disk()
        self.addCleanup(self.disk.close)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.stop)
        self.victim = Victim(self.receiver.url, rules)
        self.victim.data_dir = os.path.join(self.disk.folder, "data")
        self.addCleanup(self.victim.close)
        self.victim.start("tocsin_killable", QUICK_UPKEEP)
        self.load = Load(self.victim.grpc, self.victim.folder.name)
        self.addCleanup(self.load.close)

    def not_ready_because(self):
        try:
            get(self.victim.admin + "/-/ready")
            return ""
        except urllib.error.HTTPError as error:
            self.assertEqual(error.code, 503)
            return error.read().decode()

    def otlp_push(self):
        """What an OTLP sender is told about one gauge."""
        done = subprocess.run([f"{os.environ.get('TOCSIN_BINARY_DIR', 'build')}/push_value", "--endpoint", self.victim.grpc,
                               "--name", "other", "--value", "1"], capture_output=True, text=True, timeout=60, check=False)
        return done.stdout

    def test_refuses_pages_on_and_recovers(self):
        self.make(PENDING_RULES)
        self.load.level(0, HIGH)
        await_("page", lambda: self.receiver.is_open(("kill-now", 0)))
        await_("blocks", lambda: self.victim.metric("tocsin_blocks") >= 2)
        self.load.level(1, HIGH)
        await_("pending", lambda: any(alert["state"] == "pending" for alert in self.victim.alerts()))
        self.disk.fill(leave=20 * MIB)
        self.assertRegex(self.otlp_push(), r"^refused \d+ UNAVAILABLE .*disk almost full.*retry after [1-9]\d* ms")
        self.assertFalse(self.receiver.is_open(("kill-later", 1)))
        await_("what was pending pages on a full disk", lambda: self.receiver.is_open(("kill-later", 1)))
        self.assertGreater(self.victim.metric("tocsin_commit_failures_total"), 0)
        await_("upkeep says that it cannot write", lambda: self.victim.metric("tocsin_upkeep_failures_total") > 0)
        await_("not ready", lambda: "samples are refused" in self.not_ready_because(), 30)
        blocks = self.victim.metric("tocsin_blocks")
        self.disk.free()
        await_("samples are taken again", lambda: self.otlp_push().startswith("acked"))
        await_("ready", lambda: self.not_ready_because() == "")
        await_("blocks again", lambda: self.victim.metric("tocsin_blocks") > blocks)
        for series in (0, 1):
            self.load.level(series, 0)
        checks.agreement(self.victim, self.receiver, set())
        checks.samples(self.victim, self.load.finish())
        self.assertEqual(dict(self.receiver.opened), {("kill-now", 0): 1, ("kill-later", 1): 1})

    def test_again_and_again(self):
        """Full at any moment, in one of three cases killed and started on the full disk."""
        randomness = random.Random(seed())
        self.make(RULES)
        script = Script(self.load, self.receiver, random.Random(randomness.random()))
        script.start()
        self.addCleanup(script.stop)
        kills = 0
        for _ in range(CYCLES):
            time.sleep(randomness.uniform(0.3, 1.5))
            room = randomness.choice((0, 1, 30, 100)) * MIB
            self.disk.fill(leave=room)
            time.sleep(randomness.uniform(0.2, 1.5))
            if room >= 30 * MIB and randomness.random() < 0.7:
                self.victim.kill()
                self.victim.start("tocsin_killable", QUICK_UPKEEP)
                kills += 1
            self.disk.free()
        print(checks.everything(self.victim, self.receiver, self.load, script), f"{kills} kills", flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
