#!/usr/bin/env python3
"""Fills etcd with copies of a stored object, each with a name and a uid of its own, in transactions of 100 puts.

usage: copies.py ETCD_URL policies|subnets|endpoints COUNT

It copies the policy `copy-0`, and the subnet `copy-0` of the region `west`, which must be there: their bytes are those
that the server writes. A subnet also gets a network of its own, a /28 from 10.0.0.0 on, so that an allocation has to pass
over all of them. The endpoints are as networking-calico writes them. The copies are changes that the server did not
make, as are those of Calico's own tools.
"""
import base64
import http.client
import ipaddress
import json
import re
import sys
import urllib.parse
import uuid

ROOT = "/calico/resources/v3/projectcalico.org/"
ENDPOINT = json.dumps({
    "kind": "WorkloadEndpoint", "apiVersion": "projectcalico.org/v3",
    "metadata": {
        "name": "NAME", "uid": "UID", "creationTimestamp": "2026-03-01T00:00:00Z",
        "namespace": "openstack-region-west",
        "labels": {
            "projectcalico.org/namespace": "openstack-region-west", "projectcalico.org/orchestrator": "openstack",
            "projectcalico.org/openstack-project-id": "9c3b4a6e3f0d4b6f8a1f2f0b8f1d2c3e",
            "sg.projectcalico.org/openstack-GROUP": "web", "sg-name.projectcalico.org/openstack-web": "GROUP"}},
    "spec": {
        "orchestrator": "openstack", "workload": "vm-NUMBER", "node": "compute-1", "endpoint": "port-NUMBER",
        "interfaceName": "tapNUMBER", "mac": "fa:16:3e:00:00:01", "ipNetworks": ["ADDRESS/32"], "allowedIps": []},
}, separators=(",", ":"))


class Gateway:
    def __init__(self, url):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)

    def call(self, path, body):
        self.connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"error: etcd answered {answer.status}: {text[:200]!r}")
        return json.loads(text)


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


def prototype(gateway, key):
    answer = gateway.call("/v3/kv/range", {"key": base64_of(ROOT + key)})
    if not answer.get("kvs"):
        sys.exit(f"error: there is no {ROOT + key}")
    return base64.b64decode(answer["kvs"][0]["value"]).decode()


def copies(gateway, kind, count):
    """Yields the key and the value of each copy."""
    network = int(ipaddress.ip_address("10.0.0.0"))
    if kind == "endpoints":
        for number in range(1, count + 1):
            name = f"compute--1-openstack-vm--{number:06}-port--{number:06}"
            values = {"NAME": name, "UID": str(uuid.uuid4()), "NUMBER": f"{number:06}",
                      "GROUP": str(uuid.UUID(int=number % 500)), "ADDRESS": str(ipaddress.ip_address(network + number))}
            value = re.sub("NAME|UID|NUMBER|GROUP|ADDRESS", lambda match: values[match[0]], ENDPOINT)
            yield f"workloadendpoints/openstack-region-west/{name}", value
        return
    prefix = {"policies": "globalnetworkpolicies/", "subnets": "globalnetworksets/subnet.west."}[kind]
    original = prototype(gateway, prefix + "copy-0")
    stored = json.loads(original)
    uid = stored["metadata"]["uid"]
    for number in range(1, count + 1):
        value = original.replace("copy-0", f"copy-{number:06}").replace(uid, str(uuid.uuid4()))
        if kind == "subnets":
            [old] = stored["spec"]["nets"]
            value = value.replace(old, f"{ipaddress.ip_address(network + 16 * (number - 1))}/28")
        yield f"{prefix}copy-{number:06}", value


def main(url, kind, count):
    gateway = Gateway(url)
    puts = []

    def flush():
        if puts:
            answer = gateway.call("/v3/kv/txn", {"success": puts})
            if not answer.get("succeeded"):
                sys.exit(f"error: etcd refused a transaction: {answer}")
            puts.clear()

    for key, value in copies(gateway, kind, count):
        puts.append({"requestPut": {"key": base64_of(ROOT + key), "value": base64_of(value)}})
        if len(puts) == 100:
            flush()
    flush()


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
