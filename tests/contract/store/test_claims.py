"""Claims: one winner, a lease that runs out, done for good, and a late holder who learns that he is late."""

from __future__ import annotations

import asyncio

import pytest

from shared.clock import FixedClock
from shared.errors import Misuse
from shared.store.claims import Claims
from shared.store.documents import Documents

pytestmark = pytest.mark.anyio

LEASE_MS = 1000


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(1_300_000_000_000)


@pytest.fixture
def claims(store: Documents, clock: FixedClock) -> Claims:
    return Claims(store, clock)


async def test_of_16_claims_at_once_one_wins_and_the_others_see_it_held(claims: Claims) -> None:
    tried = await asyncio.gather(*(claims.claim("mail", owner=f"o{n}", lease_ms=LEASE_MS) for n in range(16)))
    outcomes = sorted(claim.outcome for claim in tried)
    assert outcomes == ["held"] * 15 + ["won"]


async def test_held_until_the_lease_runs_out_then_another_wins(claims: Claims, clock: FixedClock) -> None:
    first = await claims.claim("mail", owner="a", lease_ms=LEASE_MS)
    assert (first.outcome, first.until_ms) == ("won", clock.now_ms() + LEASE_MS)
    clock.advance(LEASE_MS - 1)
    held = await claims.claim("mail", owner="b", lease_ms=LEASE_MS)
    assert (held.outcome, held.owner, held.until_ms) == ("held", "a", first.until_ms)
    clock.advance(1)
    tried = await asyncio.gather(*(claims.claim("mail", owner=f"o{n}", lease_ms=LEASE_MS) for n in range(16)))
    assert [claim.outcome for claim in tried].count("won") == 1


async def test_done_stays_done(claims: Claims, clock: FixedClock) -> None:
    assert await claims.done(await claims.claim("mail", owner="a", lease_ms=LEASE_MS))
    clock.advance(10**9)
    assert (await claims.claim("mail", owner="b", lease_ms=LEASE_MS)).outcome == "done"


async def test_a_late_holder_whose_lease_was_taken_over_gets_false(claims: Claims, clock: FixedClock) -> None:
    late = await claims.claim("mail", owner="a", lease_ms=LEASE_MS)
    clock.advance(LEASE_MS)
    taker = await claims.claim("mail", owner="b", lease_ms=LEASE_MS)
    assert taker.outcome == "won"
    assert not await claims.done(late)
    assert not await claims.release(late)
    assert (await claims.extend(late)).outcome == "held"
    assert await claims.done(taker)
    assert not await claims.done(late)


async def test_a_late_holder_whom_nobody_overtook_is_still_in_time(claims: Claims, clock: FixedClock) -> None:
    late = await claims.claim("mail", owner="a", lease_ms=LEASE_MS)
    clock.advance(LEASE_MS * 5)
    assert await claims.done(late)


async def test_released_can_be_won_at_once_and_the_old_token_is_dead(claims: Claims) -> None:
    first = await claims.claim("mail", owner="a", lease_ms=LEASE_MS)
    assert await claims.release(first)
    second = await claims.claim("mail", owner="b", lease_ms=LEASE_MS)
    assert second.outcome == "won"
    assert not await claims.done(first)
    assert await claims.done(second)


async def test_extending_keeps_it_held(claims: Claims, clock: FixedClock) -> None:
    first = await claims.claim("mail", owner="a", lease_ms=LEASE_MS)
    clock.advance(LEASE_MS - 1)
    longer = await claims.extend(first)
    assert (longer.outcome, longer.until_ms) == ("won", clock.now_ms() + LEASE_MS)
    clock.advance(LEASE_MS - 1)
    assert (await claims.claim("mail", owner="b", lease_ms=LEASE_MS)).outcome == "held"
    assert not await claims.done(first)
    assert await claims.done(longer)


async def test_keys_are_apart_however_strange(claims: Claims) -> None:
    for key in ("mail", "mail ", "Mail", "a\nb", "a\tb", "x" * 1000, "Đà Nẵng"):
        assert (await claims.claim(key, owner="a", lease_ms=LEASE_MS)).outcome == "won"


async def test_only_what_was_won_can_be_settled(claims: Claims) -> None:
    await claims.claim("mail", owner="a", lease_ms=LEASE_MS)
    held = await claims.claim("mail", owner="b", lease_ms=LEASE_MS)
    for settle in (claims.done, claims.release, claims.extend):
        with pytest.raises(Misuse):
            await settle(held)
    with pytest.raises(Misuse):
        await claims.claim("mail", owner="a", lease_ms=0)


async def test_old_done_claims_are_forgotten_and_others_kept(claims: Claims, clock: FixedClock) -> None:
    for key in ("a", "b"):
        await claims.done(await claims.claim(key, owner="o", lease_ms=LEASE_MS))
        clock.advance(10)
    await claims.claim("c", owner="o", lease_ms=LEASE_MS)
    assert await claims.forget_done(before_ms=clock.now_ms() - 15) == 1
    outcomes = [(await claims.claim(key, owner="x", lease_ms=LEASE_MS)).outcome for key in "abc"]
    assert outcomes == ["won", "done", "held"]
