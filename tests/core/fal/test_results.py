"""Results of any shape: the video is found where one is, a file on a foreign host never, and no address is shown."""

import json
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unavailable
from core.fal import protocol
from core.types import RawReply
from tests.samples import sample

QUEUE = "https://queue.fal.run"
URL = "https://v3b.fal.media/files/b/SECRET/out.mp4"
SOURCE = "https://v3b.fal.media/files/b/mine/source.mp4"
NO_VIDEO = "a result without a video"
FOREIGN = "a file on a foreign host"


def kept(body: Any, **headers: str) -> RawReply:
    return RawReply(200, headers, json.dumps(body).encode())


def read(body: Any, queue_url: str = QUEUE) -> str:
    return protocol.read_result(kept(body), queue_url=queue_url).url


def refused(body: Any, queue_url: str = QUEUE) -> dict[str, Any]:
    with pytest.raises(Unavailable) as caught:
        read(body, queue_url)
    return caught.value.facts


@pytest.mark.parametrize("name", ["result", "result-sparse", "result-list", "result-output"])
def test_every_recorded_shape_names_its_file_and_hides_it(name: str) -> None:
    recorded = sample(name)
    reply = RawReply(200, recorded["headers"], json.dumps(recorded["body"]).encode())
    file = protocol.read_result(reply, queue_url=QUEUE)
    assert file.url.endswith("/SECRET/out.mp4")
    shown = f"{file} {file!r} {[file]} {reply} {reply!r} {[reply]}"
    assert "SECRET" not in shown


VIDEO = {"url": URL, "content_type": None}


def nested(depth: int) -> Any:
    body: Any = URL
    for _ in range(depth):
        body = [body]
    return body


SHAPES: list[Any] = [
    {"video": VIDEO},
    {"video": URL},
    {"video": [VIDEO]},
    {"videos": [VIDEO]},
    {"output_video": VIDEO},
    {"outputVideo": VIDEO},
    {"video_url": URL},
    {"output": [VIDEO]},
    {"outputs": [URL]},
    {"output": URL},
    {"file": VIDEO},
    {"url": URL},
    [VIDEO],
    [[{"video": VIDEO}]],
    URL,
    {"status": "COMPLETED", "response": {"video": VIDEO}},  # openclaw/openclaw#91989
    {"status": "COMPLETED", "response_url": f"{QUEUE}/a/b/requests/1", "response": {"video": VIDEO}},
    {"data": {"video": VIDEO}},
    {"result": {"data": {"output": {"videos": [VIDEO]}}}},
    {"payload": json.dumps({"video": VIDEO})},
    {"response": json.dumps({"data": json.dumps([VIDEO])})},
    json.dumps({"video": VIDEO}),
    {"unheard_of": {"strange": {"video": {"file": {"download_url": URL}}}}},
    # What else stands there is not the video.
    {"input": {"video_url": SOURCE}, "output": {"url": URL}},
    {"source_video": {"url": SOURCE}, "reference_videos": [SOURCE], "video": VIDEO},
    {"data": {"url": SOURCE}, "nested": {"deeper": {"video": VIDEO}}},  # a place that is named video wins
    {"output_video": {"url": SOURCE}, "video": VIDEO},
    {"video": {"url": URL, "thumbnail": {"url": SOURCE}, "preview_url": SOURCE}},
    {"images": [{"url": SOURCE}], "audio": {"url": SOURCE}, "file": VIDEO},
    {"files": [{"url": SOURCE, "content_type": "image/png"}, {"url": URL, "content_type": "video/mp4"}]},
    {"video": [{"url": "https://evil.example/x.mp4"}, VIDEO]},  # of several the one that may be fetched
    {"video": "pending", "videos": [VIDEO]},
    {"output-video": VIDEO},
    {"OUTPUT_VIDEO": VIDEO},
    {"hdVideos": [VIDEO]},
    {"URL": URL},
    {"video": {"url": URL, "content_type": 7}},
    {"video": f"  {json.dumps(VIDEO)}"},
    {"x": [{"url": SOURCE, "content_type": "IMAGE/PNG"}, {"url": SOURCE, "content_type": "audio/mpeg"}, VIDEO]},
    {"x": [{"url": SOURCE, "content_type": "text/vtt"}, VIDEO]},
    {"data": {"deeper": {"url": URL}}, "video": []},
    {"video": {"x": {"url": SOURCE}, "url": URL}},  # the least nested of one place
    {"videos": [{"x": {"url": SOURCE}}, {"url": URL}]},
    {"extra_video": {"video": URL}, "x": {"output_video": SOURCE}},
    {"video": ["{not json", URL]},
    {"output-video": URL},
    {"_video": VIDEO, "output_video": SOURCE},
    {"data": {"url": SOURCE}, "nested": {"deeper": {"output_video": VIDEO}}},
    {"output": json.dumps([URL])},
    {"output": json.dumps(URL)},
    {"video": ["[" * 200_000, URL]},
    [URL, {"url": SOURCE}],
    nested(12),
    json.dumps(nested(11)),
]


