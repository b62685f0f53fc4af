"""Renders an accepted request: fetches the source as fal does, renders the film, calls the webhook."""

import asyncio
import base64
import hashlib
import json
import logging
import random
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import media
from core.catalogue import Endpoint
from core.config import is_loopback
from core.errors import MediaError
from core.io import disk
from core.io.bodies import BodyTooLarge, read_body
from core.io.retrying import RetryPolicy, retried
from core.io.tls import plain_client
from core.io.unpacking import unpacked
from core.sandbox.cdn import CACHE_NAME
from core.sandbox.checks import Detail, billed_s, detail, has_sound, length_problem, lines_of, row_for
from core.sandbox.state import Faults, Memory, Request
from core.types import Kind, SourceLimits

log = logging.getLogger(__name__)

FILM = Path(__file__).parent / "filming"
_CALLING = RetryPolicy(httpx.HTTPError, pauses_s=(0.2, 0.4, 0.8), tries=4)
_SOURCE_BYTES = 100_000_000
_WALL_S = 240.0

_SLOW = re.compile(r"sandbox:slow(?:-(?P<seconds>\d+))?")


@dataclass(frozen=True, slots=True)
class Studio:
    """How the sandbox films: short side in pixels of what is drawn, frames per second, least durations in seconds.

    `true_sizes`: the file has the pixels that were bought, scaled up from what is drawn; else as many as are drawn.

    `max_seconds` cuts films short, for tests. With `render_most_s` each prompt has a render time of its own between the
    two, always the same one for one `seed`. `archive`: a folder that keeps films; one that stands there is not rendered
    again.
    """

    side: int = 360
    fps: int = 24
    queue_s: float = 0.8
    render_s: float = 1.5
    max_seconds: float = 20.0
    render_most_s: float | None = None
    seed: int = 0
    archive: Path | None = None
    true_sizes: bool = True

    def render_time_s(self, prompt: str) -> float:
        """Return the seconds that this prompt renders."""
        if self.render_most_s is None:
            return self.render_s
        return random.Random(f"{self.seed} {prompt}").uniform(self.render_s, self.render_most_s)


FAST = Studio(side=180, fps=12, queue_s=0.05, render_s=0.05, max_seconds=1.0, true_sizes=False)


_STATUS = {
    "internal_server_error": 500,
    "downstream_service_error": 500,
    "downstream_service_unavailable": 500,
    "generation_timeout": 504,
}
"""Of fal's model errors; all others are 422 (fal docs, model-apis/errors)."""


def _name(job: dict[str, Any]) -> str:
    """Name a film by what it is made of: the same words and measures give the same bytes."""
    return f"{hashlib.sha256(json.dumps(job).encode()).hexdigest()}.mp4"


@dataclass(frozen=True, slots=True)
class _SourceFile:
    """A source as it was fetched: upright, in pixels; seconds of a video or sound."""

    path: Path
    kind: Kind
    width: int
    height: int
    seconds: float | None = None


def _roles(endpoint: Endpoint | None, sources: list[_SourceFile]) -> dict[str, Any]:
    """Return what each source is for, in the words of the film's job."""
    paths = [str(source.path) for source in sources]
    if endpoint is None or not sources:
        return {}
    if endpoint.most_sources > 1:
        return {"references": paths}
    if sources[0].kind is Kind.AUDIO:
        return {"voice": paths[0], "photo": paths[1] if len(paths) > 1 else None}
    if sources[0].kind is Kind.VIDEO:
        if endpoint.durations:
            return {"before": paths[0], "whole": endpoint.extension != "part"}
        return {"video": paths[0]}
    return {"photo": paths[0], "last_photo": paths[1] if endpoint.end_field is not None else None}


def _shape(body: dict[str, Any], sources: list[_SourceFile]) -> tuple[int, int]:
    """Return the requested shape, or that of the first source that is seen."""
    ratio = str(body.get("aspect_ratio", ""))
    if ratio.count(":") == 1 and ratio.replace(":", "").isdigit():
        wide, high = (int(part) for part in ratio.split(":"))
        return wide, high
    return next(((each.width, each.height) for each in sources if each.width), (16, 9))


def _even(short: int, wide: int, high: int) -> tuple[int, int]:
    """Return even sides of this shape, with this short one."""
    scale = short / min(wide, high)
    return round(wide * scale / 2) * 2, round(high * scale / 2) * 2


class Failed(Exception):
    """A failed render. `units`: what fal says it billed, "" where it does not say."""

    def __init__(self, status: int, details: list[Detail], *, units: str = "0") -> None:
        super().__init__(status)
        self.status = status
        self.details = details
        self.units = units


