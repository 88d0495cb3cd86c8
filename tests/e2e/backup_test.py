#!/usr/bin/env python3
"""Backup, loss and restore with the real programs, and data directories that earlier programs left behind.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/backup_test.py [-k NAME]
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from service import BUILD, Simulator, Tocsin, await_  # noqa: E402

DIRECTORIES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "storage", "directories")

RULES = """
monitors:
- name: queue-full
  query: max by (queue) (queue_length)
  threshold: {critical: ">= 100", warning: ">= 50"}
"""


def tocsin(*words):
    return subprocess.run([f"{BUILD}/tocsin", *words], capture_output=True, text=True, timeout=120, check=False)


class Load:
    """Samples of one series, one every few milliseconds, until stopped; knows which were acknowledged."""

    def __init__(self, endpoint):
        self.acknowledged = set()
        self.process = subprocess.Popen(
            [f"{BUILD}/push_value", "--endpoint", endpoint, "--name", "kept", "--value", "1", "--repeat", "100000",
             "--interval", "2ms"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            if line.startswith("acked"):
                self.acknowledged.add(int(line.split()[1]))

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()


class Backup(unittest.TestCase):
    def setUp(self):
        self.simulator = Simulator()
        self.addCleanup(self.simulator.stop)
        self.tocsin = Tocsin(self.simulator.url, RULES)
        self.addCleanup(self.tocsin.close)  # before the simulator

    def states(self, label):
        return {alert["labels"].get(label): alert["state"] for alert in self.tocsin.alerts()}

    def await_settled(self, service):
        def owed():
            looked = tocsin("inspect", service.data_dir, "outbox", "--json")
            return json.loads(looked.stdout)["outbox"]["owed_pages"]

        await_("all pages confirmed", lambda: owed() == 0)

    def accepted_creates(self, part):
        """Requests to open a page that the simulator took, of aliases or messages that have `part` in them."""
        return [entry for entry in self.simulator.journal()
                if entry["method"] == "POST" and entry["target"] == "/v2/alerts" and entry["status"] == 202
                and part in entry["body"]]

    def test_restored_service_goes_on_where_the_backup_was_made(self):
        self.tocsin.start()
        self.tocsin.push("queue_length", 120, "queue=orders")
        await_("page", self.simulator.open_alerts)
        self.await_settled(self.tocsin)
        self.simulator.faults(outage=1)
        self.tocsin.push("queue_length", 130, "queue=mail")
        await_("second alert", lambda: self.states("queue") == {"orders": "firing", "mail": "firing"})
        load = Load(self.tocsin.grpc)
        self.addCleanup(load.stop)
        await_("load", lambda: len(load.acknowledged) > 100)

        before = set(load.acknowledged)
        made = tocsin("backup", "--server", self.tocsin.admin, "nightly")
        self.assertEqual(made.returncode, 0, made.stderr)
        backup = os.path.join(self.tocsin.data_dir, "backups", "nightly")
        self.assertRegex(made.stdout, rf"^{backup} \(\d+ bytes\)\n$")
        self.assertEqual(os.stat(backup).st_mode & 0o777, 0o700)
        self.assertGreater(self.tocsin.metric("tocsin_backup_last_success_timestamp_seconds"), 1e9)
        again = tocsin("backup", "--server", self.tocsin.admin, "nightly")
        self.assertEqual((again.returncode, again.stderr), (2, f"tocsin backup: {backup} exists already\n"))
        for _ in range(5):  # beside the service, under load
            looked = tocsin("inspect", self.tocsin.data_dir)
            self.assertEqual(looked.returncode, 0, looked.stdout + looked.stderr)
        await_("samples after the backup", lambda: len(load.acknowledged) > len(before) + 50)

        # All that was on the volume is lost but the backup, which somebody had copied.
        self.tocsin.kill()
        kept = self.tocsin.path("kept")
        shutil.copytree(backup, kept)
        shutil.rmtree(self.tocsin.data_dir)
        restored = tocsin("restore", kept, self.tocsin.data_dir)
        self.assertEqual(restored.returncode, 0, restored.stdout + restored.stderr)
        for fact in ("format: ", "alerts: +2 firing", "owed pages: +1\n", "open pages: +2\n", "last evaluation: +2"):
            self.assertRegex(restored.stdout, fact)
        self.assertEqual(tocsin("restore", kept, self.tocsin.data_dir).returncode, 2, "not empty any more")

        self.assertEqual(self.accepted_creates("mail"), [])
        self.simulator.faults(outage=0)
        self.tocsin.start()
        self.assertEqual(self.states("queue"), {"orders": "firing", "mail": "firing"})
        await_("owed page", lambda: len(self.simulator.open_alerts()) == 2)
        self.await_settled(self.tocsin)
        self.assertEqual(len(self.accepted_creates("mail")), 1)
        self.assertEqual(len(self.accepted_creates("orders")), 1, "not again")
        counted = self.tocsin.query("count_over_time(kept[10m])")
        self.assertGreaterEqual(float(counted[0]["value"][1]), len(before))
        # It pages and closes as before.
        self.tocsin.push("queue_length", 5, "queue=orders")
        self.tocsin.push("queue_length", 5, "queue=mail")
        await_("closes", lambda: not self.simulator.open_alerts())

    def backup_then_restore(self, meanwhile):
        """Goes back to a backup that was made before `meanwhile`, while the receiver does not."""
        made = tocsin("backup", "--server", self.tocsin.admin, "old")
        self.assertEqual(made.returncode, 0, made.stderr)
        kept = self.tocsin.path("kept")
        shutil.copytree(os.path.join(self.tocsin.data_dir, "backups", "old"), kept)
        meanwhile()
        self.tocsin.stop()
        self.tocsin.data_dir = self.tocsin.path("restored")
        self.assertEqual(tocsin("restore", kept, self.tocsin.data_dir).returncode, 0)
        self.tocsin.start()

    def test_old_backup_whose_page_was_closed_since(self):
        self.tocsin.start()
        self.tocsin.push("queue_length", 120, "queue=orders")
        await_("page", self.simulator.open_alerts)
        self.await_settled(self.tocsin)

        def resolve():
            self.tocsin.push("queue_length", 5, "queue=orders")
            await_("close", lambda: not self.simulator.open_alerts())

        self.backup_then_restore(resolve)
        self.assertEqual(self.states("queue"), {"orders": "firing"}, "as it was then")
        self.tocsin.push("queue_length", 5, "queue=orders")
        await_("resolved", lambda: self.states("queue") == {})
        self.await_settled(self.tocsin)
        self.assertEqual(len(self.accepted_creates("orders")), 1)
        self.assertEqual(self.simulator.open_alerts(), [])

    def test_old_backup_without_an_alert_that_fires_since(self):
        self.tocsin.start()
        self.tocsin.push("queue_length", 5, "queue=orders")

        def fire():
            self.tocsin.push("queue_length", 120, "queue=orders")
            await_("page", self.simulator.open_alerts)

        self.backup_then_restore(fire)
        self.assertEqual(self.tocsin.query("queue_length{queue='orders'}")[0]["value"][1], "5")
        self.tocsin.push("queue_length", 121, "queue=orders")
        await_("firing again", lambda: self.states("queue") == {"orders": "firing"})
        self.await_settled(self.tocsin)
        self.assertEqual(len(self.simulator.open_alerts()), 1, "the same alias: the receiver joins them")
        self.tocsin.push("queue_length", 5, "queue=orders")
        await_("close", lambda: not self.simulator.open_alerts())

    def test_backup_of_a_stopped_service_is_a_data_directory(self):
        self.tocsin.start()
        self.tocsin.push("queue_length", 120, "queue=orders")
        await_("page", self.simulator.open_alerts)
        target = self.tocsin.path("copy")
        refused = tocsin("backup", "--data-dir", self.tocsin.data_dir, target)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("is in use by process", refused.stderr)
        self.tocsin.stop()
        made = tocsin("backup", "--data-dir", self.tocsin.data_dir, target)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.tocsin.data_dir = target
        self.tocsin.start()
        self.assertEqual(self.states("queue"), {"orders": "firing"})
        self.assertEqual(len(self.accepted_creates("orders")), 1)

    def test_names_cannot_lead_elsewhere(self):
        self.tocsin.start()
        for name in ("../outside", "/tmp/outside", ".hidden", ""):
            refused = tocsin("backup", "--server", self.tocsin.admin, name)
            self.assertEqual(refused.returncode, 2, name)
        self.assertFalse(os.path.exists(os.path.join(self.tocsin.data_dir, "backups")))

    def started_on_a_copy(self, folder):
        """The present program with the rules behind the directory and a receiver that knows nothing."""
        simulator = Simulator()
        self.addCleanup(simulator.stop)
        with open(os.path.join(DIRECTORIES, "rules.yaml"), encoding="utf-8") as file:
            service = Tocsin(simulator.url, file.read())
        self.addCleanup(service.close)
        shutil.copytree(os.path.join(folder, "db"), os.path.join(service.data_dir, "db"))
        return simulator, service.start()

    def test_directories_of_earlier_programs_start(self):
        folders = sorted(glob.glob(os.path.join(DIRECTORIES, "format-*")))
        self.assertTrue(folders)
        for folder in folders:
            with self.subTest(os.path.basename(folder)):
                simulator, service = self.started_on_a_copy(folder)
                states = {a["labels"]["alertname"]: a["state"] for a in service.alerts()}
                for name in ("queue-full", "heartbeat", "tried", "backlog"):
                    self.assertEqual(states.get(name), "firing", name)
                self.assertEqual(states.get("slow-burn"), "pending")
                # The page that was owed when its program was killed goes out, once. So do those that were open at the receiver of
                # that time, since this is another one; the shadowed monitor has none.
                await_("owed page", simulator.open_alerts)
                self.await_settled(service)
                creates = [json.loads(entry["body"])["alias"] for entry in simulator.journal()
                           if entry["method"] == "POST" and entry["target"] == "/v2/alerts"]
                names = [alias.rsplit("-", 1)[0] for alias in creates]
                self.assertEqual(len(names), len(set(names)), "each once")
                # The Prometheus rule fires until its first evaluation, which may come first.
                self.assertEqual(set(names) - {"QueueFull"}, {"backlog", "heartbeat", "queue-full"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
