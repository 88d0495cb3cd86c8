#!/usr/bin/env python3
"""kill -9, and stops, at random moments under load: nothing acknowledged is lost, every page goes out once and is closed.

    TOCSIN_BINARY_DIR=build python3 tests/kill/kill_test.py

TOCSIN_KILL_SECONDS (default 60) is how long it kills, at least KILLS_MIN times; TOCSIN_SEED repeats a run's choices.
"""

import os
import random
import signal
import time
import unittest

import checks
from receiver import Receiver
from script import RULES, Load, Script
from victim import QUICK_UPKEEP, Victim, seed

SECONDS = float(os.environ.get("TOCSIN_KILL_SECONDS", "60"))
KILLS_MIN = 100
STOPS = 12
STOP_SECONDS_MAX = 60


# Connections that break before and after a request was taken, and servers that fail.
BAD_RECEIVER = ["--faults", "drop_before=0.1,drop_after=0.15,error_503=0.1,error_500=0.05"]


class KillTest(unittest.TestCase):
    def begin(self, *faults):
        self.randomness = random.Random(seed())
        self.receiver = Receiver(*faults)
        self.addCleanup(self.receiver.stop)
        self.victim = Victim(self.receiver.url, RULES)
        self.addCleanup(self.victim.close)
        self.load = Load(self.victim.grpc, self.victim.folder.name)
        self.addCleanup(self.load.close)
        self.script = Script(self.load, self.receiver, random.Random(self.randomness.random()))
        self.script.start()
        self.addCleanup(self.script.stop)

    def check(self, what):
        self.victim.start("tocsin_killable", QUICK_UPKEEP)
        summary = checks.everything(self.victim, self.receiver, self.load, self.script)
        print(f"{what}; {summary}", flush=True)

    def launch(self):
        """The program as it ships, or the same with an upkeep that makes a block of every half second."""
        if self.randomness.random() < 0.5:
            self.victim.launch()
        else:
            self.victim.launch("tocsin_killable", QUICK_UPKEEP)

    def live_for_a_moment(self):
        """A third of the processes do not live to be ready. Whether this one did."""
        self.launch()
        if self.randomness.random() < 0.33:
            time.sleep(self.randomness.uniform(0, 0.15))
        else:
            self.assertTrue(self.victim.await_ready(), self.victim.log())
            time.sleep(self.randomness.uniform(0, 0.6))
        return self.victim.ready()

    def kill_for(self, seconds, kills_min):
        end = time.monotonic() + seconds
        kills = while_starting = 0
        while (time.monotonic() < end or kills < kills_min) and self.script.failure is None:
            while_starting += not self.live_for_a_moment()
            self.assertEqual(self.victim.kill(), -9, self.victim.log())
            kills += 1
        return f"{kills} kills, {while_starting} of them before it was ready"

    def test_random_moments(self):
        self.begin()
        self.check(self.kill_for(SECONDS, KILLS_MIN))

    def test_random_moments_with_a_bad_receiver(self):
        self.begin(*BAD_RECEIVER)
        self.check(self.kill_for(SECONDS / 4, KILLS_MIN / 4))

    def test_ordinary_stops(self):
        """SIGTERM under load, also during the start: an end in order, nothing lost, nothing paged twice."""
        self.begin()
        longest = 0
        for _ in range(STOPS):
            self.live_for_a_moment()
            begin = time.monotonic()
            code = self.victim.stop()
            # Told to stop before it had come so far as to listen to signals, and before it did anything.
            before_its_start = code == -signal.SIGTERM and self.victim.log() == ""
            self.assertTrue(code == 0 or before_its_start, f"{code}: {self.victim.log()}")
            longest = max(longest, time.monotonic() - begin)
        self.assertLess(longest, STOP_SECONDS_MAX)
        self.check(f"{STOPS} stops of {longest:.1f} s at most")


if __name__ == "__main__":
    unittest.main(verbosity=2)
