"""The house stays as it was built: which way imports point, where each third party lives, what no user text may say."""

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
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
    # A column, and the poller and the steps that the issue on one truth replaces.
    "bot/store/job_rows.py": {"told"},
    "bot/store/records.py": {"told"},
    "bot/jobs/collect.py": {"look"},
    "bot/jobs/workflows.py": {"look"},
    "bot/jobs/poller.py": {"_look", "_HEARD", "heard", "held"},
}


@dataclass(frozen=True, slots=True)
class Import:
    """`target` as a dotted name, a module of ours resolved to its file; `nested`: inside a function or a condition."""

    file: str
    target: str
    nested: bool


def sources() -> list[str]:
    return sorted(str(path.relative_to(TOP)) for part in ("core", "bot") for path in (TOP / part).rglob("*.py"))


def imports_of(file: str) -> list[Import]:
    tree = ast.parse((TOP / file).read_text())
    return [Import(file, target, nested=node not in tree.body) for node in ast.walk(tree) for target in _targets(node)]


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
    ("catalogue",),
    ("types", "errors", "config", "io"),
)

# Narrower than the layers: the first row that fits a file tells what of ours it may import.
MAY_IMPORT: list[tuple[str, tuple[str, ...]]] = [
    ("core/media/worker/*", ("core.media.worker", "core.media.worker.*")),
    ("bot/channels/types.py", ()),
    ("bot/channels/text_lengths.py", ()),
    ("bot/channels/protocol.py", ("bot.channels.types",)),
    ("bot/channels/__init__.py", ("bot.channels.protocol",)),
    (
        "bot/channels/*",
        (
            "bot.channels.protocol",
            "bot.channels.types",
            "bot.channels.text_lengths",
            "bot.channels.<own>",
            "bot.channels.<own>.*",
            "core.config",
            "core.io",
            "core.io.*",
        ),
    ),
    ("bot/store/*", ("bot.store", "bot.store.*", "bot.channels.types", "core.types", "core.pricing")),
    ("bot/jobs/engine.py", ("bot.store.database", "bot.jobs.process_lock")),
    ("bot/messages/i18n.py", ("core.*",)),
    ("bot/messages/callback_data.py", ()),
    ("bot/conversation/access.py", ("bot.channels.protocol",)),
    ("bot/logs.py", ()),
    ("bot/loops.py", ()),
    ("bot/settings.py", ("core.config", "core.errors", "core.pricing")),
]

LIVES_IN = {
    "dbos": ["bot/jobs/engine.py"],
    "telegram": ["bot/channels/telegram/*"],
    "wechatpy": ["bot/channels/wechat/*"],
    "xmltodict": ["bot/channels/wechat/*"],
    "PIL": ["core/media/worker/*", "core/sandbox/*"],
    "av": ["core/media/worker/*", "core/sandbox/*"],
    "numpy": ["core/sandbox/*"],
    "filelock": ["bot/jobs/*"],
    "fluent": ["bot/messages/i18n.py"],
    "sqlalchemy": ["bot/store/*"],
    "psycopg": ["bot/store/session.py"],
    "alembic": ["bot/store/*"],
    "uvicorn": ["bot/http/server.py", "core/sandbox/__main__.py"],
    "cryptography": ["core/fal/webhooks.py", "core/sandbox/*"],
    "httpx": ["core/*", "bot/channels/telegram/*", "bot/channels/wechat/*"],
    "aiofiles": ["core/*"],
    "tenacity": ["core/io/retrying.py"],
    "starlette": ["bot/http/server.py", "bot/channels/*", "core/sandbox/*"],
    "pydantic": [
        "core/config.py",
        "bot/settings.py",
        "bot/store/stored.py",
        "bot/channels/*",
        "bot/cli/main.py",
        "bot/cli/*",
        "bot/cli/setting_problems.py",
    ],
    "pydantic_settings": ["core/config.py", "bot/app.py", "bot/channels/*", "bot/cli/setting_problems.py"],
    "dotenv": ["core/config.py"],
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
    return [node for node in ast.walk(ast.parse((TOP / file).read_text())) if isinstance(node, ast.Module | Definition)]


@pytest.mark.parametrize("file", sources())
def test_a_docstring_begins_with_a_sentence_of_one_line(file: str) -> None:
    """What has to have one, and its mood, is ruff's to see (pydocstyle, in pyproject.toml)."""
    texts = [text for node in definitions(file) if (text := ast.get_docstring(node)) is not None]
    first_lines = [text.partition("\n") for text in texts]
    wrong = [first for first, _, rest in first_lines if not BEGINS_WELL.match(first) or rest[:1] not in {"", "\n"}]
    assert [first for first in wrong if not first.startswith(NAMES_IN_LOWER_CASE)] == []
    assert [first for first, _, _ in first_lines if re.search(r"\?(?= |$)", first) or not first.endswith(".")] == []


@pytest.mark.parametrize("file", sources())
def test_participles_and_idioms_are_no_names(file: str) -> None:
    tree = ast.parse((TOP / file).read_text())
    defined = {node.name for node in ast.walk(tree) if isinstance(node, Definition)}
    defined |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    defined |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
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


def test_the_top_level_is_fixed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=False)
    if listed.returncode:
        shown = {path.name for path in TOP.iterdir()}  # not a clone, or somebody else's
    else:
        shown = {line.split("/")[0] for line in listed.stdout.splitlines()}
    made = {"output", "build", "dist", "reelbot.egg-info"}  # never committed
    assert {name for name in shown if not name.startswith(".")} - made == {
        "pyproject.toml", "README.md", "core", "bot", "deploy", "tests",
        "Makefile", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "ARCHITECTURE.md", "docs",
    }  # fmt: skip