class Renderer:
    """The renderer of all requests of one sandbox."""

    def __init__(self, memory: Memory, faults: Faults, studio: Studio) -> None:
        self._memory = memory
        self._faults = faults
        self._studio = studio
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.base = ""  # our own address, as the last caller named it: a restarted sandbox may have another
        self.signer = Signer(memory.folder / "webhook.key")

    def begin(self, request: Request) -> None:
        """Begin to render the request in a task of its own."""
        self._tasks[request.id] = asyncio.create_task(self._run(request), name=f"render {request.id}")

    @property
    def is_busy(self) -> bool:
        """A film is being rendered, or a webhook called."""
        return not all(task.done() for task in self._tasks.values())

    async def drop(self, request: Request) -> None:
        """Drop a request that was cancelled while it waited: it never runs, and is not billed."""
        task = self._tasks.get(request.id)
        if task is not None:
            task.cancel()
        answer = {"detail": "Request was cancelled", "error_type": "client_cancelled"}
        await self._complete(request, 499, answer, error_type="client_cancelled")

    async def _run(self, request: Request) -> None:
        prompt = str(request.body.get("prompt", ""))
        await asyncio.sleep(self._studio.queue_s)
        await self._memory.change(request.id, state="IN_PROGRESS", started=time.time())
        if self._faults.take("requeue", request.endpoint, prompt):
            await asyncio.sleep(self._studio.queue_s)
            await self._memory.change(request.id, state="IN_QUEUE")
            await asyncio.sleep(self._studio.queue_s)
            await self._memory.change(request.id, state="IN_PROGRESS", started=time.time())
        if self._faults.take("stuck", request.endpoint, prompt) or "sandbox:stuck" in prompt:
            return
        if slow := _SLOW.search(prompt):
            await asyncio.sleep(float(slow["seconds"] or 20))
        if "sandbox:until-cancelled" in prompt:
            await self._until_cancelled(request.id)
        started = time.monotonic()
        try:
            self._misfortune(request, prompt)
            answer, units = await self._film(request)
        except Failed as error:
            await self._complete(request, error.status, {"detail": error.details}, units=error.units)
            return
        except Exception:
            log.exception("the camera broke")
            await self._complete(request, 500, {"detail": [detail("internal_server_error", ["body"], None)]})
            return
        await asyncio.sleep(max(0.0, self._studio.render_time_s(prompt) - (time.monotonic() - started)))
        await self._complete(request, 200, answer, units=str(units))

    async def _until_cancelled(self, request_id: str) -> None:
        """Wait as a running request does after a cancel: it learns of it, and finishes all the same."""
        async with self._memory.changed:
            await self._memory.changed.wait_for(lambda: self._memory.requests[request_id].cancelled)

    def _misfortune(self, request: Request, prompt: str) -> None:
        """Raise the fault that a test asked for, or a person by words in the prompt."""
        fault = self._faults.take("result_error", request.endpoint, prompt)
        if fault is not None:
            kind = fault.body or "content_policy_violation"
            status = _STATUS.get(kind, 422)
            raise Failed(status, [detail(kind, ["body", "prompt"], prompt)], units=fault.headers.get("units", "0"))
        if "sandbox:content-policy" in prompt:
            raise Failed(422, [detail("content_policy_violation", ["body", "prompt"], prompt)])
        if "sandbox:fail" in prompt:
            raise Failed(500, [detail("downstream_service_error", ["body"], prompt)])

    async def _film(self, request: Request) -> tuple[dict[str, Any], Decimal]:
        """Make the film; return the answer, and the seconds that are billed."""
        endpoint, body = row_for(request.endpoint, request.body), request.body
        if endpoint is not None and not endpoint.has_prompt and not endpoint.films_sound:
            return await self._remade(request, endpoint)
        sources = await self._sources(request, endpoint)
        self._require_length(endpoint, body, sources)
        film = next((each for each in sources if each.kind is not Kind.IMAGE), None)
        source_s = film.seconds if film else None
        seconds = float(billed_s(endpoint, body)) if endpoint is None or endpoint.durations else float(source_s or 5)
        size = _even(self._studio.side, *_shape(body, sources))
        job: dict[str, Any] = {
            "prompt": str(body.get("prompt", "")),
            "width": size[0],
            "height": size[1],
            "seconds": min(seconds, self._studio.max_seconds),
            "fps": self._studio.fps,
            "sound": has_sound(endpoint, body),
            **_roles(endpoint, sources),
        }
        if self._studio.true_sizes:
            job["pixels"] = _even(lines_of(endpoint, body), *size)
        name = f"{secrets.token_hex(12)}.mp4"
        await self._shoot_once(job, name, may_be_old=not sources)
        answer = {"video": self._file(name, "video/mp4"), "seed": body.get("seed", 42)}
        if request.endpoint.endswith("/draft"):
            cache = self._memory.files / name.replace(".mp4", ".cache")
            cache.write_text(json.dumps(job))
            answer["draft_cache"] = self._file(cache.name, "application/octet-stream")
        return answer, billed_s(endpoint, body, source_s)

    async def _remade(self, request: Request, endpoint: Endpoint) -> tuple[dict[str, Any], Decimal]:
        """Make more of a film that is there: more pixels, or a draft whole from its cache."""
        field = str(endpoint.source_field)
        url = str(request.body[field])
        name = f"{secrets.token_hex(12)}.mp4"
        if request.endpoint.endswith("/draft-enhance"):
            await self._fetched(request, url, field, 0)
            cache = self._memory.files / url.rpartition("/")[2]  # only what we wrote: it names files
            if not CACHE_NAME.fullmatch(cache.name) or not cache.exists():
                raise Failed(422, [detail("file_download_error", ["body", field], url)])
            job = json.loads(cache.read_text())
            seconds, size = float(job["seconds"]), _even(1080, job["width"], job["height"])
            await self._shoot_once(job | {"pixels": size}, name)
        else:
            film = await self._source(request, field, url, 0)
            seconds = film.seconds or 0.0
            size = _even(lines_of(endpoint, request.body), film.width, film.height)
            await self._shoot_once({"video": str(film.path), "pixels": size}, name)
        return {"video": self._file(name, "video/mp4")}, billed_s(endpoint, request.body, seconds)

    def _file(self, name: str, content_type: str) -> dict[str, Any]:
        size = (self._memory.files / name).stat().st_size
        return {"content_type": content_type, "file_name": name, "file_size": size}

    async def _shoot_once(self, job: dict[str, Any], name: str, *, may_be_old: bool = False) -> None:
        """Shoot the film into the folder of files. `may_be_old`: taken from the archive, or put there."""
        into = (self._memory.files / name).resolve()
        in_archive = self._studio.archive / _name(job) if self._studio.archive and may_be_old else None
        if in_archive is not None and in_archive.exists():
            shutil.copyfile(in_archive, into)
            return
        await self._shoot(job, into)
        if in_archive is not None:
            in_archive.parent.mkdir(parents=True, exist_ok=True)
            with disk.whole(in_archive) as draft:
                shutil.copyfile(into, draft)

    async def _shoot(self, job: dict[str, Any], into: Path) -> None:
        try:
            rendered = await media.run_child(FILM, json.dumps(job | {"into": str(into)}), wall_s=_WALL_S)
        except MediaError:
            raise Failed(500, [detail("internal_server_error", ["body"], None)]) from None
        if "ok" not in rendered:
            raise Failed(422, [detail("image_load_error", ["body"], None)])

    async def _sources(self, request: Request, endpoint: Endpoint | None) -> list[_SourceFile]:
        """Fetch the photos or the video; fail with fal's own words."""
        if endpoint is None or endpoint.source_field is None:
            return []
        field, body = endpoint.source_field, request.body
        urls = [(field, url) for url in (body[field] if isinstance(body.get(field), list) else [body.get(field)])]
        if endpoint.end_field is not None:
            urls.append((endpoint.end_field, body.get(endpoint.end_field)))
        if endpoint.photo_field is not None and body.get(endpoint.photo_field):
            urls.append((endpoint.photo_field, body[endpoint.photo_field]))
        return [await self._source(request, name, str(url), number) for number, (name, url) in enumerate(urls)]

    def _require_length(self, endpoint: Endpoint | None, body: dict[str, Any], sources: list[_SourceFile]) -> None:
        """Fail where the sound is longer or shorter than the endpoint takes, or none."""
        if endpoint is None or not endpoint.films_sound:
            return
        url = str(body[endpoint.source_field or ""])
        if sources[0].kind is not Kind.AUDIO:
            raise Failed(422, [detail("unsupported_audio_format", ["body", str(endpoint.source_field)], url)])
        problem = length_problem(endpoint, url, sources[0].seconds or 0.0)
        if problem is not None:
            raise Failed(422, [problem])

    async def _source(self, request: Request, field: str, url: str, number: int) -> _SourceFile:
        path = await self._fetched(request, url, field, number)
        try:
            kind = media.sniff_kind(path)
            if kind is Kind.AUDIO:
                return _SourceFile(path, kind, 0, 0, (await media.measure_sound(path)).duration_s)
            if kind is Kind.VIDEO:
                facts = await media.probe(path)
                return _SourceFile(path, kind, facts.width, facts.height, facts.duration_s)
            upright = path.with_suffix(".jpg")
            photo = await media.normalise_photo(path, upright, limits=SourceLimits(min_side=1, max_ratio=100))
        except MediaError:
            raise Failed(422, [detail("image_load_error", ["body", field], url)]) from None
        return _SourceFile(upright, kind, photo.width, photo.height)

    async def _fetched(self, request: Request, url: str, field: str, number: int) -> Path:
        path = (self._memory.folder / "sources" / f"{request.id}-{number}").resolve()
        path.parent.mkdir(exist_ok=True)
        try:
            await _fetch(url, path)
        except (httpx.HTTPError, httpx.InvalidURL, BodyTooLarge, ValueError):
            raise Failed(422, [detail("file_download_error", ["body", field], url)]) from None
        return path

    async def _complete(
        self, request: Request, status: int, answer: dict[str, Any], *, units: str = "0", error_type: str | None = None
    ) -> None:
        infra = self._faults.take("infra_error", request.endpoint, str(request.body.get("prompt", "")))
        if infra is not None:
            status, units, error_type = 500, "0", "runner_server_error"
            answer = {"detail": "runner died", "error_type": error_type}
        done = await self._memory.change(
            request.id,
            state="COMPLETED",
            completed=time.time(),
            answer_status=status,
            answer=answer,
            units=units,
            error="Internal error" if error_type else None,
            error_type=error_type,
        )
        await self.call_webhook(done)

    def addressed(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return the answer with the film's address in it."""
        named = [name for name in ("video", "draft_cache") if isinstance(answer.get(name), dict)]
        folder = f"{self.base}/files/b/sandbox"
        return {**answer, **{name: {"url": f"{folder}/{answer[name]['file_name']}", **answer[name]} for name in named}}

    async def call_webhook(self, request: Request) -> None:
        """Call the webhook of a request that has ended."""
        prompt = str(request.body.get("prompt", ""))
        if (
            request.webhook is None
            or not is_loopback(request.webhook)
            or self._faults.take("webhook_silent", request.endpoint, prompt)
        ):
            return
        good = request.answer_status == httpx.codes.OK
        payload: dict[str, Any] = {"request_id": request.id, "gateway_request_id": request.id}
        payload |= {"status": "OK" if good else "ERROR", "payload": self.addressed(request.answer or {})}
        if not good:
            payload["error"] = f"Invalid status code: {request.answer_status}"
        body = json.dumps(payload).encode()
        broken = self._faults.take("webhook_bad_signature", request.endpoint, prompt) is not None
        times = 2 if self._faults.take("webhook_repeat", request.endpoint, prompt) else 1
        headers = self.signer.headers(request.id, body, broken=broken)
        async with plain_client(timeout=15) as client:
            for _ in range(times):
                await _post(client, request.webhook, body, headers)


async def _post(client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> None:
    async def post() -> None:
        (await client.post(url, content=body, headers=headers)).raise_for_status()

    try:
        await retried(post, _CALLING)
    except httpx.HTTPError as error:
        log.info("webhook not taken", extra={"reason": type(error).__name__})


async def _fetch(url: str, path: Path) -> None:
    """Fetch from loopback only: the sandbox never opens a connection to the world."""
    if not is_loopback(url):
        raise ValueError("not on this machine")
    ours = plain_client(timeout=20)
    async with ours as client, client.stream("GET", url) as reply:
        reply.raise_for_status()
        path.write_bytes(await read_body(unpacked(reply), most_bytes=_SOURCE_BYTES))  # whole, whoever ends us


class Signer:
    """A signer of fal's webhooks with a key of the sandbox's own, kept in its folder."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(Ed25519PrivateKey.generate().private_bytes_raw())
            path.chmod(0o600)
        self._key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())

    def jwks(self) -> dict[str, Any]:
        """Return the public key as fal publishes its own."""
        public = base64.urlsafe_b64encode(self._key.public_key().public_bytes_raw()).decode()
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": public}]}

    def headers(self, request_id: str, body: bytes, *, broken: bool = False) -> dict[str, str]:
        """Return the signed headers of a call. `broken`: with a signature that does not verify."""
        timestamp = str(int(time.time()))
        message = "\n".join([request_id, "sandbox-user", timestamp, hashlib.sha256(body).hexdigest()]).encode()
        signature = self._key.sign(message + (b"x" if broken else b"")).hex()
        names = {"Request-Id": request_id, "User-Id": "sandbox-user", "Timestamp": timestamp, "Signature": signature}
        return {"Content-Type": "application/json"} | {f"X-Fal-Webhook-{key}": value for key, value in names.items()}
