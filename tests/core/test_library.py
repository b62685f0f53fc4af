"""The library as a stranger meets it: from elsewhere, without the bot, type-checked, and with wrong arguments."""

import ast
import asyncio
import copy
import inspect
import os
import pickle
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import core
from core import errors
from core.config import FalSettings
from core.errors import ERROR_CODES, BadReference, BadRequest, VideoError
from core.errors.sentences import SENTENCES
from core.sandbox import FAST, create_app
from tests.serving import free_port, served_in_thread

TOP = Path(__file__).parents[2]
EXAMPLE, *_ = re.findall(r"```python\n(.*?)```", (TOP / "README.md").read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project elsewhere whose Python has the library installed, as a wheel would, and no bot."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "python", symlinks=True)
    packages = next((folder / "python" / "lib").glob("python3*/site-packages"))
    shutil.copytree(TOP / "core", packages / "core", ignore=shutil.ignore_patterns("__pycache__"))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    (folder / "film.py").write_text(EXAMPLE)
    Image.linear_gradient("L").resize((640, 360)).save(folder / "photo.jpg")
    return folder


def run(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [str(folder / "python" / "bin" / "python"), *arguments]
    given = {"PATH": os.environ["PATH"], "HOME": str(folder)} | env
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, check=False, timeout=90)


def test_the_readmes_example_runs_in_a_project_elsewhere(project: Path) -> None:
    assert run(project, "-c", "import bot").returncode == 1
    with served_in_thread(create_app(folder=project / "fal", studio=FAST)) as address:
        ended = run(project, "film.py", FAL_KEY="sandbox", FAL_QUEUE_URL=address, REELBOT_ASSET_HOST="fal")
    assert ended.returncode == 0, ended.stderr
    cost, first, again = ended.stdout.splitlines()  # a fourth line would be the photo's error
    assert cost == "it will cost 0.25"
    assert first.endswith("0.25")
    for line in (first, again):
        assert (project / line.split()[0]).read_bytes()[4:8] == b"ftyp"
    assert list((project / "output" / "videos").glob("*_happy-horse_*.mp4"))  # the photo's


def test_the_readmes_example_passes_a_strict_type_checker(project: Path) -> None:
    wrong = project / "wrong.py"
    wrong.write_text("import core\n\ncore.estimate_cost('budget', '5')\n")
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", "python/bin/python", "film.py", "wrong.py"],
        cwd=project,
        env={"PATH": os.environ["PATH"], "HOME": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    (line, _) = found.stdout.splitlines()  # and the count
    assert line.startswith("wrong.py:3: error: Argument 2")  # so the types are seen at all


def test_an_import_is_light_and_changes_nothing_of_the_callers(project: Path) -> None:
    """No decoder, no server, no database; no handler of logs or signals, no umask, no thread, no folder."""
    shown = run(
        project,
        "-c",
        "import os, signal, logging, threading, sys\n"
        "def state(): return [signal.getsignal(n) for n in (2, 15, 17)], logging.root.handlers[:], "
        "logging.root.level, threading.active_count(), os.umask(0o027), os.umask(0o022), sorted(os.listdir('.'))\n"
        "os.umask(0o022); before = state(); import core; core.estimate_cost('budget', 5); core.list_models()\n"
        "assert state() == before\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))",
    )
    assert shown.returncode == 0, shown.stderr
    heavy = {"av", "PIL", "numpy", "sqlalchemy", "alembic", "dbos", "starlette", "uvicorn", "telegram", "bot"}
    assert heavy.isdisjoint(shown.stdout.split())


def test_a_purchase_changes_nothing_of_the_callers(project: Path) -> None:
    script = (
        "import asyncio, os, signal, logging, core\n"
        "def state(): return ([signal.getsignal(n) for n in (2, 15)], logging.root.handlers[:], logging.root.level, "
        "os.umask(0o022))\n"
        "os.umask(0o022); before = state(); asyncio.run(core.generate_video('a fox', model='budget'))\n"
        "assert state() == before"
    )
    with served_in_thread(create_app(folder=project / "fal2", studio=FAST)) as address:
        ended = run(project, "-c", script, FAL_KEY="sandbox", FAL_QUEUE_URL=address, REELBOT_ASSET_HOST="fal")
    assert (ended.returncode, ended.stderr) == (0, "")


SIGNATURES: dict[Callable[..., Any], tuple[str, ...]] = {
    core.generate_video: (
        "prompt", "model", "duration", "resolution", "aspect_ratio", "seed", "image", "image_url", "video", "video_url",
        "sound",
    ),
    core.publish_asset: ("path_or_bytes_or_url",),
    core.poll_video: ("request_id",),
    core.estimate_cost: ("model", "duration", "resolution", "mode"),
    core.list_models: (),
}  # fmt: skip


def test_signatures_are_the_contracts() -> None:
    for function, names in SIGNATURES.items():
        parameters = inspect.signature(function).parameters
        assert tuple(parameters)[: len(names)] == names
        more = [parameters[name] for name in list(parameters)[len(names) :]]
        assert all(each.kind is each.KEYWORD_ONLY and each.default is not each.empty for each in more)
    bought = inspect.signature(core.generate_video).parameters
    assert (bought["model"].default, bought["duration"].default) == ("balanced", 5)
    promised = {"local_path", "request_id", "cost_usd", "width", "height", "duration_s", "model"}
    assert promised <= {*core.Video.__dataclass_fields__}
    assert {"filename", "url", "kind", "size"} <= {*core.Asset.__dataclass_fields__}


def test_what_is_public_is_named_once_and_explained() -> None:
    tree = ast.parse(Path(core.__file__).read_text())
    imported = [name.name for node in tree.body if isinstance(node, ast.ImportFrom) for name in node.names]
    assert sorted(core.__all__) == sorted(imported)
    for name in core.__all__:
        found = getattr(core, name)
        if inspect.isclass(found) or inspect.isfunction(found):
            own = found.__dict__.get("__doc__") if inspect.isclass(found) else found.__doc__
            assert own, name
            assert not own.startswith(f"{name}("), f"{name} has a dataclass's own docstring"


def test_one_word_for_a_duration() -> None:
    """What is given is called `duration`; measured seconds, in what is returned, `duration_s`."""
    for name in core.__all__:
        found = getattr(core, name)
        if inspect.isfunction(found):
            assert {"duration_s", "seconds", "length"}.isdisjoint(inspect.signature(found).parameters), name


FILM = Path("film.mp4")


def nowhere(tmp_path: Path) -> FalSettings:
    return FalSettings.offline(fal_key="k", fal_queue_url=f"http://127.0.0.1:{free_port()}", output_dir=tmp_path / "o")


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("prompt", {"prompt": None}, "prompt cannot be of the type NoneType: it must be a str."),
    ("prompt", {"prompt": 3}, "prompt cannot be of the type int"),
    ("model", {"model": Path("budget")}, "model cannot be of the type PosixPath: it must be a str."),
    ("model", {"model": None}, "model cannot be None: it must be a str."),
    ("duration", {"duration": "5"}, "duration cannot be '5': it must be a whole number of seconds from 1 to 3600"),
    ("duration", {"duration": 5.0}, "duration cannot be 5.0"),
    ("duration", {"duration": float("nan")}, "duration cannot be nan"),
    ("duration", {"duration": -5}, "duration cannot be -5"),
    ("duration", {"duration": 0}, "duration cannot be 0"),
    ("duration", {"duration": 10**9}, "duration cannot be 1000000000"),
    ("duration", {"duration": True}, "duration cannot be True"),
    ("resolution", {"resolution": 720}, "resolution cannot be 720: it must be a str or None."),
    ("resolution", {"resolution": "big"}, "resolution cannot be 'big': it must be one such as 480p, 720p"),
    ("resolution", {"resolution": ""}, "resolution cannot be '': it must be one such as"),
    ("resolution", {"resolution": "\ud83d"}, r"resolution cannot be '\ud83d'"),  # half an emoji, which no file can take
    ("aspect_ratio", {"aspect_ratio": "3"}, "aspect_ratio cannot be '3': it must be one near to what the model makes"),
    ("image", {"image": ""}, "image cannot be '': it must be a path, not an empty text."),
    ("aspect_ratio", {"aspect_ratio": (16, 9)}, "aspect_ratio cannot be of the type tuple"),
    ("seed", {"seed": True}, "seed cannot be True: it must be a whole number from 0 to 2147483647, or None."),
    ("seed", {"seed": -1}, "seed cannot be -1"),
    ("seed", {"seed": 2**40}, "seed cannot be 1099511627776"),
    ("image", {"image": 3}, "image cannot be 3: it must be a path (Path or str) or the bytes of a file, or None."),
    ("image", {"image": b""}, "image cannot be of the type bytes"),
    ("video", {"video": ["a.mp4"]}, "video cannot be of the type list"),
    ("image_url", {"image_url": Path("a.jpg")}, "image_url cannot be of the type PosixPath"),
    ("source", {"image": b"x", "image_url": "https://example.org/a.jpg"}, "image and image_url"),
    ("settings", {"settings": {"fal_key": "k"}}, "settings cannot be of the type dict: it must be of the type FalS"),
    ("on_progress", {"on_progress": "print"}, "on_progress cannot be 'print': it must be a function, or None."),
]


@pytest.mark.parametrize(("name", "arguments", "words"), WRONG, ids=lambda value: str(value)[:30])
def test_a_wrong_argument_is_named_before_anything_happens(
    tmp_path: Path, name: str, arguments: dict[str, Any], words: str
) -> None:
    given: dict[str, Any] = {"prompt": "a fox", "settings": nowhere(tmp_path), **arguments}
    with pytest.raises(BadRequest) as caught:
        asyncio.run(core.generate_video(given.pop("prompt"), **given))
    assert caught.value.facts["option"] == name
    assert words in str(caught.value)
    assert str(caught.value).encode()  # it can be printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("call", "option"),
    [
        (lambda settings: core.publish_asset(3, settings=settings), "path_or_bytes_or_url"),  # type: ignore[arg-type]
        (lambda settings: core.publish_asset(None, settings=settings), "path_or_bytes_or_url"),  # type: ignore[arg-type]
        (lambda settings: core.poll_video(7, settings=settings), "request_id"),  # type: ignore[arg-type]
        (lambda settings: core.poll_video("../../etc/passwd", settings=settings), "request_id"),
        (lambda settings: core.poll_video("", settings=settings), "request_id"),
        (lambda _settings: core.probe("a.mp4"), "path"),  # type: ignore[arg-type]
        (lambda settings: core.poll_video("a", handle="a", settings=settings), "handle"),  # type: ignore[arg-type]
        (lambda settings: core.poll_video("a", stored=b"{}", settings=settings), "stored"),  # type: ignore[arg-type]
        (lambda settings: core.poll_video("a", on_trouble=3, settings=settings), "on_trouble"),  # type: ignore[arg-type]
        (lambda settings: core.publish_asset(b"x", host="fal", settings=settings), "host"),  # type: ignore[arg-type]
        (lambda settings: core.publish_asset(b"x", limits=None, settings=settings), "limits"),  # type: ignore[arg-type]
        (lambda settings: core.publish_asset(b"x", widen="no", settings=settings), "widen"),  # type: ignore[arg-type]
        (lambda _settings: core.media.join("a.mp4", FILM), "parts"),  # type: ignore[arg-type]
        (lambda _settings: core.media.join([], FILM), "parts"),
        (lambda _settings: core.media.join([FILM, "b.mp4"], FILM), "parts"),  # type: ignore[list-item]
        (lambda _settings: core.media.join([core.media.Part("a.mp4")], FILM), "parts"),  # type: ignore[arg-type]
        (lambda _settings: core.media.join([core.media.Part(FILM, returns="all")], FILM), "returns"),  # type: ignore[arg-type]
        (lambda _settings: core.media.join([FILM], "into.mp4"), "into"),  # type: ignore[arg-type]
        (lambda _settings: core.media.last_frame("a.mp4", FILM), "film"),  # type: ignore[arg-type]
        (lambda _settings: core.media.last_frame(FILM, None), "into"),  # type: ignore[arg-type]
        (lambda _settings: core.media.last_frame(FILM, FILM, max_bytes=0), "max_bytes"),
    ],
)
def test_so_it_is_in_every_call(tmp_path: Path, call: Callable[[FalSettings], Awaitable[object]], option: str) -> None:
    async def story() -> None:
        await call(nowhere(tmp_path))

    with pytest.raises(BadRequest) as caught:
        asyncio.run(story())
    assert caught.value.facts["option"] == option
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [{"source": "a.jpg"}, {"references": "2"}, {"references": -1}], ids=str)
def test_so_it_is_in_a_plan(arguments: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        core.plan("a fox", **arguments)
    assert [caught.value.facts["option"]] == list(arguments)


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("budget", "5"), "duration"),
        (("budget", 0), "duration"),
        (("budget", None), "duration"),
        ((None, 5), "model"),
        (("budget", 5, 720), "resolution"),
        (("budget", 5, None, "photo"), "mode"),
    ],
)
def test_so_it_is_in_an_estimate(arguments: tuple[Any, ...], option: str) -> None:
    with pytest.raises(BadRequest) as caught:
        core.estimate_cost(*arguments)
    assert caught.value.facts["option"] == option


