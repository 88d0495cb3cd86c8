#!/usr/bin/env python3
"""The HTTP port of a running `tocsin serve` beside clients that mean no good or are only slow: thousands of idle connections, requests
half sent, bodies that are announced and never come, compressed bombs. Others are served, and memory stays bounded.

    TOCSIN_BINARY_DIR=build python3 tests/e2e/http_port_test.py [-k NAME]
"""

import gzip
import json
import os
import resource
import socket
import sys
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(__file__))
from alertmanager import free_port  # noqa: E402
from service import Simulator, Tocsin, await_  # noqa: E402

IDLE = 10_000
RULES = """
monitors:
- name: temperature
  query: max by (room) (temperature)
  threshold: {critical: "> 50"}
"""
HEAD = "POST /v1/metrics HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"


def allow_files(wanted):
    """How many connections: `wanted`, or half the files that the system allows, of which Tocsin takes no more either."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(wanted, hard // 2)


def gauge(value, room="kitchen"):
    point = {"asDouble": value, "timeUnixNano": str(time.time_ns()),
             "attributes": [{"key": "room", "value": {"stringValue": room}}]}
    metric = {"name": "temperature", "gauge": {"dataPoints": [point]}}
    return json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}).encode()


class HttpPortEndToEnd(unittest.TestCase):
    def setUp(self):
        self.simulator = Simulator()
        self.tocsin = Tocsin(self.simulator.url, RULES, http=f"127.0.0.1:{free_port()}").start()
        self.address = ("127.0.0.1", int(self.tocsin.http.rsplit(":", 1)[1]))
        self.clients = []

    def tearDown(self):
        for client in self.clients:
            client.close()
        self.tocsin.close()
        self.simulator.stop()

    def connect(self, send=""):
        client = socket.create_connection(self.address, timeout=20)
        client.sendall(send.encode())
        self.clients.append(client)
        return client

    def post(self, body, **headers):
        """The status of the answer."""
        request = urllib.request.Request(f"http://{self.tocsin.http}/v1/metrics", body,
                                         {"Content-Type": "application/json", **headers}, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code

    def resident_bytes(self):
        with open(f"/proc/{self.tocsin.process.pid}/statm", encoding="utf-8") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    def test_idle_connections_take_little_and_keep_nobody_out(self):
        count = allow_files(IDLE)
        before = self.resident_bytes()
        for _ in range(count):
            self.connect()
        await_("connections", lambda: self.tocsin.metric('tocsin_http_connections') >= count)
        each = (self.resident_bytes() - before) / count
        self.assertEqual(self.post(gauge(99)), 200)
        await_("page", self.simulator.open_alerts)
        print(f"{count} idle connections, {each:.0f} bytes each", end=" ", flush=True)
        self.assertLess(each, 16 << 10)

    def test_slow_and_lying_clients_keep_nobody_out(self):
        for _ in range(300):
            self.connect("POST /v1/met")
            self.connect(HEAD + "Content-Length: 60000000\r\n\r\n{")
            self.connect(HEAD + "Transfer-Encoding: chunked\r\n\r\n10\r\n{")
        before = self.resident_bytes()
        for _ in range(20):
            self.assertEqual(self.post(gauge(20)), 200)
        self.assertLess(self.resident_bytes() - before, 32 << 20)

    def test_compressed_bombs_are_refused_within_bounds(self):
        bomb = gzip.compress(b" " * (200 << 20))
        self.assertEqual(self.post(gauge(20)), 200)
        before = self.resident_bytes()
        for _ in range(5):
            self.assertEqual(self.post(bomb, **{"Content-Encoding": "gzip"}), 413)
        self.assertLess(self.resident_bytes() - before, 512 << 20)
        self.assertEqual(self.post(gauge(20)), 200)

    def test_requests_under_way_are_answered_when_it_stops(self):
        # One that has begun, and gets its end while the port is draining.
        body = gauge(20)
        client = self.connect(HEAD + f"Content-Length: {len(body)}\r\n\r\n")
        client.sendall(body[:-1])
        time.sleep(0.2)
        self.tocsin.process.terminate()
        time.sleep(0.2)
        client.sendall(body[-1:])
        reply = client.recv(65536).decode()
        self.assertTrue(reply.startswith("HTTP/1.1 200"), reply)
        self.assertIn("Connection: close", reply)
        self.assertEqual(self.tocsin.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
