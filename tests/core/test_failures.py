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
    assert isinstance(failures.names_error(body, {}), bool)


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
        (Completed("cancelled"), "cancelled"),
    ],
)
def test_a_completed_status_may_name_its_error(status: Completed, code: str | None) -> None:
    error = failures.completed_error(status)
    assert (error.code if error else None) == code
