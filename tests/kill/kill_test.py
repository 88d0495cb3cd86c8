#!/usr/bin/env python3
"""kill -9 at random moments under load: nothing acknowledged is lost, every page goes out once and is closed.

    TOCSIN_BINARY_DIR=build python3 tests/kill/kill_test.py

TOCSIN_KILL_SECONDS (default 60) is how long it kills, at least KILLS_MIN times; TOCSIN_SEED repeats a run's choices.
"""

import os
import random
import time
import unittest

import checks
from receiver import Receiver
from script import RULES, Load, Script
from victim import QUICK_UPKEEP, Victim, seed

KILLS_MIN = 100


class KillTest(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.stop)
        self.victim = Victim(self.receiver.url, RULES)
        self.addCleanup(self.victim.close)
        self.load = Load(self.victim.grpc, self.victim.folder.name)
        self.addCleanup(self.load.close)

    def launch(self, randomness):
        """The program as it ships, or the same with an upkeep that makes a block of every half second."""
        if randomness.random() < 0.5:
            self.victim.launch()
        else:
            self.victim.launch("tocsin_killable", QUICK_UPKEEP)

    def kill_somewhere(self, randomness):
        """Lets the process live for a moment; a third of them do not live to be ready. Whether this one did."""
        self.launch(randomness)
        if randomness.random() < 0.33:
            time.sleep(randomness.uniform(0, 0.15))
        else:
            self.assertTrue(self.victim.await_ready(), self.victim.log())
            time.sleep(randomness.uniform(0, 0.6))
        ready = self.victim.ready()
        code = self.victim.kill()
        self.assertEqual(code, -9, self.victim.log())
        return ready

    def test_random_moments(self):
        randomness = random.Random(seed())
        script = Script(self.load, self.receiver, random.Random(randomness.random()))
        script.start()
        self.addCleanup(script.stop)
        end = time.monotonic() + float(os.environ.get("TOCSIN_KILL_SECONDS", "60"))
        kills = while_starting = 0
        while (time.monotonic() < end or kills < KILLS_MIN) and script.failure is None:
            while_starting += not self.kill_somewhere(randomness)
            kills += 1
        self.victim.start("tocsin_killable", QUICK_UPKEEP)
        summary = checks.everything(self.victim, self.receiver, self.load, script)
        print(f"{kills} kills, {while_starting} of them before it was ready; {summary}", flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
