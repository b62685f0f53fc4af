"""The pigeons' server over real HTTP: people write letters, which it brings to a callback; it takes notes and films."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.fakes.cut import HalfAFile, NoAnswer

KEY = "pigeon-key-of-the-tests-which-must-never-leak"
NAME = "northern-loft"


@dataclass(slots=True)
class Note:
    number: int
    loft: str
    text: str
    film: bytes | None = None


@dataclass
class Loft:
    """`callback`: the bot's address. `closed`: people who take nothing more."""

    callback: str = ""
    notes: list[Note] = field(default_factory=list)
    closed: set[str] = field(default_factory=set)
    loses_answers: bool = False
    cuts_files: bool = False
    _photos: dict[str, bytes] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _letter: dict[str, Any] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope, receive)
            await (await self._answer(request))(scope, receive, send)

    # People

    def write(self, person: str, text: str, *, photo: bytes | None = None, loft: str | None = None) -> None:
        number = next(self._numbers)
        if photo is not None:
            self._photos[f"photo-{number}"] = photo
        named = f"photo-{number}" if photo is not None else None
        at = loft or person
        self._letter = {"number": number, "to": NAME, "from": person, "loft": at, "text": text, "photo": named}

    async def deliver(self) -> bool:
        """Bring the last letter to the bot. False: it was not confirmed."""
        async with httpx.AsyncClient(
            trust_env=False, verify=False, headers={"Authorization": f"Bearer {KEY}"}
        ) as client:
            return (await client.post(self.callback, json=self._letter)).status_code == httpx.codes.NO_CONTENT

    def at(self, loft: str) -> list[Note]:
        return [note for note in self.notes if note.loft == loft]

    # The bot's calls

    async def _answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return Response(status_code=401)
        match request.url.path.strip("/").split("/"):
            case ["me"]:
                return JSONResponse({"name": NAME})
            case ["notes"]:
                return await self._note(request)
            case ["films"]:
                return await self._film(request)
            case ["photos", name]:
                return self._photo(name)
        return Response(status_code=404)

    async def _note(self, request: Request) -> Response:
        asked = await request.json()
        old = [note for note in self.notes if str(note.number) == asked["instead_of"]]
        for note in old:
            note.text = asked["text"]
        return self._kept(old[0] if old else Note(next(self._numbers), asked["loft"], asked["text"]))

    async def _film(self, request: Request) -> Response:
        film = await request.body()
        if film[4:8] != b"ftyp":
            return Response(status_code=415)
        where = request.query_params
        return self._kept(Note(next(self._numbers), where["loft"], where["caption"], film))

    def _kept(self, note: Note) -> Response:
        if note.loft in self.closed:
            return Response(status_code=403)
        if note not in self.notes:
            self.notes.append(note)
        return NoAnswer() if self.loses_answers else JSONResponse({"number": note.number})

    def _photo(self, name: str) -> Response:
        photo = self._photos.get(name)
        if photo is None:
            return Response(status_code=404)
        return HalfAFile(photo) if self.cuts_files else Response(photo)
