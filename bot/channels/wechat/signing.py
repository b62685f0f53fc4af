"""Checks signatures in constant time, and encrypts messages in AES, around wechatpy's crypto.

A wrong call is refused with a reason.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import xmltodict
from wechatpy.crypto import WeChatCrypto

from bot.channels.wechat.settings import WeChatSettings

_MOST_AWAY_S = 3600
_TEXT = re.compile(r"[0-9A-Za-z_-]{1,64}")
_MARKUP = re.compile(r"<(?:!|\?(?!xml\s))")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"


class Refused(Exception):
    """A refused call. `status` for the caller, `why` for our log. Neither says what the right one would have been."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Stale(Refused):
    """A call that is signed right, at a time that is `off_s` seconds before ours (below 0: after it)."""

    def __init__(self, off_s: float) -> None:
        super().__init__(403, "the timestamp is more than an hour off: is this machine's clock right?")
        self.off_s = off_s


@dataclass(frozen=True, slots=True)
class DecryptedMessage:
    """A message in plain text, its signature checked. `encrypted`: it was, and so must the answer be."""

    xml: str
    encrypted: bool
    timestamp: str
    nonce: str


class MessageCrypto:
    """The signatures and encryption of one account."""

    def __init__(self, settings: WeChatSettings, *, now: Callable[[], float] = time.time) -> None:
        self._token = settings.token.get_secret_value() if settings.token else ""
        self._now = now
        key = settings.aes_key.get_secret_value() if settings.aes_key else None
        self._crypto = WeChatCrypto(self._token, key, settings.app_id or "") if key else None

    @property
    def is_plain(self) -> bool:
        """True where no key is set: only the time and the nonce of a message are signed then, not its words."""
        return self._crypto is None

    def verify_handshake(self, query: Mapping[str, str]) -> str:
        """Return the handshake's echostr, once its signature holds. It is plain in every mode."""
        self._check(query, "signature")
        return query.get("echostr", "")

    def admit(self, query: Mapping[str, str]) -> None:
        """Check what the address alone proves, before anything of the body is read. Raises Refused.

        WeChat signs the time and the nonce in every mode; an encrypted body has a signature of its own beside that,
        and is read where a caller sends only that one.
        """
        if self._crypto is not None and "signature" not in query and "msg_signature" in query:
            return
        self._check(query, "signature")

    def decrypt(self, query: Mapping[str, str], body: bytes) -> DecryptedMessage:
        """Check the signature of this POST and return its message, decrypted where it is encrypted.

        With an AES key only what is encrypted counts: a plain body is a downgrade.
        """
        text = _text(body)
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if self._crypto is None:
            self._check(query, "signature")
            return DecryptedMessage(text, encrypted=False, timestamp=timestamp, nonce=nonce)
        secret = _encrypted(text)
        if secret is None or "msg_signature" not in query:
            raise Refused(403, "a plain message where encrypted ones are expected: is the console in plain mode?")
        self._check(query, "msg_signature", secret)
        return DecryptedMessage(self._decrypted(secret, query), encrypted=True, timestamp=timestamp, nonce=nonce)

    def encrypt(self, xml: str, message: DecryptedMessage) -> str:
        """Return the answer as this caller expects it: encrypted where the message was."""
        if not message.encrypted or self._crypto is None:
            return xml
        return str(self._crypto.encrypt_message(xml, message.nonce, str(int(self._now()))))

    def _check(self, query: Mapping[str, str], name: str, *more: str) -> None:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not timestamp.isdecimal() or not timestamp.isascii() or not _TEXT.fullmatch(nonce):
            raise Refused(400, "not a call of WeChat")
        right = signature(self._token, timestamp, nonce, *more)
        if not hmac.compare_digest(query.get(name, "").encode(), right.encode()):
            raise Refused(403, "wrong signature: is WECHAT_TOKEN the one in the console?")
        off_s = self._now() - int(timestamp[:12])
        if abs(off_s) > _MOST_AWAY_S:
            raise Stale(off_s)

    def _decrypted(self, secret: str, query: Mapping[str, str]) -> str:
        """Decrypt. The library raises nearly anything for rubbish under a right signature, and for a foreign AppID."""
        if self._crypto is None:
            raise Refused(403, "no key")
        try:
            message = {"Encrypt": secret}
            parts = query["msg_signature"], query["timestamp"], query["nonce"]
            return _text(str(self._crypto.decrypt_message(message, *parts)).encode())
        except Refused:
            raise
        except Exception as error:  # noqa: BLE001 - see above
            raise Refused(403, f"cannot be decrypted ({type(error).__name__}): key or AppID differ") from None


def signature(*parts: str) -> str:
    """Return the SHA-1 in hex of the sorted parts, joined with nothing."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - WeChat's choice


def _encrypted(text: str) -> str | None:
    """Return the Encrypt of the outer XML; what else is beside it, in compatible mode, is ignored."""
    try:
        outer = xmltodict.parse(text)["xml"]
        secret = outer.get("Encrypt")
    except Exception as error:  # noqa: BLE001 - the parser raises many things, and an odd shape others
        raise Refused(400, f"not XML ({type(error).__name__}): is the console set to XML?") from None
    return secret if isinstance(secret, str) else None


def _text(body: bytes) -> str:
    """Decode UTF-8 without DTD, entities' declarations or foreign instructions. Inside CDATA anything may be."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(400, "not UTF-8") from None
    if any(_MARKUP.search(part) for part in _outside_cdata(text)):
        raise Refused(400, "a document type or an instruction in the XML")
    return text


def _outside_cdata(text: str) -> Iterator[str]:
    """Yield what stands outside CDATA, in one pass: one that is never closed is outside, and refused as markup."""
    at = 0
    while (begin := text.find(_CDATA, at)) >= 0 and (end := text.find(_CDATA_END, begin)) >= 0:
        yield text[at:begin]
        at = end + len(_CDATA_END)
    yield text[at:]
