"""WeChat's calls: signatures against Tencent's published vectors, encryption, hostile bodies, and what each says."""

import base64
import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from bot.channels.types import AttachmentRef, Reply
from bot.channels.wechat.limits import TEXT_BYTES
from bot.channels.wechat.parsing import Call, call_from, clean, reply_xml, shown
from bot.channels.wechat.settings import WeChatSettings
from bot.channels.wechat.signing import MessageCrypto, Refused, signature
from tests.fakes.wechat import ACCOUNT, AES_KEY, APP_ID, SECRET, TOKEN, World
from tests.fakes.wechat.caller import Caller, decrypt, encrypt

FOX = "oFox_0123456789abcdefghijkl"

# Published by Tencent (wechat.md, section 10)
V_TOKEN, V_KEY, V_APP = "AAAAA", "A" * 43, "wxba5fad812f8e6fb9"
V_SECRET = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8"
    "XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32I"
    "Ijdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)


def settings(*, token: str = TOKEN, key: str | None = None, app_id: str = APP_ID) -> WeChatSettings:
    return WeChatSettings.offline(app_id=app_id, app_secret=SECRET, token=token, aes_key=key)


def seal(at: int, **more: Any) -> MessageCrypto:
    return MessageCrypto(settings(**more), now=lambda: float(at))


def caller(mode: Any = "plain") -> Caller:
    return Caller(World(app_id=APP_ID, secret=SECRET), token=TOKEN, aes_key=AES_KEY, mode=mode)


def test_published_vectors() -> None:
    query = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }
    mine = seal(1714036504, token=V_TOKEN, key=V_KEY, app_id=V_APP)
    assert mine.verify_handshake(query) == "4375120948345356249"  # plain, also with a key
    assert signature(V_TOKEN, "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    sealed = {
        "signature": "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
        "timestamp": "1714112445",
        "nonce": "415670741",
        "encrypt_type": "aes",
        "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    }
    body = f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{V_SECRET}]]></Encrypt></xml>".encode()
    opened = seal(1714112445, token=V_TOKEN, key=V_KEY, app_id=V_APP).decrypt(sealed, body)
    told = json.loads(opened.xml)
    assert len(opened.xml) == 167
    assert (told["Event"], told["debug_str"], told["CreateTime"]) == ("debug_demo", "hello world", 1714112445)


def test_the_published_answer() -> None:
    """The library's encryption, with the published random part, gives the published answer."""
    key = base64.b64decode(f"{V_KEY}=")
    published = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    assert encrypt('{"demo_resp":"good luck"}', key, V_APP, random=b"707722b803182950") == published
    assert signature(V_TOKEN, "1713424427", "415670741", published) == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    crypto = WeChatCrypto(V_TOKEN, V_KEY, V_APP)
    opened = crypto.decrypt_message(
        {"Encrypt": published}, "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1", "1713424427", "415670741"
    )
    assert opened == '{"demo_resp":"good luck"}'


@pytest.mark.parametrize("length", range(30))
def test_our_answers_open_at_every_padding(length: int) -> None:
    mine, there = seal(1000, key=AES_KEY), caller("safe")
    opened = mine.decrypt(*_encoded(there, there.xml(FOX, "text", Content="x" * length, MsgId=1), at=1000))
    assert call_from(opened.xml, app_id=APP_ID).person == FOX
    fields = {child.tag: child.text or "" for child in ET.fromstring(mine.encrypt("<xml>答</xml>", opened))}
    assert decrypt(fields["Encrypt"], there.key, APP_ID) == "<xml>答</xml>"
    assert fields["MsgSignature"] == signature(TOKEN, fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])


