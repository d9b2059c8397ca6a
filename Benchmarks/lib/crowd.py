#!/usr/bin/env python3
"""Follows the audit stream with many connections, and reads lists with others, until SIGTERM.

usage: crowd.py URL FOLLOWERS READERS

Each reader asks for a page of 100 policies once a second, on a connection that it keeps. The followers get every row.
The kernel discards what they receive (MSG_TRUNC), so that this program takes little of the processors. It prints
"ready" when everyone has tried to connect, and at the end one line: followers refused or disconnected, connected ones
without a byte, lists read, lists that failed, megabytes followed, CPU seconds of this program for each second.
"""
import http.client
import signal
import socket
import sys
import threading
import time
import urllib.parse

SWEEP = 0.02  # seconds between two looks at all followers: less than their receive buffers hold


class Follower:
    def __init__(self, host, port):
        self.received = 0
        self.socket = socket.create_connection((host, port), timeout=20)
        self.socket.sendall(f"GET /v1/audit/stream HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.socket.recv(4096)
            if not piece:
                break
            head += piece
        self.connected = head.startswith(b"HTTP/1.1 200")
        self.socket.setblocking(False)

    def drain(self, buffer):
        if not self.connected:
            return
        try:
            count = self.socket.recv_into(buffer, len(buffer), socket.MSG_TRUNC)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        self.received += count
        self.connected = count > 0


class Reader(threading.Thread):
    def __init__(self, netloc, delay, ended):
        super().__init__()
        self.netloc, self.delay, self.ended = netloc, delay, ended
        self.read = self.failed = 0

    def run(self):
        connection = http.client.HTTPConnection(self.netloc, timeout=20)
        due = time.monotonic() + self.delay
        while not self.ended.wait(max(0, due - time.monotonic())):
            due = max(due + 1, time.monotonic())
            try:
                connection.request("GET", "/v1/policies?limit=100")
                answer = connection.getresponse()
                answer.read()
                good = answer.status == 200
            except (OSError, http.client.HTTPException):
                connection.close()
                good = False
            self.read += good
            self.failed += not good


def main(url, followers, readers):
    parts = urllib.parse.urlsplit(url)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    crowd = [Follower(parts.hostname, parts.port) for _ in range(followers)]
    threads = [Reader(parts.netloc, index / readers, ended) for index in range(readers)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    cpu, started = time.process_time(), time.monotonic()
    buffer = bytearray(1 << 20)
    while not ended.wait(SWEEP):
        for follower in crowd:
            follower.drain(buffer)
    load = (time.process_time() - cpu) / (time.monotonic() - started)
    for thread in threads:
        thread.join()
    print(sum(not follower.connected for follower in crowd),
          sum(follower.connected and not follower.received for follower in crowd),
          sum(thread.read for thread in threads), sum(thread.failed for thread in threads),
          f"{sum(follower.received for follower in crowd) / 1e6:.0f} {load:.2f}")


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
