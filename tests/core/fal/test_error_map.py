"""Every recorded error has its typed error, and nothing of the input gets out with it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import errors
from core.fal import error_map
from core.types import Completed
from tests.samples import FAL, reply, sample

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
    "account-busy": (errors.GenerationFailed, "fal_busy"),
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
    error = error_map.error_from(recorded["status"], recorded["headers"], reply(name))
    assert (type(error), error.code) == FAILURES[name]
    assert error.code in errors.ERROR_CODES
    assert "SECRET" not in f"{error} {error!r} {error.facts}"


def test_no_sample_lies_unread() -> None:
    families = ("submit", "status-", "result", "request-list")
    names = {path.stem for path in FAL.glob("*.json")}
    assert {name for name in names - set(FAILURES) if not name.startswith(families)} == set()
    assert set(FAILURES) <= names


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("internal_server_error", (errors.GenerationFailed, "generation_failed")),
        ("unsupported_audio_format", (errors.BadReference, "bad_reference")),
        ("client_disconnected", (errors.Cancelled, "cancelled")),
        ("client_cancelled", (errors.Cancelled, "cancelled")),
        ("bad_request", (errors.BadRequest, "invalid_input")),
        ("concurrent_requests_limit", (errors.GenerationFailed, "fal_busy")),
        ("insufficient_credits", (errors.OutOfCredits, "insufficient_credits")),
        ("endpoint_not_allowed", (errors.ModelNotAllowed, "endpoint_not_allowed")),
        ("runner_disconnected", UPSTREAM),
    ],
)
def test_fals_word_tells_the_error_wherever_it_stands(word: str, error: tuple[type[errors.VideoError], str]) -> None:
    """The status would say something else."""
    replies: list[Any] = [
        {"detail": [{"loc": ["body"], "msg": "x", "type": word}]},
        {"detail": {"type": word}},
        {"error_type": word},
        {"type": word},
        {"error": word},
        {"code": word},
        {"error": {"type": word}},
        {"error": {"code": word}},
        {"type": "unheard_of", "code": word},
        {"error_type": 7, "error": {"type": 7}, "code": word},
    ]
    for body in replies:
        for status in (200, 401, 418, 504):
            found = error_map.error_from(status, {}, body)
            assert (type(found), found.code) == error
    found = error_map.error_from(401, {"x-fal-error-type": word}, {"detail": "x"})
    assert (type(found), found.code) == error


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (499, None, (errors.Cancelled, "cancelled")),
        (429, None, (errors.GenerationFailed, "fal_busy")),
        (500, None, UPSTREAM),
        (599, {"detail": "x"}, UPSTREAM),
        (500, {"error_type": "unheard_of"}, (errors.GenerationFailed, "generation_failed")),
        (418, {"error_type": "unheard_of"}, (errors.BadRequest, "invalid_input")),
        (418, {"error": "unheard_of"}, (errors.GenerationFailed, "generation_failed")),
        (418, ["x"], (errors.GenerationFailed, "generation_failed")),
        (400, None, (errors.BadRequest, "invalid_input")),
        (400, {"detail": []}, (errors.BadRequest, "invalid_input")),
        (413, None, (errors.BadRequest, "invalid_input")),
        (422, {"detail": "x"}, (errors.BadRequest, "invalid_input")),
        (401, None, (errors.NotConfigured, "invalid_key")),
        (402, None, (errors.OutOfCredits, "insufficient_credits")),
        (403, None, (errors.ModelNotAllowed, "model_not_allowed")),
        (403, {"detail": "EXHAUSTED balance"}, (errors.OutOfCredits, "out_of_credits")),
        (403, {"error": {"why": "top_up"}}, (errors.OutOfCredits, "out_of_credits")),
        (403, {"message": "Top up your account"}, (errors.OutOfCredits, "out_of_credits")),
        (403, {"code": ["endpoint_not_allowed"]}, (errors.ModelNotAllowed, "endpoint_not_allowed")),
        (403, {"detail": "User is locked"}, (errors.NotConfigured, "key_locked")),
        (404, None, (errors.ModelNotAllowed, "model_not_found")),
        (403, {"error_type": "user_is_locked"}, (errors.NotConfigured, "key_locked")),
        (404, {"error": "Path /x not found"}, (errors.ModelNotAllowed, "wrong_endpoint")),
        (404, {"detail": "no path / here"}, (errors.ModelNotAllowed, "model_not_found")),
        (404, {"detail": "Path /x not found"}, (errors.ModelNotAllowed, "wrong_endpoint")),
        (405, None, (errors.ModelNotAllowed, "wrong_endpoint")),
        (406, None, (errors.GenerationFailed, "generation_failed")),
    ],
)
def test_without_a_word_of_fals_the_status_tells(
    status: int, body: Any, error: tuple[type[errors.VideoError], str]
) -> None:
    found = error_map.error_from(status, {}, body)
    assert (type(found), found.code) == error


LIMITS = ["max_size", "min_width", "min_height", "max_width", "max_height", "min_aspect_ratio", "max_aspect_ratio"]
LIMITS += ["min_duration", "max_duration", "max_length", "min_length", "ge", "le", "gt", "lt"]


def test_every_limit_that_fal_names_is_told_and_nothing_else() -> None:
    numbers = {name: number for number, name in enumerate(LIMITS)}
    ctx = numbers | {"input": "SECRET", "image": 7, "error": "SECRET"}
    detail = {"loc": ["body", "seed"], "msg": "SECRET", "type": "x", "input": "SECRET", "ctx": ctx}
    assert error_map.error_from(422, {}, {"detail": [detail]}).facts == numbers | {"field": "seed"}
    detail["ctx"] = dict.fromkeys(LIMITS, "SECRET")
    assert error_map.error_from(422, {}, {"detail": [detail]}).facts == {"field": "seed"}


@pytest.mark.parametrize(
    ("loc", "field"),
    [
        (["body", "image_url"], "image_url"),
        (["a" * 40], "a" * 40),
        (["a" * 41], None),
        (["body", 3], None),
        (["body", "my words"], None),
        (["body", "seed7"], None),
        (["body", ""], None),
        ([], None),
        ("seed", None),
    ],
)
def test_a_field_is_named_only_by_its_name(loc: Any, field: str | None) -> None:
    error = error_map.error_from(422, {}, {"detail": [{"loc": loc, "type": "x"}]})
    assert error.facts == ({} if field is None else {"field": field})


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Timed out", "downstream_service_error"),
        ("the fetch TIMEOUT", "downstream_service_error"),
        ("time out", "downstream_service_error"),
        ("timely", "invalid_input"),
        (7, "invalid_input"),
    ],
)
def test_a_partner_that_could_not_fetch_the_source_in_time(message: Any, code: str) -> None:
    body = {"detail": [{"loc": ["body"], "msg": message, "type": "invalid_request"}]}
    assert error_map.error_from(422, {}, body).code == code
    other = {"detail": [{"loc": ["body"], "msg": "timed out", "type": "bad_request"}]}
    assert error_map.error_from(422, {}, other).code == "invalid_input"


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("file_download_error", 422, "draft_gone"),
        ("file_download_error", 400, "draft_gone"),
        ("value_error", 422, "draft_gone"),
        ("value_error", 500, "generation_failed"),
        ("content_policy_violation", 422, "content_policy_violation"),
    ],
)
def test_what_is_wrong_with_a_kept_draft_is_that_it_is_gone(word: str, status: int, code: str) -> None:
    body = {"detail": [{"loc": ["body", "draft_cache_url"], "msg": "SECRET", "type": word}]}
    assert error_map.error_from(status, {}, body).code == code
    body["detail"][0]["loc"] = ["body", "video_url"]
    assert error_map.error_from(status, {}, body).code != "draft_gone"


def test_every_type_of_the_table_ends_in_a_code_with_a_sentence() -> None:
    assert {code for _, code in error_map.TYPES.values()} <= set(errors.ERROR_CODES)


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
    assert error_map.error_from(422, {}, reply(name)).facts == facts


DETAILS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["detail", "type", "loc", "ctx", "msg", "error", "error_type", "code"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(body=DETAILS, status=st.integers(300, 599))
def test_no_shape_breaks_the_reader(body: Any, status: int) -> None:
    assert error_map.error_from(status, {}, body).code in errors.ERROR_CODES
    final = error_map.final_error(status, {}, body)
    assert final is None or final.code in errors.ERROR_CODES


def test_an_answer_that_nobody_knows_is_told_by_its_status() -> None:
    assert error_map.error_from(418, {}, {"detail": "SECRET"}).facts == {"status": 418}


def test_too_many_requests_are_told_as_such() -> None:
    assert error_map.error_from(429, {}, {"detail": "x"}).code == "fal_busy"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Completed(), None),
        (Completed("Request timed out", "request_timeout"), "upstream_unavailable"),
        (Completed("no", "content_policy_violation"), "content_policy_violation"),
        (Completed("words", "moon_phase_error"), "generation_failed"),
        (Completed("failed"), "generation_failed"),
        (Completed(None, "request_timeout"), "upstream_unavailable"),
        (Completed("Request was cancelled", "client_cancelled"), "cancelled"),
    ],
)
def test_a_completed_status_may_name_its_error(status: Completed, code: str | None) -> None:
    error = error_map.completed_error(status)
    assert (error.code if error else None) == code


FALS_OWN = ["request_timeout", "startup_timeout", "runner_scheduling_failure", "runner_connection_timeout"]
FALS_OWN += ["runner_disconnected", "runner_connection_refused", "runner_connection_error", "runner_server_error"]
FALS_OWN += ["runner_incomplete_response", "internal_error", "internal_server_error", "generation_timeout"]
FALS_OWN += ["downstream_service_error", "downstream_service_unavailable"]


@pytest.mark.parametrize("word", [*FALS_OWN, "client_cancelled", "content_policy_violation", "moon_phase_error"])
def test_what_failed_at_fal_itself_is_not_billed(word: str) -> None:
    error = error_map.completed_error(Completed("words", word))
    assert error is not None
    assert error.ends_request is True
    assert error.facts == ({"billed": False} if word in FALS_OWN else {})


def test_a_final_error_ends_its_request() -> None:
    final = error_map.final_error(422, {}, TYPED)
    assert final is not None
    assert final.ends_request is True
    assert error_map.error_from(422, {}, TYPED).ends_request is False


@pytest.mark.parametrize(
    ("body", "headers", "fals"),
    [
        ({"detail": "no"}, {}, True),
        ({"detail": [{"msg": "no"}]}, {}, True),
        ({"detail": {"msg": "no"}}, {}, True),
        ({"error": "endpoint_not_allowed"}, {}, True),
        ({"x": 1}, {"x-fal-error-type": "internal_error"}, True),
        ({"detail": ""}, {}, False),
        ({"detail": []}, {}, False),
        ({"detail": 7}, {}, False),
        ({"detail": None, "error": "forbidden"}, {}, False),
        ({"error_type": "moon_phase_error"}, {}, False),
        ({}, {}, False),
        ([{"detail": "no"}], {"x-fal-error-type": "internal_error"}, False),
        (None, {"x-fal-error-type": "internal_error"}, False),
    ],
)
def test_the_form_of_a_refusal(body: Any, headers: dict[str, str], fals: bool) -> None:
    assert error_map.in_fals_form(body, headers) is fals


NOT_FINAL = {
    "account-bad-key",
    "account-busy",
    "account-exhausted",
    "account-top-up",
    "account-locked",
    "account-model-forbidden",
    "account-unknown-app",
    "account-wrong-method",
    "proxy-no-credits",
    "proxy-forbidden",
    "proxy-forbidden-nested",
    "gateway-html",
    "gateway-empty",
    "too-large",
}


@pytest.mark.parametrize("name", FAILURES)
def test_only_fals_own_words_end_a_completed_request(name: str) -> None:
    recorded = sample(name)
    error = error_map.final_error(recorded["status"], recorded["headers"], reply(name))
    assert (None if error is None else (type(error), error.code)) == (None if name in NOT_FINAL else FAILURES[name])
    assert "SECRET" not in f"{error} {error!r} {error.facts if error else None}"


TYPED = {"detail": [{"loc": ["body"], "msg": "no", "type": "content_policy_violation"}]}
INFRA = {"detail": "died", "error_type": "runner_server_error"}
NO_PATH = {"detail": "Path /nonsense not found"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "code"),
    [
        (422, {}, TYPED, "content_policy_violation"),
        (200, {}, TYPED, "content_policy_violation"),
        (500, {}, INFRA, "upstream_unavailable"),
        (500, {"x-fal-error-type": "internal_error"}, {"detail": "x"}, "upstream_unavailable"),
        (503, {"x-fal-error-type": "startup_timeout"}, None, "upstream_unavailable"),
        (404, {}, NO_PATH, "wrong_endpoint"),
        (405, {}, NO_PATH, "wrong_endpoint"),
        (400, {}, {"detail": "path /x/y not found."}, "wrong_endpoint"),
        (499, {}, {"error": "client_cancelled"}, "cancelled"),
        (499, {}, {"type": "client_cancelled"}, "cancelled"),
        (499, {}, {"code": "client_cancelled"}, "cancelled"),
        (499, {}, {"detail": "x", "error_type": "client_cancelled"}, "cancelled"),
        # No word of fal's:
        (404, {}, {"detail": "Path /a/b/requests/r-1 not found"}, None),
        (404, {}, {"detail": "Path /nonsense not found, nor anything else"}, None),
        (404, {}, {"detail": "Not Found"}, None),
        (404, {}, {"status": "NOT_FOUND"}, None),
        (404, {}, TYPED, None),
        (404, {"x-fal-error-type": "internal_error"}, INFRA, None),
        (410, {}, INFRA, None),
        (404, {}, None, None),
        (410, {}, {"detail": "Gone"}, None),
        (410, {}, None, None),
        (422, {}, None, None),
        (499, {}, None, None),
        (499, {}, {"detail": "x"}, None),
        (500, {}, {"detail": "Internal Server Error"}, None),
        (500, {}, {"error": "boom"}, None),
        (422, {}, {"detail": []}, None),
        (422, {}, {"detail": ["no"]}, None),
        (422, {}, {"detail": {"loc": [], "msg": "no", "type": "x"}}, None),
        (422, {}, {"detail": [{"type": "content_policy_violation"}]}, None),
        (422, {}, {"detail": [{"loc": [], "msg": "no", "type": 7}]}, None),
        (422, {}, {"error_type": 7}, None),
        (422, {}, {"error_type": ""}, None),
        (422, {}, [TYPED], None),
        (503, {"x-fal-error-type": "startup_timeout", "content-type": "text/html"}, None, None),
        (503, {"x-fal-error-type": " "}, None, None),
    ],
)
def test_the_list_of_ends_is_closed(status: int, headers: dict[str, str], body: Any, code: str | None) -> None:
    error = error_map.final_error(status, headers, body)
    assert (error.code if error else None) == code


@pytest.mark.parametrize("status", [401, 402, 403, 408, 409, 425, 429])
@pytest.mark.parametrize("body", [TYPED, INFRA, NO_PATH])
def test_what_is_said_of_keys_credit_and_load_ends_nothing(status: int, body: Any) -> None:
    assert error_map.final_error(status, {"x-fal-error-type": "internal_error"}, body) is None


@pytest.mark.parametrize(
    ("status", "headers", "body", "billed"),
    [
        (422, {"x-fal-billable-units": "0"}, TYPED, False),
        (422, {"x-fal-billable-units": "5"}, TYPED, True),
        (422, {}, TYPED, None),
        (500, {}, INFRA, False),
        (500, {"x-fal-billable-units": "5"}, INFRA, True),
        (404, {}, NO_PATH, None),
    ],
)
def test_an_end_tells_what_is_known_of_the_bill(
    status: int, headers: dict[str, str], body: Any, billed: bool | None
) -> None:
    error = error_map.final_error(status, headers, body)
    assert error is not None
    assert error.facts.get("billed") is billed