@pytest.mark.parametrize("body", SHAPES, ids=range(len(SHAPES)))
def test_the_video_is_found_in_any_shape(body: Any) -> None:
    assert read(body) == URL


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        7,
        "pending",
        {"video": None},
        {"video": {"url": ""}},
        {"video": {"url": "/files/out.mp4"}},
        {"video": {"url": "data:video/mp4;base64,AAAA"}},
        {"input": {"video_url": SOURCE}},
        {"images": [{"url": SOURCE}]},
        {"image": {"url": SOURCE}, "seed": 7},
        {"status": "COMPLETED", "response_url": f"{QUEUE}/a/b/requests/1", "logs": None},
        {"detail": [{"loc": ["body"], "msg": "no", "type": "x", "url": "https://docs.fal.ai/errors#x"}]},
        {"error": {"video": VIDEO}},
        {"x": URL},
        {"RESPONSE_URL": URL},
        {"video": {"request_url": URL}},
        {"video": f"at {URL}"},
        {"response_url": {"url": URL}},
        {"x": json.dumps(URL)},
        nested(13),
        json.dumps(nested(12)),
    ],
)
def test_where_there_is_no_video_none_is_found(body: Any) -> None:
    assert refused(body) == {"reason": NO_VIDEO}


@pytest.mark.parametrize(
    "name",
    ["url", "uri", "href", "file", "files", "file_url", "download_url", "signed_url", "output", "outputs", "result",
     "results", "response", "data", "payload", "content", "video", "video_file", "Videos"],
)  # fmt: skip
def test_a_bare_address_may_stand_under_these_names(name: str) -> None:
    assert read({name: URL}) == URL
    assert read({name: [URL]}) == URL


@pytest.mark.parametrize(
    "word",
    ["argument", "param", "parameter",
     "input", "request", "source", "reference", "original", "image", "audio", "thumbnail", "preview", "poster",
     "cover", "frame", "mask", "log", "metric", "prompt", "detail", "error", "status", "cancel", "webhook"],
)  # fmt: skip
def test_what_repeats_the_question_or_is_a_picture_is_not_the_video(word: str) -> None:
    for name in (word, f"{word}s", f"{word}_video", f"video_{word}", f"{word}Video", word.upper()):
        assert refused({name: {"video": VIDEO}}) == {"reason": NO_VIDEO}


