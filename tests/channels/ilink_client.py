"""What an independent client does against the iLink fake, in a process of its own: one JSON object on stdout.

ilink-sdk (PyPI, by a third party): python ilink_client.py BASE_URL FILM, with HOME in a scratch folder.
"""

import json
import sys
from pathlib import Path
from typing import Any

import ilink_sdk

FOX = "fox@im.wechat"


def main(base: str, film: str) -> None:
    saw: dict[str, Any] = {}
    to = {"base_url": base, "cdn_base_url": f"{base}/c2c", "timeout_ms": 5000}
    client = ilink_sdk.Client(**to)
    start = client.login_start(base_url=base, bot_type="3")
    done = client.login_complete(start.session_key, timeout_secs=20)
    saw["login"] = [start.qrcode_url, done.connected, done.session.user_id]

    client = ilink_sdk.Client(account_id=done.account_id, **to)
    client.notify("start")
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    buf = ""
    messages: list[Any] = []
    while len(messages) < 4:
        updates = client.get_updates(buf)
        assert not updates.is_error
        buf = updates.get_updates_buf or buf
        messages += updates.messages or []
    saw["ids"] = [each.message_id for each in messages]
    items = [item for each in messages for item in each.item_list]
    saw["texts"] = [item.text for item in items if item.text]
    files = [item for item in items if item.image_item or item.video_item]
    paths = [path for item in files for path in client.download_item(item, dest_dir=".").paths]
    saw["files"] = [len(Path(path).read_bytes()) for path in paths]

    context = messages[-1].context_token
    saw["sent"] = client.send_text(FOX, "hello", context_token=context).server_message_id
    client.send_typing(FOX, client.get_config(FOX, context_token=context).typing_ticket)
    client.send_file(FOX, film, context_token=context)
    client.notify("stop")
    sys.stdout.write(json.dumps(saw))


if __name__ == "__main__":
    main(*sys.argv[1:])
