"""`python -m deploy.mail_catcher --smtp-port 8125 --http-port 8126 --dir PATH`: catch mail until stopped."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import uvicorn

from deploy.mail_catcher.smtp import listen
from deploy.mail_catcher.store import MESSAGES_MAX, MailStore
from deploy.mail_catcher.web import web

HOST = "127.0.0.1"
STOP_SECONDS_MAX = 2


async def catch(directory: Path, *, smtp_port: int, http_port: int, messages_max: int = MESSAGES_MAX) -> None:
    """Serve both sides on the loopback until SIGTERM or SIGINT."""
    store = MailStore(directory, messages_max=messages_max)
    smtp = await listen(store, host=HOST, port=smtp_port)
    config = uvicorn.Config(
        web(store),
        host=HOST,
        port=http_port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
    )
    try:
        await uvicorn.Server(config).serve()
    finally:
        smtp.close()


def main() -> None:
    """Read the command line and catch."""
    options = argparse.ArgumentParser(prog="python -m deploy.mail_catcher", description=__doc__)
    options.add_argument("--smtp-port", type=int, default=8125)
    options.add_argument("--http-port", type=int, default=8126)
    options.add_argument("--dir", type=Path, required=True, help="where messages are kept")
    given = options.parse_args()
    asyncio.run(catch(given.dir, smtp_port=given.smtp_port, http_port=given.http_port))


if __name__ == "__main__":
    main()