def test_what_is_not_json_holds_no_video() -> None:
    for body in (b"", b"<html>https://fal.media/x.mp4</html>", b"\xff\xfe", b"[" * 200_000):
        with pytest.raises(Unavailable, match=NO_VIDEO):
            protocol.read_result(RawReply(200, {}, body), queue_url=QUEUE)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://evil.example/x.mp4", "evil.example"),
        ("https://storage.googleapis.com/fal/x.mp4", "storage.googleapis.com"),  # fal-ai/fal#191
        ("http://fal.media/x.mp4", "fal.media"),
        ("https://fal.media.evil.example/x", "fal.media.evil.example"),
        ("https://notfal.media/x", "notfal.media"),
        ("https://evil.example\\.fal.media/x", "unreadable"),
        ("https://evil.example#.fal.media/x", "evil.example"),
        ("https://evil.example?.fal.media/x", "evil.example"),
        ("https://fal.media@evil.example/x", "evil.example"),
        ("https://fal.media\\@evil.example/x", "evil.example"),
        ("https://user:pass@fal.media/x", "fal.media"),
        ("https://[half", "unreadable"),
        ("https://fal.media:99999/x", "unreadable"),
        ("https://fal.media\n.evil.example/x", "unreadable"),
        ("https://fаl.media/x", "unreadable"),  # a Cyrillic letter
        ("file:///etc/passwd", "unreadable"),
        ("ftp://fal.media/x.mp4", "fal.media"),
        ("http://127.0.0.1:8080/x.mp4", "127.0.0.1"),
        (f"{QUEUE}/x.mp4", "queue.fal.run"),  # its own origin counts on loopback only
    ],
)
def test_a_foreign_file_is_told_by_its_host_alone(url: str, host: str) -> None:
    assert refused({"video": {"url": url}}) == {"reason": FOREIGN, "host": host}


def test_a_foreign_video_is_not_replaced_by_another_file() -> None:
    body = {"video": {"url": "https://evil.example/x.mp4"}, "file": {"url": SOURCE}}
    assert refused(body) == {"reason": FOREIGN, "host": "evil.example"}


def test_on_loopback_the_file_may_lie_at_the_queues_own_origin_only() -> None:
    queue = "http://127.0.0.1:2222"
    assert read({"video": {"url": f"{queue}/files/x.mp4"}}, queue) == f"{queue}/files/x.mp4"
    elsewhere = {"video": {"url": "http://127.0.0.1:3333/x.mp4"}}
    assert refused(elsewhere, queue) == {"reason": FOREIGN, "host": "127.0.0.1"}


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://V3.FAL.media/x.mp4", "https://V3.FAL.media/x.mp4"),
        ("https://fal.media/狐狸.mp4", "https://fal.media/%E7%8B%90%E7%8B%B8.mp4"),
        ("https://fal.media/%E7%8B%90.mp4?a=b%20c&d=/?", "https://fal.media/%E7%8B%90.mp4?a=b%20c&d=/?"),
        ("https://fal.media/a(1),b;c=d'e!f*g~h+i@j:k&l$m.mp4", "https://fal.media/a(1),b;c=d'e!f*g~h+i@j:k&l$m.mp4"),
        (" https://fal.media/my film.mp4\t", None),
        (" https://fal.media/my film.mp4 ", "https://fal.media/my%20film.mp4"),
        ("https://fal.media/x.mp4?é#part", "https://fal.media/x.mp4?%C3%A9"),
        ("https://fal.media/half\ud83e.mp4", "https://fal.media/half%3F.mp4"),
        ("https://fal.media/x.mp4?half=\ud83e", "https://fal.media/x.mp4?half=?"),
        ("https://fal.media:443/x.mp4", "https://fal.media:443/x.mp4"),
    ],
)
def test_addresses_are_made_such_that_a_client_takes_them(url: str, address: str | None) -> None:
    assert protocol.file_address(url, queue_url=QUEUE) == address


def test_of_two_in_one_place_it_is_the_first() -> None:
    for first, second in ((URL, SOURCE), (SOURCE, URL)):
        assert read({"videos": [{"url": first}, {"url": second}]}) == first


@pytest.mark.parametrize("ending", ["jpg", "jpeg", "png", "webp", "gif", "avif", "PNG"])
def test_a_picture_in_the_same_place_comes_last(ending: str) -> None:
    picture = f"https://fal.media/cover.{ending}"
    assert read({"video": [{"url": picture}, {"url": URL}]}) == URL
    assert read({"video": [{"url": f"{picture}?x=.mp4"}, {"url": URL}]}) == URL
    assert read({"video": [{"url": "https://fal.media/first.mp4"}, {"url": URL}]}).endswith("first.mp4")
    assert read({"video": picture}) == picture


