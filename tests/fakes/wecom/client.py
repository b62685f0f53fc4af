"""Drives wecom-aibot-sdk 1.0.8 as client.mjs does the official client. It runs in an environment of its own."""

# mypy: ignore-errors
import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

from wecom_aibot_sdk import WSClient

url, bot_id, secret, film = sys.argv[1:]


def say(step: str, **more: Any) -> None:
    sys.stdout.write(json.dumps({"step": step, **more}) + "\n")
    sys.stdout.flush()


class Quiet:
    def debug(self, *_args: Any) -> None:
        pass

    info = warn = warning = error = debug


def card(task_id: str, text: str) -> dict[str, Any]:
    buttons = [{"text": "下单", "style": 1, "key": "yes:K7"}, {"text": "不做了", "style": 1, "key": "no:K7"}]
    return {
        "card_type": "button_interaction",
        "task_id": task_id,
        "main_title": {"title": text},
        "button_list": buttons,
    }


client = WSClient(
    bot_id,
    secret,
    ws_url=url,
    logger=Quiet(),
    heartbeat_interval=300,
    max_reconnect_attempts=1,
    max_auth_failure_attempts=1,
    reconnect_interval=100,
)


async def welcome(frame: dict[str, Any]) -> None:
    await client.reply_welcome(frame, {"msgtype": "text", "text": {"content": "hello"}})
    say("welcomed")


async def pressed(frame: dict[str, Any]) -> None:
    event = frame["body"]["event"]["template_card_event"]
    await client.update_template_card(frame, card(event["task_id"], "pressed"), [frame["body"]["from"]["userid"]])
    say("pressed", key=event["event_key"])


async def photo(frame: dict[str, Any]) -> None:
    image = next(item["image"] for item in frame["body"]["mixed"]["msg_item"] if item["msgtype"] == "image")
    found = await client.download_file(image["url"], image["aeskey"])
    say("photo", base64=base64.b64encode(found["buffer"]).decode())


async def text(frame: dict[str, Any]) -> None:
    body = frame["body"]
    try:
        await client.reply_stream(frame, "s1", "first", False)
        await client.reply_stream(frame, "s1", "first and last", True)
        chat = body.get("chatid") or body["from"]["userid"]
        await client.send_message(chat, {"msgtype": "markdown", "markdown": {"content": "**later**"}})
        await client.send_message(chat, {"msgtype": "template_card", "template_card": card("task-1", "offer")})
        media = await client.upload_media(Path(film).read_bytes(), type="video", filename="film.mp4")
        more = {"video_title": "K7", "video_description": "a fox"}
        await client.send_media_message(chat, "video", media["media_id"], **more)
        say("answered", words=body["text"]["content"])
    except Exception as error:  # noqa: BLE001 - whatever it raises is told
        say("failed", error=repr(error))


client.on("authenticated", lambda: say("authenticated"))
client.on("error", lambda error: say("error", message=str(error)))
client.on("event.disconnected_event", lambda *_: say("thrown-out"))
client.on("event.enter_chat", welcome)
client.on("event.template_card_event", pressed)
client.on("message.mixed", photo)
client.on("message.text", text)


async def main() -> None:
    await client.connect()
    await asyncio.Event().wait()


asyncio.run(main())
