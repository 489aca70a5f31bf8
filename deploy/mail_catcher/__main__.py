"""`python -m deploy.mail_catcher --smtp-port 8125 --http-port 8126 --dir PATH`: catch mail until stopped."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import uvicorn

from deploy.mail_catcher.smtp import Listener
from deploy.mail_catcher.store import MESSAGES_MAX, MailStore
from deploy.mail_catcher.web import web

HOST = "127.0.0.1"
STOP_SECONDS_MAX = 2


async def catch(
    directory: Path, *, host: str = HOST, smtp_port: int, http_port: int, messages_max: int = MESSAGES_MAX
) -> None:
    """Serve both sides until SIGTERM or SIGINT; on the loopback unless told otherwise."""
    store = MailStore(directory, messages_max=messages_max)
    smtp = Listener(store)
    await smtp.start(host=host, port=smtp_port)
    config = uvicorn.Config(
        web(store),
        host=host,
        port=http_port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
    )
    try:
        await uvicorn.Server(config).serve()
    finally:
        await smtp.aclose()


def main() -> None:
    """Read the command line and catch."""
    options = argparse.ArgumentParser(prog="python -m deploy.mail_catcher", description=__doc__)
    options.add_argument("--host", default=HOST, help="address to listen on; a container needs 0.0.0.0")
    options.add_argument("--smtp-port", type=int, default=8125)
    options.add_argument("--http-port", type=int, default=8126)
    options.add_argument("--dir", type=Path, required=True, help="where messages are kept")
    given = options.parse_args()
    asyncio.run(catch(given.dir, host=given.host, smtp_port=given.smtp_port, http_port=given.http_port))


if __name__ == "__main__":
    main()
