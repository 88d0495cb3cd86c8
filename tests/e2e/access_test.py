#!/usr/bin/env python3
"""Who may do what, with the real program: TLS on every port, tokens with scopes, both renewed while it runs, and no secret in anything it writes.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/access_test.py
"""

import json
import os
import ssl
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from certificates import make_authority, make_certificate  # noqa: E402
from service import BUILD, KEY, Simulator, Tocsin, await_  # noqa: E402

RULES = """
monitors:
- name: queue-full
  query: max by (queue) (queue_length)
  threshold: {critical: ">= 100"}
"""
TOKENS = {scope: f"m4rker-token-of-{scope}-4711" for scope in ("ingest", "read", "silence", "admin")}
POINT = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "queue_length", "gauge": {"dataPoints": [
    {"timeUnixNano": "0", "asDouble": 1, "attributes": [{"key": "queue", "value": {"stringValue": "a"}}]}]}}]}]}]}


class AccessTest(unittest.TestCase):
    def setUp(self):
        self.simulator = Simulator()
        self.addCleanup(self.simulator.stop)
        tokens = "".join(f"\n  - {{name: {scope}, scopes: [{scope}], token_file: {scope}.token}}" for scope in TOKENS)
        self.tocsin = Tocsin(self.simulator.url, RULES, extra_config=f"""
tls: {{cert_file: server.pem, key_file: server.key}}
access:
  tokens:{tokens}
""")
        self.addCleanup(self.tocsin.close)
        self.folder = self.tocsin.folder.name
        make_authority(self.folder)
        make_certificate(self.folder)
        for scope, token in TOKENS.items():
            self.write_token(scope, token)
        self.tocsin.start()
        self.admin = self.tocsin.admin.replace("http://", "https://")
        for line in self.tocsin.log_lines():
            if '"event":"ready"' in line:
                self.http = f"https://127.0.0.1:{json.loads(line)['http_port']}"
        self.trust = ssl.create_default_context(cafile=self.tocsin.path("ca.pem"))

    def write_token(self, scope, text):
        self.tocsin.write(f"{scope}.token", text + "\n")
        os.chmod(self.tocsin.path(f"{scope}.token"), 0o600)

    def status(self, method, url, token=None, body=None, headers=None):
        headers = {"Content-Type": "application/json", **(headers or {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.trust) as reply:
                self.seen += reply.read().decode(errors="replace")
                return reply.status
        except urllib.error.HTTPError as error:
            self.seen += error.read().decode(errors="replace")
            return error.code

    seen = ""

    def command(self, scope, *words):
        token = ["--token-file", self.tocsin.path(f"{scope}.token")] if scope else []
        done = subprocess.run([f"{BUILD}/tocsin", *words, "--ca-file", self.tocsin.path("ca.pem"), *token], capture_output=True,
                              text=True, timeout=60, check=False)
        self.seen += done.stdout + done.stderr
        return done

    def test_each_port_asks_and_nothing_is_told(self):
        send = ["send", "generated", "--series", "3", "--for", "1s", "--endpoint", self.tocsin.grpc]
        self.assertEqual(self.command("ingest", *send).returncode, 0)
        self.assertEqual(self.command("read", *send).returncode, 2)
        self.assertEqual(self.command(None, *send).returncode, 2)

        metrics, series = self.http + "/v1/metrics", self.http + "/api/v1/series"
        self.assertEqual(self.status("POST", metrics, body=POINT), 401)
        self.assertEqual(self.status("POST", metrics, TOKENS["read"], POINT), 403)
        self.assertEqual(self.status("POST", metrics, TOKENS["ingest"], POINT), 200)
        self.assertEqual(self.status("POST", series, body={"series": []}, headers={"DD-Api-Key": TOKENS["ingest"]}), 202)
        self.assertEqual(self.status("POST", series, body={"series": []}, headers={"DD-Api-Key": "m4rker-of-nobody"}), 403)
        self.assertEqual(self.status("GET", self.http + "/api/v1/validate?api_key=" + TOKENS["read"]), 403)

        query = ["query", "--server", self.admin, "vector(1)"]
        self.assertEqual(self.command("read", *query).returncode, 0)
        self.assertEqual(self.command("ingest", *query).returncode, 2)
        self.assertEqual(self.command(None, *query).returncode, 2)
        for method, path, wanted in (("GET", "/-/ready", (200, 200, 200)), ("GET", "/metrics", (401, 200, 200)),
                                     ("POST", "/-/reload", (401, 403, 200)), ("DELETE", "/api/v2/silence/x", (401, 403, 404))):
            for token, status in zip((None, TOKENS["read"], TOKENS["admin"]), wanted):
                self.assertEqual(self.status(method, self.admin + path, token), status, (path, token))

        self.status("GET", self.admin + "/metrics", TOKENS["read"])
        printed = subprocess.run([f"{BUILD}/tocsin", "check", "--print-config", self.tocsin.path("tocsin.yaml")],
                                 capture_output=True, text=True, timeout=60, check=True,
                                 env={**os.environ, "OPSGENIE_API_KEY": KEY}).stdout
        everything = "\n".join([self.seen, printed, *self.tocsin.log_lines()])
        self.assertIn("access refused", everything)
        for secret in [KEY, "m4rker-of-nobody", *TOKENS.values()]:
            self.assertNotIn(secret, everything)
        with open(self.tocsin.path("server.key"), encoding="utf-8") as file:
            self.assertNotIn(file.read().splitlines()[1], everything)

    def test_no_core_file_has_the_secrets(self):
        with open(f"/proc/{self.tocsin.process.pid}/limits", encoding="utf-8") as file:
            self.assertRegex(file.read(), r"Max core file size +0 ")

    def test_tokens_and_certificates_are_renewed_while_it_runs(self):
        address = tuple(self.admin.removeprefix("https://").split(":"))
        before = ssl.get_server_certificate(address)
        self.write_token("read", TOKENS["read"] + "\nthe-one-that-comes-next")
        make_certificate(self.folder)
        await_("new token", lambda: self.status("GET", self.admin + "/metrics", "the-one-that-comes-next") == 200)
        self.assertEqual(self.status("GET", self.admin + "/metrics", TOKENS["read"]), 200)
        await_("new certificate", lambda: ssl.get_server_certificate(address) != before)
        self.write_token("read", "the-one-that-comes-next")
        await_("old token gone", lambda: self.status("GET", self.admin + "/metrics", TOKENS["read"]) == 401)

    def audit(self):
        """Exit code, entries, and the last line of `tocsin audit`."""
        entries = subprocess.run([f"{BUILD}/tocsin", "audit", self.tocsin.data_dir, "--json"], capture_output=True, text=True,
                                 timeout=60, check=False)
        text = subprocess.run([f"{BUILD}/tocsin", "audit", self.tocsin.data_dir], capture_output=True, text=True, timeout=60, check=False)
        self.seen += entries.stdout + text.stdout + text.stderr
        return entries.returncode, [json.loads(line) for line in entries.stdout.splitlines()], text.stdout.splitlines()[-1]

    def test_what_is_changed_is_audited_with_who_did_it(self):
        silence = ["silence", "add", "queue-full", "--server", self.admin, "--comment", "moving house", "--duration", "1h"]
        self.assertEqual(self.command("silence", *silence).returncode, 0)
        self.assertEqual(self.command("read", *silence).returncode, 2)
        self.tocsin.write("rules.yaml", RULES.replace("100", "200"))
        self.assertEqual(self.status("POST", self.admin + "/-/reload", TOKENS["admin"]), 200)
        self.tocsin.kill()
        self.tocsin.start()
        code, entries, last = self.audit()
        self.assertEqual(code, 0)
        self.assertEqual([entry["event"] for entry in entries if entry.get("source") != "files"],
                         ["started", "request", "refused", "reload", "request", "started"])
        by_event = {entry["event"]: entry for entry in entries}
        added = next(entry for entry in entries if entry.get("request") == "POST /api/v2/silences")
        self.assertEqual((added["actor"], added["status"]), ("silence", "200"))
        self.assertIn("moving house", added["body"])
        self.assertEqual(by_event["refused"]["listener"], "admin")
        reload = next(entry for entry in entries if entry["event"] == "reload" and entry["rules_before"] != entry["rules_after"])
        self.assertEqual(reload["config_before"], reload["config_after"])
        self.assertEqual(reload["rules_after"], entries[-1]["rules"])
        self.assertIn(f"the last is number {len(entries)} ", last)
        self.assertTrue(any(last.rsplit(" ", 1)[1] in line for line in self.tocsin.log_lines()), "the log has the hash, too")
        for secret in [KEY, *TOKENS.values()]:
            self.assertNotIn(secret, self.seen)

        with open(self.tocsin.data_dir + "/audit.jsonl", "r+", encoding="utf-8") as file:
            text = file.read().replace("moving house", "moving horse")
            file.seek(0)
            file.write(text)
        self.assertEqual(self.audit()[0], 1)

    def test_an_open_port_without_a_guard_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/tocsin.yaml", "w", encoding="utf-8") as file:
                file.write("receivers: [{name: nobody}]\nroute: {receiver: nobody}\n")
            done = subprocess.run([f"{BUILD}/tocsin", "serve", "--config", f"{folder}/tocsin.yaml", "--data-dir", f"{folder}/data",
                                   "--grpc-listen", "0.0.0.0:0", "--http-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"],
                                  capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("listen.grpc (0.0.0.0:0) is open to other hosts, and nobody is asked who they are", done.stderr)


if __name__ == "__main__":
    unittest.main()
