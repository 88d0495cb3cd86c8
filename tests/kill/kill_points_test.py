#!/usr/bin/env python3
"""Death at each named moment (base/kill_point.h), under load; then all that holds after random kills has to hold.

    TOCSIN_BINARY_DIR=build TOCSIN_SOURCE_DIR=. python3 tests/kill/kill_points_test.py

The names come from the sources. One that cannot be reached fails the test.
"""

import http.client
import json
import os
import random
import re
import signal
import time
import unittest
import urllib.request

import checks
from receiver import Receiver
from script import HIGH, LOW, RULES, Load, Script
from victim import QUICK_UPKEEP, Victim, get, seed

SOURCES = os.environ.get("TOCSIN_SOURCE_DIR", ".")

# Passed many times a second: reached at a later pass, too.
OFTEN = ("log_append.", "commit.", "alert_commit.", "outbox_progress.", "delivery.")
# Reached by what is done to the process rather than by load.
ON_RELOAD = ("reload.", "engine_reload.")
ON_STOP = ("stop.", "engine_stop.", "store_close.")
ON_SILENCE = ("silences.",)
# Only in a directory that is new, or whose samples are cut soon.
ON_CREATION = ("format.",)
ON_CUT = ("log_cut.",)
# A page is forgotten a minute after its close: last, when some are that old.
LAST = ("outbox_remove.",)
# Needs what another death left behind.
AFTER = {"log_open.before_unfinished_block_goes": "block.before_commit"}

REACH_SECONDS_MAX = {"outbox_remove.": 90}

CUT_RULES = """
monitors:
- name: kill-cut
  query: max by (series) (max_over_time(kill_value{series="0"}[500ms]))
  threshold: {critical: "> 900"}
  annotations: {summary: "kill-cut/{{ $labels.series }} is {{ $value }}"}
"""


def kill_points():
    names = []
    for folder in ("app", "base", "engine", "integrations", "storage"):
        for path, _, files in os.walk(os.path.join(SOURCES, folder)):
            for file in files:
                if file.endswith((".cc", ".h")) and file != "kill_point.h":
                    with open(os.path.join(path, file), encoding="utf-8") as source:
                        names += re.findall(r'\bKillPoint\("([^"]+)"\)', source.read())
    return sorted(names)


