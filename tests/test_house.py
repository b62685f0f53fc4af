"""The house stays as it was built: which way imports point, where each third party lives, what no user text may say."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import core
from core import errors
from core.errors import ERROR_CODES

TOP = Path(__file__).parent.parent
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
BEGINS_WELL = re.compile(r"[A-Z`\"]")
NAMES_IN_LOWER_CASE = ("fal", "uvicorn ", "render_v1: ", "deliver_v1: ")
NO_NAMES = frozenset(
    {"told", "held", "kept", "heard", "said", "taken", "given", "twin", "wishes", "looks", "look", "better", "remedy"}
)
OLD_NAMES = {
    "bot/http/listener.py": {"remedy"},  # of a port that is taken
}


@dataclass(frozen=True, slots=True)
class Import:
    """`target` as a dotted name, a module of ours resolved to its file; `nested`: inside a function or a condition."""

    file: str
    target: str
    nested: bool


@cache
def sources() -> list[str]:
    return sorted(str(path.relative_to(TOP)) for part in ("core", "bot") for path in (TOP / part).rglob("*.py"))


@cache
def tree_of(file: str) -> ast.Module:
    return ast.parse((TOP / file).read_text())


@cache
def nodes_of(file: str) -> list[ast.AST]:
    return list(ast.walk(tree_of(file)))


def imports_of(file: str) -> list[Import]:
    top = set(tree_of(file).body)
    return [Import(file, target, nested=node not in top) for node in nodes_of(file) for target in _targets(node)]


def _targets(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"relative import of {node.module}"
        return [_resolved(node.module or "", alias.name) for alias in node.names]
    return []


def _resolved(module: str, name: str) -> str:
    """`from core import media` is core.media; `from core.types import Video` is core.types."""
    inner = TOP / module.replace(".", "/") / name
    return f"{module}.{name}" if inner.with_suffix(".py").exists() or inner.is_dir() else module


IMPORTS = [each for file in sources() for each in imports_of(file)]
OURS = [each for each in IMPORTS if each.target.split(".")[0] in {"core", "bot"}]

# A folder is a stage of a message's way. Each may import those below its own line, never one above or beside it.
BOT_LAYERS = (
    ("__main__",),
    ("cli",),
    ("app",),
    ("parts",),
    ("workers", "conversation"),
    ("jobs",),
    ("messages",),
    ("http", "store"),
    ("channels",),
    ("settings", "logs", "loops"),
)
CORE_LAYERS = (
    ("sandbox",),
    ("__init__",),
    ("generate",),
    ("assets",),
    ("fal",),
    ("media",),
    ("pricing",),
    ("config", "io"),
    ("catalogue",),
    ("types", "errors"),
)

# Narrower than the layers: the first row that fits a file tells what of ours it may import.
MAY_IMPORT: list[tuple[str, tuple[str, ...]]] = [
    ("core/media/worker/*", ("core.media.worker", "core.media.worker.*")),
    ("bot/channels/types.py", ()),
    ("bot/channels/text_lengths.py", ()),
    ("bot/channels/signs.py", ()),
    ("bot/channels/signing_secret.py", ()),
    ("bot/channels/video_links.py", ("bot.channels.signing_secret",)),
    ("bot/channels/web_names.py", ()),
    ("bot/channels/upload_quota.py", ()),
    ("bot/channels/services.py", ("bot.channels.signing_secret", "bot.channels.types")),
    ("bot/channels/budget.py", ()),
    ("bot/channels/memory.py", ("bot.channels.services",)),
    ("bot/channels/pace.py", ("bot.channels.budget", "bot.channels.services")),
    ("bot/channels/protocol.py", ("bot.channels.types", "bot.channels.services")),
    ("bot/channels/__init__.py", ("bot.channels.protocol",)),
    (
        "bot/channels/*",
        (
            "bot.channels.protocol",
            "bot.channels.services",
            "bot.channels.signing_secret",
            "bot.channels.types",
            "bot.channels.web_names",
            "bot.channels.signs",
            "bot.channels.text_lengths",
            "bot.channels.video_links",
            "bot.channels.upload_quota",
            "bot.channels.budget",
            "bot.channels.memory",
            "bot.channels.pace",
            "bot.channels.<own>",
            "bot.channels.<own>.*",
            "core.config",
            "core.io",
            "core.io.*",
        ),
    ),
    (
        "bot/store/*",
        ("bot.store", "bot.store.*", "bot.channels.types", "core.types", "core.pricing", "core.catalogue.drift"),
    ),
    ("bot/jobs/engine.py", ("bot.store.database", "bot.store.leases", "bot.store.work", "bot.jobs.process_lock")),
    ("bot/messages/i18n.py", ("bot.messages.languages", "core.*")),
    ("bot/messages/languages.py", ()),
    ("bot/messages/callback_data.py", ()),
    ("bot/conversation/access.py", ("bot.channels.protocol", "bot.channels.web_names")),
    ("bot/logs.py", ()),
    ("bot/loops.py", ()),
    ("bot/settings.py", ("core.config", "core.errors", "core.io.networks", "core.pricing", "core.types")),
]

LIVES_IN = {
    "dbos": ["bot/jobs/engine.py"],
    "telegram": ["bot/channels/telegram/*"],
    "wechatpy": ["bot/channels/wechat/*"],
    "xmltodict": ["bot/channels/wechat/*"],
    "PIL": ["core/media/worker/*", "core/sandbox/*"],
    "c2pa": ["core/media/worker/signing.py"],
    "pillow_heif": ["core/media/worker/*"],
    "av": ["core/media/worker/*", "core/sandbox/*"],
    "numpy": ["core/sandbox/*"],
    "filelock": ["bot/jobs/*", "bot/store/first_version.py"],
    "fluent": ["bot/messages/i18n.py"],
    "sqlalchemy": ["bot/store/*"],
    "psycopg": ["bot/store/session.py"],
    "alembic": ["bot/store/*"],
    "uvicorn": ["bot/http/server.py", "bot/http/connections.py", "core/sandbox/__main__.py"],
    "cryptography": [
        "core/fal/webhooks.py",
        "core/media/worker/signing.py",
        "core/sandbox/*",
        "bot/channels/ilink/*",
        "bot/channels/wecom/media.py",
    ],
    "segno": ["bot/channels/ilink/*"],
    "websockets": ["bot/channels/wecom/connection.py"],
    "httpx": ["core/*", "bot/channels/*"],
    "aiofiles": ["core/*"],
    "tenacity": ["core/io/retrying.py"],
    "starlette": ["bot/http/*", "bot/channels/*", "core/sandbox/*"],
    "pydantic": [
        "core/config.py",
        "bot/settings.py",
        "bot/store/stored.py",
        "bot/channels/*",
        "bot/cli/main.py",
        "bot/cli/*",
        "bot/cli/setting_problems.py",
    ],
    "pydantic_settings": [
        "core/config.py",
        "bot/app.py",
        "bot/channels/*",
        "bot/cli/setting_problems.py",
        "bot/cli/terminal.py",
        "bot/cli/setup/*",
    ],
    "dotenv": ["core/config.py"],
    "rich": ["bot/cli/progress.py", "bot/cli/tables.py"],
    "shtab": ["bot/cli/completion.py"],
}


def room(module: str) -> str:
    """The folder, or file of the top, that a module of ours stands in: `fal` of core.fal.client."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@pytest.mark.parametrize("file", sources())
