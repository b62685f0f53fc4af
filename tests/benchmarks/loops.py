"""The two usual ways to wait, to be measured against: `seed` (a look each 5 s, the whole file in memory) and
`fal-client` (its own waiting). Runs in an environment that has nothing but fal-client and what it needs.

Reads a JSON plan on stdin, writes a JSON report to stdout.
"""

import asyncio
import importlib
import json
import os
import resource
import ssl
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

_LOOK_S = 5.0
Fetch = Callable[[str], Awaitable[tuple[str, str]]]
"""prompt -> (request id, address of the file)"""


def _client() -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    return httpx.AsyncClient(verify=context, trust_env=False, timeout=60)


def seed_loop(plan: dict[str, Any], client: httpx.AsyncClient) -> Fetch:
    headers = {"Authorization": f"Key {plan['key']}"}

    async def fetch(prompt: str) -> tuple[str, str]:
        body = plan["body"] | {"prompt": prompt}
        told = (await client.post(f"{plan['fal']}/{plan['endpoint']}", json=body, headers=headers)).json()
        while True:
            await asyncio.sleep(_LOOK_S)
            status = (await client.get(told["status_url"], headers=headers)).json()
            if status["status"] == "COMPLETED":
                break
        result = (await client.get(told["response_url"], headers=headers)).json()
        return told["request_id"], result["video"]["url"]

    return fetch


def fal_client_loop(plan: dict[str, Any], _client: httpx.AsyncClient) -> Fetch:
    fal: Any = importlib.import_module("fal_client").AsyncClient(key=plan["key"])

    async def fetch(prompt: str) -> tuple[str, str]:
        handle = await fal.submit(plan["endpoint"], arguments=plan["body"] | {"prompt": prompt})
        result = await handle.get()
        return handle.request_id, result["video"]["url"]

    return fetch


async def one(plan: dict[str, Any], job: dict[str, Any], fetch: Fetch, client: httpx.AsyncClient) -> dict[str, Any]:
    await asyncio.sleep(job["after_s"])
    request_id, url = await fetch(job["prompt"])
    path = Path(plan["folder"]) / f"{request_id}.mp4"
    film = (await client.get(url)).content
    path.write_bytes(film)
    on_disk = time.time()
    form = {"chat_id": str(plan["chat"]), "supports_streaming": "true"}
    reply = await client.post(
        f"{plan['telegram']}/sendVideo", data=form, files={"video": ("film.mp4", film, "video/mp4")}
    )
    reply.raise_for_status()
    return {"request_id": request_id, "on_disk": on_disk, "delivered": time.time()}


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def run(name: str, plan: dict[str, Any]) -> dict[str, Any]:
    way = {"seed": seed_loop, "fal-client": fal_client_loop}[name]
    async with _client() as client:
        fetch = way(plan, client)
        before = _cpu_s()
        jobs = await asyncio.gather(*(one(plan, job, fetch, client) for job in plan["jobs"]))
        return {"jobs": jobs, "cpu_s": _cpu_s() - before}


if __name__ == "__main__":
    report = asyncio.run(run(sys.argv[1], json.load(sys.stdin)))
    sys.stdout.write(json.dumps(report))
