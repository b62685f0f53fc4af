"""The catalogue: complete in every language, said whole, and free of what no person should read."""

import ast
import logging
import re
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from fluent.syntax import ast as ftl
from fluent.syntax import parse
from hypothesis import given
from hypothesis import strategies as st

import bot
from bot.conversation.commands import ADMIN_COMMANDS, COMMANDS
from bot.messages import i18n
from bot.messages.i18n import admin_text, error_text, translate
from bot.messages.languages import LANGUAGES
from bot.store.records import State
from core.errors import ERROR_CODES

SOURCES = sorted(Path(bot.__file__).parent.rglob("*.py"))
BUILT = (
    "error-", "admin-", "obstacle-", "button-way-", "said-", "state-", "adjusted-", "command-", "web-", "charge-",
    "ask-", "over-", "fallback-", "button-fix-", "typed-", "setting-", "page-", "ilink-page-",
    "alert-model-", "mode-",
    "models-column-", "models-cell-", "models-best-", "price-column-", "price-cell-", "idea-", "ideas-",
)  # fmt: skip
"""Keys that the program puts together from a prefix and a word."""

KEYS = sorted(i18n.keys("en"))
FACTS: dict[str, Any] = {
    "asked": "7", "used": "8", "chat": "telegram:-100200", "duration": "5", "elapsed": 75, "field": "resolution",
    "id": "telegram:42", "job": "K7QX2AB", "key": "veo-3.1", "kind": "image", "length": 3000, "max_bytes": 10_000_000,
    "max_duration": 60, "max_length": 2500, "max_megapixels": 120, "max_size": 10_000_000, "min_duration": 3,
    "min_width": 300, "mode": "video-to-video", "model": "Happy Horse",
    "modes": "image-to-video video-to-video", "name": "Happy Horse",
    "odd": "fal_unavailable",
    "option": "resolution", "place": 3, "position": 2, "price": "$0.70", "prompt": "a red fox", "reason": "status",
    "request_id": "0190-abc", "resolution": "720p", "state": "Done.", "status": 404, "suggestion": "video", "tier":
    "premium", "cap": "$5.00", "fits": "yes", "free": 400, "free_at": "2026-11-25 13:01", "held": "$0.70", "left":
    "$1.20", "other": "K7QX2AC", "percent": 80, "spent": "$3.10", "times": 5, "user": "telegram:42",
    "type": "text/html", "value": "9p", "what": "svg", "when": "2026-11-24 13:00", "word": "vidoe",
}  # fmt: skip


def _said(language: str, key: str, **changes: Any) -> str:
    names = i18n.variables(language, key)
    return translate(language, key, **{name: changes.get(name, FACTS.get(name, "x")) for name in names})


