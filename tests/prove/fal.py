"""A model of fal behind httpx: its queue, files, request list, webhook keys and bill, and all that goes wrong there.

Two kinds of trouble: what stands in the script of one job (how its order is answered, what becomes of it), and the
weather, which is over at a time. Facts: fal's documentation and public reports, as the program's own sources name them.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs, quote

import httpx

from tests.prove.books import KEEP_S, Books, Fate, Request, Shape
from tests.prove.reach import Reached
from tests.prove.signing import public_key

Answering = Literal[
    "ok", "not sent", "lost", "cut", "late", "very late", "silent", "refused", "busy", "locked", "500 taken",
    "500 not taken", "html taken", "no id", "repeated id", "502 not taken", "cut not taken", "429 taken",
    "429 not taken", "403 taken", "422 charged, taken", "422 charged", "odd charge",
]  # fmt: skip
Weather = Literal[
    "fal away", "fal slow", "status html 404", "status json 404", "status 410", "status 502", "status locked",
    "status odd", "status failed", "stream breaks", "result html 404", "result json 404", "result 410", "result 500",
    "result html 200", "list down", "list empty", "list late", "list cut", "list slow", "list circle", "file 404",
    "file html", "file cut", "file odd range", "file elsewhere", "file type", "webhooks lost", "webhooks late",
    "webhooks twice", "bill down", "bill twice", "bill cut",
]  # fmt: skip
_LIST_TROUBLES: tuple[Weather, ...] = ("fal slow", "list slow", "list circle", "list cut")
FOUND_LATE_S = 40.0
_HELD_S = 2.5
_NO = {"detail": [{"loc": ["body", "prompt"], "msg": "no", "type": "value_error"}]}
_PAGE = 100
_HTML = b"<html><head><title>error</title></head><body>nginx</body></html>"


@dataclass(frozen=True, slots=True)
class Script:
    """How fal deals with the order of one job."""

    answering: Answering = "ok"
    fate: Fate = Fate.VIDEO
    shape: Shape = Shape.BARE
    queue_s: float = 2.0
    run_s: float = 20.0
    goes_back: bool = False
    bill_late_s: float = 60.0
    drift_percent: int = 0
    calls_back: bool = True


@dataclass
class Reply:
    """What comes back, and after how many seconds; `error`: instead of it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.05
    error: Callable[[httpx.Request], httpx.TransportError] | None = None
    cut_at: int | None = None
    names: Request | None = None


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    body = json.dumps(value, ensure_ascii=False).encode()
    return Reply(status, body, {"content-type": "application/json", **named})


def html(status: int) -> Reply:
    return Reply(status, _HTML, {"content-type": "text/html"})


def broken(kind: type[httpx.TransportError], *, after_s: float = 0.05) -> Reply:
    return Reply(error=lambda request: kind("the model's wire", request=request), after_s=after_s)


_REFUSED_AFTER: dict[Answering, Callable[[], Reply]] = {
    "500 taken": lambda: as_json({"detail": "internal"}, 500),
    "429 taken": lambda: as_json({"detail": "Too many requests"}, 429, retry_after="3"),
    "403 taken": lambda: as_json({"detail": "Forbidden"}, 403),
    "422 charged, taken": lambda: as_json(_NO, 422, x_credits_used="0.25"),
    "html taken": lambda: Reply(200, _HTML, {"content-type": "text/html"}),
    "no id": lambda: as_json({"status": "IN_QUEUE"}),
}
"""What a gateway says after fal took the order."""


