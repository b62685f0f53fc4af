"""The CDN of iLink: files that are encrypted with AES-128-ECB and PKCS#7, and their references."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Json = dict[str, Any]
Encoding = Literal["raw", "hex", "field", "plain"]
"""How the key of a file is stated: base64 of 16 bytes, base64 of 32 hex letters, hex in the item itself, no key."""

_HEX = re.compile(r"[0-9a-f]{32}")


class CdnRefused(Exception):
    """An answer of 4xx, with its reason in a header."""


@dataclass(slots=True)
class File:
    """A file on the CDN. `key` empty: it is not encrypted."""

    body: bytes
    key: bytes
    to: str = ""
    media_type: int = 0

    @property
    def content(self) -> bytes:
        return decrypted(self.body, self.key) if self.key else self.body


@dataclass(slots=True)
class Upload:
    """What getuploadurl was told."""

    filekey: str
    media_type: int
    to: str
    rawsize: int
    md5: str
    filesize: int
    key: bytes
    used: bool = False


def encrypted(plain: bytes, key: bytes) -> bytes:
    fill = 16 - len(plain) % 16
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return cipher.update(plain + bytes([fill]) * fill) + cipher.finalize()


def decrypted(body: bytes, key: bytes) -> bytes:
    if not body or len(body) % 16:
        raise CdnRefused("not a whole number of blocks")
    cipher = Cipher(algorithms.AES(key), modes.ECB()).decryptor()
    plain = cipher.update(body) + cipher.finalize()
    fill = plain[-1]
    if not 1 <= fill <= 16 or plain[-fill:] != bytes([fill]) * fill:
        raise CdnRefused("bad padding")
    return plain[:-fill]


def upload_of(body: Json) -> Upload:
    """Read a request for an upload address. Raises ValueError with what is wrong with it."""
    wanted = {
        "filekey", "media_type", "to_user_id", "rawsize", "rawfilemd5", "filesize", "aeskey", "no_need_thumb",
        "base_info",
    }  # fmt: skip
    if set(body) - wanted:
        raise ValueError(f"unknown fields {set(body) - wanted}")
    rawsize, filesize = body.get("rawsize"), body.get("filesize")
    if not isinstance(rawsize, int) or rawsize <= 0 or filesize != (rawsize // 16 + 1) * 16:
        raise ValueError("sizes")
    for name in ("filekey", "rawfilemd5", "aeskey"):
        if not isinstance(body.get(name), str) or not _HEX.fullmatch(body[name]):
            raise ValueError(name)
    if body.get("media_type") not in {1, 2, 3, 4} or body.get("no_need_thumb") is not True:
        raise ValueError("media_type or thumb")
    key = bytes.fromhex(body["aeskey"])
    return Upload(
        body["filekey"], body["media_type"], body.get("to_user_id", ""), rawsize, body["rawfilemd5"], filesize, key
    )


def stored(upload: Upload, body: bytes) -> File:
    """Take the bytes of an upload. Raises CdnRefused unless they are what was announced."""
    if upload.used:
        raise CdnRefused("the parameter was used before")
    if len(body) != upload.filesize:
        raise CdnRefused(f"{len(body)} bytes in place of {upload.filesize}")
    plain = decrypted(body, upload.key)
    if len(plain) != upload.rawsize or hashlib.md5(plain).hexdigest() != upload.md5:
        raise CdnRefused("other bytes than announced")
    upload.used = True
    return File(body, upload.key, upload.to, upload.media_type)


def sealed(content: bytes, encoding: Encoding) -> tuple[File, Json]:
    """A file that a person sends, and what its reference says of the key."""
    if encoding == "plain":
        return File(content, b""), {}
    key = secrets.token_bytes(16)
    text = key.hex().encode() if encoding == "hex" else key
    stated = {} if encoding == "field" else {"aes_key": base64.b64encode(text).decode(), "encrypt_type": 1}
    return File(encrypted(content, key), key), stated


def stated_key(media: Json) -> bytes:
    """The key as a bot has to state it for what it sends: base64 of the hex text."""
    try:
        return bytes.fromhex(base64.b64decode(media.get("aes_key", ""), validate=True).decode())
    except ValueError:
        return b""
