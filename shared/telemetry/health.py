"""Health: liveness says the process runs and depends on nothing; readiness says that it can do its work now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import TiendoError

CHECK_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a service needs to work: `probe` returns when it is there and raises when not; `mend` is advice."""

    name: str
    probe: Callable[[], Awaitable[object]]
    mend: str
    timeout_seconds: float = CHECK_TIMEOUT_SECONDS


class Health:
    """The health of one service. Not ready before `checks` pass, and never again once `stop` was called."""

    def __init__(self, checks: Sequence[Check] = ()) -> None:
        self._checks = list(checks)
        self._stopping = False

    def add(self, check: Check) -> None:
        """Watch one more thing."""
        self._checks.append(check)

    def stop(self) -> None:
        """The service is going down: not ready from now on."""
        self._stopping = True

    @property
    def stopping(self) -> bool:
        return self._stopping

    async def readiness(self) -> tuple[bool, dict[str, Any]]:
        """(ready, `{"ready", "stopping", "checks": [{"name", "ok", "reason", "mend"}]}`); checks run side by side."""
        results = await asyncio.gather(*(_look(check) for check in self._checks))
        ready = not self._stopping and all(result["ok"] for result in results)
        return ready, {"ready": ready, "stopping": self._stopping, "checks": results}


async def _look(check: Check) -> dict[str, Any]:
    try:
        async with asyncio.timeout(check.timeout_seconds):
            await check.probe()
    except TimeoutError:
        return _failed(check, f"no answer within {check.timeout_seconds:g} s")
    except TiendoError as error:
        return _failed(check, str(error) or type(error).__name__)
    except Exception as error:
        # The text of a driver's error may hold addresses and accounts; its class is enough here.
        return _failed(check, type(error).__name__)
    return {"name": check.name, "ok": True}


def _failed(check: Check, reason: str) -> dict[str, Any]:
    return {"name": check.name, "ok": False, "reason": reason, "mend": check.mend}
