"""`python -m tests.fakes.botapi --port N --token T --state DIR`."""

import argparse
from pathlib import Path

import uvicorn

from tests.fakes.botapi import TOKEN, TelegramFake


def main() -> None:
    parser = argparse.ArgumentParser(description="A Telegram for tests")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--state", type=Path)
    given = parser.parse_args()
    fake = TelegramFake(token=given.token, state=given.state)
    try:
        uvicorn.run(fake, port=given.port, log_level="warning", lifespan="off")
    finally:
        fake.close()


if __name__ == "__main__":
    main()