def test_imports_point_down(file: str) -> None:
    part = file.split("/", maxsplit=1)[0]
    layers = BOT_LAYERS if part == "bot" else CORE_LAYERS
    height = {name: number for number, layer in enumerate(layers) for name in layer}
    own = room(file.removesuffix(".py").replace("/", "."))
    assert own in {*height, "__init__"}, f"{own} stands in no layer"
    inner = [each.target for each in OURS if each.file == file and each.target.split(".")[0] == part]
    assert [target for target in inner if room(target) != own and height[room(target)] <= height[own]] == []


def test_core_knows_no_chat() -> None:
    assert [each for each in OURS if each.file.startswith("core/") and each.target.startswith("bot")] == []


@pytest.mark.parametrize("file", [file for file in sources() if any(fnmatch(file, row[0]) for row in MAY_IMPORT)])
def test_some_files_import_little(file: str) -> None:
    pattern, allowed = next(row for row in MAY_IMPORT if fnmatch(file, row[0]))
    own = file.split("/")[2].removesuffix(".py") if pattern == "bot/channels/*" else ""
    rules = [rule.replace("<own>", own) for rule in allowed]
    wrong = [
        each.target for each in OURS if each.file == file and not any(fnmatch(each.target, rule) for rule in rules)
    ]
    assert wrong == []


