#!/usr/bin/env python3
"""Prints the milliseconds from a time until /readyz is 200.

usage: ready.py URL STARTED PID    STARTED is nanoseconds since 1970; it fails if the process PID ends before that
"""
import http.client
import os
import sys
import time
import urllib.parse


def is_ready(netloc):
    try:
        connection = http.client.HTTPConnection(netloc, timeout=10)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def main(url, started, pid):
    while not is_ready(urllib.parse.urlsplit(url).netloc):
        if not os.path.exists(f"/proc/{pid}") or time.time_ns() - started > 600e9:
            sys.exit("error: the server does not become ready")
        time.sleep(0.01)
    print(f"{(time.time_ns() - started) / 1e6:.0f}")


main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
