"""Every command of the shell beside a serving bot, on its SQLite database: real processes, exit codes, one line."""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.channels.telegram.settings import TelegramSettings
from bot.cli.main import STATES
from bot.settings import Settings
from bot.store.passive_tables import codes
from bot.store.records import State
from bot.store.tables import ledger
from core.catalogue import MODELS
from tests.core.media.credentials import credentials
from tests.corpus import jpeg
from tests.desk import Desk, desk
from tests.fakes.wechat import WeChatFake
from tests.jobs.test_crash import ADMIN_KEY, KEY
from tests.serving import WEB, served_in_thread

SHELL = "shell:"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One bot for all, which works on one job of a person at a time."""
    with desk(tmp_path_factory.mktemp("console"), REELBOT_USER_JOBS="1") as found:
        found.start_bot()
        yield found


@pytest.fixture(scope="module")
def delivered(made: Desk) -> str:
    """The id of a job that came through the chat, and is done."""
    made.telegram("says", chat=42, text="/video a paper boat")
    made.until(lambda: made.state("a paper boat") == "delivered")
    return str(made.job("a paper boat").id)


def one_line(text: str) -> bool:
    return text.startswith("reelbot: ") and text.count("\n") == 1 and text.endswith("\n")


def test_models_lists_each_model_and_its_prices(made: Desk) -> None:
    said = made.run("models")
    assert said.code == 0
    assert all(f"[{model.key}]" in said.out for model in MODELS if model.retired is None)
    assert "tier: balanced" in said.out
    assert "720p $0.14/s ($0.70 for 5 s)" in said.out


def test_jobs_and_their_filters(made: Desk, delivered: str) -> None:
    for filters in ((), ("--user", "telegram:42"), ("--state", "delivered"), ("--newest", "50")):
        said = made.run("jobs", *filters)
        assert said.code == 0
        line = next(line for line in said.out.splitlines() if line.startswith(delivered))
        assert "delivered" in line
        assert "$0.70" in line
        assert "telegram:42" in line
    for filters in (("--user", "telegram:43"), ("--state", "doubt")):
        said = made.run("jobs", *filters)
        assert (said.code, said.out) == (0, "")
        assert "no such jobs" in said.err


def test_every_state_can_be_filtered_by() -> None:
    """The console lists them itself: to say what it knows, it does not load the database."""
    assert list(STATES) == [str(state) for state in State]


def test_a_job_tells_its_whole_story(made: Desk, delivered: str) -> None:
    said = made.run("job", delivered.lower())
    assert said.code == 0
    words = [line.split() for line in said.out.splitlines()]
    states = [word[2] for word in words if len(word) > 2 and word[0].startswith("20") and word[2] != "$"]
    assert states == [
        "queued", "preparing", "submitting", "rendering", "downloading", "ready", "uploading", "delivered",
    ]  # fmt: skip
    money = [line.partition("$ ")[2] for line in said.out.splitlines() if "  $ " in line]
    assert money == ["reserve: reserved +0.700000", "settle: reserved -0.700000, spent 0.700000  (charged)"]
    assert "a paper boat" in said.out
    assert ".mp4" in said.out


def test_a_known_bill_reads_plainly(made: Desk, delivered: str) -> None:
    job = {"job_id": delivered, "user": "telegram:42", "model": "happy-horse", "event": "correct", "reserved_micro": 0}
    rows = [(0, "fal charged 0.700000000"), (-20_000, "fal charged 0.680000000")]
    for number, (spent, why) in enumerate(rows):
        made.write(ledger.insert().values(**job, spent_micro=spent, why=why, at=number, booked=number))
    lines = [line.partition("$ ")[2] for line in made.run("job", delivered).out.splitlines() if "$ correct" in line]
    made.write(ledger.delete().where(ledger.c.event == "correct"))
    assert lines == [
        "correct: spent +0.000000  (fal charged 0.700000000, no difference)",
        "correct: spent -0.020000  (fal charged 0.680000000)",
    ]


def test_jobs_and_a_job_as_json(made: Desk, delivered: str) -> None:
    said = made.run("jobs", "--json", "--user", "telegram:42")
    assert said.code == 0
    assert said.err == f"database: {made.folder}/out/reelbot.db\n"
    listed = next(each for each in json.loads(said.out) if each["id"] == delivered)
    assert (listed["state"], listed["price_usd"], listed["charged"]) == ("delivered", "0.70", "yes")
    assert (listed["user"], listed["chat"], listed["prompt"]) == ("telegram:42", "telegram:42", "a paper boat")
    assert datetime.fromisoformat(listed["created"]).utcoffset() == timedelta(0)
    job = json.loads(made.run("job", delivered.lower(), "--json").out)
    assert {name: job[name] for name in listed} == listed
    assert [each["state"] for each in job["history"]][-1] == "delivered"
    assert [(each["event"], each["reserved_usd"], each["spent_usd"]) for each in job["ledger"]] == [
        ("reserve", "0.700000", "0.000000"),
        ("settle", "-0.700000", "0.700000"),
    ]
    assert job["request_id"] in {each["id"] for each in made.fal("requests")}
    assert all(datetime.fromisoformat(each["at"]).tzinfo for each in job["history"] + job["ledger"])
    said = made.run("job", delivered, "--json", "--cancel")
    assert json.loads(said.out)["cancel"] == "late"


def test_a_job_by_the_code_that_people_see(made: Desk, delivered: str) -> None:
    for number, (user, job_id) in enumerate((("telegram:42", delivered), ("wechat:anna", "ANNA222"))):
        made.write(codes.insert().values(user=user, code="K7", number=700 + number, job_id=job_id))
    try:
        said = made.run("job", "k7")
        assert (said.code, said.out) == (1, "")
        assert (
            f"K7 is the code of several people's jobs: {delivered} of telegram:42, ANNA222 of wechat:anna" in said.err
        )
        for code in ("K7", "k7", "K7-2"):
            said = made.run("job", code, "--user", "telegram:42")
            assert said.code == 0, said.err
            assert said.out.startswith(f"job {delivered}: ")
        assert made.run("job", "K7", "--user", "telegram:43").code == 1
    finally:
        made.write(codes.delete().where(codes.c.code == "K7", codes.c.number >= 700))


def test_spend_as_json_is_what_the_csv_says(made: Desk, delivered: str) -> None:
    assert made.job("a paper boat").id == delivered
    for by in ("user", "model", "day"):
        table = list(csv.DictReader(made.run("spend", "--by", by, "--csv").out.splitlines()))
        found = json.loads(made.run("spend", "--by", by, "--json").out)
        assert [{name: str(value) for name, value in row.items()} for row in found] == table
        assert all(type(row["jobs"]) is int and type(row["spent_usd"]) is str for row in found)


def test_an_empty_list_says_that_there_are_none_yet(made: Desk) -> None:
    said = made.run("jobs", REELBOT_OUTPUT_DIR=str(made.folder / "empty"))
    assert (said.code, said.out) == (0, "")
    assert said.err == f"database: none yet ({made.folder}/empty/reelbot.db)\nno jobs yet\n"


@pytest.mark.parametrize(("command", "code"), [(("jobs",), 0), (("job", "K7QX2AB"), 1), (("spend",), 0)])
def test_a_look_up_creates_nothing(made: Desk, command: tuple[str, ...], code: int) -> None:
    empty = made.folder / "not there"
    said = made.run(*command, REELBOT_OUTPUT_DIR=str(empty))
    assert said.code == code
    assert "Traceback" not in said.err
    assert not empty.exists()


def test_the_version_is_told(made: Desk) -> None:
    said = made.run("--version")
    assert (said.code, said.out) == (0, f"reelbot {version('reelbot')}\n")


def test_help_and_readme_say_the_same(made: Desk) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    rows = dict(re.findall(r"^\| `reelbot (\w+)[^`]*` \| (.*) \|$", readme, re.MULTILINE))
    assert len(rows) >= 11
    for command, told in rows.items():
        said = " ".join(made.run(command, "--help", COLUMNS="400").out.split())
        for word in ("login", "logout", "menu") if command == "wechat" else ():
            said += " ".join(made.run(command, word, "--help", COLUMNS="400").out.split())
        words = re.sub(r" \(see .*?\)\)?", "", told).partition(". `")[0].replace("`", "")
        assert words.removesuffix(".") in said, command
        for option in re.findall(r"`(--[a-z]+)", told):
            assert option in said, (command, option)
    assert re.search(r"--seed N +\w", made.run("generate", "--help", COLUMNS="400").out)


def test_run_names_the_missing_key_and_no_address_that_answers_nothing(made: Desk) -> None:
    alone = {"FAL_KEY": "", "TELEGRAM_BOT_TOKEN": "", "REELBOT_PORT": "0", "REELBOT_OUTPUT_DIR": str(made.folder / "x")}
    (made.folder / "alone").mkdir()
    command = made.begin("run", folder=made.folder / "alone", **alone)
    command.hear("FAL_KEY is not set: nothing can be ordered")
    command.interrupt()
    said = command.end()
    assert said.code == 0
    assert "reelbot serves no chat yet\n" in said.err
    assert "TELEGRAM_BOT_TOKEN" in said.err
    assert "http://" not in said.err


def test_a_job_that_does_not_exist_is_one_line(made: Desk) -> None:
    said = made.run("job", "NOSUCH1")
    assert (said.code, said.out) == (1, "")
    assert one_line(said.err)
    assert "NOSUCH1" in said.err


@pytest.mark.parametrize("arguments", [(), ("job",), ("jobs", "--state", "lost"), ("dance",), ("generate",)])
def test_bad_usage_ends_with_two(made: Desk, arguments: tuple[str, ...]) -> None:
    said = made.run(*arguments)
    assert (said.code, said.out) == (2, "")
    assert "usage: reelbot" in said.err


def asked_to_cancel(made: Desk, prompt: str) -> bool:
    request = next(each["id"] for each in made.fal("requests") if each["body"]["prompt"] == prompt)
    return any(call["method"] == "PUT" and call["path"].endswith(f"{request}/cancel") for call in made.fal("log"))


def test_cancel_before_the_claim_while_it_renders_and_too_late(made: Desk) -> None:
    """The second job waits for its turn: cancelled for nothing. The first has begun: fal is asked, and finishes it."""
    made.telegram("says", chat=42, text="/video sandbox:until-cancelled boat")
    made.until(lambda: made.state("sandbox:until-cancelled boat") == "rendering")
    made.telegram("says", chat=42, text="/video another boat")
    made.until(lambda: made.state("another boat") == "queued")
    first, second = made.job("sandbox:until-cancelled boat").id, made.job("another boat").id
    said = made.run("job", second, "--cancel")
    assert said.code == 0
    assert "nothing was bought" in said.err
    assert f"job {second}: cancelled" in said.out
    said = made.run("job", first, "--cancel")
    assert said.code == 0
    assert "may still charge" in said.err
    made.until(lambda: asked_to_cancel(made, "sandbox:until-cancelled boat"))
    made.until(lambda: made.state("sandbox:until-cancelled boat") == "delivered")
    said = made.run("job", first, "--cancel")
    assert "too late" in said.err
    assert made.bought("another boat") == 0
    assert made.money(second) == [("reserve", 700_000, 0), ("release", -700_000, 0)]
    assert made.money(first)[-1] == ("settle", -700_000, 700_000)
    assert made.state("sandbox:until-cancelled boat") == "delivered"


def test_cancel_of_what_another_shell_is_buying(made: Desk) -> None:
    """fal is asked at once; it has begun, so it finishes and charges, and the command says so by its video."""
    command = made.begin("generate", "sandbox:until-cancelled kite", "--yes")
    made.until(lambda: made.state("sandbox:until-cancelled kite") == "rendering")
    said = made.run("job", made.job("sandbox:until-cancelled kite").id, "--cancel")
    assert said.code == 0
    assert "may still charge" in said.err
    made.until(lambda: asked_to_cancel(made, "sandbox:until-cancelled kite"))
    said = command.end()
    assert said.code == 0, said.err
    assert made.state("sandbox:until-cancelled kite") == "delivered"
    assert made.bought("sandbox:until-cancelled kite") == 1


def test_generate_prints_the_price_then_the_path(made: Desk) -> None:
    said = made.run("generate", "a kite", "--model", "budget", "--yes")
    assert said.code == 0, said.err
    assert said.err == "Wan 2.5, 5 s, 480p: $0.25\n"
    path = Path(said.out.removesuffix("\n"))
    assert path.read_bytes()[4:8] == b"ftyp"
    job = made.job("a kite")
    assert job.state == "delivered"
    assert job.user.startswith(SHELL)
    assert made.money(job.id) == [("reserve", 250_000, 0), ("settle", -250_000, 250_000)]
    assert made.bought("a kite") == 1


def test_generate_from_a_photo_as_json(made: Desk) -> None:
    photo = made.folder / "photo.jpg"
    photo.write_bytes(jpeg())
    said = made.run("generate", "let it move", "--image", str(photo), "--json", "--yes", "--model", "budget")
    assert said.code == 0, said.err
    facts = json.loads(said.out)
    assert Path(facts["local_path"]).read_bytes()[4:8] == b"ftyp"
    assert facts["cost_usd"] == "0.25"
    assert facts["model"] == "wan-2.5"
    assert facts["adjustments"] == []
    assert facts["width"] > 0
    request = next(each for each in made.fal("requests") if each["id"] == facts["request_id"])
    assert request["body"]["image_url"].startswith(f"http://127.0.0.1:{made.port}/fal-assets/")
    assert WEB.get(request["body"]["image_url"]).headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("flags", "fields", "price"),
    [
        (("--image", "--last-image"), ["end_image_url", "image_url"], "0.48"),
        (("--reference", "--reference"), ["reference_image_urls"], "0.48"),
    ],
    ids=["the first and the last", "a likeness"],
)
def test_generate_from_two_photos(made: Desk, flags: tuple[str, str], fields: list[str], price: str) -> None:
    photos = [made.folder / f"{name}.jpg" for name in ("first", "second")]
    for photo, height in zip(photos, (360, 400), strict=True):
        photo.write_bytes(jpeg((640, height)))
    files = [part for flag, photo in zip(flags, photos, strict=True) for part in (flag, str(photo))]
    refused = made.run("generate", "two photos bloom", *files, "--yes")
    assert refused.code == 2
    assert "h3-max" in refused.err
    said = made.run("generate", "two photos bloom", *files, "--json", "--yes", "--model", "h3-max")
    assert said.code == 0, said.err
    facts = json.loads(said.out)
    assert facts["cost_usd"] == price
    body = next(each for each in made.fal("requests") if each["id"] == facts["request_id"])["body"]
    assert sorted(name for name in body if "image" in name) == fields
    urls = [url for name in sorted(fields, reverse=True) for url in ([body[name]] if len(fields) > 1 else body[name])]
    sizes = [len(WEB.get(url).content) for url in urls]
    assert len(urls) == 2
    assert sizes[0] != sizes[1]


@pytest.mark.parametrize(
    ("options", "cap", "words"),
    [
        (("--yes",), "0.10", "more than your $0.10 for 24 hours"),
        ((), "5", "not bought: answer y, or pass --yes"),
    ],
    ids=["over the cap", "nobody agreed"],
)
def test_generate_that_does_not_buy(made: Desk, options: tuple[str, ...], cap: str, words: str) -> None:
    said = made.run("generate", "a dear kite", *options, REELBOT_USER_DAILY_USD=cap)
    assert (said.code, said.out) == (1, "")
    price, reason = said.err.splitlines()
    assert "$0.70" in price
    assert one_line(reason + "\n")
    assert words in reason
    assert made.job("a dear kite") is None
    assert made.bought("a dear kite") == 0


@pytest.mark.parametrize(
    ("kind", "more", "charge"),
    [
        ("submit_status", {"status": 403, "body": {"detail": "User is locked. Reason: Exhausted balance."}}, "Nothing"),
        ("result_error", {"headers": {"units": ""}}, "It may have been charged"),
    ],
)
def test_generate_that_fails_says_why_and_what_it_cost(
    made: Desk, kind: str, more: dict[str, object], charge: str
) -> None:
    made.fal("faults", kind=kind, match=f"a kite with {kind}", **more)
    said = made.run("generate", f"a kite with {kind}", "--yes")
    assert (said.code, said.out) == (1, "")
    reason = said.err.splitlines()[-1]
    assert one_line(reason + "\n")
    assert charge in reason
    assert made.job(f"a kite with {kind}").id in reason


def test_publish_prints_an_address_that_the_bot_serves(made: Desk) -> None:
    photo = made.folder / "boat.jpg"
    photo.write_bytes(jpeg())
    said = made.run("publish", str(photo))
    assert said.code == 0, said.err
    assert said.out.startswith(f"http://127.0.0.1:{made.port}/fal-assets/")
    assert WEB.get(said.out.strip()).headers["content-type"] == "image/jpeg"
    facts = json.loads(made.run("publish", str(photo), "--json").out)
    assert WEB.get(facts["url"]).headers["content-length"] == str(facts["size"])
    assert (facts["kind"], facts["filename"]) == ("image", facts["url"].rpartition("/")[2])
    said = made.run("publish", str(made.folder / "nothing.jpg"))
    assert (said.code, said.out) == (1, "")
    assert one_line(said.err)


def test_poll_fetches_a_known_request_and_says_no_to_an_unknown_one(made: Desk, delivered: str) -> None:
    request = next(each["id"] for each in made.fal("requests") if each["body"]["prompt"] == "a paper boat")
    posts = made.posts()
    said = made.run("poll", request, "--json")
    assert said.code == 0, said.err
    facts = json.loads(said.out)
    assert Path(facts["local_path"]).read_bytes()[4:8] == b"ftyp"
    assert facts["request_id"] == request
    said = made.run("poll", "00000000-0000-4000-8000-00000000abcd")
    assert (said.code, said.out) == (1, "")
    assert one_line(said.err)
    assert made.posts() == posts
    assert made.job("a paper boat").id == delivered
    assert made.state("a paper boat") == "delivered"


def test_spend_sums_exactly_by_user_model_and_day(made: Desk, delivered: str) -> None:
    """What the CSV says is what the ledger says, to the micro-dollar, whichever way it is grouped."""
    rows = made.read(sa.select(ledger))
    assert delivered in {row.job_id for row in rows}
    for by in ("user", "model"):
        expected: dict[str, int] = defaultdict(int)
        for row in rows:
            expected[getattr(row, by)] += row.spent_micro
        said = made.run("spend", "--by", by, "--csv")
        assert said.code == 0
        table = list(csv.DictReader(said.out.splitlines()))
        assert {line[by]: Decimal(line["spent_usd"]) * 10**6 for line in table} == expected
        assert all(Decimal(line["reserved_usd"]) == 0 for line in table)
    said = made.run("spend", "--csv")
    table = list(csv.DictReader(said.out.splitlines()))
    assert sum(Decimal(line["spent_usd"]) for line in table) == Decimal(sum(row.spent_micro for row in rows)) / 10**6
    assert sum(int(line["jobs"]) for line in table) >= len({row.job_id for row in rows})
    plain = made.run("spend", "--by", "user").out
    assert any(line.startswith("telegram:42") for line in plain.splitlines())


def test_spend_keeps_the_order_of_its_columns(made: Desk, delivered: str) -> None:
    """Scripts read the CSV: what came with 0.1.0 comes first, and what is new after it."""
    said = made.run("spend", "--by", "model", "--csv")
    header, *lines = csv.reader(said.out.splitlines())
    assert header == [
        "model", "jobs", "spent_usd", "of_that_possibly_usd", "reserved_usd", "released_usd",
        "quoted_usd", "charged_by_fal_usd", "difference_usd", "bills_unknown",
    ]  # fmt: skip
    row = next(line for line in lines if line[0] == made.job("a paper boat").request["model"])
    assert made.job("a paper boat").id == delivered
    assert row[6:9] == ["0.000000"] * 3  # no admin key, no bill
    assert int(row[9]) >= 1


def test_doctor_reads_the_balance_with_the_admin_key(made: Desk) -> None:
    def found(**settings: str) -> tuple[int, dict[str, tuple[str, str]]]:
        said = made.run("doctor", "--json", **settings)
        return said.code, {each["name"]: (each["state"], each["text"]) for each in json.loads(said.out)}

    made.fal("balance", credit_usd=1000)
    code, rows = found(FAL_ADMIN_KEY=ADMIN_KEY)
    assert (code, rows["fal admin key"]) == (0, ("ok", "fal accepts it"))
    assert rows["FAL_ADMIN_KEY"] == ("info", "set, not shown (environment)")
    state, text = rows["fal balance"]
    assert (state, text.endswith("USD left")) == ("ok", True)
    code, rows = found(FAL_ADMIN_KEY=ADMIN_KEY, REELBOT_DAILY_USD="5000")
    assert (code, rows["fal balance"][0]) == (0, "info")
    assert rows["fal balance"][1].endswith("less than a day may cost (5000.00 USD): top up soon")
    made.fal("balance", credit_usd=0)
    code, rows = found(FAL_ADMIN_KEY=ADMIN_KEY)
    assert (code, rows["fal balance"][0]) == (1, "wrong")
    assert "top up at fal.ai/dashboard/billing" in rows["fal balance"][1]
    code, rows = found(FAL_ADMIN_KEY=KEY)
    assert (code, rows["fal admin key"][0]) == (1, "wrong")
    assert "ADMIN scope" in rows["fal admin key"][1]
    assert "fal balance" not in rows
    _, rows = found()
    assert rows["fal admin key"][0] == "off"
    _, rows = found(FAL_ADMIN_KEY=ADMIN_KEY, FAL_PROXY_URL="http://127.0.0.1:9")
    assert rows["fal admin key"] == ("off", "not used: with FAL_PROXY_URL the proxy says what it charged")


@pytest.mark.parametrize(
    ("env", "state", "words"),
    [
        ({}, "off", "REELBOT_FORGET_AT_FAL is not set"),
        ({"REELBOT_FORGET_AT_FAL": "true"}, "wrong", "needs FAL_ADMIN_KEY"),
        ({"REELBOT_FORGET_AT_FAL": "true", "FAL_ADMIN_KEY": ADMIN_KEY}, "ok", "at once after /forget"),
    ],
)
def test_doctor_says_whether_fal_forgets(made: Desk, env: dict[str, str], state: str, words: str) -> None:
    said = made.run("doctor", "--json", **env)
    (found,) = [each for each in json.loads(said.out) if each["name"] == "forget at fal"]
    assert found["state"] == state
    assert words in found["text"]


def test_doctor_finds_the_chain_whole_and_shows_no_secret(made: Desk) -> None:
    said = made.run("doctor", "--json")
    found = {each["name"]: each for each in json.loads(said.out)}
    assert [each for each in found.values() if each["state"] == "wrong"] == []
    assert said.code == 0
    assert found["fal key"]["state"] == found["asset round trip"]["state"] == found["telegram"]["state"] == "ok"
    assert "not shown" in found["FAL_KEY"]["text"]
    said = made.run("doctor", "--json", FAL_KEY="wrong")
    assert said.code == 1
    assert next(each for each in json.loads(said.out) if each["name"] == "fal key")["state"] == "wrong"


def test_settings_that_do_not_fit_are_one_line(made: Desk) -> None:
    said = made.run("jobs", REELBOT_JOBS="many")
    assert (said.code, said.out) == (1, "")
    assert one_line(said.err)
    assert said.err.startswith("reelbot: REELBOT_JOBS: must be a whole number")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("REELBOT_CONFIRM_USD", "abc", "must be a number such as 20 or 0.5"),
        ("REELBOT_PORT", "abc", "must be a whole number, in digits alone"),
        ("REELBOT_USER_JOBS", "0", "must be 1 or more"),
        ("REELBOT_PUBLIC_URL", "example.org", "must be an http(s) address such as https://example.org"),
        ("FAL_API_URL", "http://example.org", "must be a public https address"),
        ("TELEGRAM_BOT_TOKEN", "what ever", "must be as BotFather gave it"),
        ("REELBOT_TIERS", "budget=wan-9", "there is no model “wan-9”"),
        ("REELBOT_TIERS", "cheap=veo", "cheap: the tiers are budget, balanced, premium"),
        ("REELBOT_TIERS", "veo", "must be pairs such as budget=wan-3.0"),
        ("REELBOT_DEFAULT_MODEL", "happy-hose", "there is no model “happy-hose”; happy-horse"),
        ("FAL_CA_FILE", "/nope", "/nope cannot be read: No such file or directory"),
        ("FAL_CA_FILE", "/proc/self/status", "/proc/self/status holds no certificate"),
    ],
)
def test_a_wrong_setting_is_named_by_doctor_as_by_the_rest(made: Desk, name: str, value: str, words: str) -> None:
    env = {name: value} | ({"FAL_QUEUE_URL": "https://queue.fal.run"} if name == "FAL_API_URL" else {})
    said = made.run("doctor", "--json", **env)
    assert said.code == 1
    found = {each["name"]: each for each in json.loads(said.out)}
    assert [each["name"] for each in found.values() if each["state"] == "wrong"] == [name]
    assert found[name]["text"].startswith(f"{name}: {words}")
    assert found[name]["text"].endswith("(environment)")
    assert found["FAL_KEY"]["text"] == "set, not shown (.env)"
    assert found["REELBOT_JOBS"]["text"] == "50 (default)"
    assert "Value error" not in said.out


def test_a_wrong_setting_is_said_once_and_before_a_price(made: Desk) -> None:
    wrong = {"FAL_CA_FILE": "/nope", "REELBOT_DEFAULT_MODEL": "nosuch", "REELBOT_OUTPUT_DIR": "/proc/x"}
    for name, value in wrong.items():
        said = made.run("generate", "a kite", "--yes", **{name: value})
        assert (said.code, said.out) == (1, "")
        assert one_line(said.err)
        assert said.err.startswith(f"reelbot: {name}: ")
        assert said.err.count(value) == 1
        assert "Errno" not in said.err
        assert "$" not in said.err


def test_doctor_warns_of_what_was_hardly_meant(made: Desk) -> None:
    said = made.run(
        "doctor",
        "--json",
        REELBOT_ACESS="telegram:42",
        TELEGRAM_BOT_TOKEN="12:abc",
        TELEGRAM_API_URL="http://127.0.0.1:9",
        REELBOT_ACCESS="wechat:oAbC",
    )
    warned = {each["name"]: each["text"] for each in json.loads(said.out) if each["state"] == "warn"}
    assert warned["REELBOT_ACESS"] == "no such setting; is REELBOT_ACCESS meant?"
    assert warned["TELEGRAM_BOT_TOKEN"].startswith("not as BotFather gives them")
    assert warned["admission"].startswith("nobody of telegram may use the bot yet")
    assert warned.keys() - {".env"} == {"REELBOT_ACESS", "TELEGRAM_BOT_TOKEN", "admission"}
    alone = TelegramSettings.offline(webhook=True)
    assert alone.warnings == ["TELEGRAM_WEBHOOK: does nothing without TELEGRAM_BOT_TOKEN"]


@pytest.mark.parametrize(
    ("given", "state", "words"),
    [
        ({}, "off", "films do not say that AI has made them"),
        ({"REELBOT_AI_LABEL": "visible"}, "warn", "REELBOT_AI_PRODUCER should name who offers this service"),
        (
            {"REELBOT_AI_LABEL": "metadata", "REELBOT_AI_PRODUCER": "Studio"},
            "ok",
            "AI has made it, by Studio",
        ),
    ],
)
def test_doctor_says_how_films_are_labelled(made: Desk, given: dict[str, str], state: str, words: str) -> None:
    found = json.loads(made.run("doctor", "--json", **given).out)
    label = next(each for each in found if each["name"] == "AI label")
    assert (label["state"], words in label["text"]) == (state, True)
    assert sum(each["name"] == "REELBOT_AI_LABEL" for each in found) == 1


def test_doctor_tries_what_films_are_signed_with(made: Desk, tmp_path: Path) -> None:
    files = credentials(tmp_path)
    given = {"REELBOT_C2PA_CERTIFICATE": str(files.certificate), "REELBOT_C2PA_KEY": str(files.key)}

    def signature(**more: str) -> tuple[str, str] | None:
        found = json.loads(made.run("doctor", "--json", **more).out)
        return next(((each["state"], each["text"]) for each in found if each["name"] == "signature"), None)

    assert signature() is None
    state, text = signature(REELBOT_C2PA_KEY=str(files.key)) or ("", "")
    assert (state, "REELBOT_C2PA_CERTIFICATE is not set" in text) == ("wrong", True)
    state, text = signature(**given) or ("", "")
    assert (state, "while REELBOT_AI_LABEL is off" in text) == ("wrong", True)
    state, text = signature(**given, REELBOT_AI_LABEL="metadata") or ("", "")
    assert (state, text.startswith("films are signed (C2PA)")) == ("ok", True)
    half = Settings.offline(c2pa_key=files.key, ai_label="metadata").warnings  # what run says at its start
    assert half == ["REELBOT_C2PA_CERTIFICATE: is not set, so films are not signed"]
    idle = Settings.offline(c2pa_key=files.key, c2pa_certificate=files.certificate).warnings
    assert idle == ["REELBOT_C2PA_KEY: films are not signed while REELBOT_AI_LABEL is off: metadata or visible"]
    files.key.chmod(0o644)
    state, text = signature(**given, REELBOT_AI_LABEL="metadata") or ("", "")
    assert (state, "chmod 600" in text) == ("warn", True)
    files.key.write_text("no key")
    state, text = signature(**given, REELBOT_AI_LABEL="metadata") or ("", "")
    assert (state, "PEM file without a password" in text) == ("wrong", True)


def test_a_played_film_lies_apart_from_those_that_were_bought(made: Desk) -> None:
    out = made.folder / "apart"
    said = made.run("generate", "a kite", "--sandbox", REELBOT_OUTPUT_DIR=str(out))
    assert said.code == 0, said.err
    assert Path(said.out.removesuffix("\n")).parent == out / "sandbox" / "videos"
    assert [each.name for each in out.iterdir()] == ["sandbox"]


def test_doctor_says_what_an_official_account_may_do(made: Desk) -> None:
    def found(fake: WeChatFake, **settings: str) -> tuple[int, str, str]:
        with served_in_thread(fake) as fake.url:
            said = made.run("doctor", "--json", **fake.environment, **settings)
        row = next(each for each in json.loads(said.out) if each["name"] == "wechat")
        return said.code, row["state"], row["text"]

    code, state, text = found(WeChatFake())
    assert (code, state) == (0, "ok")
    assert "videos are pushed" in text
    code, state, text = found(WeChatFake(verified=False))
    assert (code, state) == (0, "ok")
    assert "without the right “menu”: no menu" in text
    code, state, text = found(WeChatFake(may_upload=False))
    assert (code, state) == (1, "wrong")
    assert "may upload no videos" in text
    assert "verified in the console" in text
    code, state, text = found(WeChatFake(may_upload=False), WECHAT_LINK="true")
    assert (code, state) == (1, "wrong")
    assert "WECHAT_LINK needs REELBOT_PUBLIC_URL" in text
    slow = WeChatFake()
    slow.world.ahead_s = 3 * 3600.0
    code, state, text = found(slow)
    assert (code, state) == (1, "wrong")
    assert "3.0 hours behind" in text