def test_a_folder_is_taken_in_at_a_glance() -> None:
    """Beside __init__, __main__ and py.typed: newcomers got lost among 36 files."""
    for part, most in (("core", 11), ("bot", 13)):
        names = {
            path.name for path in (TOP / part).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
        }
        assert len(names - {"__init__.py", "__main__.py", "py.typed"}) <= most, sorted(names)


def test_there_is_no_cycle() -> None:
    """Packages stand for what their __init__ imports; a file's import of its own package's siblings counts as such."""
    graph: dict[str, set[str]] = {}
    for each in OURS:
        if each.nested:
            continue  # the demo's sandbox, see below
        target = each.target.replace(".", "/")
        found = f"{target}.py" if (TOP / f"{target}.py").exists() else f"{target}/__init__.py"
        if found != each.file:
            graph.setdefault(each.file, set()).add(found)
    TopologicalSorter(graph).prepare()


def test_no_import_hides_in_a_function() -> None:
    """But for what is heavy and not always needed: a chat's SDK behind its manifest, the sandbox, retries."""
    nested = {(each.file, each.target) for each in IMPORTS if each.nested}
    own = {
        (file, target)
        for file, target in nested
        if target.startswith(file.removesuffix("/__init__.py").replace("/", "."))
    }
    heavy = {
        ("bot/store/schema.py", "alembic"),
        ("bot/store/schema.py", "alembic.config"),
        ("bot/app.py", "core.sandbox"),
        ("core/io/retrying.py", "tenacity"),
        ("bot/cli/generate.py", "core.sandbox"),
        ("bot/cli/main.py", "bot.messages.i18n"),
    }
    assert nested - own <= heavy


def test_each_third_party_lives_in_its_place() -> None:
    worker = TOP / "core" / "media" / "worker"
    siblings = {path.stem for path in worker.glob("*.py")}  # the child runs from its folder
    known = {"core", "bot", *sys.stdlib_module_names, *siblings}
    for each in IMPORTS:
        package = each.target.split(".")[0]
        if package not in known:
            assert package in LIVES_IN, f"{each.file} imports {package}: say in LIVES_IN where it lives"
            assert any(fnmatch(each.file, place) for place in LIVES_IN[package]), f"{package} in {each.file}"


def test_only_the_settings_read_the_environment() -> None:
    asks = re.compile(r"\bos\.environ\b(?!\[\w+\] = )|\bgetenv\(|load_dotenv")
    found = {file for file in sources() if asks.search((TOP / file).read_text())}
    assert found == {"core/config.py"}


def test_nothing_imports_the_tests_and_no_file_is_a_junk_drawer() -> None:
    assert [each for each in IMPORTS if each.target.split(".")[0] == "tests"] == []
    junk = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert [file for file in sources() if Path(file).stem in junk] == []


def test_no_text_for_people_names_fals_files() -> None:
    texts = [path for part in ("bot/messages/locales", "bot/channels") for path in (TOP / part).rglob("*")]
    read = [path for path in texts if path.suffix in {".ftl", ".html", ".js", ".css", ".py"}]
    assert len(read) > 10
    assert [path.name for path in read if "fal.media" in path.read_text().lower()] == []


def definitions(file: str) -> list[ast.Module | Definition]:
    return [node for node in nodes_of(file) if isinstance(node, ast.Module | Definition)]


@pytest.mark.parametrize("file", sources())
def test_a_docstring_begins_with_a_sentence_of_one_line(file: str) -> None:
    """What has to have one, and its mood, is ruff's to see (pydocstyle, in pyproject.toml)."""
    texts = [text for node in definitions(file) if (text := ast.get_docstring(node)) is not None]
    first_lines = [text.partition("\n") for text in texts]
    wrong = [first for first, _, rest in first_lines if not BEGINS_WELL.match(first) or rest[:1] not in {"", "\n"}]
    assert [first for first in wrong if not first.startswith(NAMES_IN_LOWER_CASE)] == []
    assert [first for first, _, _ in first_lines if re.search(r"\?(?= |$)", first) or not first.endswith(".")] == []


@pytest.mark.parametrize("file", sources())
def test_a_docstring_says_nothing_twice(file: str) -> None:
    texts = [text for node in definitions(file) if (text := ast.get_docstring(node)) is not None]
    assert [sentence for text in texts for sentence in repeated(text)] == []


