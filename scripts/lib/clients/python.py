"""Asks a server with a Python library, and prints what it saw in one line.

usage: python.py requests|httpx URL AUTHORITY TOKEN
"""

import asyncio
import sys

import httpx
import requests

library, url, authority, token = sys.argv[1:]
fields = {"Authorization": f"Bearer {token}"}
region = {"addressBlocks": ["10.9.0.0/16"]}


def with_requests() -> str:
    with requests.Session() as session:
        # Otherwise REQUESTS_CA_BUNDLE would count more.
        session.trust_env = False
        session.verify = authority
        session.headers.update(fields)
        put = session.put(f"{url}/v1/regions/requests", json=region, timeout=30)
        got = session.get(f"{url}/v1/regions/requests", timeout=30)
        changed = session.put(
            f"{url}/v1/regions/requests", json=got.json(), headers={"If-Match": '"1"'}, timeout=30)
        gone = session.delete(f"{url}/v1/regions/requests", timeout=30)
    return f"{put.status_code} {got.status_code} {changed.status_code} {gone.status_code}"


async def with_httpx() -> str:
    context = httpx.create_ssl_context(verify=authority)
    async with httpx.AsyncClient(http2=True, verify=context, headers=fields, timeout=30) as client:
        put = await client.put(f"{url}/v1/regions/httpx", json=region)
        answers = await asyncio.gather(*(client.get(f"{url}/v1/regions/httpx") for _ in range(200)))
        gone = await client.delete(f"{url}/v1/regions/httpx")
    statuses = {answer.status_code for answer in answers}
    versions = {answer.http_version for answer in answers}
    return f"{put.status_code} {statuses} {gone.status_code} {versions}"


def without_trust() -> str:
    with requests.Session() as session:
        session.trust_env = False
        try:
            session.get(f"{url}/healthz", timeout=30)
        except requests.exceptions.SSLError:
            return "not trusted"
    return "trusted"


if library == "requests":
    print(with_requests(), without_trust())
else:
    print(asyncio.run(with_httpx()))
