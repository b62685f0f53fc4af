"""Ways to wait without a bot around them: `seed` (a look each 5 s, the whole file in memory), `fal-client` (its own
waiting), and `reelbot` (our library). The first two run in an environment that has nothing but what fal-client needs.

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
Fetch = Callable[[str], Awaitable[tuple[str, Path]]]
"""prompt -> (request id, the file on the disk)"""


def _client() -> httpx.AsyncClient:
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    return httpx.AsyncClient(verify=context, trust_env=False, timeout=60)


def seed_loop(plan: dict[str, Any], client: httpx.AsyncClient) -> Fetch:
    headers = {"Authorization": f"Key {plan['key']}"}

    async def fetch(prompt: str) -> tuple[str, Path]:
        body = plan["body"] | {"prompt": prompt}
        told = (await client.post(f"{plan['fal']}/{plan['endpoint']}", json=body, headers=headers)).json()
        while True:
            await asyncio.sleep(_LOOK_S)
            status = (await client.get(told["status_url"], headers=headers)).json()
            if status["status"] == "COMPLETED":
                break
        result = (await client.get(told["response_url"], headers=headers)).json()
        return told["request_id"], await _in_memory(plan, client, told["request_id"], result)

    return fetch


def fal_client_loop(plan: dict[str, Any], client: httpx.AsyncClient) -> Fetch:
    fal: Any = importlib.import_module("fal_client").AsyncClient(key=plan["key"])

    async def fetch(prompt: str) -> tuple[str, Path]:
        handle = await fal.submit(plan["endpoint"], arguments=plan["body"] | {"prompt": prompt})
        result = await handle.get()
        return handle.request_id, await _in_memory(plan, client, handle.request_id, result)

    return fetch


async def _in_memory(plan: dict[str, Any], client: httpx.AsyncClient, request_id: str, result: dict[str, Any]) -> Path:
    path = Path(plan["folder"]) / f"{request_id}.mp4"
    path.write_bytes((await client.get(result["video"]["url"])).content)
    return path


def reelbot_loop(plan: dict[str, Any], _client: httpx.AsyncClient) -> Fetch:
    """`core.generate_video`, which also keeps a receipt and checks the file (in a child process)."""
    core: Any = importlib.import_module("core")
    settings = importlib.import_module("core.config").FalSettings.offline(
        fal_key=plan["key"],
        fal_queue_url=plan["fal"],
        fal_ca_file=os.environ["SSL_CERT_FILE"],
        output_dir=plan["folder"],
    )

    async def fetch(prompt: str) -> tuple[str, Path]:
        video = await core.generate_video(prompt, duration=5, resolution="720p", settings=settings)
        return video.request_id, video.local_path

    return fetch


async def one(plan: dict[str, Any], job: dict[str, Any], fetch: Fetch, client: httpx.AsyncClient) -> dict[str, Any]:
    await asyncio.sleep(job["after_s"])
    request_id, path = await fetch(job["prompt"])
    checked, on_disk, film = time.time(), path.stat().st_mtime, path.read_bytes()
    form = {"chat_id": str(plan["chat"]), "supports_streaming": "true"}
    reply = await client.post(
        f"{plan['telegram']}/sendVideo", data=form, files={"video": ("film.mp4", film, "video/mp4")}
    )
    reply.raise_for_status()
    delivered = time.time()
    return {"request_id": request_id, "on_disk": on_disk, "check": checked - on_disk, "delivered": delivered}


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def run(name: str, plan: dict[str, Any]) -> dict[str, Any]:
    way = {"seed": seed_loop, "fal-client": fal_client_loop, "reelbot": reelbot_loop}[name]
    async with _client() as client:
        fetch = way(plan, client)
        before = _cpu_s()
        jobs = await asyncio.gather(*(one(plan, job, fetch, client) for job in plan["jobs"]))
        return {"jobs": jobs, "cpu_s": _cpu_s() - before}


if __name__ == "__main__":
    report = asyncio.run(run(sys.argv[1], json.load(sys.stdin)))
    sys.stdout.write(json.dumps(report))
