"""A process that writes to a store and prints each acknowledged id: `python -m ... <path> <name> <count>`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from shared.store.embedded import EmbeddedDocuments
from tests.contract.store.collections_used import COLLECTIONS, thing

IN_FLIGHT = 32


async def main(path: Path, name: str, total: int) -> None:
    store = await EmbeddedDocuments.connect(path, COLLECTIONS)
    numbers = iter(range(total))

    async def write() -> None:
        for number in numbers:
            id = f"thing-{name}-{number}"
            assert await store.insert("things", thing(number, _id=id, code=id, shelf=name))
            sys.stdout.write(f"{id}\n")
            sys.stdout.flush()

    await asyncio.gather(*(write() for _ in range(IN_FLIGHT)))
    await store.aclose()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
