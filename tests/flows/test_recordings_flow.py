"""A sound on the page and in personal WeChat: an offer by its measured seconds, a yes, and a film with that sound."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.store.records import State
from core.types import Mode, Role
from tests.bench import Bench, bench
from tests.corpus import jpeg, voice
from tests.fakes.ilink import ILinkFake
from tests.flows.test_forget_flow import forgotten_now, uploads
from tests.flows.test_ilink_flow import FOX as FRIEND
from tests.flows.test_ilink_flow import on_ilink, says, told

assert on_ilink
WEB_TOKEN = "a-token-of-the-page-alone"


@pytest.mark.parametrize("suffix", ["mp3", "webm"])
def test_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    """A browser records into a film's box."""
    codec, rate = ("libmp3lame", 44_100) if suffix == "mp3" else ("libopus", 48_000)
    song = voice(tmp_path / f"song.{suffix}", seconds=4.5, codec=codec, rate=rate).read_bytes()

    async def story() -> None:
        async def before(_settings: Any, _telegram: Any) -> None:
            monkeypatch.setenv("REELBOT_WEB_TOKEN", WEB_TOKEN)

        async with bench(tmp_path, monkeypatch, before=before) as made:
            origin = f"http://127.0.0.1:{made.settings.port}"
            async with httpx.AsyncClient(base_url=origin, trust_env=False, headers={"Origin": origin}) as page:
                await page.post("/chat/enter", data={"token": WEB_TOKEN})
                for number, content in enumerate((song, jpeg())):
                    upload = (await page.post("/chat/upload", content=content)).json()["upload"]
                    await page.post("/chat/send", json={"id": f"{number}" * 32, "text": "", "upload": upload})
                    await made.at_rest()
                (offer,) = await made.jobs()
                assert (offer.state, offer.request.mode) == (State.AWAITING_CONFIRMATION, Mode.AUDIO_TO_VIDEO)
                assert (f"{offer.usd}", offer.up_to) == ("0.65", True)
                await page.post("/chat/send", json={"id": "y" * 32, "text": "yes"})
                job = await made.settled(State.DELIVERED)
                assert [source.role for source in job.request.sources] == [Role.AUDIO, Role.FIRST_FRAME]
                request = next(iter(made.fal.memory.requests.values()))
                assert request.units == "5"
                await made.at_rest()
                assert len(uploads(made)) == 4  # each with its owner beside it
                for number, text in enumerate(("忘记我", "忘记我 确认")):
                    await page.post("/chat/send", json={"id": f"f{number}" * 16, "text": text})
                    await made.at_rest()
                await forgotten_now(made)
                assert uploads(made) == []
                assert list(made.settings.assets_dir.glob("*.wav")) == []

    asyncio.run(story())


def test_a_song_as_a_file_in_personal_wechat(on_ilink: Callable[..., None], tmp_path: Path) -> None:
    song = voice(tmp_path / "song.mp3", seconds=3, codec="libmp3lame", rate=44_100).read_bytes()

    async def story(made: Bench, fake: ILinkFake) -> None:
        assert "声音文件加照片" in await says(fake, "帮助")
        fake.sends_file(FRIEND, song, name="song.mp3")
        assert "录音收到！" in (await told(fake, FRIEND, 2))[1]
        offer = await says(fake, "海边的歌手")
        assert "用你的录音作声音。" in offer
        assert "LTX 2.5 Fast" in offer
        assert made.submits() == 0
        await says(fake, "好")
        await made.until(lambda: made.submits() == 1)
        request = next(iter(made.fal.memory.requests.values()))
        assert set(request.body) == {"prompt", "audio_url", "aspect_ratio"}

    on_ilink(story)