@pytest.fixture(autouse=True)
def _said_whole(caplog: pytest.LogCaptureFixture) -> Any:
    """Fluent reports what it could not resolve; `say` logs it."""
    with caplog.at_level(logging.ERROR):
        yield
    assert not [record for record in caplog.records if record.name == "bot.messages.i18n"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_file_can_be_read_and_says_each_thing_once(language: str) -> None:
    entries = [entry for path in i18n.files(language) for entry in parse(path.read_text(encoding="utf-8")).body]
    assert not [entry.content for entry in entries if isinstance(entry, ftl.Junk)]
    counted = Counter(entry.id.name for entry in entries if isinstance(entry, ftl.Message))
    assert not [key for key, count in counted.items() if count > 1]


def test_no_language_lacks_a_sentence_or_a_fact() -> None:
    for language in LANGUAGES:
        assert i18n.keys(language) == i18n.keys("en"), language
        for key in KEYS:
            assert i18n.variables(language, key) == i18n.variables("en", key), (language, key)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", KEYS)
def test_a_sentence_is_said_whole(language: str, key: str) -> None:
    text = _said(language, key)
    assert text.strip()
    assert len(text) < 4096
    assert not re.search(r"[{}]|\?\?\?|fal\.(media|run)|https?://", text)
    for name in i18n.variables(language, key) & {"job", "model", "price", "id", "chat", "word", "asked", "prompt"}:
        assert str(FACTS[name]) in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", KEYS)
def test_a_missing_fact_is_a_gap_and_no_accident(language: str, key: str) -> None:
    assert "{" not in translate(language, key)
    nothing = dict.fromkeys(i18n.variables(language, key))
    assert translate(language, key, **nothing) == translate(language, key)


def test_what_a_person_reads_holds_no_jargon() -> None:
    for language in LANGUAGES:
        for key in (key for key in KEYS if not key.startswith(("admin-", "alert-"))):
            assert not re.search(r"\bfal\b|fal\.ai|\bAPI\b|HTTP|endpoint|\b[a-z]+_[a-z]+\b", _said(language, key)), key


def test_each_language_speaks_itself() -> None:
    for key in KEYS:
        for language in ("zh", "zh-hant"):
            if not key.startswith(("web-", "caption", "price-line", "models-cell-", "price-cell-", "operator-usage")):
                assert re.search(r"[\u4e00-\u9fff，。：]", _said(language, key)), key
        assert not re.search(r"[\u4e00-\u9fff]", _said("en", key)), key


# What the program says


def _calls() -> list[ast.Call]:
    nodes = chain.from_iterable(ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES)
    return [node for node in nodes if isinstance(node, ast.Call) and _is_translate(node.func) and len(node.args) > 1]


def _is_translate(func: ast.expr) -> bool:
    return (isinstance(func, ast.Name) and func.id == "translate") or (
        isinstance(func, ast.Attribute) and func.attr == "translate"
    )


def _literals(node: ast.AST) -> set[str]:
    return {each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def test_what_the_program_says_is_in_the_catalogue_with_all_its_facts() -> None:
    calls = _calls()
    assert len(calls) > 20
    for call in calls:
        key = call.args[1]
        if isinstance(key, ast.JoinedStr):
            start = key.values[0]
            assert isinstance(start, ast.Constant)
            assert start.value in BUILT, ast.unparse(call)
        if not isinstance(key, ast.Constant):
            continue
        assert key.value in i18n.keys("en"), ast.unparse(call)
        given_facts = {keyword.arg for keyword in call.keywords}
        if None not in given_facts:
            assert i18n.variables("en", str(key.value)) <= given_facts, ast.unparse(call)


def test_nothing_in_the_catalogue_is_left_over() -> None:
    words = set().union(*(_literals(ast.parse(path.read_text(encoding="utf-8"))) for path in SOURCES))
    assert not [key for key in KEYS if not key.startswith(BUILT) and key not in words]


def test_every_state_has_its_words() -> None:
    for state in State:
        assert f"state-{state}" in i18n.keys("en")
    extra = {"state-fal-queue", "state-long-running", "state-cancelled-free", "state-no-room", "state-paused"}
    assert {key for key in KEYS if key.startswith("state-")} == {f"state-{state}" for state in State} | extra


def test_menu_and_help_list_exactly_the_commands() -> None:
    assert {key for key in KEYS if key.startswith("command-")} == {
        f"command-{name}" for name in COMMANDS + ADMIN_COMMANDS
    }
    for language in LANGUAGES:
        assert set(re.findall(r"/([a-z]+)", translate(language, "help"))) == set(COMMANDS)
        assert set(re.findall(r"/([a-z]+)", translate(language, "start"))) <= set(COMMANDS)
        assert all(len(translate(language, f"command-{name}")) <= 100 for name in COMMANDS)


# Errors


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", ERROR_CODES)
def test_every_error_code_has_its_sentence(language: str, code: str) -> None:
    assert f"error-{code.replace('_', '-')}" in i18n.keys(language)
    for facts in ({}, FACTS, {"language": "x", "key": "y", "status": None}):
        for text in (error_text(language, code, facts), admin_text(code, facts, language)):
            assert 3 < len(text) < 500
            assert code not in text or "_" not in code
            assert "{" not in text
            assert text.rstrip().endswith((".", "。", "?", "？", "FILE", "0190-abc"))


BESIDE = {"error-unknown", "admin-parked"}  # the console's word on a job that stands parked


def test_no_error_sentence_is_left_over() -> None:
    named = {f"{kind}-{code.replace('_', '-')}" for kind in ("error", "admin") for code in ERROR_CODES}
    more = {f"{kind}-model-not-allowed" for kind in ("error", "admin")}  # the class's own word, beside its codes
    assert {key for key in KEYS if key.startswith(("error-", "admin-"))} <= named | more | BESIDE


def test_an_unknown_code_gets_a_general_sentence() -> None:
    assert error_text("en", "brand_new", {}) == translate("en", "error-unknown")
    assert admin_text("brand_new", {}) == translate("en", "error-unknown")


def test_the_operator_is_told_the_remedy() -> None:
    assert "FAL_KEY" in admin_text("invalid_key", {})
    assert "REELBOT_PUBLIC_URL" in admin_text("storage_not_allowed", {})
    assert "status 503" in admin_text("asset_unreachable", {"reason": "status", "status": 503})
    assert "reelbot poll abc" in admin_text("still_running", {"request_id": "abc"})
    assert "reelbot publish" in admin_text("image_url_not_public", {})


# Rules


def test_numbers_choose_their_words() -> None:
    assert translate("en", "state-queued", place=1) == "Waiting for its turn, next in line."
    assert translate("en", "state-queued", place=3) == "Waiting for its turn, number 3 in line."
    assert translate("zh", "state-queued", place=3) == "正在排队，第 3 位。"
    assert translate("en", "state-queued", place=0) == "Waiting for its turn."
    assert translate("en", "state-rendering", elapsed=35) == "Rendering, 35 s so far…"
    assert translate("en", "state-rendering", elapsed=75) == "Rendering, 1 min 15 s so far…"
    assert translate("zh", "state-rendering", elapsed=75) == "正在生成，已用 1 分 15 秒…"
    assert "10 MB" in error_text("en", "file_too_large", {"max_bytes": 10_000_000})
    assert "2,500" in error_text("en", "prompt_too_long", {"max_length": 2500})


def test_what_is_not_known_is_left_out() -> None:
    order = {"model": "Happy Horse", "price": "$4.20", "job": "K7QX"}
    assert translate("en", "ack", **order, duration="5", resolution="720p").endswith(
        "Happy Horse, 5 s, 720p, $4.20. Job K7QX."
    )
    assert translate("en", "ack-up-to", **order, duration="", resolution="").endswith(
        "Happy Horse, up to $4.20. Job K7QX."
    )
    assert translate("zh", "ack", **order, duration="5", resolution="").endswith(
        "Happy Horse，5 秒，$4.20，编号 K7QX。"
    )
    assert translate("en", "caption", model="Veo 3.1", duration="", resolution="", price="") == "Veo 3.1"
    line = {"key": "veo-3.1", "name": "Veo 3.1", "modes": "text-to-video"}
    assert translate("en", "models-line", **line, tier="", price="") == "• Veo 3.1 (--model veo-3.1)"
    assert translate("en", "models-line", **line, tier="premium", price="$1.21") == "• premium: Veo 3.1, $1.21"


@given(prompt=st.text(max_size=3000), number=st.integers() | st.floats() | st.none() | st.booleans())
def test_any_fact_can_be_told(prompt: str, number: object) -> None:
    for language in LANGUAGES:
        assert prompt[:1000] in translate(language, "status-line", job="K7", state="…", prompt=prompt)
        assert translate(language, "state-rendering", elapsed=number)
        assert error_text(language, "file_too_large", {"max_bytes": number, "max_size": prompt})
        assert translate(language, "models-line", tier=prompt, name=prompt, key=prompt, price=number, modes=prompt)


def test_an_unknown_key_is_a_mistake_and_an_unknown_language_is_english() -> None:
    with pytest.raises(KeyError):
        translate("en", "no-such-sentence")
    assert translate("de", "language-set") == translate("en", "language-set")