def repeated(text: str) -> list[str]:
    """Return the sentences of a text that stand in it once more, but for what they put in brackets."""
    plain = re.sub(r"\s+", " ", re.sub(r"\([^)]*\)", "", text)).replace(" .", ".").lower()
    counts = Counter(sentence.strip(" .") for sentence in re.split(r"(?<=\.) ", plain))
    return [sentence for sentence, times in counts.items() if times > 1]


def test_the_house_sees_a_sentence_that_is_repeated() -> None:
    assert repeated("Finds a request. Buys nothing.\n\nBuys\nnothing (at all). Once more.") == ["buys nothing"]
    assert repeated("Finds a request. Buys nothing.\n\nPosts nothing.") == []


@pytest.mark.parametrize("file", sources())
def test_participles_and_idioms_are_no_names(file: str) -> None:
    nodes = nodes_of(file)
    defined = {node.name for node in nodes if isinstance(node, Definition)}
    defined |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    defined |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assert {name for name in defined if name.strip("_").lower() in NO_NAMES} <= OLD_NAMES.get(file, set())


def test_the_library_offers_what_the_contract_names() -> None:
    promised = {"generate_video", "publish_asset", "poll_video", "estimate_cost", "list_models"}
    assert promised <= set(core.__all__)
    assert all(hasattr(core, name) for name in core.__all__)
    assert sorted(core.__all__, key=lambda name: (name != name.upper(), name[0].islower(), name)) == core.__all__


def test_error_codes_are_told_apart() -> None:
    assert len(set(ERROR_CODES)) == len(ERROR_CODES)
    raised = {
        code
        for file in sources()
        for code in re.findall(
            r"\b(?:BadRequest|BadReference|ContentRefused|NotConfigured|OutOfCredits|ModelNotAllowed|AssetHostDown|"
            r"GenerationFailed|SubmitNotSent|SubmitUnconfirmed|StillRunning|ResultExpired|DownloadFailed|Unavailable|"
            r"MediaError|Cancelled)\(\s*\"([a-z_]+)\"",
            (TOP / file).read_text(),
        )
    }
    tree = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.VideoError)]
    defaults = {each.default_code for each in tree}
    assert raised | defaults <= set(ERROR_CODES)


PRIVATE = re.compile(r"_[^_]\w*")
NOT_OURS = {
    ("tests/prove/virtual.py", "_run"): "asyncio's handle: an event loop of its own runs it",
    ("tests/test_readme.py", "_actions"): "argparse's: it lists the options of a parser in no other way",
}


@cache
def files_of_tests() -> list[str]:
    return sorted(str(path.relative_to(TOP)) for path in (TOP / "tests").rglob("*.py"))


def private_names(files: Iterable[str]) -> set[str]:
    """What is defined with a leading underscore: functions, classes, attributes, constants."""
    names = {_defined(node) for file in files for node in nodes_of(file)}
    return {name for name in names if name is not None and PRIVATE.fullmatch(name)}


def _defined(node: ast.AST) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        return node.attr
    return node.id if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else None


def _used(node: ast.AST) -> list[str]:
    """What a node takes from elsewhere by name: an attribute of anything, an import of ours, a name as a word."""
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"core", "bot"}:
        return [alias.name for alias in node.names]
    if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {
        "setattr",
        "getattr",
        "delattr",
        "object",
        "patch",
    }:
        words = (each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str))
        return [word.rpartition(".")[2] for word in words]
    return []


def _is_own(node: ast.AST, inherited: set[str]) -> bool:
    """An attribute of `self` that a test's own class has set."""
    mine = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
    return mine and isinstance(node, ast.Attribute) and node.attr in inherited


def test_tests_use_and_patch_what_is_public() -> None:
    """A private name is nobody else's: a test that needs it needs a constructor argument, or the name is public."""
    ours = private_names(sources())
    theirs = private_names(files_of_tests())
    found = {
        (file, name)
        for file in files_of_tests()
        for node in nodes_of(file)
        for name in _used(node)
        if name in ours and not _is_own(node, theirs)
    }
    assert found == set(NOT_OURS)