class Fal:
    """`now`: fal's own clock, seconds UTC. `scripts`: by job."""

    def __init__(self, now: Callable[[], float], rng: random.Random, reached: Reached) -> None:
        self.now = now
        self.rng = rng
        self.books = Books(rng=rng)
        self.reached = reached
        self.scripts: dict[str, Script] = {}
        self.weather: dict[str, float] = {}
        self.on_taken: Callable[[Request], None] = lambda _: None
        self.on_posted: Callable[[str], None] = lambda _: None
        self.looked: dict[str, float] = {}  # when the list was last asked for a job
        self.list_failed_at = 0.0
        self.stream = False

    def blows(self, what: Weather) -> bool:
        if self.weather.get(what, 0.0) <= self.now():
            return False
        self.reached.note(f"fal: {what}")
        return True

    def held_s(self, request: httpx.Request) -> float:
        """How long a question waits at fal before it is looked at: what is ordered meanwhile is in the answer."""
        return _HELD_S if request.url.path.endswith("/by-endpoint") and self.blows("list slow") else 0.0

    def told(self, reply: Reply) -> None:
        """The answer to an order has come to its end."""
        if reply.names is not None and reply.names.told_at is None:
            reply.names.told_at = self.now()

    def answer(self, request: httpx.Request, buyer: str | None) -> Reply:
        listed = request.url.path.endswith("/by-endpoint")
        if listed and buyer is not None:
            self.looked[buyer] = self.now()
        if self.blows("fal away"):
            self.list_failed_at = self.now()
            return broken(httpx.ConnectError)
        reply = self._route(request, buyer)
        if listed and (reply.status >= 300 or any(self.weather.get(each, 0.0) > self.now() for each in _LIST_TROUBLES)):
            self.list_failed_at = self.now()
        if self.blows("fal slow"):
            reply.after_s += self.rng.choice((3.0, 12.0, 40.0))
        return reply

    def _route(self, request: httpx.Request, buyer: str | None) -> Reply:
        host, path = request.url.host, request.url.path
        if host == "queue.fal.run":
            return self._queue(request, path, buyer)
        if host == "api.fal.ai" and path.endswith("/requests/by-endpoint"):
            return self._listed(request)
        if host == "api.fal.ai" and path.endswith("/billing-events"):
            return self._bill(request)
        if host == "api.fal.ai" and path.endswith("/account/billing"):
            return as_json({"username": "model", "credits": {"current_balance": 500.0, "currency": "USD"}})
        if host == "rest.fal.ai" and path.endswith("jwks.json"):
            return as_json({"keys": [{"x": public_key()}]})
        if host.endswith("fal.media"):
            return self._file(request, path)
        return html(404)

    def _queue(self, request: httpx.Request, path: str, buyer: str | None) -> Reply:
        if request.method == "POST":
            return self._submit(request, path.strip("/"), buyer)
        parts = path.strip("/").split("/")
        found = self.books.requests.get(parts[3]) if len(parts) > 3 and parts[2] == "requests" else None
        if found is not None and found.app != "/".join(parts[:2]):
            found = None
        ask = parts[4:]
        if request.method == "PUT":
            return self._cancel(found)
        if ask == ["status"]:
            return self._status(found)
        if ask == ["status", "stream"]:
            return self._stream(found)
        return self._result(found) if ask == [] else html(405)

    # The order.

    def _submit(self, request: httpx.Request, endpoint: str, buyer: str | None) -> Reply:
        script = self.scripts.get(buyer or "", Script())
        self.reached.note(f"order: {script.answering}")
        self.on_posted(buyer or "")
        body = json.loads(request.content)
        self.books.posted.setdefault(buyer or "", body)
        before = self._before_it_is_taken(script.answering)
        if before is not None:
            return before
        webhook = parse_qs(request.url.query.decode()).get("fal_webhook", [None])[0]
        taken = self.books.take(
            Request(
                id=self.books.new_id(),
                endpoint=endpoint,
                body=body,
                job=buyer,
                at=self.now(),
                fate=script.fate,
                shape=script.shape,
                queue_s=script.queue_s,
                run_s=script.run_s,
                goes_back=script.goes_back,
                webhook=webhook if script.calls_back else None,
                bill_late_s=script.bill_late_s,
                drift_percent=script.drift_percent,
            )
        )
        self.on_taken(taken)
        return self._after_it_is_taken(script.answering, taken)

    def _before_it_is_taken(self, answering: Answering) -> Reply | None:
        match answering:
            case "not sent":
                return broken(httpx.ConnectError)
            case "refused":
                return as_json(_NO, 422)
            case "busy":
                return as_json({"detail": "busy", "error_type": "concurrent_requests_limit"}, 429, retry_after="3")
            case "429 not taken":
                return as_json({"detail": "Too many requests"}, 429, retry_after="3")
            case "422 charged":
                return as_json(_NO, 422, x_credits_used="0.25")
            case "cut not taken":
                return broken(httpx.RemoteProtocolError)
            case "locked":
                return as_json({"detail": "User is locked. Reason: Exhausted balance."}, 403)
            case "500 not taken":
                return as_json({"detail": "internal"}, 500)
            case "502 not taken":
                return html(502)
            case _:
                return None

    def _after_it_is_taken(self, answering: Answering, taken: Request) -> Reply:
        base = f"https://queue.fal.run/{taken.app}/requests/{taken.id}"
        receipt = {
            "request_id": taken.id,
            "status": "IN_QUEUE",
            "queue_position": 1,
            "status_url": f"{base}/status",
            "response_url": base,
            "cancel_url": f"{base}/cancel",
        }
        if answering in _REFUSED_AFTER:
            return _REFUSED_AFTER[answering]()
        reply = as_json(receipt)
        reply.names = taken
        match answering:
            case "lost":
                return broken(httpx.ReadTimeout, after_s=90.0)
            case "cut":
                return broken(httpx.RemoteProtocolError, after_s=1.0)
            case "silent":
                return Reply(after_s=1e6)
            case "late":
                reply.after_s = 12.0
            case "very late":
                reply.after_s = 70.0
            case "odd charge":
                reply.headers["x-credits-used"] = "1e30"
            case "repeated id":
                other = [each.id for each in self.books.ours() if each.asked_after]
                return as_json({**receipt, "request_id": other[-1]}) if other else reply
            case _:
                pass
        return reply

    # What is asked about it.

    def _status(self, found: Request | None) -> Reply:
        odd = self._odd_status()
        if odd is not None:
            return odd
        if found is None:
            return as_json({"detail": "Request not found"}, 404)
        found.asked_after = True
        state = found.state(self.now())
        self.reached.note(f"status: {state.lower()}")
        said: dict[str, Any] = {"status": state, "request_id": found.id}
        if state == "IN_QUEUE":
            said["queue_position"] = 0
        if state == "COMPLETED" and found.fate is Fate.ENDED:
            said |= {"error": "the runner died", "error_type": "runner_server_error"}
        return as_json(said, 200 if state == "COMPLETED" else 202)

    def _odd_status(self) -> Reply | None:
        if self.blows("status html 404"):
            return html(404)
        if self.blows("status json 404"):
            return as_json({"detail": "Not Found"}, 404)
        if self.blows("status 410"):
            return as_json({"error": "gone"}, 410)
        if self.blows("status 502"):
            return html(502)
        if self.blows("status locked"):
            return as_json({"detail": "User is locked. Reason: Exhausted balance."}, 403)
        if self.blows("status odd"):
            return as_json({"ok": True})
        if self.blows("status failed"):
            return as_json({"status": "FAILED"})
        return None

    def _stream(self, found: Request | None) -> Reply:
        """Only its present state, and the end: a stream that is broken off early, or one of a finished request."""
        if not self.stream or found is None or self.blows("stream breaks"):
            return html(404)
        said = {"status": found.state(self.now()), "request_id": found.id}
        return Reply(200, f"data: {json.dumps(said)}\n\n".encode(), {"content-type": "text/event-stream"})

    def _cancel(self, found: Request | None) -> Reply:
        if found is None:
            return as_json({"status": "NOT_FOUND"}, 404)
        said = found.cancel(self.now())
        self.reached.note(f"cancel: {said.lower()}")
        return as_json({"status": said}, 400 if said == "ALREADY_COMPLETED" else 202)

    def _result(self, found: Request | None) -> Reply:
        if self.blows("result html 404"):
            return html(404)
        if self.blows("result json 404"):
            return as_json({"detail": "Request not found"}, 404)
        if self.blows("result 410"):
            return as_json({"error": "gone"}, 410)
        if self.blows("result 500"):
            return as_json({"detail": "internal"}, 500)
        if self.blows("result html 200"):
            return Reply(200, _HTML, {"content-type": "text/html"})
        if found is None:
            return as_json({"detail": "Request not found"}, 404)
        if found.state(self.now()) != "COMPLETED":
            return as_json({"detail": "Request is still in progress"}, 400)
        self.reached.note(f"fate: {found.fate}")
        return self._given(found) if found.ends_with_video else _refusal(found.fate)

    def _given(self, found: Request) -> Reply:
        self.reached.note(f"result: {found.shape}")
        found.results_given += 1
        if found.shape is Shape.ONCE and found.results_given > 1:
            return as_json({"detail": "Request not found"}, 404)
        if found.shape is Shape.EMPTY_FIRST and found.results_given <= 2:
            return as_json({"video": None, "seed": 7})
        file = {"url": _address(found), "content_type": "video/mp4", "file_size": len(found.film)}
        bare = {"video": file, "seed": 7}
        shaped: dict[Shape, Any] = {
            Shape.ENVELOPE: {"status": "COMPLETED", "response": bare},
            Shape.NESTED: {"data": {"output": {"video": file}}},
            Shape.LISTED: {"videos": [file]},
            Shape.STRING: {"video": file["url"]},
        }
        return as_json(shaped.get(found.shape, bare), x_fal_billable_units=str(found.body["duration"]))

    def _listed(self, request: httpx.Request) -> Reply:
        if self.blows("list down"):
            return html(502)
        asked = parse_qs(request.url.query.decode())
        endpoints, first = asked.get("endpoint_id", []), int(asked.get("cursor", ["0"])[0])
        if first and self.blows("list cut"):
            return html(503)
        rows = self._rows(endpoints)
        if self.blows("list empty"):
            self.books.hide(row["request_id"] for row in rows)
            rows = []
        page = rows[first : first + _PAGE]
        after = first if self.blows("list circle") else first + len(page)
        self.reached.note("list: a second page" if first else "list: asked")
        more = after < len(rows)
        return as_json({"items": page, "next_cursor": str(after) if more else None, "has_more": more})

    def _rows(self, endpoints: list[str]) -> list[dict[str, Any]]:
        """The newest end first; what still runs stands before all of them."""
        now, late = self.now(), self.blows("list late")
        known = [each for each in self.books.requests.values() if each.endpoint in endpoints]
        if late:
            for each in known:
                each.unlisted = each.unlisted or each.at + FOUND_LATE_S >= now
            known = [each for each in known if each.at + FOUND_LATE_S < now]
        known.sort(key=lambda each: -(each.done_at if each.done_at <= now else now + each.at))
        return [_row(each, now) for each in known]

    def _bill(self, request: httpx.Request) -> Reply:
        if self.blows("bill down"):
            return html(503)
        now, events = self.now(), []
        asked = parse_qs(request.url.query.decode()).get("request_id", [])
        for each in (self.books.requests[one] for one in asked if one in self.books.requests):
            if now >= each.done_at + each.bill_late_s:
                nano = each.charged_nano(now)
                events.append({"request_id": each.id, "endpoint_id": each.endpoint, "cost_estimate_nano_usd": nano})
        self.reached.note("bill: asked")
        if self.blows("bill cut"):
            return as_json({"billing_events": events[::2], "next_cursor": None, "has_more": True})
        again = not parse_qs(request.url.query.decode()).get("cursor") and self.blows("bill twice")
        return as_json({"billing_events": events, "next_cursor": "0" if again else None, "has_more": again})

    # The file.

    def _file(self, request: httpx.Request, path: str) -> Reply:
        found = next((each for each in self.books.requests.values() if each.id in path), None)
        if found is None or not found.ends_with_video or self.now() > found.done_at + KEEP_S:
            return html(404)
        if self.blows("file 404"):
            return html(404)
        if self.blows("file html"):
            return Reply(200, _HTML, {"content-type": "text/html"})
        if self.blows("file elsewhere") and not path.startswith("/moved"):
            return Reply(302, b"", {"location": f"https://v3b.fal.media/moved{quote(path)}"})
        found.files_given += 1
        return self._bytes(request, found.film)

    def _bytes(self, request: httpx.Request, content: bytes) -> Reply:
        kind = "application/mp4" if self.blows("file type") else "video/mp4"
        asked = request.headers.get("range", "").removeprefix("bytes=").partition("-")[0]
        start = int(asked) if asked.isdigit() and int(asked) < len(content) else 0
        if start and self.blows("file odd range"):
            start = start // 2
        part = content[start:]
        headers = {"content-type": kind, "content-length": str(len(part))}
        if start:
            headers["content-range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.reached.note("file: resumed")
        cut = len(part) // 2 if self.blows("file cut") else None
        return Reply(206 if start else 200, part, headers, cut_at=cut)


def _refusal(fate: Fate) -> Reply:
    def detail(kind: str) -> Any:
        return {"detail": [{"loc": ["body", "prompt"], "msg": "no", "type": kind, "input": "secret prompt"}]}

    match fate:
        case Fate.REFUSED_CHARGED:
            return as_json(detail("content_policy_violation"), 422, x_fal_billable_units="5")
        case Fate.REFUSED_FREE:
            return as_json(detail("content_policy_violation"), 422, x_fal_billable_units="0")
        case Fate.CANCELLED:
            return as_json({"detail": "Request was cancelled", "error_type": "client_cancelled"}, 499)
        case Fate.ENDED:
            died = {"detail": "the runner died", "error_type": "runner_server_error"}
            return as_json(died, 500, x_fal_error_type="runner_server_error")
        case _:
            return as_json(detail("internal_server_error"), 500)


def _address(found: Request) -> str:
    name = f"{found.id}.mp4"
    if found.shape is Shape.NON_ASCII:
        name = f"狐狸 é/{name}"
    if found.shape is Shape.LONG:
        name = f"{'a' * 2100}/{name}"
    host = "v3b.fal.media"
    if found.shape is Shape.FOREIGN_FIRST and found.results_given <= 2:
        host = "storage.googleapis.com"
    return f"https://{host}/files/b/{name}"


def _row(each: Request, now: float) -> dict[str, Any]:
    def told(at: float) -> str | None:
        return datetime.fromtimestamp(at, tz=UTC).isoformat() if at <= now else None

    return {
        "request_id": each.id,
        "endpoint_id": each.endpoint,
        "sent_at": told(each.at),
        "started_at": told(each.at + each.queue_s),
        "ended_at": told(each.done_at),
        "status_code": 200 if each.done_at <= now else None,
        "json_input": {**each.body, "enable_safety_checker": True},
    }
