#!/usr/bin/env python3
"""Prints "commits rate 0 p50 p99" of SQLite commits, in microseconds: WAL, synchronous=FULL, one row of 2 KB each.

usage: sqlite_commit.py FILE SECONDS
"""
import sqlite3
import sys
import time


def main(path, seconds):
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE IF NOT EXISTS row (seq INTEGER PRIMARY KEY, text TEXT NOT NULL)")
    text = "policy.." * 250
    taken = []
    end = time.perf_counter() + seconds
    while (started := time.perf_counter()) < end:
        database.execute("INSERT INTO row (text) VALUES (?)", (text,))
        taken.append(time.perf_counter() - started)
    taken.sort()
    print(len(taken), f"{len(taken) / seconds:.1f}", 0, *(round(1e6 * taken[int(share * (len(taken) - 1))])
                                                          for share in (0.5, 0.99)))


main(sys.argv[1], float(sys.argv[2]))