def test_a_mode_may_be_its_word() -> None:
    assert core.estimate_cost("balanced", 5, mode="image-to-video") == core.estimate_cost(  # type: ignore[arg-type]
        "balanced", 5, mode=core.Mode.IMAGE_TO_VIDEO
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for name, reason in (
        ("none.jpg", "no such file or directory"),
        (".", "it is a folder"),
        ("pipe.jpg", "it is no regular file"),
    ):
        path = tmp_path / name
        for call in (
            lambda path=path: core.generate_video("a fox", image=path, settings=nowhere(tmp_path)),
            lambda path=path: core.generate_video("a fox", video=str(path), settings=nowhere(tmp_path)),
            lambda path=path: core.publish_asset(path, settings=nowhere(tmp_path)),
            lambda path=path: core.probe(path),
        ):
            with pytest.raises(BadReference) as caught:
                asyncio.run(call())
            assert f"The file {path} cannot be read: {reason}." in str(caught.value)
    assert not (tmp_path / "o").exists()


def error_classes(root: type[VideoError] = VideoError) -> list[type[VideoError]]:
    return [root, *(each for cls in root.__subclasses__() for each in error_classes(cls))]


def test_each_code_has_a_sentence_for_programmers() -> None:
    assert list(SENTENCES) == list(ERROR_CODES)
    for code in ERROR_CODES:
        for text in (str(VideoError(code)), str(VideoError(code, request_id="r-1", status=503))):
            assert re.fullmatch(r"[A-Z\"'a-z].*\. \[" + code + r"(: (request_id=r-1, )?status=503)?\]", text), text
            assert "{" not in text


@pytest.mark.parametrize("cls", error_classes(), ids=lambda cls: cls.__name__)
def test_an_error_survives_a_pickle_whole(cls: type[VideoError]) -> None:
    error = cls(status=502)
    error.ordered_as("r-1")
    error.fals_own = True
    error.add_note("a note")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is cls
        assert (str(other), repr(other)) == (str(error), repr(error))
        assert (other.code, other.facts, other.request_id) == (error.code, {"status": 502, "request_id": "r-1"}, "r-1")
        assert (other.fals_own, other.ends_request, other.__notes__) == (True, False, ["a note"])
    assert repr(error) == f"{cls.__name__}({error.code!r}, status=502, request_id='r-1')"
    assert "core.poll_video('r-1') fetches it, for nothing" in str(error)


def test_no_error_shows_the_prompt_or_the_key(tmp_path: Path) -> None:
    settings = nowhere(tmp_path).model_copy(update={"output_dir": tmp_path / "o"})
    with pytest.raises(errors.SubmitNotSent) as caught:
        asyncio.run(core.generate_video("my secret garden", model="budget", settings=settings))
    for text in (str(caught.value), repr(caught.value), repr(caught.value.facts)):
        assert "garden" not in text
        assert "127.0.0.1" not in text
    assert "nothing was ordered" in str(caught.value)


@pytest.mark.parametrize("ends", ["cancelled", "own error"])
def test_whoever_stops_waiting_knows_what_is_paid(tmp_path: Path, ends: str) -> None:
    seen: list[core.Progress] = []
    tasks: list[asyncio.Task[BaseException]] = []

    def tell(progress: core.Progress) -> None:
        seen.append(progress)
        if progress.request_id is not None and ends == "own error":
            raise KeyError("mine")
        if progress.request_id is not None:
            tasks[0].cancel()

    async def buy(settings: FalSettings) -> BaseException:
        try:
            await core.generate_video("a fox", model="budget", settings=settings, on_progress=tell)
        except (asyncio.CancelledError, KeyError) as error:
            return error
        raise AssertionError

    async def story(settings: FalSettings) -> BaseException:
        tasks.append(asyncio.ensure_future(buy(settings)))
        return await tasks[0]

    app = create_app(folder=tmp_path / "fal", studio=FAST)
    with served_in_thread(app) as address:
        settings = FalSettings.offline(fal_key="k", fal_queue_url=address, output_dir=tmp_path / "o", asset_host="fal")
        ended = asyncio.run(story(settings))
        request_id = seen[-1].request_id
        assert request_id is not None
        assert ended.__notes__ == [f"ordered already: core.poll_video({request_id!r}) fetches it, for nothing"]
        assert asyncio.run(core.poll_video(request_id, settings=settings)).local_path.exists()
    assert len(app.state.sandbox.memory.requests) == 1
