#!/usr/bin/env python3
"""Damaged data directories: a start either has everything up to some moment, and says what it lost, or refuses.

    TOCSIN_BINARY_DIR=build python3 tests/kill/damage_test.py

Each case copies a directory that was killed, damages one file (cut short, removed, or a few bytes changed) and starts on it.
TOCSIN_DAMAGE_SECONDS (default 40) is how long, at least CASES_MIN cases; TOCSIN_SEED repeats a run's choices.
"""

import collections
import glob
import json
import os
import random
import shutil
import time
import unittest
import urllib.error

import checks
from receiver import Receiver
from script import HIGH, RULES, STEADY, Load
from victim import QUICK_UPKEEP, Victim, await_, seed

CASES_MIN = 40

# Kind of file -> pattern below the data directory.
KINDS = {"WAL": "db/*.log", "SST": "db/*.sst", "MANIFEST": "db/MANIFEST-*", "CURRENT": "db/CURRENT",
         "OPTIONS": "db/OPTIONS-*", "IDENTITY": "db/IDENTITY", "lock": "lock", "reserve": "reserve"}
# Of these a start needs nothing.
HARMLESS = ("OPTIONS", "IDENTITY", "lock", "reserve")

REFUSED_EXIT_CODE = 2
START_SECONDS_MAX = 30


def damage(path, randomness):
    """Damages the file; what was done, in words."""
    if not path.endswith(".log") and randomness.random() < 0.1:
        os.unlink(path)
        return "removed"
    size = os.path.getsize(path)
    if size == 0 or randomness.random() < 0.3:
        length = randomness.randrange(size) if size else 0
        os.truncate(path, length)
        return f"cut to {length} of {size} bytes"
    count = randomness.choice((1, 1, 4, 64))
    at = randomness.randrange(size)
    with open(path, "r+b") as file:
        file.seek(at)
        old = file.read(count)
        file.seek(at)
        file.write(bytes(byte ^ randomness.randint(1, 255) for byte in old))
    return f"{len(old)} bytes changed at {at} of {size}"


class DamageTest(unittest.TestCase):
    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.stop)
        self.victim = Victim(self.receiver.url, RULES)
        self.addCleanup(self.victim.close)

    def make_sound_directory(self):
        """Samples in blocks and in records, open pages; killed. Returns what was acknowledged."""
        load = Load(self.victim.grpc, self.victim.folder.name)
        self.addCleanup(load.close)
        for series in (0, 2):
            load.level(series, HIGH)
        self.victim.start("tocsin_killable", QUICK_UPKEEP)
        await_("pages", lambda: self.receiver.open_pages() == {("kill-now", 0), ("kill-for", 2)})
        await_("blocks", lambda: self.victim.metric("tocsin_blocks") >= 3)
        time.sleep(1)
        self.victim.kill()
        # Records that stay records: no upkeep within a minute.
        self.victim.start()
        time.sleep(1)
        sent = load.finish()
        self.victim.kill()
        return sent

    def start_on(self, folder):
        """'ready' or 'refused'; anything else fails."""
        self.victim.data_dir = folder
        self.victim.launch()
        if self.victim.await_ready(START_SECONDS_MAX):
            return "ready"
        self.assertEqual(self.victim.process.returncode, REFUSED_EXIT_CODE, self.victim.log()[-4000:])
        return "refused"

    def check_refusal(self, what):
        error = json.loads(self.victim.log().splitlines()[-1])["error"]
        self.assertIn(f"data directory {self.victim.data_dir} is damaged: ", error, what)
        self.assertRegex(error, r"\w+: .*restore it from a backup, or move it away", what)

    def lost(self, sent):
        """How many of the acknowledged samples are gone: the newest of them, never some in the middle."""
        kept = {series: checks.recorded(self.victim, series, min(times)) for series, times in enumerate(sent)}
        end = max((max(times) for times in kept.values() if times), default=0)
        for series, times in enumerate(sent):
            self.assertEqual(kept[series], {at: value for at, value in times.items() if at <= end})
        return sum(len(times) for times in sent) - sum(len(times) for times in kept.values())

    def judge(self, kind, what, sent):
        """One start on a damaged directory. The word for the summary."""
        if self.start_on(self.victim.path("damaged")) == "refused":
            self.assertNotIn(kind, HARMLESS, f"{what}: {self.victim.log()[-2000:]}")
            self.check_refusal(what)
            return "refused"
        try:
            lost = self.lost(sent)
        except urllib.error.HTTPError as error:
            # Blocks that no window reaches are read when somebody asks: the answer is an error then, not a part.
            self.assertIn("orruption", error.read().decode(), what)
            self.victim.kill()
            return "query refused"
        log = self.victim.log()
        self.victim.kill()
        if lost == 0:
            return "nothing lost"
        if "the write-ahead log is damaged" in log:
            return "lost the newest and said so"
        # What a crash of the machine may leave; a changed length looks like it, too.
        if "the write-ahead log ends in an unfinished record" in log:
            return "lost the newest and said that the end is unfinished"
        # Cut between two records it is a whole log.
        self.assertEqual(kind, "WAL", f"{what}: {lost} samples lost, not a word about it")
        self.assertIn("cut to", what, f"{lost} samples lost, not a word about it")
        return "lost the newest: cut between records"

    def test_damaged_files(self):
        randomness = random.Random(seed())
        sent = self.make_sound_directory()
        sound = self.victim.data_dir
        # Starts on the sound one, so that the harness itself is shown to find everything.
        shutil.copytree(sound, self.victim.path("damaged"))
        self.assertEqual(self.judge("none", "undamaged", sent), "nothing lost")
        outcomes = collections.defaultdict(collections.Counter)
        end = time.monotonic() + float(os.environ.get("TOCSIN_DAMAGE_SECONDS", "40"))
        case = 0
        while time.monotonic() < end or case < CASES_MIN:
            kind = list(KINDS)[case // 2 % len(KINDS)] if case % 2 else randomness.choice(("WAL", "SST", "MANIFEST"))
            case += 1
            shutil.rmtree(self.victim.path("damaged"))
            shutil.copytree(sound, self.victim.path("damaged"))
            files = sorted(glob.glob(os.path.join(self.victim.path("damaged"), KINDS[kind])))
            if not files:
                continue
            path = randomness.choice(files)
            what = f"case {case}, {os.path.basename(path)}: {damage(path, randomness)}"
            with self.subTest(what):
                outcomes[kind][self.judge(kind, what, sent)] += 1
        for kind, words in outcomes.items():
            print(f"  {kind}: {', '.join(f'{count} {word}' for word, count in words.items())}", flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
