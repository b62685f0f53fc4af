"""The QR login: what a code goes through, as a test scripts it."""

import secrets
from dataclasses import dataclass, field

from tests.fakes.ilink.media import Json
from tests.fakes.ilink.world import World

_MOST_WRONG = 3


@dataclass(slots=True)
class Login:
    """`script`: the states that its next questions are answered with; the last one again and again.

    "confirmed" makes a bot for `owner`. "need_verifycode" stays until `code` is named, or is named wrong three times.
    """

    script: list[str]
    owner: str
    code: str = "4711"
    wrong: int = 0
    asked: list[str] = field(default_factory=list)  # hosts that were asked


class Logins:
    def __init__(self, world: World) -> None:
        self._world = world
        self.scripts: list[list[str]] = []  # of the next codes; then: a scan that works
        self.owner = "fox@im.wechat"
        self.bot_id: str | None = None  # of the bot that is made; None: a new one
        self.redirect_host: str | None = None
        self.base_url: str | None = None
        self.by_code: dict[str, Login] = {}
        self.tokens: list[list[str]] = []  # local_token_list of each request

    def begin(self, body: Json) -> Json:
        tokens = body.get("local_token_list")
        if not isinstance(tokens, list) or len(tokens) > 10 or any(not isinstance(each, str) for each in tokens):
            self._world.wrong.append("local_token_list")
        self.tokens.append(list(tokens or []))
        code = secrets.token_urlsafe(24)
        script = self.scripts.pop(0) if self.scripts else ["wait", "scaned", "confirmed"]
        self.by_code[code] = Login(list(script), self.owner)
        return {"ret": 0, "qrcode": code, "qrcode_img_content": f"https://liteapp.weixin.qq.com/q/{code}"}

    def state(self, code: str, verify_code: str | None, host: str) -> Json:
        login = self.by_code.get(code)
        if login is None:
            return {"ret": 0, "status": "expired"}
        login.asked.append(host)
        status = login.script[0]
        if status == "need_verifycode":
            status = self._verified(login, verify_code)
        elif len(login.script) > 1:
            login.script.pop(0)
        answer: Json = {"ret": 0, "status": status}
        if status == "scaned_but_redirect":
            answer["redirect_host"] = self.redirect_host or host
        if status == "confirmed":
            bot = self._world.new_bot(login.owner, bot_id=self.bot_id)
            login.script = ["expired"]
            answer |= {
                "bot_token": bot.token, "ilink_bot_id": bot.bot_id, "ilink_user_id": bot.owner,
                "baseurl": self.base_url or self._world.url,
            }  # fmt: skip
        return answer

    def _verified(self, login: Login, verify_code: str | None) -> str:
        if verify_code == login.code:
            login.script.pop(0)
            return self._next(login)
        if verify_code is not None:
            login.wrong += 1
        return "verify_code_blocked" if login.wrong >= _MOST_WRONG else "need_verifycode"

    def _next(self, login: Login) -> str:
        """The state behind the number, unless that is the confirmation: it comes with the next question."""
        return "scaned" if login.script[:1] == ["confirmed"] else login.script[0]
