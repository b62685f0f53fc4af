"""fal's words: every recorded error has its typed error, nothing of the input gets out, foreign hosts get nothing."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import errors, models, wire
from core.types import Completed, InProgress, Mode, Queued, QueueStatus

QUEUE = "https://queue.fal.run"
SAMPLES = Path(__file__).parent.parent / "samples" / "fal"
ENDPOINT = "bytedance/seedance-2.0/fast/text-to-video"
REQUEST_ID = "019ded6c-d871-7290-bbf1-ddc6993f8958"
PLACE = f"{QUEUE}/bytedance/seedance-2.0/requests/{REQUEST_ID}"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def reply(name: str) -> Any:
    """The body as the client hands it on: parsed JSON, None for everything else."""
    body = sample(name)["body"]
    return None if isinstance(body, str) else body


UPSTREAM = (errors.GenerationFailed, "upstream_unavailable")
FAILURES: dict[str, tuple[type[errors.VideoError], str]] = {
    "error-content-policy": (errors.ContentRefused, "content_policy_violation"),
    "error-no-media": (errors.ContentRefused, "no_media_generated"),
    "error-internal": (errors.GenerationFailed, "generation_failed"),
    "error-generation-timeout": (errors.GenerationFailed, "generation_timeout"),
    "error-downstream": (errors.GenerationFailed, "downstream_service_error"),
    "error-downstream-as-400": (errors.GenerationFailed, "downstream_service_error"),
    "error-downstream-unavailable": UPSTREAM,
    "error-file-download": (errors.BadReference, "asset_unreachable"),
    "error-image-load": (errors.BadReference, "bad_reference"),
    "error-file-too-large": (errors.BadReference, "file_too_large"),
    "error-image-too-small": (errors.BadReference, "image_too_small"),
    "error-image-too-large": (errors.BadReference, "file_too_large"),
    "error-image-ratio": (errors.BadReference, "image_aspect_ratio"),
    "error-image-format": (errors.BadReference, "bad_reference"),
    "error-video-format": (errors.BadReference, "bad_reference"),
    "error-face": (errors.BadReference, "face_detection_error"),
    "error-video-long": (errors.BadReference, "video_too_long"),
    "error-video-short": (errors.BadReference, "video_too_short"),
    "error-literal": (errors.BadRequest, "invalid_input"),
    "error-missing": (errors.BadRequest, "invalid_input"),
    "error-feature": (errors.BadRequest, "invalid_input"),
    "error-too-long": (errors.BadRequest, "invalid_input"),
    "error-unheard-of": (errors.BadRequest, "invalid_input"),
    "error-invalid-request": (errors.BadRequest, "invalid_input"),
    "error-invalid-request-timeout": (errors.GenerationFailed, "downstream_service_error"),
    "request-request-timeout": UPSTREAM,
    "request-startup-timeout": UPSTREAM,
    "request-runner-scheduling-failure": UPSTREAM,
    "request-runner-connection-timeout": UPSTREAM,
    "request-runner-disconnected": UPSTREAM,
    "request-runner-connection-refused": UPSTREAM,
    "request-runner-connection-error": UPSTREAM,
    "request-runner-incomplete-response": UPSTREAM,
    "request-runner-server-error": UPSTREAM,
    "request-internal-error": UPSTREAM,
    "request-type-in-header": UPSTREAM,
    "request-client-disconnected": (errors.Cancelled, "cancelled"),
    "request-client-cancelled": (errors.Cancelled, "cancelled"),
    "request-bad-request": (errors.BadRequest, "invalid_input"),
    "account-bad-key": (errors.NotConfigured, "invalid_key"),
    "account-exhausted": (errors.OutOfCredits, "out_of_credits"),
    "account-top-up": (errors.OutOfCredits, "out_of_credits"),
    "account-locked": (errors.NotConfigured, "key_locked"),
    "account-model-forbidden": (errors.ModelNotAllowed, "model_not_allowed"),
    "account-unknown-app": (errors.ModelNotAllowed, "model_not_found"),
    "account-unknown-path": (errors.ModelNotAllowed, "wrong_endpoint"),
    "account-wrong-method": (errors.ModelNotAllowed, "wrong_endpoint"),
    "proxy-no-credits": (errors.OutOfCredits, "insufficient_credits"),
    "proxy-forbidden": (errors.ModelNotAllowed, "endpoint_not_allowed"),
    "proxy-forbidden-nested": (errors.ModelNotAllowed, "endpoint_not_allowed"),
    "gateway-html": UPSTREAM,
    "gateway-empty": UPSTREAM,
    "too-large": (errors.BadRequest, "invalid_input"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_each_recorded_failure_has_its_class_and_keeps_its_input_to_itself(name: str) -> None:
    recorded = sample(name)
    error = wire.error_from(recorded["status"], recorded["headers"], reply(name))
    assert (type(error), error.code) == FAILURES[name]
    assert error.code in errors.ERROR_CODES
    assert "SECRET" not in f"{error} {error!r} {error.facts}"


def test_no_sample_lies_about_unread() -> None:
    families = ("submit", "status-", "result", "request-list")
    names = {path.stem for path in SAMPLES.glob("*.json")}
    assert {name for name in names - set(FAILURES) if not name.startswith(families)} == set()
    assert set(FAILURES) <= names


def test_every_type_of_the_table_ends_in_a_code_with_a_sentence() -> None:
    assert {code for _, code in wire._TYPES.values()} <= set(errors.ERROR_CODES)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("error-image-too-small", {"min_width": 300, "min_height": 300, "field": "image_url"}),
        ("error-file-too-large", {"max_size": 10485760, "field": "image_url"}),
        ("error-image-ratio", {"min_aspect_ratio": 0.4, "max_aspect_ratio": 2.5, "field": "image_url"}),
        ("error-video-long", {"max_duration": 60, "field": "video_url"}),
        ("error-too-long", {"max_length": 2500, "field": "prompt"}),
    ],
)
def test_limits_are_facts(name: str, facts: dict[str, Any]) -> None:
    assert wire.error_from(422, {}, reply(name)).facts == facts


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


@given(body=JSON, status=st.integers(200, 599))
def test_no_shape_breaks_the_readers(body: Any, status: int) -> None:
    assert wire.error_from(status, {}, body).code in errors.ERROR_CODES
    assert isinstance(wire.status_from(body), Queued | InProgress | Completed | None)
    assert wire.result_from(body, {}, queue_url=QUEUE) is None
    assert wire.handle_from(body, endpoint=ENDPOINT, queue_url=QUEUE) is None
    assert isinstance(wire.names_error(body, {}), bool)


@given(body=st.binary(max_size=40))
def test_any_bytes_are_json_or_nothing(body: bytes) -> None:
    wire.parsed(body)


def test_a_bottomless_reply_is_nothing() -> None:
    assert wire.parsed(b"[" * 200_000) is None


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
        ({"status": "FAILED"}, Completed("failed")),
        ({"status": "CANCELLED"}, Completed("cancelled")),
        ({"status": "DREAMING"}, None),
        ({"status": ["COMPLETED"]}, None),
        ({}, None),
        (None, None),
    ],
)
def test_states(body: Any, status: QueueStatus | None) -> None:
    assert wire.status_from(body) == status


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Completed(), None),
        (Completed("Request timed out", "request_timeout"), "upstream_unavailable"),
        (Completed("no", "content_policy_violation"), "content_policy_violation"),
        (Completed("words", "moon_phase_error"), "generation_failed"),
        (Completed("failed"), "generation_failed"),
        (Completed("cancelled"), "cancelled"),
    ],
)
def test_a_completed_status_may_name_its_error(status: Completed, code: str | None) -> None:
    error = wire.completed_error(status)
    assert (error.code if error else None) == code


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
        ("", QUEUE, None),
        (7, QUEUE, None),
        (None, QUEUE, None),
    ],
)
def test_the_key_goes_to_our_queue_only(url: Any, queue: str, moved: str | None) -> None:
    assert wire.moved(url, queue) == moved


def test_the_addresses_of_the_reply_are_used() -> None:
    handle = wire.handle_from(reply("submit"), endpoint=ENDPOINT, queue_url=QUEUE)
    assert handle is not None
    assert (handle.status_url, handle.response_url, handle.cancel_url) == (f"{PLACE}/status", PLACE, f"{PLACE}/cancel")
    suffixed = wire.handle_from(reply("submit-response-suffix"), endpoint=ENDPOINT, queue_url="https://gw.example/fal")
    assert suffixed is not None
    assert suffixed.response_url == f"https://gw.example/fal{PLACE.removeprefix(QUEUE)}/response"


@pytest.mark.parametrize("name", ["submit-bare", "submit-foreign"])
def test_addresses_are_derived_where_the_reply_is_silent_or_foreign(name: str) -> None:
    handle = wire.handle_from(reply(name), endpoint=ENDPOINT, queue_url=QUEUE)
    assert handle == wire.derived_handle(REQUEST_ID, endpoint=ENDPOINT, queue_url=QUEUE)
    assert handle.status_url == f"{PLACE}/status"


@pytest.mark.parametrize("request_id", ["", "../../x", "a/b", "a?b", "a b", 7, None, "x" * 500])
def test_an_answer_without_a_usable_id_is_no_handle(request_id: Any) -> None:
    assert wire.handle_from({"request_id": request_id}, endpoint=ENDPOINT, queue_url=QUEUE) is None


@pytest.mark.parametrize(
    ("name", "billed"),
    [("result", Decimal(5)), ("result-sparse", None), ("result-list", None), ("result-output", None)],
)
def test_every_result_shape_names_its_file_and_hides_it(name: str, billed: Decimal | None) -> None:
    recorded = sample(name)
    result = wire.result_from(recorded["body"], recorded["headers"], queue_url=QUEUE)
    assert result is not None
    assert result.billable_units == billed
    assert result.file.url.endswith("/SECRET/out.mp4")
    shown = f"{result} {result!r} {result.file} {result.file!r} {[result.file]}"
    assert "SECRET" not in shown


def test_a_bare_string_names_the_file_too() -> None:
    assert wire.result_from({"video": "https://fal.media/x.mp4"}, {}, queue_url=QUEUE) is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x.mp4",
        "http://fal.media/x.mp4",
        "https://fal.media.evil.example/x",
        "https://notfal.media/x",
        "https://evil.example\\.fal.media/x",
        "https://evil.example#.fal.media/x",
        "https://fal.media@evil.example/x",
        "https://fal.media/x y",
        "https://[half",
        "file:///etc/passwd",
        "http://127.0.0.1:8080/x.mp4",
        "",
    ],
)
def test_a_foreign_file_is_no_result(url: str) -> None:
    assert wire.result_from({"video": {"url": url}}, {}, queue_url=QUEUE) is None


def test_on_loopback_the_file_may_lie_at_the_queues_own_origin_only() -> None:
    queue = "http://127.0.0.1:2222"
    assert wire.result_from({"video": {"url": f"{queue}/files/x.mp4"}}, {}, queue_url=queue) is not None
    assert wire.result_from({"video": {"url": "http://127.0.0.1:3333/x.mp4"}}, {}, queue_url=queue) is None


@pytest.mark.parametrize(
    ("text", "units"),
    [("5", Decimal(5)), (" 0 ", Decimal(0)), ("1.5", Decimal("1.5"))]
    + [(bad, None) for bad in ("", "x", "NaN", "Infinity", "-1", "5 seconds")],
)
def test_units_are_a_number_or_nothing(text: str, units: Decimal | None) -> None:
    assert wire.units({"x-fal-billable-units": text}) == units
    assert wire.credits_used({"x-credits-used": text}) == units


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
]


@pytest.mark.parametrize(("model", "mode", "fields"), BODIES)
def test_a_body_holds_what_the_endpoint_has_and_nothing_else(model: str, mode: Mode, fields: dict[str, Any]) -> None:
    request = models.plan("a fox", model=model, mode=mode, seed=7).request
    if mode is not Mode.TEXT_TO_VIDEO:
        request = replace(request, source_url="URL")
    assert wire.request_body(request) == {"prompt": "a fox", **fields}


def test_any_words_can_be_posted() -> None:
    assert json.loads(wire.encoded({"prompt": "狐狸 🦊\n\x00"})) == {"prompt": "狐狸 🦊\n\x00"}
    assert json.loads(wire.encoded({"prompt": "half \ud83e"})) == {"prompt": "half ?"}
