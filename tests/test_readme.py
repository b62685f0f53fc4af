"""The README says what the program does: settings, commands, errors, models and the library's example, all checked."""

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from bot.cli.main import parser_of_all
from bot.conversation import commands
from bot.conversation.admin_words import WORDS
from bot.conversation.command_parser import parse
from bot.conversation.setting_fields import FIELDS
from core import pricing
from core.catalogue import Endpoint, Model
from core.errors import ERROR_CODES
from core.pricing import SourceFacts
from core.types import Kind, Mode
from tests.known_settings import defaults

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text()


def section(title: str) -> str:
    """The text under one heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section {title}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, headings and rules left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    body = [line for line, after in zip(lines, [*lines[1:], ""], strict=True) if not re.match(r"\|-", after + line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in body if not line.startswith("|-")]


def test_every_setting_stands_in_the_table_with_its_default() -> None:
    told = {cells[0].strip("`"): cells[1].strip("`") for cells in rows(section("Settings"))}
    assert told == defaults()


def test_no_other_setting_is_named_anywhere() -> None:
    named = set(re.findall(r"\b(?:REELBOT|FAL|TELEGRAM|WECHAT|WECOM|ILINK)_[A-Z0-9_]+\b", README))
    assert named <= set(defaults())


def console() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser_of_all()._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def actions_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Of the command, and of the words that stand behind it."""
    below = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
    nested = [action for each in below for behind in each.choices.values() for action in actions_of(behind)]
    return [*parser._actions, *nested]


def test_every_command_and_option_of_the_console_stands_in_the_table() -> None:
    told = {cells[0].strip("`").split()[1]: " ".join(cells) for cells in rows(section("In the shell"))}
    assert list(told) == [name for name, _ in console()]
    for name, parser in console():
        options = {
            option
            for action in actions_of(parser)
            if action.help != argparse.SUPPRESS
            for option in action.option_strings
            if option.startswith("--") and option != "--help"
        }
        assert set(re.findall(r"--\w[\w-]*", told[name])) == options, name
        for action in parser._actions:
            words = action.choices if isinstance(action, argparse._SubParsersAction) else [str(action.metavar)]
            assert [word for word in words if not action.option_strings and word not in told[name]] == []


def test_every_command_of_the_chats_is_explained() -> None:
    said = section("What you can say")
    assert {f"/{name}" for name in commands.COMMANDS} == set(re.findall(r"`(/[a-z]+)", said))


def test_every_word_for_admins_stands_in_the_table_with_its_rights() -> None:
    told = rows(section("For admins in the chat"))
    assert [(cells[0].strip("`"), *cells[2:]) for cells in told] == [
        (each.usage, each.right, each.does) for each in WORDS
    ]
    for (_, chinese, *_), word in zip(told, WORDS, strict=True):
        said = parse("/" + chinese.strip("`"))
        assert isinstance(said, commands.Administer)
        assert said.request.word == word.name


def test_every_setting_of_the_chat_stands_in_the_table_with_its_words() -> None:
    told = [(cells[0], re.findall(r"`([^`]+)`", cells[1])) for cells in rows(section("Settings in the chat"))]
    assert told == [(field.name, list(field.words)) for field in FIELDS]


def test_every_error_code_stands_in_the_table_in_order() -> None:
    codes = [cells[0].strip("`") for cells in rows(section("When something goes wrong")) if cells[0].startswith("`")]
    assert codes == list(ERROR_CODES)
    assert all(
        len(cells) == 3 and all(cells) for cells in rows(section("When something goes wrong")) if "`" in cells[0]
    )


MADE_FROM = {
    Mode.TEXT_TO_VIDEO: "words",
    Mode.IMAGE_TO_VIDEO: "photo",
    Mode.VIDEO_TO_VIDEO: "video",
    Mode.FRAMES_TO_VIDEO: "two photos",
    Mode.REFERENCE_TO_VIDEO: "references",
    Mode.EXTEND_VIDEO: "continues",
    Mode.UPSCALE_VIDEO: "enlarges",
    Mode.ENHANCE_DRAFT: "makes drafts whole",
    Mode.AUDIO_TO_VIDEO: "a sound",
}


def row_of(model: Model) -> str:
    """The model's line as it must stand in the README; when this test fails, paste what it prints."""
    text = model.modes.get(Mode.TEXT_TO_VIDEO) or next(iter(model.modes.values()))
    prices = prices_of(text)
    for mode, endpoint in model.modes.items():
        if prices_of(endpoint) != prices_of(text):
            prices += f"; {MADE_FROM[mode]}: {prices_of(endpoint)}"
    five_s = SourceFacts(Kind.VIDEO, duration_s=5)
    plan = pricing.plan("a fox", model=model.key, mode=next(iter(model.modes)), source=five_s, references=2)
    five = (
        ("up to " if plan.quote.up_to else "")
        + pricing.usd_text(plan.quote.usd)
        + (f" ({plan.request.duration_s} s)" if plan.request.duration_s not in {5, None} else "")
    )
    sources = ", ".join(MADE_FROM[mode] for mode in model.modes)
    return f"| `{model.key}` | {model.name} | {model.tier or ''} | {sources} | {seconds_of(text)} | {prices} | {five} |"


def prices_of(endpoint: Endpoint) -> str:
    whole = [f"{length} s ${usd}" for length, usd in endpoint.usd_per_clip.items()]
    rates = (
        {"": endpoint.usd_per_s}
        if not endpoint.usd_per_s_silent
        else {"silent ": endpoint.usd_per_s_silent, "with sound ": endpoint.usd_per_s}
    )
    listed = [
        said + ", ".join(f"{resolution} ${rate}".strip() for resolution, rate in prices.items())
        for said, prices in rates.items()
        if prices
    ]
    more = [f"${endpoint.usd_per_source} for {'each' if endpoint.most_sources > 1 else 'the'} photo"]
    return "; ".join([*listed, *whole, *(more if endpoint.usd_per_source else [])])


def seconds_of(endpoint: Endpoint) -> str:
    if not endpoint.durations:
        return "the sound's" if endpoint.photo_field else "the film's"
    first, last = endpoint.durations[0], endpoint.durations[-1]
    whole = endpoint.durations == tuple(range(first, last + 1))
    return f"{first} to {last}" if whole else ", ".join(map(str, endpoint.durations))


def test_every_model_stands_in_the_table_with_its_prices() -> None:
    told = [line for line in section("Models and prices").splitlines() if line.startswith("| `")]
    assert told == [row_of(model) for model in pricing.list_models()]


def test_every_linked_file_exists() -> None:
    links = re.findall(r"(?<!!)\[[^\]]*\]\((?!https?:)([^)#]+)", README)
    assert links
    assert [link for link in links if not (TOP / link).exists()] == []
    headings = {
        re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= headings


def test_the_screenshot_is_there() -> None:
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    if not (TOP / picture).exists() and not os.environ.get("CI"):
        pytest.skip(f"{picture} has not been taken yet; with CI=true this is a failure")
    with Image.open(TOP / picture) as shown:
        assert shown.width >= 800


def test_the_makefile_has_every_target_that_is_named() -> None:
    targets = set(re.findall(r"^([a-z]+):", (TOP / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake (?:-C \S+ )?([a-z]+)\b(?=`|\s+#| ARGS|$)", README, re.MULTILINE)) <= targets
    assert (TOP / ".ci" / "run").read_text().rstrip().endswith("make test")


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_documents_name_no_machine_of_ours(document: str) -> None:
    text = (TOP / document).read_text()
    assert not re.search(r"(?<![\w.])/(?:root|home|tmp|work)/", text)
    assert len(text) > 200
