"""fal's words: every recorded shape is understood, foreign addresses get nothing, bodies hold what the endpoint has."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import pricing
from core.catalogue import app_of
from core.fal import protocol
from core.types import Completed, InProgress, Mode, Queued, QueueStatus, Role, Source
from tests.samples import reply

QUEUE = "https://queue.fal.run"
ENDPOINT = "bytedance/seedance-2.0/fast/text-to-video"
REQUEST_ID = "019ded6c-d871-7290-bbf1-ddc6993f8958"
PLACE = f"{QUEUE}/bytedance/seedance-2.0/requests/{REQUEST_ID}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["detail", "type", "loc", "ctx", "error", "error_type", "status", "video", "url", "code"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(body=JSON)
def test_no_shape_breaks_the_readers(body: Any) -> None:
    assert isinstance(protocol.status_from(body), Queued | InProgress | Completed | None)
    assert protocol.handle_from(body, endpoint=ENDPOINT, queue_url=QUEUE) is None


@given(body=st.binary(max_size=40))
def test_any_bytes_are_json_or_nothing(body: bytes) -> None:
    protocol.parsed(body)


def test_a_bottomless_reply_is_nothing() -> None:
    assert protocol.parsed(b"[" * 200_000) is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (reply("status-queued"), Queued(2)),
        (reply("status-progress"), InProgress()),
        (reply("status-completed"), Completed()),
        (reply("status-completed-error"), Completed("Request timed out", "request_timeout")),
        ({"status": "IN_QUEUE"}, Queued(None)),
        ({"status": "IN_QUEUE", "queue_position": "2"}, Queued(None)),
        ({"status": "IN_QUEUE", "queue_position": True}, Queued(None)),
        ({"status": "COMPLETED", "error": {"type": "x"}}, Completed("completed")),
        ({"status": "COMPLETED", "error": "", "error_type": ""}, Completed()),
        ({"status": "COMPLETED", "error": 0, "error_type": 7}, Completed()),
        ({"status": "FAILED"}, Completed()),  # no word of fal's: only a reason to ask for the result
        ({"status": "CANCELLED", "error": "cancelled", "error_type": "client_cancelled"}, Completed()),
        ({"status": "ERROR", "error": "no"}, Completed()),
        ({"status": "DREAMING"}, None),
        ({"status": ["COMPLETED"]}, None),
        ({}, None),
        (None, None),
    ],
)
def test_states(body: Any, status: QueueStatus | None) -> None:
    assert protocol.status_from(body) == status


@pytest.mark.parametrize(
    ("url", "queue", "moved"),
    [
        (f"{QUEUE}/a/b/requests/1", QUEUE, f"{QUEUE}/a/b/requests/1"),
        (f"{QUEUE}:443/a/b/requests/1", QUEUE, f"{QUEUE}/a/b/requests/1"),
        (f"{QUEUE}/a/b?x=1#y", "https://gw.example/fal", "https://gw.example/fal/a/b?x=1"),
        ("https://gw.example/fal/a/b", "https://gw.example/fal", "https://gw.example/fal/a/b"),
        (f"{QUEUE}/a/b", "http://127.0.0.1:2222/x", "http://127.0.0.1:2222/x/a/b"),
        ("http://127.0.0.1:1111/a/b", "http://127.0.0.1:2222", "http://127.0.0.1:2222/a/b"),
        ("http://localhost:1111/a/b", "http://[::1]:2222", "http://[::1]:2222/a/b"),
        ("https://evil.example/a/b", QUEUE, None),
        ("https://queue.fal.run.evil.example/a/b", QUEUE, None),
        ("https://queue.fal.run@evil.example/a/b", QUEUE, None),
        ("https://evil.example/queue.fal.run", QUEUE, None),
        ("https://queue.falrun.com/a/b", QUEUE, None),
        ("http://queue.fal.run/a/b", QUEUE, None),
        ("http://127.0.0.1:1/a", QUEUE, None),
        ("http://10.0.0.1/a", "http://127.0.0.1:2222", None),
        ("https://[half", QUEUE, None),
        (f"{QUEUE}/a\r\nHost: evil.example", QUEUE, None),
        (f"{QUEUE}/a b", QUEUE, None),
        (f"{QUEUE}/狐", QUEUE, None),
        (f"{QUEUE}/{'a' * 2000}", QUEUE, None),
        ("", QUEUE, None),
        (7, QUEUE, None),
        (None, QUEUE, None),
    ],
)
def test_the_key_goes_to_our_queue_only(url: Any, queue: str, moved: str | None) -> None:
    assert protocol.moved(url, queue) == moved


def test_the_addresses_of_the_reply_are_used() -> None:
    handle = protocol.handle_from(reply("submit"), endpoint=ENDPOINT, queue_url=QUEUE)
    assert handle is not None
    assert (handle.status_url, handle.response_url, handle.cancel_url) == (f"{PLACE}/status", PLACE, f"{PLACE}/cancel")
    suffixed = protocol.handle_from(
        reply("submit-response-suffix"), endpoint=ENDPOINT, queue_url="https://gw.example/fal"
    )
    assert suffixed is not None
    assert suffixed.response_url == f"https://gw.example/fal{PLACE.removeprefix(QUEUE)}/response"


def test_each_address_of_a_reply_is_its_own() -> None:
    named = {name: f"{QUEUE}/elsewhere/{REQUEST_ID}/{name}" for name in ("status_url", "response_url", "cancel_url")}
    handle = protocol.handle_from({"request_id": REQUEST_ID} | named, endpoint=ENDPOINT, queue_url=QUEUE)
    assert handle is not None
    assert {name: getattr(handle, name) for name in named} == named


def test_a_newer_owner_s_model_is_asked_after_where_its_reply_says_or_at_its_own_app() -> None:
    """Kling 4.0 stands at `kling/v4`, and its older page at `fal-ai/kling-video/v4`: either may be in the reply."""
    endpoint = "kling/v4/image-to-video"
    for app in ("kling/v4", "fal-ai/kling-video"):
        place = f"{QUEUE}/{app}/requests/{REQUEST_ID}"
        named = {"request_id": REQUEST_ID, "status_url": f"{place}/status", "response_url": place}
        handle = protocol.handle_from(named, endpoint=endpoint, queue_url=QUEUE)
        assert handle is not None
        assert (handle.status_url, handle.response_url) == (f"{place}/status", place)
    silent = protocol.handle_from({"request_id": REQUEST_ID}, endpoint=endpoint, queue_url=QUEUE)
    assert silent is not None
    assert silent.status_url == f"{QUEUE}/kling/v4/requests/{REQUEST_ID}/status"


def test_an_id_changes_no_address() -> None:
    """`poll` takes what a person typed."""
    handle = protocol.derived_handle("a/../b?c", endpoint=ENDPOINT, queue_url=QUEUE)
    assert handle.response_url == f"{QUEUE}/bytedance/seedance-2.0/requests/a%2F..%2Fb%3Fc"


@pytest.mark.parametrize("name", ["submit-bare", "submit-foreign"])
def test_addresses_are_derived_where_the_reply_is_silent_or_foreign(name: str) -> None:
    handle = protocol.handle_from(reply(name), endpoint=ENDPOINT, queue_url=QUEUE)
    assert handle == protocol.derived_handle(REQUEST_ID, endpoint=ENDPOINT, queue_url=QUEUE)
    assert handle.status_url == f"{PLACE}/status"


@pytest.mark.parametrize("request_id", ["", "../../x", "a/b", "a?b", "a b", 7, None, "x" * 500])
def test_an_answer_without_a_usable_id_is_no_handle(request_id: Any) -> None:
    assert protocol.handle_from({"request_id": request_id}, endpoint=ENDPOINT, queue_url=QUEUE) is None


@pytest.mark.parametrize(
    ("text", "units"),
    [("5", Decimal(5)), (" 0 ", Decimal(0)), ("1.5", Decimal("1.5"))]
    + [(bad, None) for bad in ("", "x", "NaN", "Infinity", "-1", "5 seconds")],
)
def test_units_are_a_number_or_nothing(text: str, units: Decimal | None) -> None:
    assert protocol.units({"x-fal-billable-units": text}) == units


@pytest.mark.parametrize(
    ("text", "used"),
    [
        *[("5", "5"), (" 0 ", "0"), ("1.5", "1.5"), ("-1", "-1"), ("1e30", "1E+30"), ("Infinity", "Infinity")],
        *[("NaN", "NaN"), ("x", "NaN"), ("5 dollars", "NaN"), ("", None), (" ", None)],
    ],
)
def test_what_a_proxy_says_it_took_is_read_as_it_says_it(text: str, used: str | None) -> None:
    said = protocol.credits_used({"x-credits-used": text})
    assert (None if said is None else str(said)) == used
    assert protocol.credits_used({}) is None


@pytest.mark.parametrize(
    ("said", "usd"),
    [
        *[("0.7", "1.4"), ("0", "0"), ("35", "70"), ("1e-40", "2E-40"), ("35.01", None), ("1e30", None)],
        *[("1e999999999", None), ("9e12", None), ("-0.7", None), ("-0", None), ("NaN", None), ("sNaN", None)],
        *[("Infinity", None), ("-Infinity", None)],
    ],
)
def test_a_charge_beyond_reason_is_no_price(said: str, usd: str | None) -> None:
    read = protocol.charged_usd(Decimal(said), credit_usd=Decimal(2), quoted_usd=Decimal("0.7"))
    assert read == (None if usd is None else Decimal(usd))


BODIES: list[tuple[str, Mode, dict[str, Any]]] = [
    ("budget", Mode.TEXT_TO_VIDEO, {"duration": "5", "resolution": "480p", "aspect_ratio": "16:9", "seed": 7}),
    ("budget", Mode.IMAGE_TO_VIDEO, {"duration": "5", "resolution": "480p", "seed": 7, "image_url": "URL"}),
    ("balanced", Mode.TEXT_TO_VIDEO, {"duration": 5, "resolution": "720p", "aspect_ratio": "16:9", "seed": 7}),
    ("balanced", Mode.IMAGE_TO_VIDEO, {"duration": 5, "resolution": "720p", "seed": 7, "image_url": "URL"}),
    ("balanced", Mode.VIDEO_TO_VIDEO, {"resolution": "720p", "seed": 7, "video_url": "URL"}),
    (
        "premium",
        Mode.IMAGE_TO_VIDEO,
        {"duration": "5", "resolution": "720p", "aspect_ratio": "auto", "generate_audio": True, "image_url": "URL"},
    ),
    ("kling-2.5-turbo", Mode.IMAGE_TO_VIDEO, {"duration": "5", "image_url": "URL"}),
    ("kling-3", Mode.IMAGE_TO_VIDEO, {"duration": "5", "generate_audio": False, "start_image_url": "URL"}),
    (
        "veo",
        Mode.TEXT_TO_VIDEO,
        {"duration": "6s", "resolution": "720p", "aspect_ratio": "16:9", "generate_audio": True, "seed": 7},
    ),
    ("kling-4", Mode.TEXT_TO_VIDEO, {"duration": 5, "resolution": "720p", "aspect_ratio": "16:9"}),
    ("kling-4", Mode.IMAGE_TO_VIDEO, {"duration": 5, "resolution": "720p", "start_image_url": "URL"}),
    (
        "wan-3.0-prime",
        Mode.IMAGE_TO_VIDEO,
        {"duration": 5, "resolution": "480p", "audio": True, "seed": 7, "start_image_url": "URL"},
    ),
    (
        "wan-3.0-prime",
        Mode.REFERENCE_TO_VIDEO,
        {
            "duration": 5,
            "resolution": "480p",
            "aspect_ratio": "adaptive",
            "audio": True,
            "seed": 7,
            "reference_image_urls": ["URL"],
        },
    ),
    ("ray-3.2", Mode.TEXT_TO_VIDEO, {"duration": "5s", "resolution": "720p", "aspect_ratio": "16:9"}),
    (
        "ray-3.2",
        Mode.IMAGE_TO_VIDEO,
        {"duration": "5s", "resolution": "720p", "aspect_ratio": "16:9", "image_url": "URL"},
    ),
    (
        "pixverse-c1",
        Mode.IMAGE_TO_VIDEO,
        {"duration": 5, "resolution": "720p", "generate_audio_switch": True, "seed": 7, "image_url": "URL"},
    ),
    ("ltx-2.3", Mode.EXTEND_VIDEO, {"duration": 5, "mode": "end", "video_url": "URL"}),
    (
        "h3-max-turbo",
        Mode.EXTEND_VIDEO,
        {"duration": 5, "resolution": "768P", "output": "continuation", "seed": 7, "video_url": "URL"},
    ),
    (
        "flux-3",
        Mode.EXTEND_VIDEO,
        {"duration": 5, "resolution": "720p", "generate_audio": True, "video_url": "URL"},
    ),
]


@pytest.mark.parametrize(("model", "mode", "fields"), BODIES)
def test_a_body_holds_what_the_endpoint_has_and_nothing_else(model: str, mode: Mode, fields: dict[str, Any]) -> None:
    request = pricing.plan("a fox", model=model, mode=mode, seed=7).request
    if mode is not Mode.TEXT_TO_VIDEO:
        request = request.published("URL")
    assert protocol.request_body(request) == {"prompt": "a fox", **fields}


@pytest.mark.parametrize(
    ("model", "mode", "wished"),
    [
        ("kling-2.5-turbo", Mode.IMAGE_TO_VIDEO, {"resolution": "720p", "aspect_ratio": "16:9", "seed": 7}),
        ("balanced", Mode.VIDEO_TO_VIDEO, {"duration_s": 5, "aspect_ratio": "16:9"}),
        ("balanced", Mode.TEXT_TO_VIDEO, {"sources": (Source(Role.FIRST_FRAME, "URL"),)}),
    ],
)
def test_a_field_that_the_endpoint_lacks_is_not_sent(model: str, mode: Mode, wished: dict[str, Any]) -> None:
    request = pricing.plan("a fox", model=model, mode=mode).request
    without: dict[str, Any] = {name: () if name == "sources" else None for name in wished}
    unset = replace(request, **without)
    assert protocol.request_body(replace(unset, **wished)) == protocol.request_body(unset)


def test_what_is_not_set_is_not_sent() -> None:
    request = pricing.plan("a fox", model="balanced", mode=Mode.IMAGE_TO_VIDEO).request
    bare = replace(request, duration_s=None, resolution=None, seed=None)
    assert protocol.request_body(bare) == {"prompt": "a fox"}
    text = replace(pricing.plan("a fox", model="veo").request, aspect_ratio=None, duration_s=None, resolution=None)
    assert protocol.request_body(text) == {"prompt": "a fox", "generate_audio": True}


def posted(prompt: str) -> Any:
    request = replace(pricing.plan("a fox").request, prompt=prompt)
    return json.loads(protocol.request_text(request).encode())["prompt"]


def test_any_words_can_be_posted() -> None:
    assert posted("狐狸 🦊\n\x00") == "狐狸 🦊\n\x00"
    assert posted("half \ud83e") == "half ?"


def test_addresses_of_another_request_are_not_followed() -> None:
    """A gateway mixed up two answers: the id is ours, the addresses lead to somebody else's film."""
    others = f"{QUEUE}/{app_of(ENDPOINT)}/requests/r-of-another"
    mixed = {
        "request_id": "r-1",
        "status_url": f"{others}/status",
        "response_url": others,
        "cancel_url": f"{others}/cancel",
    }
    handle = protocol.handle_from(mixed, endpoint=ENDPOINT, queue_url=QUEUE)
    assert handle == protocol.derived_handle("r-1", endpoint=ENDPOINT, queue_url=QUEUE)
