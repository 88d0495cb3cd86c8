"""OpsGenie's side: which alerts were opened and closed, as the simulator tells it."""

import collections
import json
import re
import threading

from victim import Simulator

EVENT = re.compile(r"(PAGE|CLOSE) P\d\s+(?:open\s+)?([\w-]+)/(\d+)\s")


class Receiver(Simulator):
    """Pages are known by (rule, series), which the rules' summaries say as "rule/series".

    The simulator keeps at most one open alert per alias, as OpsGenie does: a page sent twice is a repeat, a page whose
    close went astray or came too early shows as one alert too many.
    """

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.lock = threading.Lock()
        self.opened = collections.Counter()  # by (rule, series)
        self.closed = collections.Counter()
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            match = EVENT.search(line)
            with self.lock:
                self.lines.append(line.rstrip())
                if match:
                    counter = self.opened if match.group(1) == "PAGE" else self.closed
                    counter[match.group(2), int(match.group(3))] += 1

    def is_open(self, page):
        with self.lock:
            return self.opened[page] > self.closed[page]

    def open_pages(self):
        with self.lock:
            return {page for page in self.opened if self.opened[page] > self.closed[page]}

    def history(self, count=60):
        with self.lock:
            return "\n".join(self.lines[-count:])

    def premature_closes(self):
        """Requests to close an alias that was never opened before them, or an alert that never was. Not those of the check at
        start, whose alias no page has."""
        known, premature = {alert["id"] for alert in self.alerts()} | {"tocsin-probe-no-such-alert"}, []
        for entry in self.journal():
            # Status 0: the reply was lost, the request may have been taken.
            if entry["method"] != "POST" or entry["status"] >= 300:
                continue
            path = entry["target"].split("?")[0]
            if path == "/v2/alerts":
                known.add(json.loads(entry["body"])["alias"])
            elif path.endswith("/close") and path.split("/")[-2] not in known:
                premature.append(entry)
        return premature

    def refusals(self):
        return [entry for entry in self.journal() if entry["status"] in (400, 401, 403, 405, 415, 422)]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.reader.join(10)
        self.process.stdout.close()
