"""Creates the streams, with the provisioning identity: `python -m deploy.nats.provision`.

Services may not create streams in production. Safe to run again; a stream that differs from its declaration is an
error.
Environment: TIENDO_NATS_URL, NATS_PASSWORD_PROVISION.
"""

from __future__ import annotations

import asyncio
import os

from shared.nats.connection import Connection, Identity
from shared.nats.streams import COMMON, OWNED, ensure_stream

CONNECT_SECONDS_MAX = 30.0


async def provision(url: str, password: str) -> list[str]:
    """Make what is missing; the names of all streams."""
    connection = Connection(url=url, name="provision", identity=Identity(user="provision", password=password))
    await connection.open(connect_seconds_max=CONNECT_SECONDS_MAX)
    try:
        for spec in (*OWNED, *COMMON):
            await ensure_stream(connection, spec)
    finally:
        await connection.aclose()
    return [spec.name for spec in (*OWNED, *COMMON)]


def main() -> None:
    names = asyncio.run(provision(os.environ["TIENDO_NATS_URL"], os.environ["NATS_PASSWORD_PROVISION"]))
    print(f"streams ready: {', '.join(names)}")


if __name__ == "__main__":
    main()