def _encoded(there: Caller, xml: str, *, at: int) -> tuple[dict[str, str], bytes]:
    query, body = there.call(xml, timestamp=at)
    return query, body.encode()


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_forged_calls_are_refused(mode: Any) -> None:
    there = caller(mode)
    mine = seal(1000, key=None if mode == "plain" else AES_KEY)
    query, body = _encoded(there, there.xml(FOX, "text", Content="视频 狐狸", MsgId=1), at=1000)
    assert "狐狸" in mine.decrypt(query, body).xml
    named = "signature" if mode == "plain" else "msg_signature"
    wrong = [
        {**query, named: ""},
        {**query, named: query[named].upper()},
        {**query, named: "ä"},
        {**query, "nonce": "1"},
        {**query, "timestamp": "999"},
        {**query, "timestamp": "-1"},
        {**query, "timestamp": "一"},
        {**query, "nonce": "<>"},
        {},
    ]
    for each in wrong:
        with pytest.raises(Refused):
            mine.decrypt(each, body)
    with pytest.raises(Refused):
        seal(1000 + 3601, key=None if mode == "plain" else AES_KEY).decrypt(query, body)


def test_with_a_key_a_plain_body_is_a_downgrade_and_clear_fields_count_for_nothing() -> None:
    mine, plain, both = seal(1000, key=AES_KEY), caller(), caller("compatible")
    with pytest.raises(Refused):
        mine.decrypt(*_encoded(plain, plain.xml(FOX, "text", Content="hi", MsgId=1), at=1000))
    query, body = _encoded(both, both.xml(FOX, "text", Content="真的", MsgId=1), at=1000)
    opened = mine.decrypt(query, body.replace("真的".encode(), "假的".encode()))
    assert "真的" in opened.xml
    assert "假的" not in opened.xml


def test_another_accounts_message_is_refused() -> None:
    there = caller("safe")
    there.world.app_id = "wxanother"
    with pytest.raises(Refused):
        seal(1000, key=AES_KEY).decrypt(*_encoded(there, there.xml(FOX, "text", Content="hi", MsgId=1), at=1000))


@pytest.mark.parametrize("junk", ["", "AAAA", "x" * 43, base64.b64encode(b"\x00" * 32).decode(), "=" * 20])
def test_rubbish_under_a_right_signature_is_refused(junk: str) -> None:
    there = caller("safe")
    query = {**there.query(timestamp=1000), "msg_signature": ""}
    query["msg_signature"] = signature(TOKEN, query["timestamp"], query["nonce"], junk)
    with pytest.raises(Refused):
        seal(1000, key=AES_KEY).decrypt(query, f"<xml><Encrypt><![CDATA[{junk}]]></Encrypt></xml>".encode())


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE a><xml></xml>",
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>',
        b"<?php echo 1 ?><xml></xml>",
        "<xml>狐</xml>".encode("utf-16"),
        b"\xff\xfe",
    ],
)
def test_no_document_types_no_other_encodings(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        seal(1000).decrypt(caller().query(timestamp=1000), body)
    assert refused.value.status == 400


def test_what_a_person_writes_about_document_types_is_a_message() -> None:
    there = caller()
    xml = there.xml(FOX, "text", Content="<!DOCTYPE html> & ]]> <Encrypt>x</Encrypt>", MsgId=1)
    opened = seal(1000).decrypt(*_encoded(there, xml, at=1000))
    call = call_from(opened.xml, app_id=APP_ID)
    assert call.incoming is not None
    assert call.incoming.text == "<!DOCTYPE html> & ]]> <Encrypt>x</Encrypt>"


# What each message says


SAID: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("text", {"Content": "视频 狐狸"}, {"text": "视频 狐狸"}),
    ("text", {"Content": " "}, {"other": "unknown"}),
    ("text", {"Content": "\u200b"}, {"other": "unknown"}),
    ("text", {"Content": "\u3164\u2060 \ufe0f\u200d"}, {"other": "unknown"}),
    ("text", {"Content": "视频\u00a0红\u2006狐\u2005狸\u3000跑\u202f5秒"}, {"text": "视频 红 狐 狸 跑 5秒"}),
    ("text", {"Content": "\ufeff取消\u3164K\u200b7\u200e"}, {"text": "取消 K7"}),
    ("text", {"Content": "一\u2028二\r\n三"}, {"text": "一\n二\n三"}),
    ("text", {"Content": "👩\u200d🚀 飞"}, {"text": "👩\u200d🚀 飞"}),
    ("text", {"Content": "%E7%A1%AE%E8%AE%A4%20K7", "bizmsgmenuid": 1}, {"text": "确认 K7"}),
    ("text", {"Content": "确认 K7", "bizmsgmenuid": 1}, {"text": "确认 K7"}),
    ("text", {"Content": "100%20"}, {"text": "100%20"}),
    ("text", {"Content": "【收到不支持的消息类型，暂无法显示】"}, {"other": "file"}),
    ("image", {"MediaId": "M", "PicUrl": "http://p"}, {"attachment": AttachmentRef("image", "M http://p")}),
    ("image", {"MediaId": "M"}, {"attachment": AttachmentRef("image", "M")}),
    ("image", {"PicUrl": "http://p"}, {"attachment": AttachmentRef("image", " http://p")}),
    ("image", {}, {"other": "file"}),
    ("video", {"MediaId": "M", "ThumbMediaId": "T"}, {"attachment": AttachmentRef("video", "M")}),
    ("shortvideo", {"MediaId": "M"}, {"attachment": AttachmentRef("video", "M")}),
    ("voice", {"MediaId": "M", "Recognition": "视频，狐狸。"}, {"text": "视频，狐狸。", "transcript": True}),
    ("voice", {"MediaId": "M", "Recognition": "\u200b"}, {"other": "voice"}),
    ("voice", {"MediaId": "M", "Recognition": ""}, {"other": "voice"}),
    ("location", {"Location_X": "1.5"}, {"other": "location"}),
    ("link", {"Url": "http://a"}, {"other": "link"}),
    ("sticker", {}, {"other": "file"}),
]


