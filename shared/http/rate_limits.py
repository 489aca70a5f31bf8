"""How often a unit system may ask: a rate per minute and a burst per second for every key, and shedding of load.

Counted per process in memory, by fixed windows (the kept library `limits`): with n instances behind a balancer a key
gets up to n times the rate, which protects the service as well and needs no store on the way. Every answer says what
is left, in the structured fields of the IETF draft (draft-ietf-httpapi-ratelimit-headers):

    RateLimit-Policy: "burst";q=100;w=1, "minute";q=1200;w=60
    RateLimit: "burst";r=99;t=1, "minute";r=1180;t=42
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.requests import Request

from shared.http.edge import MORE_HEADERS
from shared.http.identity import SAFE_METHODS, Principal
from shared.http.language import Text
from shared.http.problems import Problem

SHED_RETRY_SECONDS = 30

_TOO_OFTEN = Text(
    "Khóa này gửi quá nhanh; hãy gửi lại sau số giây trong Retry-After.",
    "This key asks too often; send the same request again after the seconds of Retry-After.",
)
_SHED = Text(
    "Hệ thống đang dồn việc chưa chuyển đi được; chưa ghi gì, hãy gửi lại sau số giây trong Retry-After.",
    "Events wait to be passed on, so nothing more is taken in: nothing was stored, send it again after Retry-After.",
)


class RateLimits:
    """The gate that counts requests of unit systems. People and services pass: they are few, and mend what is wrong."""

    def __init__(
        self, *, requests_per_minute: int, burst_per_second: int, is_shedding: Callable[[], bool] = lambda: False
    ) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._rates: tuple[tuple[str, RateLimitItem], ...] = (
            ("burst", RateLimitItemPerSecond(burst_per_second)),
            ("minute", RateLimitItemPerMinute(requests_per_minute)),
        )
        policy = ", ".join(f'"{name}";q={rate.amount};w={rate.get_expiry()}' for name, rate in self._rates)
        self._policy = (b"ratelimit-policy", policy.encode())
        self._is_shedding = is_shedding

    async def enter(self, request: Request, principal: Principal) -> None:
        """Count the request. Problem 429 when it is one too many, or a write while load is shed."""
        if principal.kind != "unit_system":
            return
        waits: list[int] = []
        told: list[str] = []
        for name, rate in self._rates:
            is_within = not waits and await self._limiter.hit(rate, principal.subject)
            left = await self._limiter.get_window_stats(rate, principal.subject)
            seconds = max(1, math.ceil(left.reset_time - time.time()))
            told.append(f'"{name}";r={left.remaining};t={seconds}')
            if not is_within and not waits:
                waits.append(seconds)
        request.scope[MORE_HEADERS] = [self._policy, (b"ratelimit", ", ".join(told).encode())]
        if waits:
            raise Problem(429, detail=_TOO_OFTEN, headers={"Retry-After": str(waits[0])})
        if request.method not in SAFE_METHODS and self._is_shedding():
            raise Problem(429, "load-shed", detail=_SHED, headers={"Retry-After": str(SHED_RETRY_SECONDS)})
