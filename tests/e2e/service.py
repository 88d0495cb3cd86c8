"""Starts the real programs for end-to-end tests: tocsin, the OpsGenie simulator, and whatever they need; standard library only."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

BUILD = os.environ.get("TOCSIN_BINARY_DIR", "build")
KEY = "11111111-2222-4333-8444-555555555555"


def await_(what, condition, seconds=20.0):
    """The first true value of condition(); AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def get(url):
    with urllib.request.urlopen(url, timeout=10) as reply:
        return reply.read().decode()


def get_json(url):
    return json.loads(get(url))


class Simulator:
    """build/opsgenie-sim on a free port."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [f"{BUILD}/opsgenie-sim", "--listen", "127.0.0.1:0", "--key", KEY, "--delay", "20ms", *arguments],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.url = re.search(r"listening on (http://\S+)", line).group(1)

    def journal(self):
        reply = get_json(self.url + "/sim/journal")
        return reply["journal"] if isinstance(reply, dict) else reply

    def alerts(self):
        reply = get_json(self.url + "/sim/alerts")
        return reply["alerts"] if isinstance(reply, dict) else reply

    def open_alerts(self):
        return [alert for alert in self.alerts() if alert["status"] == "open"]

    def faults(self, **faults):
        request = urllib.request.Request(self.url + "/sim/faults", json.dumps(faults).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        urllib.request.urlopen(request, timeout=10).read()

    def act(self, action, alias, **fields):
        """A person does something with an alert."""
        body = {"action": action, "alias": alias, "user": "ann@example.com", **fields}
        request = urllib.request.Request(self.url + "/sim/act", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        urllib.request.urlopen(request, timeout=10).read()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class Tocsin:
    """build/tocsin serve in a folder of its own; may be killed and started again on the same data."""

    def __init__(self, simulator_url, rules, extra_config="", http="127.0.0.1:0", grpc="127.0.0.1:0"):
        self.http = http
        self.grpc_listen = grpc
        self.folder = tempfile.TemporaryDirectory(prefix="tocsin-e2e-")
        self.process = None
        self.data_dir = self.path("data")
        self.write("rules.yaml", rules)
        self.write("tocsin.yaml", f"""
rules: [rules.yaml]
evaluation: {{interval: 1s}}
receivers:
- name: on-call
  opsgenie_configs:
  - api_url: {simulator_url}
    api_key: ${{OPSGENIE_API_KEY}}
    priority: {{critical: P1, warning: P3}}
route: {{receiver: on-call}}
{extra_config}""")

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def log_lines(self):
        with open(self.path("log"), encoding="utf-8") as file:
            return file.read().splitlines()

    def start(self):
        begin = len(self.log_lines()) if os.path.exists(self.path("log")) else 0
        self.log_file = open(self.path("log"), "a", encoding="utf-8")
        self.process = subprocess.Popen(
            [f"{BUILD}/tocsin", "serve", "--config", self.path("tocsin.yaml"), "--data-dir", self.data_dir,
             "--grpc-listen", self.grpc_listen, "--http-listen", self.http, "--admin-listen", "127.0.0.1:0"],
            stderr=self.log_file, env={**os.environ, "OPSGENIE_API_KEY": KEY})

        def ready():
            if self.process.poll() is not None:
                raise AssertionError("tocsin ended:\n" + "\n".join(self.log_lines()[begin:]))
            for line in self.log_lines()[begin:]:
                if '"event":"ready"' in line:
                    return json.loads(line)
            return None

        event = await_("tocsin ready", ready, 30)
        self.grpc = f"127.0.0.1:{event['grpc_port']}"
        self.admin = "http://" + event["admin"]
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log_file.close()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.terminate()
        code = self.process.wait(30)
        self.log_file.close()
        return code

    def close(self):
        self.stop()
        self.folder.cleanup()

    def push(self, name, value, *attributes, repeat=1, interval="100ms"):
        """Pushes a gauge over OTLP/gRPC; the times (ms) of the acknowledged samples."""
        command = [f"{BUILD}/push_value", "--endpoint", self.grpc, "--name", name, "--value", str(value),
                   "--repeat", str(repeat), "--interval", interval]
        for attribute in attributes:
            command += ["--attr", attribute]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        return [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("acked")]

    def alerts(self):
        return get_json(self.admin + "/api/v1/alerts")["data"]["alerts"]

    def query(self, expression):
        from urllib.parse import urlencode
        return get_json(self.admin + "/api/v1/query?" + urlencode({"query": expression}))["data"]["result"]

    def metric(self, name):
        total = 0.0
        for line in get(self.admin + "/metrics").splitlines():
            if re.match(re.escape(name) + r"(\{.*\})? ", line):
                total += float(line.rsplit(" ", 1)[1])
        return total