@pytest.mark.parametrize(("kind", "fields", "expected"), SAID)
def test_what_a_message_says(kind: str, fields: dict[str, Any], expected: dict[str, Any]) -> None:
    call = call_from(caller().xml(FOX, kind, **{"MsgId": 77, "CreateTime": 1714112445, **fields}), app_id=APP_ID)
    incoming = call.incoming
    assert incoming is not None
    assert (incoming.origin, incoming.user) == (f"wechat:{APP_ID}:{FOX}:77", f"wechat:{FOX}")
    said = {name: getattr(incoming, name) for name in ("text", "other", "attachment", "transcript")}
    assert said == {"text": "", "other": None, "attachment": None, "transcript": False, **expected}
    assert (incoming.tap, incoming.quoted, incoming.name, incoming.at) == (False, None, None, 1714112445_000)


@pytest.mark.parametrize(
    ("event", "key", "text"),
    [
        ("subscribe", "", "/start"),
        ("subscribe", "qrscene_7", "/start"),
        ("SCAN", "7", "/help"),
        ("CLICK", "reelbot:status", "/status"),
        ("CLICK", "reelbot:make", "/video"),
        ("CLICK", "of another program", "/help"),
        ("VIEW", "http://a", None),
        ("LOCATION", "", None),
        ("TEMPLATESENDJOBFINISH", "", None),
        ("unsubscribe", "", None),
    ],
)
def test_what_an_event_says(event: str, key: str, text: str | None) -> None:
    call = call_from(caller().xml(FOX, "event", Event=event, EventKey=key), app_id=APP_ID)
    assert (call.incoming.text if call.incoming else None) == text
    assert call.left is (event == "unsubscribe")
    if call.incoming is not None:
        assert call.incoming.tap
        assert call.incoming.event_id.split("-")[0].isdecimal()


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "{}",
        "<xml/>",
        "<a></a>",
        "<xml><MsgType>text</MsgType></xml>",
        "<xml><MsgType><a>text</a></MsgType></xml>",
        "<xml><MsgType>text</MsgType><MsgType>image</MsgType></xml>",
        caller().xml(FOX, "text", Content="no id"),
        caller().xml(FOX, "text", MsgId="none"),
        caller().xml("o<b>", "text", Content="x", MsgId=1),
        caller().xml(FOX, "text", MsgId=1).replace("</xml>", "<FromUserName>o2</FromUserName></xml>"),
        caller().xml(FOX, "text", Content="a\x00b", MsgId=1),
        caller().xml(FOX, "text", Content="a\ud800b", MsgId=1),
        caller().xml(FOX, "text", Content="x", MsgId="9" * 5000),
        caller().xml(FOX, "text", Content="x", MsgId=1, CreateTime="9" * 5000),
        f"<xml>{'<a>' * 20_000}",
        f"<xml>{'<a>' * 8_000}{'</a>' * 8_000}</xml>",
    ],
)
def test_no_odd_body_gets_further_than_a_refusal(xml: str) -> None:
    with pytest.raises(ValueError, match="message"):
        call_from(xml, app_id=APP_ID)


