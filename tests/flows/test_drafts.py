"""Drafts and what becomes of them, sound on and off, another take: each at its price, from the film's own request."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from bot.store.records import Job, State
from bot.store.tables import results
from core.types import Mode
from tests.bench import Bench
from tests.corpus import jpeg
from tests.flows.test_after_films import bodies, film, newest, under

OnBench = Callable[..., None]


async def offer(made: Bench, words: str) -> Job:
    made.telegram.user_says(42, words)
    await made.at_rest()
    (found,) = await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION])
    return found


def test_a_draft_is_the_lowest_resolution_and_is_made_in_full_of_the_same_seed(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        first = await film(made, "/video a fox, veo-3.1-fast, 4s, draft, silent")
        assert first.request.resolution == "720p"
        data = under(made, "full")
        assert data.startswith(f"full:{first.id}.1080p.0.4")
        made.telegram.presses(42, data)
        after = await newest(made, 2)
        assert after.step is not None
        assert (after.follows, after.step.kind, after.request.resolution) == (first.id, "full", "1080p")
        assert bodies(made)[1]["seed"] == 42  # as the sandbox said
        assert (bodies(made)[1]["generate_audio"], after.request.sound) == (False, False)
        assert made.submits() == 2

    on_bench(story)


def test_a_draft_of_flux_is_made_whole_of_what_fal_kept(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        first = await film(made, "/video a fox --model flux-3 草稿")
        assert (first.request.model, str(first.usd)) == ("flux-3-draft", "0.3")
        answer = sa.select(results.c.body).where(results.c.job_id == first.id)
        whole = await made.app.store.database.read(lambda tx: tx.execute(answer).scalar_one())
        change = results.update().where(results.c.job_id == first.id).values(body=b'{"video": {"url": "x"}}')
        await made.app.store.database.write(lambda tx: tx.execute(change))
        made.telegram.presses(42, under(made, "full"))
        failed = await newest(made, 2, State.FAILED)  # nothing is kept any more
        assert (failed.error and failed.error.code, failed.charge) == ("draft_gone", "none")
        assert made.submits() == 1
        back = results.update().where(results.c.job_id == first.id).values(body=whole)
        await made.app.store.database.write(lambda tx: tx.execute(back))
        found = await offer(made, f"full {first.id}")
        assert (found.request.endpoint, found.step and found.step.kind) == (
            "blackforestlabs/flux-3/draft-enhance",
            "enhance",
        )
        for kept in made.fal.memory.files.glob("*.cache"):
            kept.unlink()  # it lapses meanwhile, which fal says only of the order
        made.telegram.user_says(42, "yes")
        failed = await newest(made, 3, State.FAILED)
        assert (failed.error and failed.error.code, failed.charge, made.submits()) == ("draft_gone", "none", 2)
        (sent,) = bodies(made)[-1].items()
        assert (sent[0], sent[1].endswith(".cache")) == ("draft_cache_url", True)

    on_bench(story)


def test_sound_is_switched_at_its_price_where_the_model_leaves_the_choice(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        first = await film(made, "/video a fox, veo-3.1-fast, 4s")
        made.telegram.presses(42, f"more:{first.id}")
        await made.at_rest()
        assert under(made, "silent") == f"silent:{first.id}.0.40"
        found = await offer(made, f"sound off {first.id}")
        assert (found.request.sound, found.follows) == (False, first.id)
        made.telegram.user_says(42, "no")
        await made.at_rest()
        made.telegram.user_says(42, f"有声 {first.id}")
        await made.at_rest()
        assert "is so already" in made.telegram.texts(42)[-1]
        made.telegram.presses(42, under(made, "silent"))
        after = await newest(made, 3)
        assert (after.request.sound, str(after.usd)) == (False, "0.4")
        assert made.submits() == 2

    on_bench(story)


def test_another_take_has_another_seed(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        first = await film(made, "/video a fox, veo-3.1-fast, 4s, silent, seed 7")
        made.telegram.presses(42, f"take:{first.id}")
        await newest(made, 2)
        seeds = [body["seed"] for body in bodies(made)]
        assert seeds[0] == 7
        assert seeds[1] != 7

    on_bench(story)


def test_words_whose_model_is_not_sold_wait_for_the_name_of_another(on_bench: OnBench) -> None:
    async def story(made: Bench) -> None:
        chat = made.telegram

        async def offers(words: str, **more: Any) -> list[Job]:
            chat.user_says(42, words, **more)
            await made.at_rest()
            return await made.app.store.jobs.find(states=[State.AWAITING_CONFIRMATION], newest=3)

        (older,) = await offers("a whale")
        assert [each.id for each in await offers("/video a bird, kling 9, 10s")] == [older.id]
        bird, _ = await offers("wan 3.0")
        assert (bird.request.prompt, bird.request.model, bird.request.duration_s) == ("a bird", "wan-3.0", 10)
        assert await offers("no") == []
        assert await offers("a flower opens, sora", photo=jpeg()) == []
        (flower,) = await offers("h3")  # a code would look the same
        assert (flower.request.prompt, flower.request.mode) == ("a flower opens", Mode.IMAGE_TO_VIDEO)

    on_bench(story)
