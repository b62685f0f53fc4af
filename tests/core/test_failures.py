"""Every recorded error has its typed error, and nothing of the input gets out with it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import errors, failures
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
    error = failures.error_from(recorded["status"], recorded["headers"], reply(name))
    assert (type(error), error.code) == FAILURES[name]
    assert error.code in errors.ERROR_CODES
    assert "SECRET" not in f"{error} {error!r} {error.facts}"


def test_no_sample_lies_unread() -> None:
    families = ("submit", "status-", "result", "request-list")
    names = {path.stem for path in FAL.glob("*.json")}
    assert {name for name in names - set(FAILURES) if not name.startswith(families)} == set()
    assert set(FAILURES) <= names


def test_every_type_of_the_table_ends_in_a_code_with_a_sentence() -> None:
    assert {code for _, code in failures._TYPES.values()} <= set(errors.ERROR_CODES)


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
    assert failures.error_from(422, {}, reply(name)).facts == facts


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
    assert failures.error_from(status, {}, body).code in errors.ERROR_CODES
    final = failures.final_error(status, {}, body)
    assert final is None or final.code in errors.ERROR_CODES


def test_too_many_requests_are_told_as_such() -> None:
    assert failures.error_from(429, {}, {"detail": "x"}).code == "fal_busy"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Completed(), None),
        (Completed("Request timed out", "request_timeout"), "upstream_unavailable"),
        (Completed("no", "content_policy_violation"), "content_policy_violation"),
        (Completed("words", "moon_phase_error"), "generation_failed"),
        (Completed("failed"), "generation_failed"),
        (Completed("Request was cancelled", "client_cancelled"), "cancelled"),
    ],
)
def test_a_completed_status_may_name_its_error(status: Completed, code: str | None) -> None:
    error = failures.completed_error(status)
    assert (error.code if error else None) == code


NOT_FINAL = {
    "account-bad-key",
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
    error = failures.final_error(recorded["status"], recorded["headers"], reply(name))
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
        (499, {}, {"detail": "x", "error_type": "client_cancelled"}, "cancelled"),
        # No word of fal's:
        (404, {}, {"detail": "Path /a/b/requests/r-1 not found"}, None),
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
    error = failures.final_error(status, headers, body)
    assert (error.code if error else None) == code


@pytest.mark.parametrize("status", [401, 402, 403, 408, 409, 425, 429])
@pytest.mark.parametrize("body", [TYPED, INFRA, NO_PATH])
def test_what_is_said_of_keys_credit_and_load_ends_nothing(status: int, body: Any) -> None:
    assert failures.final_error(status, {"x-fal-error-type": "internal_error"}, body) is None


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
    error = failures.final_error(status, headers, body)
    assert error is not None
    assert error.facts.get("billed") is billed
