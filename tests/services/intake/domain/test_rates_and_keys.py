from __future__ import annotations

from services.intake.domain.keys import RANDOM_BYTES, Key, id_of, is_secret_of, looks_like_key, secret_of, sha256_of
from services.intake.domain.rates import rates
from shared.events.obligation import ObligationState, Outcome, Timeliness
from tests.services.intake.domain.making import entry


def obligation(outcome: Outcome, timeliness: Timeliness | None = None, late_ms: int = 0) -> ObligationState:
    held = entry().obligation
    first = held.due_at_ms + late_ms if timeliness else None
    return held.model_copy(update={"outcome": outcome, "timeliness": timeliness, "first_valid_at_ms": first})


def test_rates_are_shares_of_what_is_expected() -> None:
    held = rates(
        [
            obligation("FULFILLED", "ON_TIME", -5),
            obligation("NIL", "ON_TIME"),
            obligation("FULFILLED", "LATE", 1000),
            obligation("PENDING"),
            obligation("PENDING", "ON_TIME"),  # returned: it does not stand now
            obligation("WAIVED"),
            obligation("NOT_APPLICABLE"),
            obligation("CANCELLED"),
        ]
    )
    assert (held.expected, held.received, held.on_time) == (5, 3, 2)
    assert (held.reporting_rate, held.reporting_rate_on_time, held.on_time_share) == (3 / 5, 2 / 5, 2 / 3)
    assert held.median_lateness_ms == 0


def test_nothing_expected_gives_no_rate() -> None:
    held = rates([obligation("WAIVED")])
    assert (held.expected, held.reporting_rate, held.reporting_rate_on_time) == (0, None, None)


def test_a_key_is_recognised_by_its_hash_alone() -> None:
    secret = secret_of(b"\x00" * RANDOM_BYTES)
    other = secret_of(b"\x01" * RANDOM_BYTES)
    key = Key(id_of(secret), sha256_of(secret), "U1", "x", 1, "admin")
    assert looks_like_key(secret)
    assert not looks_like_key("tdo_short")
    assert is_secret_of(key, secret)
    assert not is_secret_of(key, other)
    assert secret not in repr(key)


def test_a_key_holds_until_the_instant_of_its_expiry() -> None:
    key = Key("key-1", "", "U1", "x", 1, "admin", expires_at_ms=100)
    assert key.fault(99, "") is None
    assert key.fault(100, "") == "expired"
    assert Key("key-1", "", "U1", "x", 1, "admin", revoked_ms=5).fault(6, "") == "revoked"
