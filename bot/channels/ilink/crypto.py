"""Files of iLink's CDN: AES-128-ECB with PKCS#7, because that is what WeChat takes; a new key for each file."""

import base64
import binascii
from pathlib import Path

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 16
_BITS = 128
_CHUNK_BYTES = 1 << 20
_HEX_CHARS = 32


def padded_size(size: int) -> int:
    """Return the size of a file once it is encrypted."""
    return (size // _BLOCK + 1) * _BLOCK


def encrypt(plain: bytes, key: bytes) -> bytes:
    """Encrypt a whole file."""
    padder = padding.PKCS7(_BITS).padder()
    cipher = _cipher(key).encryptor()
    return cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()


def decrypt_file(source: Path, into: Path, key: bytes) -> None:
    """Decrypt a file. Raises ValueError where the key does not fit it."""
    unpadder, cipher = padding.PKCS7(_BITS).unpadder(), _cipher(key).decryptor()
    with source.open("rb") as file, into.open("wb") as plain:
        while chunk := file.read(_CHUNK_BYTES):
            plain.write(unpadder.update(cipher.update(chunk)))
        plain.write(unpadder.update(cipher.finalize()) + unpadder.finalize())


def key_of(text: str) -> bytes:
    """Read a stated key: base64 of its 16 bytes or of their 32 hex letters, or the letters themselves.

    Raises ValueError for anything else; an empty text is no key.
    """
    if not text:
        return b""
    if len(text) == _HEX_CHARS and not set(text.lower()) - set("0123456789abcdef"):
        return bytes.fromhex(text)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("a key that is no base64") from None
    if len(key) == _HEX_CHARS:
        key = bytes.fromhex(key.decode("ascii", "replace"))
    if len(key) != _BLOCK:
        raise ValueError("a key of another length")
    return key


def _cipher(key: bytes) -> Cipher[modes.ECB]:
    return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - WeChat's choice