def test_the_source_that_is_repeated_is_not_the_video() -> None:
    body = {"video": [{"url": SOURCE}, {"url": URL}]}
    assert protocol.read_result(kept(body), queue_url=QUEUE).url == SOURCE
    assert protocol.read_result(kept(body), queue_url=QUEUE, sent=[SOURCE]).url == URL
    with pytest.raises(Unavailable, match=NO_VIDEO):
        protocol.read_result(kept({"video": SOURCE}), queue_url=QUEUE, sent=[SOURCE])
    nearer = {"video": {"url": SOURCE}, "output_video": {"url": URL}}
    assert protocol.read_result(kept(nearer), queue_url=QUEUE, sent=[SOURCE]).url == URL


def test_an_unreadable_address_is_no_picture() -> None:
    assert read({"video": [{"url": "https://[half.png"}, {"url": URL}]}) == URL


def test_a_file_tells_nobody_where_it_lies() -> None:
    assert repr(protocol.RemoteFile(URL)) == "RemoteFile(...)"


def test_an_address_may_be_long() -> None:
    url = f"https://fal.media/x.mp4?Signature={'aB3-_' * 1000}"
    assert read({"video": {"url": url}}) == url


@given(
    path=st.text(min_size=1, max_size=60).filter(
        lambda text: not any(ord(each) < 32 or ord(each) == 127 for each in text)
    )
)
def test_any_letters_of_a_path_arrive_at_the_cdn(path: str) -> None:
    address = protocol.file_address(f"https://fal.media/{path}", queue_url=QUEUE)
    assert address is not None
    parsed = httpx.URL(address)
    assert parsed.host == "fal.media"
    assert parsed.scheme == "https"
    letters = path.rstrip().split("#")[0].split("?")[0].encode("utf-8", "replace").decode()
    if "%" not in letters:
        assert unquote(parsed.raw_path.decode().split("?")[0]) == f"/{letters}"


NAMES = ["video", "videos", "output", "url", "data", "response", "input", "thumbnail", "content_type", "detail", "x"]
VALUES = st.sampled_from([URL, SOURCE, "https://evil.example/x", "video/mp4", "image/png", "pending", ""])
SHAPELESS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(body=SHAPELESS)
def test_whatever_comes_only_a_file_of_fals_or_a_typed_error_goes_out(body: Any) -> None:
    try:
        assert read(body) in {URL, SOURCE}
    except Unavailable as error:
        assert error.facts["reason"] in {NO_VIDEO, FOREIGN}
        assert "SECRET" not in f"{error!r}"


@given(
    wrappers=st.lists(
        st.sampled_from(["response", "data", "output", "result", "payload", "list", "text", "x"]), max_size=6
    )
)
def test_no_wrapping_hides_a_video(wrappers: list[str]) -> None:
    body: Any = {"video": {"url": URL}, "seed": 7}
    for wrapper in wrappers:
        if wrapper == "list":
            body = [body]
        elif wrapper == "text":
            body = json.dumps(body)
        else:
            body = {"status": "COMPLETED", wrapper: body, "logs": None}
    assert read(body) == URL


@given(body=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with pytest.raises(Unavailable):
        protocol.read_result(RawReply(200, {}, body), queue_url=QUEUE)


THUMB = "https://v3b.fal.media/files/b/SECRET/thumb.jpg"


@pytest.mark.parametrize(
    "body",
    [
        {"outputs": [THUMB, URL]},
        {"videos": [{"url": THUMB}, {"url": URL}]},
        {"arguments": {"video_url": SOURCE}, "response": {"output": {"url": URL}}},
        {"params": {"video_url": SOURCE}, "result": {"url": URL}},
        {"video_url": SOURCE, "output": {"url": URL}},
    ],
)
def test_a_picture_or_the_source_is_not_taken_for_the_film(body: Any) -> None:
    assert protocol.read_result(kept(body), queue_url=QUEUE, sent=[SOURCE]).url == URL


def test_a_result_that_only_repeats_the_source_holds_no_film() -> None:
    with pytest.raises(Unavailable, match=NO_VIDEO):
        protocol.read_result(kept({"video": {"url": SOURCE}}), queue_url=QUEUE, sent=[SOURCE])
