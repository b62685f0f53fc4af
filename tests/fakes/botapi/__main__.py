"""`python -m tests.fakes.botapi --port N --token T --state DIR`."""

import argparse
from pathlib import Path

import uvicorn

from tests.fakes.botapi import TOKEN, Rates, TelegramFake


def main() -> None:
    parser = argparse.ArgumentParser(description="A Telegram for tests")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--version", default="10.3", help="of the Bot API")
    parser.add_argument("--unknown", choices=["ignored", "refused"], default="ignored", help="newer fields are")
    parser.add_argument("--local", action="store_true", help="a server in local mode")
    parser.add_argument("--rates", action="store_true", help="refuse what comes too often, as Telegram does")
    given = parser.parse_args()
    major, _, minor = given.version.partition(".")
    fake = TelegramFake(
        token=given.token,
        state=given.state,
        version=(int(major), int(minor)),
        unknown=given.unknown,
        local=given.local,
        rates=Rates() if given.rates else None,
    )
    try:
        uvicorn.run(fake, port=given.port, log_level="warning", lifespan="off")
    finally:
        fake.close()


if __name__ == "__main__":
    main()
