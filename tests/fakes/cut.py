"""Answers that end too early. For apps that uvicorn calls itself: Starlette's own layers hide the line."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class HalfAFile(Response):
    """Half of the bytes that it promises."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": half, "more_body": True})
        send.__self__.transport.close()  # type: ignore[attr-defined] # after what was written


class NoAnswer(Response):
    """The line ends before the first byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        send.__self__.transport.abort()  # type: ignore[attr-defined]
