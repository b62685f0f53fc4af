"""fal's words: every error shape has its typed error, no input gets out, foreign hosts get nothing."""

from typing import Any

import pytest

from core import errors, wire
from core.types import Completed, InProgress, Queued

QUEUE = "https://queue.fal.run"


def model_error(kind: str, **ctx: Any) -> dict[str, Any]:
    entry = {"loc": ["body", "image_url"], "msg": "secret words", "type": kind, "input": "secret prompt"}
    return {"detail": [{**entry, "ctx": ctx} if ctx else entry]}


@pytest.mark.parametrize(
    ("status", "reply", "cls", "code"),
    [
        (422, model_error("content_policy_violation"), errors.ContentRefused, "content_policy_violation"),
        (422, model_error("no_media_generated"), errors.ContentRefused, "no_media_generated"),
        (422, model_error("file_download_error"), errors.BadReference, "asset_unreachable"),
        (422, model_error("image_load_error"), errors.BadReference, "bad_reference"),
        (422, model_error("image_too_small", min_width=300), errors.BadReference, "image_too_small"),
        (422, model_error("video_duration_too_long", max_duration=60), errors.BadReference, "video_too_long"),
        (422, model_error("literal_error"), errors.BadRequest, "invalid_input"),
        (422, model_error("something_new"), errors.BadRequest, "invalid_input"),
        (500, model_error("internal_server_error"), errors.GenerationFailed, "generation_failed"),
        (504, model_error("generation_timeout"), errors.GenerationFailed, "generation_timeout"),
        (500, model_error("downstream_service_error"), errors.GenerationFailed, "downstream_service_error"),
        (400, model_error("downstream_service_error"), errors.GenerationFailed, "downstream_service_error"),
        (
            503,
            {"detail": "x", "error_type": "runner_scheduling_failure"},
            errors.GenerationFailed,
            "upstream_unavailable",
        ),
        (499, {"detail": "x", "error_type": "client_cancelled"}, errors.Cancelled, "cancelled"),
        (499, None, errors.Cancelled, "cancelled"),
        (401, {"detail": "x"}, errors.NotConfigured, "invalid_key"),
        (402, {"error": "insufficient_credits"}, errors.OutOfCredits, "insufficient_credits"),
        (402, None, errors.OutOfCredits, "insufficient_credits"),
        (403, {"error": "endpoint_not_allowed"}, errors.ModelNotAllowed, "endpoint_not_allowed"),
        (403, {"detail": "endpoint_not_allowed: x/y"}, errors.ModelNotAllowed, "endpoint_not_allowed"),
        (403, {"detail": "User is locked. Reason: Exhausted balance. Top up"}, errors.OutOfCredits, "out_of_credits"),
        (403, {"detail": "User is locked. Reason: TOP_UP."}, errors.OutOfCredits, "out_of_credits"),
        (403, {"detail": "User is locked."}, errors.NotConfigured, "key_locked"),
        (404, {"detail": "Path /x not found"}, errors.ModelNotAllowed, "wrong_endpoint"),
        (404, {"detail": "Application not found"}, errors.ModelNotAllowed, "model_not_found"),
        (413, None, errors.BadRequest, "invalid_input"),
        (502, None, errors.GenerationFailed, "upstream_unavailable"),
    ],
)
def test_each_error_shape_has_its_class(status: int, reply: Any, cls: type[errors.VideoError], code: str) -> None:
    error = wire.error_from(status, {}, reply)
    assert (type(error), error.code) == (cls, code)
    assert error.code in errors.ERROR_CODES
    assert "secret" not in f"{error} {error.facts}"


def test_limits_are_facts_and_inputs_are_not() -> None:
    error = wire.error_from(422, {}, model_error("image_too_small", min_width=300, url="https://secret"))
    assert error.facts == {"min_width": 300, "field": "image_url"}


@pytest.mark.parametrize(
    "reply", [None, [], "text", 7, {"detail": 5}, {"detail": []}, {"detail": [7]}, {"detail": {"x": 1}}]
)
@pytest.mark.parametrize("status", [400, 422, 500, 418])
def test_no_shape_breaks_the_reader(status: int, reply: Any) -> None:
    assert wire.error_from(status, {}, reply).code in errors.ERROR_CODES


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ({"status": "IN_QUEUE", "queue_position": 3}, Queued(3)),
        ({"status": "IN_QUEUE"}, Queued(None)),
        ({"status": "IN_PROGRESS", "logs": None}, InProgress()),
        ({"status": "COMPLETED"}, Completed()),
        ({"status": "COMPLETED", "error": "x", "error_type": "y"}, Completed("x", "y")),
        ({"status": "FAILED"}, Completed("FAILED")),
        ({"status": "DREAMING"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_states(reply: Any, status: Any) -> None:
    assert wire.status_from(reply) == status


@pytest.mark.parametrize(
    ("url", "queue", "moved"),
    [
        ("https://queue.fal.run/a/b/requests/1", QUEUE, "https://queue.fal.run/a/b/requests/1"),
        (
            "https://queue.fal.run/a/b/requests/1?x=1",
            "https://gw.example/fal",
            "https://gw.example/fal/a/b/requests/1?x=1",
        ),
        ("http://127.0.0.1:1111/a/b", "http://127.0.0.1:2222", "http://127.0.0.1:2222/a/b"),
        ("https://evil.example/a/b", QUEUE, None),
        ("https://queue.fal.run.evil.example/a/b", QUEUE, None),
        ("http://queue.fal.run/a/b", QUEUE, None),
        ("http://127.0.0.1:1/a", QUEUE, None),
        (7, QUEUE, None),
    ],
)
def test_the_key_goes_to_our_queue_only(url: Any, queue: str, moved: str | None) -> None:
    assert wire.moved(url, queue) == moved


def test_a_handle_is_derived_where_the_reply_is_silent_or_foreign() -> None:
    endpoint = "bytedance/seedance-2.0/fast/text-to-video"
    reply = {"request_id": "abc-1", "status_url": "https://evil.example/x"}
    handle = wire.handle_from(reply, endpoint=endpoint, queue_url=QUEUE)
    assert handle is not None
    assert handle.status_url == f"{QUEUE}/bytedance/seedance-2.0/requests/abc-1/status"
    assert handle.response_url == f"{QUEUE}/bytedance/seedance-2.0/requests/abc-1"
    for bad in ({}, None, {"request_id": "../../x"}, {"request_id": 7}):
        assert wire.handle_from(bad, endpoint=endpoint, queue_url=QUEUE) is None


@pytest.mark.parametrize(
    "reply",
    [
        {"video": {"url": "https://v3b.fal.media/files/b/x.mp4", "content_type": None}},
        {"video": "https://fal.media/x.mp4"},
        {"output_video": {"url": "https://v3.fal.media/x.mp4"}},
        {"videos": [{"url": "https://v3.fal.media/x.mp4"}]},
        {"output": [{"url": "https://v3.fal.media/x.mp4"}]},
    ],
)
def test_every_result_shape_names_its_file_and_hides_it(reply: Any) -> None:
    result = wire.result_from(reply, {"x-fal-billable-units": "5"}, queue_url=QUEUE)
    assert result is not None
    assert "fal.media" not in repr(result)
    assert result.billable_units == 5


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x.mp4",
        "http://fal.media/x.mp4",
        "https://fal.media.evil.example/x",
        "https://notfal.media/x",
        "",
    ],
)
def test_a_foreign_file_is_no_result(url: str) -> None:
    assert wire.result_from({"video": {"url": url}}, {}, queue_url=QUEUE) is None
