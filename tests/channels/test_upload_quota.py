"""What each person may have us keep of their files, wherever these come from."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.channels.upload_quota import LEAST_FREE, MOST_BYTES, MOST_FILES, MOST_KEPT, Quota, owned


@pytest.fixture
def quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Quota:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: type("Disk", (), {"free": LEAST_FREE + 5_000_000_000})())
    return Quota(tmp_path)


def kept(folder: Path, name: str, owner: str, size: int = 3) -> None:
    (folder / name).write_bytes(bytes(size))
    (folder / f"{name}.owner").write_text(owner, encoding="utf-8")


def test_files_and_bytes_of_an_hour_count(quota: Quota) -> None:
    for _ in range(MOST_FILES - 1):
        quota.note("fox", 1)
    assert quota.refusal("fox", 1) is None
    with quota.coming("fox", 1):
        assert quota.refusal("fox", 1) == "quota"
        assert quota.refusal("hare", 1) is None
    quota.note("hare", MOST_BYTES)
    assert quota.refusal("hare", 1) == "quota"


def test_what_comes_at_once_counts_before_it_is_here(quota: Quota) -> None:
    with ExitStack() as coming:
        for _ in range(10):
            assert quota.refusal("fox", 100_000_000) is None
            coming.enter_context(quota.coming("fox", 100_000_000))
        assert quota.refusal("fox", 100_000_000) == "quota"
        coming.enter_context(quota.coming("hare", 4_000_000_001))
        assert quota.refusal("wolf", 1) == "no-room"
    assert quota.refusal("fox", 100_000_000) is None


def test_what_is_kept_counts_whoever_else_has_files_there(quota: Quota, tmp_path: Path) -> None:
    for number in range(MOST_KEPT):
        kept(tmp_path, f"{number:032x}", "wecom:张三\nwecom:chat")
    (tmp_path / "gone.owner").write_bytes(b"fox\xff")
    kept(tmp_path, "f" * 32, "fox", 7)
    assert owned(tmp_path, "fox") == [7]
    assert quota.refusal("fox", 1) is None
    assert quota.refusal("wecom:张三", 1) == "quota"