class KillPointsTest(unittest.TestCase):
    def setUp(self):
        self.randomness = random.Random(seed())
        self.receiver = Receiver()
        self.addCleanup(self.receiver.stop)

    def make_victim(self, rules, extra_config=""):
        self.victim = Victim(self.receiver.url, rules, extra_config)
        self.addCleanup(self.victim.close)
        self.load = Load(self.victim.grpc, self.victim.folder.name)
        self.addCleanup(self.load.close)

    def provoke(self, point):
        if point.startswith(ON_SILENCE) and self.victim.await_ready():
            self.assertIsNone(self.post_silence(), "died before it answered")
        if point.startswith(ON_RELOAD + ON_STOP) and self.victim.await_ready():
            time.sleep(self.randomness.uniform(0, 0.2))
            if point.startswith(ON_STOP):
                self.victim.process.terminate()
            else:
                self.victim.write("rules.yaml", f"# {point}\n" + self.rules)
                self.victim.process.send_signal(signal.SIGHUP)

    def post_silence(self):
        """The id of a silence that concerns nobody; None if the answer did not come."""
        silence = {"matchers": [{"name": "nobody", "value": "here", "isRegex": False}], "createdBy": "", "comment": "",
                   "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2100-01-01T00:00:00Z"}
        request = urllib.request.Request(self.victim.admin + "/api/v2/silences", json.dumps(silence).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return json.loads(reply.read())["silenceID"]
        except (OSError, http.client.HTTPException):
            return None

    def silences(self):
        return [silence["id"] for silence in json.loads(get(self.victim.admin + "/api/v2/silences"))]

    def die_at(self, point, nth=1):
        self.victim.launch("tocsin_killable", [*QUICK_UPKEEP, "--kill-point", point, "--kill-pass", str(nth)])
        self.provoke(point)
        prefix = point.split(".")[0] + "."
        code = self.victim.await_end(REACH_SECONDS_MAX.get(prefix, 20))
        if code is None:
            self.victim.kill()
            self.unreached.append(f"{point} (pass {nth})")
        else:
            self.assertEqual(code, -9, f"{point}:\n{self.victim.log()[-4000:]}")
            self.reached.add(point)

    def die_at_all(self, points):
        self.reached, self.unreached = set(), []
        for point in points:
            begin = time.monotonic()
            if point in AFTER:
                self.die_at(AFTER[point])
            self.die_at(point)
            if point.startswith(OFTEN):
                self.die_at(point, self.randomness.randint(2, 8))
            print(f"  {point} {time.monotonic() - begin:.2f} s", flush=True)
        self.assertEqual(self.unreached, [], "never reached")
        self.assertEqual(self.reached, set(points))

    def test_names_are_unique(self):
        points = kill_points()
        self.assertGreater(len(points), 30)
        self.assertEqual(len(points), len(set(points)), points)

    def test_under_load(self):
        points = [p for p in kill_points() if not p.startswith(ON_CREATION + ON_CUT + ON_SILENCE)]
        self.randomness.shuffle(points)
        points.sort(key=lambda point: point.startswith(LAST))
        self.rules = RULES
        self.make_victim(RULES)
        script = Script(self.load, self.receiver, random.Random(self.randomness.random()))
        script.start()
        self.addCleanup(script.stop)
        self.die_at_all(points)
        self.victim.start("tocsin_killable", QUICK_UPKEEP)
        summary = checks.everything(self.victim, self.receiver, self.load, script)
        print(f"{len(points)} kill points; {summary}", flush=True)

    def test_silences(self):
        """What was answered is there after the death; what was not is there or not, and nothing else."""
        self.victim = Victim(self.receiver.url, RULES)
        self.addCleanup(self.victim.close)
        self.victim.start("tocsin_killable", QUICK_UPKEEP)
        answered = [self.post_silence() for _ in range(3)]
        self.victim.kill()
        points = [p for p in kill_points() if p.startswith(ON_SILENCE)]
        self.die_at_all(points)
        self.victim.start("tocsin_killable", QUICK_UPKEEP)
        found = self.silences()
        self.assertLessEqual(set(answered), set(found))
        self.assertEqual(len(found), len(answered) + 1, "that of the death behind the write")

    def test_at_creation(self):
        """What dies while it makes its directory leaves nothing that keeps the next start from it."""
        # Samples come only to the last directory: what an earlier one acknowledged is in that.
        self.victim = Victim(self.receiver.url, RULES)
        self.addCleanup(self.victim.close)
        for point in (p for p in kill_points() if p.startswith(ON_CREATION + ("store_open.",))):
            self.victim.data_dir = self.victim.path("new." + point)
            self.die_at_all([point])
            self.victim.start()
            self.victim.kill()
        self.victim.start()
        load = Load(self.victim.grpc, self.victim.folder.name)
        self.addCleanup(load.close)
        time.sleep(1)
        self.assertGreater(checks.samples(self.victim, load.finish()), 0)

    def test_while_samples_are_cut(self):
        """Retention takes the oldest and nothing else."""
        self.make_victim(CUT_RULES, "retention: 4s\nlimits: {future_ms_max: 1000}\n")
        page = ("kill-cut", 0)
        self.load.level(0, HIGH)
        self.victim.start("tocsin_killable", QUICK_UPKEEP)
        checks.agreement(self.victim, self.receiver, {page})
        self.victim.kill()
        self.die_at_all([p for p in kill_points() if p.startswith(ON_CUT)] * 3)
        self.victim.start("tocsin_killable", QUICK_UPKEEP)
        checks.agreement(self.victim, self.receiver, {page})
        self.load.level(0, LOW)
        checks.agreement(self.victim, self.receiver, set())
        self.assertEqual(self.receiver.opened[page], 1)
        sent = self.load.finish()[1]
        found = checks.recorded(self.victim, 1, min(sent))
        self.assertEqual(found, {at: value for at, value in sent.items() if at >= min(found)})
        self.assertGreater(min(found), min(sent))


if __name__ == "__main__":
    unittest.main(verbosity=2)