PACED = ("tests/benchmarks/", "tests/fakes/", "tests/prove/", "tests/mutants/", "tests/samples/")
"""Measured on purpose, slow as the other side may be, in virtual time, or bounded: no test of the program itself."""
PAUSES = {
    ("tests/channels/test_wecom_line.py", "asyncio.sleep(seconds / 1000)"): "in the place of the channel's own pauses",
    ("tests/channels/telegram_bench.py", "asyncio.sleep(0.01)"): "in the place of the channel's own pauses, shorter",
    ("tests/line.py", "asyncio.sleep(0.01)"): "until the tasks have ended, and the loop's next round",
    ("tests/core/media/test_fork_client.py", "asyncio.sleep(sleep_s)"): "the moment of a death, one after the other",
    ("tests/jobs/test_crash.py", "time.sleep(chance.uniform(0.1, 2.5))"): "a moment by chance, for a kill",
    ("tests/workers/test_crash_workers.py", "time.sleep(chance.uniform(0.1, 1.5))"): "a moment by chance, for a kill",
}
SLEEPS = {"sleep", "wait_for_timeout"}
CLOCKS = {"monotonic", "perf_counter", "process_time"}


def unpaced() -> list[str]:
    return [file for file in files_of_tests() if not file.startswith(PACED)]


def _called(node: ast.AST) -> str:
    return ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""


def pauses(node: ast.AST, *, waits: bool = False) -> Iterator[str]:
    """Each sleep that is not a moment between two looks of a `while`, and not the loop's next turn (0)."""
    for child in ast.iter_child_nodes(node):
        here = isinstance(child, ast.While) or (waits and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))
        if isinstance(child, ast.Call) and _called(child) in SLEEPS and child.args and not here:
            first = child.args[0]
            if not (isinstance(first, ast.Constant) and first.value == 0):
                yield ast.unparse(child)
        yield from pauses(child, waits=here)


def clocked(tree: ast.Module) -> Iterator[str]:
    """Each assertion on what a clock said, or on what was computed from it."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or not _reads_a_clock(function):
            continue
        assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign) and _reads_a_clock(node.value)]
        times = {ast.unparse(target) for node in assigned for target in node.targets}
        for node in ast.walk(function):
            if isinstance(node, ast.Assert):
                names = {ast.unparse(each) for each in ast.walk(node.test) if isinstance(each, ast.expr)}
                if _reads_a_clock(node.test) or times & names:
                    yield ast.unparse(node)


def _reads_a_clock(node: ast.AST) -> bool:
    loops_own = "get_running_loop().time()"
    return any(_called(each) in CLOCKS for each in ast.walk(node)) or loops_own in ast.unparse(node)


def test_no_test_sleeps_to_see_that_nothing_happens() -> None:
    """Half a second is too short on a busy machine, and lost on any other: wait for something that comes later."""
    assert {(file, pause) for file in unpaced() for pause in pauses(tree_of(file))} == set(PAUSES)


def test_no_test_asserts_on_how_long_something_took() -> None:
    """It depends on the machine: order and counts do not. What takes long is measured in tests/benchmarks."""
    assert {(file, line) for file in unpaced() for line in clocked(tree_of(file))} == set()


@pytest.mark.parametrize(
    ("code", "pause", "clock"),
    [
        ("async def f():\n    await asyncio.sleep(0.5)\n    assert x == []", True, False),
        ("async def f():\n    for _ in range(3):\n        await sleep(0.1)", True, False),
        ("def f():\n    page.wait_for_timeout(1500)", True, False),
        ("async def f():\n    while not true():\n        await asyncio.sleep(0.02)", False, False),
        ("async def f():\n    await asyncio.sleep(0)", False, False),
        ("def f():\n    assert time.monotonic() - began < 2", False, True),
        (
            "def f():\n    began = time.perf_counter()\n    took = time.perf_counter() - began\n    assert took < 2",
            False,
            True,
        ),
        ("def f():\n    began = asyncio.get_running_loop().time()\n    assert began > 2", False, True),
        ("def f():\n    assert took < 2", False, False),
    ],
)
def test_the_house_sees_such_tests(code: str, *, pause: bool, clock: bool) -> None:
    assert (bool(list(pauses(ast.parse(code)))), bool(list(clocked(ast.parse(code))))) == (pause, clock)


def test_the_top_level_is_fixed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=False)
    if listed.returncode:
        shown = {path.name for path in TOP.iterdir()}  # not a clone, or somebody else's
    else:
        shown = {line.split("/")[0] for line in listed.stdout.splitlines()}
    made = {"output", "build", "dist", "reelbot.egg-info"}  # never committed
    assert {name for name in shown if not name.startswith(".")} - made == {
        "pyproject.toml", "README.md", "core", "bot", "deploy", "tests",
        "Makefile", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE", "ARCHITECTURE.md", "docs",
    }  # fmt: skip
