#!/usr/bin/env python3
"""Measures single operations with one client, in turns, and leaves the site as it was.

usage: operations.py URL SECONDS PREFIX

It appends "count rate bad p50 p99" to the file PREFIX.OPERATION of each operation, in microseconds. The region `west`
has the block 10.0.0.0/8, of which the upper half is free.
"""
import http.client
import ipaddress
import json
import sys
import time
import urllib.parse


def policy(name, labels=None):
    return {"apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkPolicy",
            "metadata": {"name": name, "labels": labels or {}},
            "spec": {"selector": "all()", "types": ["Ingress"], "ingress": [{"action": "Deny"}]}}


class Client:
    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
        self.taken, self.bad = {}, {}

    def call(self, operation, expected, method, path, body=None):
        """Sends a request and measures it as `operation`."""
        text = json.dumps(body) if body is not None else None
        started = time.perf_counter()
        self.connection.request(method, "/v1/" + path, text, {"Content-Type": "application/json"} if text else {})
        answer = self.connection.getresponse()
        content = answer.read()
        self.taken.setdefault(operation, []).append(time.perf_counter() - started)
        self.bad.setdefault(operation, 0)
        if answer.status != expected:
            if self.bad[operation] == 0:
                print(f"{method} {path}: {answer.status} {content[:300]!r}", file=sys.stderr)
            self.bad[operation] += 1


def turn(client, name, number):
    network = ipaddress.ip_address("10.128.0.0") + 16 * (number % 500_000)
    client.call("put-subnet", 201, "PUT", f"regions/west/subnets/{name}", {"cidr": f"{network}/28"})
    client.call("delete-subnet", 204, "DELETE", f"regions/west/subnets/{name}")
    client.call("allocate", 201, "POST", "regions/west/subnets", {"name": name, "prefixLength": 28})
    client.call("delete-subnet", 204, "DELETE", f"regions/west/subnets/{name}")
    client.call("put-policy", 201, "PUT", f"policies/{name}", policy(name))
    client.call("delete-policy", 204, "DELETE", f"policies/{name}")
    # An object of its own stays in the manifest, because a manifest without objects is refused.
    kept = policy("a-kept")
    pruned = [policy(f"{name}-{index}", {"pruned": name}) for index in range(10)]
    client.call("prepare", 200, "POST", "apply", [kept] + pruned)
    client.call("prune", 200, "POST", "apply?prune=" + urllib.parse.quote(f"pruned == '{name}'"), [kept])


def main(url, seconds, prefix):
    client = Client(url)
    end = time.monotonic() + seconds
    run = time.time_ns()
    number = 0
    while time.monotonic() < end or number == 0:
        turn(client, f"turn-{run}-{number}", number)
        number += 1
    for operation, taken in client.taken.items():
        taken.sort()
        quantiles = [round(1e6 * taken[int(share * (len(taken) - 1))]) for share in (0.5, 0.99)]
        with open(f"{prefix}.{operation}", "a", encoding="utf-8") as out:
            print(len(taken), f"{len(taken) / sum(taken):.1f}", client.bad[operation], *quantiles, file=out)


main(sys.argv[1], float(sys.argv[2]), sys.argv[3])
