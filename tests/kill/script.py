"""What is sent while the service is killed, and which pages it has to lead to."""

import os
import subprocess
import threading
import time

from victim import BUILD

HIGH, LOW = 1000, 0  # the threshold lies between

RULES = """
monitors:
- name: kill-now
  query: max by (series) (kill_value{series=~"[01]"})
  threshold: {critical: "> 900"}
  annotations: {summary: "kill-now/{{ $labels.series }} is {{ $value }}"}
- name: kill-for
  query: max by (series) (kill_value{series="2"})
  threshold: {critical: "> 900"}
  for: 300ms
  annotations: {summary: "kill-for/{{ $labels.series }} is {{ $value }}"}
- name: kill-flap
  query: max by (series) (kill_value{series=~"[4-7]"})
  threshold: {critical: "> 900"}
  annotations: {summary: "kill-flap/{{ $labels.series }} is {{ $value }}"}
groups:
- name: kill
  interval: 1s
  rules:
  - record: kill:value:max
    expr: max by (series) (kill_value{series="3"})
  - alert: kill-group
    expr: kill:value:max > 900
    for: 1s
    labels: {severity: critical}
    annotations: {summary: "kill-group/{{ $labels.series }} is {{ $value }}"}
"""

STEADY = [("kill-now", 0), ("kill-now", 1), ("kill-for", 2), ("kill-group", 3)]
FLAPPING = [("kill-flap", 4), ("kill-flap", 5), ("kill-flap", 6), ("kill-flap", 7)]
SERIES = 8

# How long a page, or a close, may take while the service is killed several times a second. A receiver that lost a
# request is asked about it for half a minute before it counts as lost.
PAGE_SECONDS_MAX = 60


class Load:
    """build/kill_load: repeats what was not acknowledged."""

    def __init__(self, endpoint, folder):
        self.record = os.path.join(folder, "sent")
        self.process = subprocess.Popen(
            [f"{BUILD}/kill_load", "--endpoint", endpoint, "--name", "kill_value", "--series", str(SERIES),
             "--interval", "5ms", "--record", self.record],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def level(self, series, value):
        self.process.stdin.write(f"level {series} {value}\n")
        self.process.stdin.flush()

    def finish(self):
        """Waits until everything is acknowledged; samples by series: {time in ms: value}."""
        output, _ = self.process.communicate("finish\n", timeout=60)
        assert self.process.returncode == 0, output
        samples = [{} for _ in range(SERIES)]
        with open(self.record, encoding="utf-8") as file:
            for line in file:
                time_ms, *values = line.split()
                for series, value in enumerate(values):
                    samples[series][int(time_ms)] = float(value)
        return samples

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


class Script(threading.Thread):
    """Raises and lowers the series until told to settle.

    A steady series stays high until its page is open and low until it is closed, so each of its episodes owes exactly
    one alert. A flapping one changes when it likes: some of its episodes come and go while the service is dead.
    """

    def __init__(self, load, receiver, randomness):
        super().__init__(daemon=True)
        self.load, self.receiver, self.randomness = load, receiver, randomness
        self.episodes = {page: 0 for page in STEADY + FLAPPING}
        self.high = {page: False for page in self.episodes}
        self.changed = {page: time.monotonic() for page in self.episodes}
        self.until = {page: 0.0 for page in self.episodes}  # earliest next change
        self.failure = None
        self.settling = threading.Event()
        for _, series in self.episodes:
            load.level(series, LOW)

    def run(self):
        while not self.settling.wait(0.01) and self.failure is None:
            for page in STEADY:
                self.step_steady(page)
            for page in FLAPPING:
                if time.monotonic() >= self.until[page]:
                    self.turn(page, self.randomness.uniform(0.02, 1.0))

    def stop(self):
        self.settling.set()
        self.join()

    def turn(self, page, pause):
        self.high[page] = not self.high[page]
        self.episodes[page] += self.high[page]
        self.load.level(page[1], HIGH if self.high[page] else LOW)
        self.changed[page] = time.monotonic()
        self.until[page] = self.changed[page] + pause

    def step_steady(self, page):
        now = time.monotonic()
        if self.receiver.is_open(page) == self.high[page]:
            if now >= self.until[page]:
                self.turn(page, self.randomness.uniform(0.1, 0.6))
        elif now - self.changed[page] > PAGE_SECONDS_MAX:
            what = "opened" if self.high[page] else "closed"
            self.failure = f"{page}: not {what} within {PAGE_SECONDS_MAX} s"

    def settle(self, high):
        """Ends the changes, once what is under way has led to its page or close; `high` says which series stay high."""
        self.stop()
        deadline = time.monotonic() + PAGE_SECONDS_MAX
        while waiting := [page for page in STEADY if self.receiver.is_open(page) != self.high[page]]:
            assert time.monotonic() < deadline, (f"{waiting}: not opened or closed within {PAGE_SECONDS_MAX} s\n"
                                                 f"{self.receiver.history()}")
            time.sleep(0.05)
        for page in self.episodes:
            if self.high[page] != (page in high):
                self.turn(page, 0)
