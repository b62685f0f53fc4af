"""Films that are to be signed (C2PA): the one that is kept and the one that is sent, and who hears it when none is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.store.records import State
from tests.bench import Bench
from tests.core.media.credentials import credentials
from tests.core.media.test_signing import claims
from tests.jobs.test_guard import ADMIN, alerts, with_an_admin


@pytest.mark.parametrize("works", [True, False])
def test_a_film_is_signed_or_comes_all_the_same_and_the_admins_hear_it(
    on_bench: Callable[..., None], tmp_path: Path, works: bool
) -> None:
    files = credentials(tmp_path)
    if not works:
        files.key.write_text("no key")

    async def story(made: Bench) -> None:
        await with_an_admin(made)
        made.telegram.user_says(42, "/video a fox")
        job = await made.settled(State.DELIVERED)
        assert job.video is not None
        assert made.submits() == 1
        sent = made.telegram.calls("sendVideo")[0].files["video"].path
        if works:
            for film in (made.settings.videos_dir / job.video.name, sent):
                found = claims(film)
                assert (found["wrong"], found["author"]) == (set(), "Studio")
        else:
            await alerts(made, "without their signature")

    signing = {"c2pa_certificate": files.certificate, "c2pa_key": files.key}
    on_bench(story, ai_label="metadata", ai_producer="Studio", **signing, **ADMIN)
