"""Who may use the bot: the grammar of the two settings, and what follows from them."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import manifests
from bot.conversation.access import Access

CHATS = manifests()

NUMBERS = st.integers(min_value=-(10**14), max_value=10**14).map(str)
WORDS = st.text(alphabet=string.ascii_letters + string.digits + "_-@.", min_size=1, max_size=30)
IDS = st.one_of(
    st.tuples(st.just("telegram"), NUMBERS), st.tuples(st.sampled_from([c for c in CHATS if c != "telegram"]), WORDS)
).map(":".join)
SPACE = st.sampled_from(["", " ", "  ", "\t"])


@pytest.mark.parametrize("access", [None, "", "  ", ",", " , ,", "closed", "Closed"])
def test_closed_unless_something_is_listed(access: str | None) -> None:
    found = Access.from_settings(access, None, chats=CHATS)
    assert not found.allows("telegram:42", "telegram:42")
    assert not found.is_admin("telegram:42")


@pytest.mark.parametrize("access", ["open", " OPEN ", "open, telegram:7", "telegram:7,,Open"])
def test_open(access: str) -> None:
    found = Access.from_settings(access, "telegram:1", chats=CHATS)
    assert found.allows("web:guest", "web:guest")
    assert found.allows("telegram:5", "telegram:-100200")
    assert not found.is_admin("telegram:7")
    assert found.is_admin("telegram:1")


def test_a_person_a_group_and_nobody_else() -> None:
    found = Access.from_settings("telegram:42, wechat:oAbC-1_2 ,telegram:-100200300", None, chats=CHATS)
    assert found.allows("telegram:42", "telegram:42")
    assert found.allows("telegram:42", "telegram:-999")
    assert found.allows("telegram:8", "telegram:-100200300")
    assert found.allows("wechat:oAbC-1_2", "wechat:oAbC-1_2")
    assert not found.allows("wechat:oabc-1_2", "wechat:oabc-1_2")  # WeChat ids depend on case
    assert not found.allows("wecom:42", "wecom:42")
    assert not found.allows("telegram:8", "telegram:8")


def test_admins_always_have_access() -> None:
    found = Access.from_settings(None, "telegram:1,web:owner,telegram:-500", chats=CHATS)
    assert found.allows("telegram:1", "telegram:-7")
    assert found.allows("web:owner", "web:owner")
    assert found.allows("telegram:9", "telegram:-500")
    assert not found.is_admin("telegram:9")


def test_the_demo_is_open_whatever_is_set() -> None:
    found = Access.from_settings("nonsense", "nonsense", chats=CHATS, demo=True)
    assert found.allows("web:anyone", "web:anyone")
    assert not found.is_admin("web:anyone")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("42", "names no channel"),
        (":42", "names no channel"),
        ("signal:42", 'no channel "signal"'),
        ("telegram:", "needs one id"),
        ("telegram:4 2", "needs one id"),
        ("telegram:@bob", "is a number"),
        ("opened", "names no channel"),
    ],
)
@pytest.mark.parametrize("setting", ["REELBOT_ACCESS", "REELBOT_ADMINS"])
def test_a_wrong_entry_is_refused_with_a_sentence(entry: str, says: str, setting: str) -> None:
    texts = {"REELBOT_ACCESS": None, "REELBOT_ADMINS": None, setting: f"telegram:1,{entry}"}
    with pytest.raises(ValueError, match=says) as caught:
        Access.from_settings(texts["REELBOT_ACCESS"], texts["REELBOT_ADMINS"], chats=CHATS)
    assert setting in str(caught.value)
    assert entry.strip() in str(caught.value)


def test_open_is_no_admin() -> None:
    with pytest.raises(ValueError, match="REELBOT_ADMINS"):
        Access.from_settings(None, "open", chats=CHATS)


@given(listed=st.lists(IDS, max_size=6), other=IDS, spaces=st.lists(SPACE, min_size=8, max_size=8))
def test_exactly_the_listed_have_access(listed: list[str], other: str, spaces: list[str]) -> None:
    written = [
        f"{spaces[0]}{entry.partition(':')[0].upper()}{spaces[1]}:{spaces[2]}{entry.partition(':')[2]}{spaces[3]}"
        for entry in listed
    ]
    found = Access.from_settings(",".join([*written, "", spaces[4]]), None, chats=CHATS)
    assert found.listed == frozenset(listed)
    assert found.allows(other, other) == (other in listed)
    assert not found.is_admin(other)


@given(access=st.none() | st.text(max_size=60), admins=st.none() | st.text(max_size=60))
def test_any_text_is_read_or_refused_and_never_opens_by_accident(access: str | None, admins: str | None) -> None:
    try:
        found = Access.from_settings(access, admins, chats=CHATS)
    except ValueError:
        return
    assert not found.everybody or "open" in (access or "").lower()
