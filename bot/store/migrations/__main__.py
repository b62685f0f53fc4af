"""Migrates the database whose address comes on standard input: `python -m bot.store.migrations`."""

import asyncio
import sys

from bot.store.database import Database, DatabaseDown
from bot.store.schema import NO_ACCESS


async def main() -> int:
    """Migrate, and return the exit code."""
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
