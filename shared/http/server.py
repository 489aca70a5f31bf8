"""The process around an application: uvicorn on uvloop, and a stop that surprises nobody.

SIGTERM or SIGINT: not ready, no new connections, open requests get `stop_timeout_seconds`, then `serve` returns and
the process ends with code 0. A second signal does not wait. uvicorn's own handling would raise the signal again after
the stop, so that the composition root could not close the rest.
"""

from __future__ import annotations

import asyncio
import gc
import math
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
import uvloop
from fastapi import FastAPI

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
BACKLOG_CONNECTIONS = 1024
KEEP_ALIVE_SECONDS = 15
GC_OBJECTS = 50_000
"""New objects between two looks for cycles."""


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a service's main coroutine on uvloop (1.9 x of the standard loop with httptools)."""
    # A request makes some thousands of objects that reference counting frees; looking for cycles among everything that
    # was imported, every 700 of them, costs a tenth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_OBJECTS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def serve(
    app: FastAPI,
    *,
    host: str,
    port: int,
    stop_timeout_seconds: float = 3.0,
    on_started: Callable[[int], None] | None = None,
) -> None:
    """Serve until a stop signal, or until cancelled (which stops as gracefully). Prints nothing.

    `on_started` gets the port once requests are answered (useful with port 0). Raises OSError when the address is
    taken, RuntimeError when the lifespan fails to start. Open streams are ended when `stop_timeout_seconds` are over.
    """
    # Bound here and not by uvicorn, which would end the process when the address is taken.
    listener = socket.create_server((host, port), backlog=BACKLOG_CONNECTIONS)
    server = _Server(_config(app, stop_timeout_seconds), on_started)

    def stop() -> None:
        app.state.telemetry.health.stop()
        server.force_exit = server.should_exit
        server.should_exit = True

    with _on_signal(stop):
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            stop()
            await serving
            raise
        finally:
            listener.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_started: Callable[[int], None] | None) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets=sockets)
        except SystemExit as error:
            raise RuntimeError("the application did not start; the log says why") from error
        if self.started and self._on_started is not None and sockets:
            self._on_started(sockets[0].getsockname()[1])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: FastAPI, stop_timeout_seconds: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Ours decides whom to believe about addresses (`client_address`); uvicorn's believes everybody on this machine.
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(stop_timeout_seconds),
    )


@contextmanager
def _on_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at each stop signal, where this thread may receive them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)
