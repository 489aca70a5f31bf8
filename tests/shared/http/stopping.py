"""A process of its own for the tests of stop signals: serves, says its port, and leaves a line when it has closed."""

from __future__ import annotations

import sys

from shared.http.server import run, serve
from tests.shared.http.apps import app_for_tests


async def main() -> None:
    def say(port: int) -> None:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()

    await serve(app_for_tests(), host="127.0.0.1", port=0, stop_timeout_seconds=1, on_started=say)
    sys.stdout.write("closed\n")


if __name__ == "__main__":
    run(main())