@given(st.text(max_size=300))
def test_any_text_survives_the_way_out(text: str) -> None:
    call = Call(FOX, ACCOUNT, None)
    for reply in (Reply(f"答{text}"), Reply(text, "media-1", f"题{text}")):
        root = ET.fromstring(reply_xml(reply, call, seconds=5))
        fields = {child.tag: child.text for child in root}
        assert (fields["ToUserName"], fields["FromUserName"], fields["CreateTime"]) == (FOX, ACCOUNT, "5")


def test_long_texts_are_cut_before_they_vanish() -> None:
    root = ET.fromstring(reply_xml(Reply("狐狸" * 2000), Call(FOX, ACCOUNT, None), seconds=5))
    content = root.findtext("Content") or ""
    assert TEXT_BYTES - 6 < len(content.encode()) <= TEXT_BYTES
    assert content.endswith("…")
    assert clean("a\x00b\ud800c]]>") == "abc]] >"


LINK = '<a href="weixin://bizmsgmenu?msgmenucontent=%E7%A1%AE%E8%AE%A4%20K7&msgmenuid=1">好（$0.70）</a>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"要吗？\n👉 {LINK}", f"要吗？\n👉 {LINK}"),
        ("a <b>bold</b> 3 < 4", "a ＜b>bold＜/b> 3 ＜ 4"),
        (f'<a href="http://x.example">{LINK}</a>', f'＜a href="http://x.example">{LINK}＜/a>'),
        (LINK.replace("weixin://", "http://"), LINK.replace("weixin://", "http://").replace("<", "＜")),
        (LINK.replace("msgmenuid=1", "msgmenuid=2"), LINK.replace("msgmenuid=1", "msgmenuid=2").replace("<", "＜")),
        (LINK.replace("好", "<b>"), LINK.replace("好", "<b>").replace("<", "＜")),
    ],
)
def test_no_tag_but_a_link_that_types_a_line_gets_out(text: str, expected: str) -> None:
    assert shown(text) == expected
    assert ET.fromstring(reply_xml(Reply(text), Call(FOX, ACCOUNT, None), seconds=5)).findtext("Content") == expected
    video = ET.fromstring(reply_xml(Reply(text, "media-1", text), Call(FOX, ACCOUNT, None), seconds=5))
    assert video.findtext("Video/Description") == expected


@pytest.mark.parametrize("before", range(TEXT_BYTES - 130, TEXT_BYTES + 3, 7))
def test_a_link_is_whole_or_left_out(before: int) -> None:
    for end in ("", "\n"):
        text = shown(f"{'x' * before}{end}{LINK}")
        assert len(text.encode()) <= TEXT_BYTES
        assert text.endswith((LINK, "…"))
        assert text.count("<") in {0, 2}


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_read(body: bytes) -> None:
    there = caller()
    try:
        opened = seal(1000).decrypt(there.query(timestamp=1000), body)
        call_from(opened.xml, app_id=APP_ID)
    except (Refused, ValueError):
        return


@pytest.mark.parametrize(
    ("values", "words"),
    [({"aes_key": "short"}, "43 letters"), ({"aes_key": "!" * 43}, "43 letters"), ({"app_id": "wx 1/2"}, "AppID")],
)
def test_settings_that_cannot_be_right_say_so(values: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        WeChatSettings.offline(**values)
