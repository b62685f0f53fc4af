"""`python -m bot.store.migrations` brings the database whose address stands on its standard input forward."""

import asyncio
import sys

from bot.store.database import Database, DatabaseDown
from bot.store.schema import NO_ACCESS


async def main() -> int:
    database = Database(sys.stdin.read())
    try:
        await database.migrate()
    except DatabaseDown as error:
        sys.stderr.write(f"{error}\n")
        return NO_ACCESS
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
