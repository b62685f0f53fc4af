"""Two photos in every chat: a price, a tap, a typed code or a yes, and a film from the first to the second."""

from collections.abc import Callable

from bot.store.records import Job, State
from core.types import Mode
from tests.bench import Bench
from tests.corpus import jpeg
from tests.fakes.ilink import ILinkFake
from tests.fakes.wechat import WeChatFake
from tests.fakes.wecom import WeComFake
from tests.flows.test_ilink_flow import FOX as FRIEND
from tests.flows.test_ilink_flow import on_ilink, says, told
from tests.flows.test_wechat_flow import FOX as FOLLOWER
from tests.flows.test_wechat_flow import on_wechat
from tests.flows.test_wecom_flow import FOX as COLLEAGUE
from tests.flows.test_wecom_flow import button, on_wecom

assert on_ilink
assert on_wechat
assert on_wecom
PHOTOS = [jpeg((640, height)) for height in (360, 400)]


async def is_from_the_first_to_the_second(made: Bench, model: str) -> Job:
    await made.until(lambda: made.submits() == 1)
    found: list[Job] = []
    while not found:  # offers that were replaced are cancelled
        await made.at_rest()
        found = await made.app.store.jobs.find(states=[State.DELIVERED])
    job = found[0]
    body = next(iter(made.fal.memory.requests.values())).body
    names = [body[field].rpartition("/")[2] for field in ("image_url", "end_image_url")]
    first, second = (made.settings.assets_dir / name for name in names)
    assert first.read_bytes() != second.read_bytes()
    assert (job.request.mode, job.request.model, made.submits()) == (Mode.FRAMES_TO_VIDEO, model, 1)
    return job


def test_in_wechat_with_words_between_and_a_typed_way(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        await fake.caller.sends_photo(FOLLOWER, PHOTOS[0])
        offer = await fake.caller.says(FOLLOWER, "花慢慢开放")
        assert offer is not None
        assert "$0.70" in offer.text
        offer = await fake.caller.sends_photo(FOLLOWER, PHOTOS[1])
        assert offer is not None
        assert "Happy Horse 一次只能用一张照片。你发了 2 张" in offer.text
        assert "从第一张变到第二张，MiniMax H3 Max（最多 $0.48）" in offer.text
        assert "每张做一个，共 2 个（$1.40）" in offer.text
        assert made.submits() == 0
        await fake.caller.says(FOLLOWER, "确认 R4-2")
        await is_from_the_first_to_the_second(made, "h3-max")
        assert len(fake.person(FOLLOWER).videos) == 1

    on_wechat(story)


def test_in_wechat_where_the_model_knows_it_a_yes_is_enough(on_wechat: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeChatFake) -> None:
        for photo in PHOTOS:
            await fake.caller.sends_photo(FOLLOWER, photo)
        offer = await fake.caller.says(FOLLOWER, "花慢慢开放")
        assert offer is not None
        assert "从第一张照片变到第二张，做成一个视频" in offer.text
        offer = await fake.caller.says(FOLLOWER, "参考图")
        assert offer is not None
        assert "把这 2 张照片里的人或物放进同一个视频" in offer.text
        offer = await fake.caller.says(FOLLOWER, "首尾帧")
        assert offer is not None
        assert "从第一张照片变到第二张，做成一个视频" in offer.text
        await fake.caller.says(FOLLOWER, "好")
        await made.until(lambda: made.submits() == 1)
        job = next(each for each in await made.jobs() if each.state is not State.CANCELLED)
        assert (job.request.mode, len(job.incoming.sources)) == (Mode.FRAMES_TO_VIDEO, 2)

    on_wechat(story, default_model="h3-max")


def test_in_personal_wechat(on_ilink: Callable[..., None]) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        for photo in PHOTOS:
            fake.sends_photo(FRIEND, photo)
        assert "收到 2 张照片" in (await told(fake, FRIEND, 1))[0]
        offer = await says(fake, "花慢慢开放")
        assert "从第一张变到第二张，MiniMax H3 Max（最多 $0.48）" in offer
        assert made.submits() == 0
        await says(fake, "确认 K7-2")
        await is_from_the_first_to_the_second(made, "h3-max")
        assert len(fake.person(FRIEND).videos) == 1

    on_ilink(story)


def test_each_film_of_one_yes_has_a_short_code(on_ilink: Callable[..., None]) -> None:
    async def story(made: Bench, fake: ILinkFake) -> None:
        for photo in PHOTOS:
            fake.sends_photo(FRIEND, photo)
        await told(fake, FRIEND, 1)
        assert "每张做一个，共 2 个（$1.40），回复“确认 K7-4”" in await says(fake, "花慢慢开放")
        await says(fake, "确认 K7-4")
        found = await made.all_settled(2, State.DELIVERED)
        codes = await made.app.store.short_codes.codes(found[0].user)
        assert {len(codes[job.id]) for job in found} == {2}

    on_ilink(story)


def test_in_wecom_with_both_in_one_message(on_wecom: Callable[..., None]) -> None:
    async def story(made: Bench, fake: WeComFake) -> None:
        await fake.says(COLLEAGUE, "花慢慢开放", photos=PHOTOS)
        await button(fake, COLLEAGUE, "从第一张变到第二张")
        assert made.submits() == 0
        await fake.presses(COLLEAGUE, "从第一张变到第二张")
        await is_from_the_first_to_the_second(made, "h3-max")
        assert len(fake.videos(COLLEAGUE)) == 1

    on_wecom(story)
