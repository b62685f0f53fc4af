"""The asset host: one file by its unguessable name, with the headers that make it safe, and nothing else at all."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bot.http.server import Health, NoWebhook, build
from core.assets.publish import prepare_folder
from tests.serving import served

NAME = "hF3k_9sPq-Lm2xTzVb7nQw4yRd8cGj1A.mp4"
CONTENT = bytes(range(256)) * 40


@asynccontextmanager
async def hosting(folder: Path) -> AsyncIterator[str]:
    assets = folder / "fal_assets"
    prepare_folder(assets)
    (assets / NAME).write_bytes(CONTENT)
    (assets / f".{NAME}").write_bytes(b"half written")
    (assets / "notes.txt").write_bytes(b"SECRET")
    (folder / "reelbot.db").write_bytes(b"SECRET")
    (folder / "SECRETsecretSECRET.mp4").write_bytes(b"SECRET")
    (assets / "aLinkToAnotherFile0.mp4").symlink_to(folder / "reelbot.db")
    app = build(health=Health(), assets_dir=assets, webhook=NoWebhook(), routes=[])
    async with served(app) as base:
        yield base


async def _raw(base: str, target: str, *, method: str = "GET", headers: str = "") -> tuple[int, bytes]:
    """A request line as an attacker writes it: no client tidies the path."""
    host = urlsplit(base)
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    writer.write(f"{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n".encode("latin-1"))
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1]), answer


def test_an_asset_is_served_with_safe_headers_ranges_and_head(tmp_path: Path) -> None:
    async def story() -> None:
        async with hosting(tmp_path) as base, httpx.AsyncClient(base_url=f"{base}/fal-assets/") as client:
            whole = await client.get(NAME)
            assert (whole.status_code, whole.content) == (200, CONTENT)
            assert whole.headers["content-type"] == "video/mp4"
            assert whole.headers["x-content-type-options"] == "nosniff"
            assert "max-age=" in whole.headers["cache-control"]
            assert whole.headers["etag"]
            head = await client.head(NAME)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == str(len(CONTENT))
            assert head.headers["content-type"] == "video/mp4"
            part = await client.get(NAME, headers={"Range": "bytes=100-199"})
            assert (part.status_code, part.content) == (206, CONTENT[100:200])
            assert part.headers["content-range"] == f"bytes 100-199/{len(CONTENT)}"
            beyond = await client.get(NAME, headers={"Range": "bytes=999999-"})
            assert beyond.status_code == 416
            assert (await client.post(NAME)).status_code == 405
            assert (await client.get("aaaaaaaaaaaaaaaaaaaaaaaa.mp4")).headers["cache-control"] == "no-store"

    asyncio.run(story())


TARGETS = [
    "",
    "/",
    "//",
    "/.",
    "/index.html",
    "/notes.txt",
    f"/.{NAME}",
    f"/%2e{NAME}",
    f"/{NAME}/",
    f"/{NAME}%00",
    f"/{NAME}%0a",
    f"/{NAME}.part",
    f"/{NAME}%20",
    f"/./{NAME}/..",
    "/aLinkToAnotherFile0.mp4",
    "/../reelbot.db",
    "/../SECRETsecretSECRET.mp4",
    "/%2e%2e/SECRETsecretSECRET.mp4",
    "/..%2fSECRETsecretSECRET.mp4",
    "/%2e%2e%2fSECRETsecretSECRET.mp4",
    "/%252e%252e%252fSECRETsecretSECRET.mp4",
    "/..%5cSECRETsecretSECRET.mp4",
    "/..\\SECRETsecretSECRET.mp4",
    "/%c0%ae%c0%ae%c0%afSECRETsecretSECRET.mp4",
    "/..;/SECRETsecretSECRET.mp4",
    "//SECRETsecretSECRET.mp4",
    "/%2fetc%2fpasswd",
    "/" + "A" * 5000 + ".mp4",  # longer than a file name may be
]


def test_nothing_else_exists_however_it_is_written(tmp_path: Path) -> None:
    async def story() -> None:
        async with hosting(tmp_path) as base:
            for method, target in itertools.product(("GET", "HEAD"), TARGETS):
                status, answer = await _raw(base, f"/fal-assets{target}", method=method)
                assert status in {400, 404}, (target[:99], answer[:200])
                assert b"SECRET" not in answer.partition(b"\r\n\r\n")[2], target
                assert b"asset host" not in answer, target

    asyncio.run(story())
