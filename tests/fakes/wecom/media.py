"""The files that people send: encrypted with a key of their own, under links of five minutes."""

import base64
import itertools
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.fakes.cut import HalfAFile, NoAnswer
from tests.fakes.wecom.lines import Fault, take
from tests.fakes.wecom.world import World

_LINK_S = 300.0


class Files:
    """`faults` of "file": "drop" answers nothing, "cut" half of it, "errcode" with that HTTP status."""

    def __init__(self, world: World) -> None:
        self.faults: list[Fault] = []
        self._world = world
        self._kept: dict[str, tuple[bytes, float]] = {}
        self._numbers = itertools.count()
        self.fetched: list[str] = []
        self.keys: list[str] = []

    def keep(self, url: str, data: bytes) -> dict[str, str]:
        """The url and aeskey of a message. Every second key lacks its trailing "="."""
        key, name = secrets.token_bytes(32), secrets.token_hex(12)
        self._kept[f"/files/{name}"] = encrypted(data, key), self._world.now()
        aeskey = base64.b64encode(key).decode()
        self.keys.append(aeskey.rstrip("="))
        return {
            "url": f"{url}/files/{name}?sign={secrets.token_hex(8)}",
            "aeskey": aeskey.rstrip("=") if next(self._numbers) % 2 else aeskey,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        self.fetched.append(path)
        data, at = self._kept.get(path, (b"", -_LINK_S))
        fault = take(self.faults, "file")
        response: Response
        if fault is not None and fault.kind == "drop":
            response = NoAnswer()
        elif fault is not None and fault.kind == "errcode":
            response = Response(status_code=fault.code)
        elif not data or self._world.now() - at > _LINK_S:
            response = Response("link expired", 403)
        elif fault is not None and fault.kind == "cut":
            response = HalfAFile(data)
        else:
            response = Response(data, headers={"content-disposition": 'attachment; filename="file"'})
        await response(scope, receive, send)


def encrypted(data: bytes, key: bytes) -> bytes:
    """AES-256-CBC, the first 16 bytes of the key as IV, padded to 32."""
    pad = 32 - len(data) % 32
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return cipher.update(data + bytes([pad]) * pad) + cipher.finalize()
