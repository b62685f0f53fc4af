"""Addresses that servers name, and what their two readers make of them."""

import pytest

from core.io.addresses import split_sound


@pytest.mark.parametrize(
    "url", ["https://a.qq.com/f?x=1", "https://A.qq.com:443/f", "http://127.0.0.1:9/狐狸", "http://[::1]:9/"]
)
def test_what_a_client_takes_is_read(url: str) -> None:
    parts = split_sound(url)
    assert parts is not None
    assert parts.geturl() == url


@pytest.mark.parametrize(
    "url",
    [
        "", "f", "https://", "https://[", "https://[x]/", "https://a.qq.com:70000/", "https://a.qq.com:x/", "https://a.qq.com:0/",
        "https://a.qq.com/\n", "https://a.qq.com/\0", "https://a.qq.com/\ud800", "https://a\n.qq.com/", "https://ａ.qq.com/",
        "https://evil.example\\@a.qq.com/\t", "https://a..qq.com\u3002evil.example/",
    ],
)  # fmt: skip
def test_what_its_readers_differ_on_is_none(url: str) -> None:
    assert split_sound(url) is None
