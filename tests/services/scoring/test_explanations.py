"""Why a unit stands where it stands, why it moved, and what it would take: over HTTP, from consumed events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.scoring.main import Scoring, compose
from services.scoring.settings import Settings
from shared.clock import FixedClock, iso
from shared.events.envelope import Envelope
from shared.http.tokens import issue_token
from shared.plan.model import Plan
from tests.services.scoring.conftest import Service
from tests.services.scoring.test_http import SECRET, UNIT
from tests.services.scoring.test_recompute import world
from tests.services.scoring.world import (
    DAY_MS,
    END_MS,
    START_MS,
    YEAR,
    envelope,
    mail,
    obligation,
    plan_event,
    report,
    sites,
    small_plan,
    unit_event,
)

pytestmark = pytest.mark.anyio


class World:
    """The composed service with a clock that tests move; `tell` consumes and recomputes."""

    def __init__(self, scoring: Scoring, clock: FixedClock) -> None:
        self.scoring = scoring
        self.clock = clock

    async def tell(self, events: Sequence[Envelope]) -> None:
        await Service(self.scoring.store, self.clock, self.scoring.handlers, self.scoring.loop).feed(events)
        await self.scoring.loop.run_all()

    async def get(self, path: str, **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.scoring.app)
        until_ms = self.clock.now_ms() + DAY_MS
        made = issue_token(
            SECRET,
            subject="t",
            scopes=("evaluation:read",),
            plan=None,
            expires_at_ms=until_ms,
            now_ms=until_ms - DAY_MS,
        )
        bearer = {"authorization": f"Bearer {made}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://scoring", headers=bearer) as http:
            return await http.get(path, headers=headers)

    async def json(self, path: str) -> Any:
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def lands(tmp_path: Path) -> AsyncIterator[World]:
    clock = FixedClock(END_MS)
    settings = Settings.model_validate(
        {
            "store_url": f"sqlite://{tmp_path}/scoring.sqlite3",
            "token_secret": SECRET,
            "log_level": "error",
            "port": 0,
        }
    )
    made = await compose(settings, clock=clock)
    yield World(made, clock)
    await made.stop()


@pytest.fixture
async def told(lands: World) -> World:
    await lands.tell(world())
    return lands


async def test_the_explanation_as_of_now_says_what_the_present_one_says(told: World) -> None:
    now = await told.json(f"{UNIT}a2")
    past = await told.json(f"{UNIT}a2?as_of={iso(END_MS)}".replace("+", "%2B"))
    assert now.pop("is_published") is True
    assert past.pop("asked_as_of_ms") == END_MS
    assert past == now


async def test_the_explanation_as_of_a_past_moment_knows_only_what_was_known(told: World) -> None:
    after_second = START_MS + 2 * 91 * DAY_MS + DAY_MS
    early = await told.json(f"{UNIT}a2?as_of={after_second}")
    mails = early["indicators"][0]
    assert [entry["period"] for entry in mails["inputs"]] == ["2011-Q1", "2011-Q2"]
    assert [entry["period"] for entry in mails["periods_not_due"]] == ["2011-Q3", "2011-Q4"]
    assert (await told.get(f"{UNIT}a2?as_of={END_MS + 1}")).status_code == 422


async def test_words_and_numbers_agree(told: World) -> None:
    why = await told.json(f"{UNIT}a2")
    mails, counts, on_time = why["indicators"]
    assert mails["sentence"]["en"] == "100 x 16 / 40 = 40 against the target 80 gives 0.5 of 50 points: 25."
    assert mails["sentence"]["vi"] == "100 x 16 / 40 = 40 so với chỉ tiêu 80 đạt 0,5 của 50 điểm: 25."
    assert counts["sentence"]["en"] == "16 against the highest of its peers 32 gives 0.5 of 30 points: 15."
    assert on_time["sentence"]["en"] == "100 x 4 / 4 = 100 gives 1 of 20 points: 20."
    assert [(one["code"], round(one["lost"], 12)) for one in why["lost"]] == [("MAIL", 0.25), ("SITES", 0.15)]
    assert sum(row["effective_weight"] for row in why["indicators"]) == pytest.approx(1, abs=1e-12)
    assert why["bounds"] == {"index_low": 0.6, "index_high": 0.6, "rank_best": 2, "rank_worst": 2}
    assert (why["confidence"]["value"], why["confidence"]["grade"]) == (1, "A")
    assert (why["layers"], mails["layers"]["is_appraised"]) == ({"self": 0.6, "final": 0.6}, False)


async def test_a_correction_is_told_apart_from_new_results(told: World) -> None:
    told.clock.set(END_MS + 2 * DAY_MS)
    await told.tell([_amended("a3", 3, quality=9)])
    moved = await told.json(f"{UNIT}a3/changes?since={END_MS}")
    assert (moved["before"]["rank"], moved["after"]["rank"]) == (2, 2)
    other = await told.json(f"{UNIT}a2/changes?since={END_MS}")
    rank = other["rank"]
    assert (rank["before"], rank["after"], rank["change"]) == (2, 3, 1)
    assert (rank["correction"], rank["own"], rank["peers"], rank["method"]) == (1, 0, 0, 0)
    assert other["corrections"] == {"own": [], "others": 1}
    assert moved["corrections"]["own"][0]["period"] == "2011-Q4"
    assert (moved["corrections"]["own"][0]["version_before"], moved["corrections"]["own"][0]["version_after"]) == (1, 2)
    assert other["sentence"]["en"] == "From rank 2 to rank 3: down 1 (data corrections down 1)."
    assert other["sentence"]["vi"] == "Từ hạng 2 đến hạng 3: giảm 1 bậc (hiệu chỉnh số liệu giảm 1 bậc)."


async def test_new_reports_of_the_unit_are_its_own_and_of_the_others_its_peers(lands: World) -> None:
    events = [plan_event(_shown_early()), *_owing("a1"), *_owing("a2")]
    first = [envelope(_said("a1", 0, 5)), envelope(_said("a2", 0, 4))]
    await lands.tell([*events, *first])
    since = lands.clock.now_ms()
    lands.clock.advance(DAY_MS)
    await lands.tell([envelope(_said("a2", 1, 10, received_ms=since + 1))])
    own = (await lands.json(f"{UNIT}a2/changes?since={since}"))["rank"]
    assert (own["change"], own["own"], own["peers"], own["correction"]) == (-1, -1, 0, 0)
    peers = (await lands.json(f"{UNIT}a1/changes?since={since}"))["rank"]
    assert (peers["change"], peers["own"], peers["peers"], peers["correction"]) == (1, 0, 1, 0)


async def test_a_year_is_compared_with_another_by_the_method_of_this_one(lands: World) -> None:
    lands.clock.set(END_MS + 400 * DAY_MS)
    await lands.tell([*_plans(), *_year("a1", 4, YEAR), *_year("a2", 6, YEAR)])
    await lands.tell([*_year("a1", 8, YEAR + 1, version="2"), *_year("a2", 6, YEAR + 1, version="2")])
    path = f"/v1/evaluations/TEST/{YEAR + 1}/units/a1/compare?with={YEAR}"
    moved = await lands.json(path)
    index, rank = moved["index"], moved["rank"]
    assert moved["method_changed"] is True
    assert index["change"] == pytest.approx(moved["after"]["index"] - moved["before"]["index"], abs=1e-12)
    assert index["methodological"] + index["real"] == pytest.approx(index["change"], abs=1e-12)
    assert index["performance"] + index["weight"] == pytest.approx(index["real"], abs=1e-9)
    assert index["methodological"] != 0
    assert (rank["before"], rank["after"]) == (2, 1)
    assert rank["own"] + rank["peers"] + rank["method"] + rank["correction"] == -1
    assert rank["common"] == {"before": 2, "after": 1, "units": 2}
    tag = (await lands.get(path)).headers["etag"]
    assert (await lands.get(path, **{"if-none-match": tag})).status_code == 304


async def test_what_it_would_take_is_true_when_it_is_reported(told: World) -> None:
    takes = await told.json(f"{UNIT}a2/what-it-takes")
    assert (takes["goal"]["band"], takes["reached"]) == ("GOOD", False)
    mails = next(row for row in takes["indicators"] if row["code"] == "MAIL")
    # 0.1 of the index is a fifth of 50 points: 56 % against 80, less what rounding forgives.
    assert mails["numerator_needed"] == pytest.approx(22.4, abs=0.01)
    assert mails["sentence"]["en"].endswith("of 40 instead of 16).")
    more = mails["numerator_delta"]
    told.clock.set(END_MS + DAY_MS)
    short = report("a2", 3, mail(4 + more * 0.999, 10), sites(16), revision=2, changed_at_ms=END_MS + 1)
    await told.tell([envelope(short)])
    assert (await told.json(f"{UNIT}a2"))["band"]["code"] == "FAIR"
    enough = report("a2", 3, mail(4 + more, 10), sites(16), revision=3, changed_at_ms=END_MS + 2)
    await told.tell([envelope(enough)])
    assert (await told.json(f"{UNIT}a2"))["band"]["code"] == "GOOD"


async def test_what_a_rank_would_take(told: World) -> None:
    takes = await told.json(f"{UNIT}a4/what-it-takes?rank=2")
    assert takes["goal"] == {"kind": "rank", "rank": 2}
    assert {row["code"]: row["possible"] for row in takes["indicators"]}["MAIL"] is True
    assert (await told.json(f"{UNIT}a1/what-it-takes?rank=1"))["reached"] is True
    assert (await told.get(f"{UNIT}a4/what-it-takes?rank=0")).status_code == 422


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nobody/changes?since=1300000000000", 404),
        ("a1/changes", 422),
        ("a1/changes?since=yesterday", 422),
        ("a1/changes?since=1000", 404),
        ("a1/compare?with=2010", 404),
        ("a1/compare", 422),
        ("nobody/what-it-takes", 404),
    ],
)
async def test_what_cannot_be_answered_is_refused_in_both_languages(told: World, path: str, status: int) -> None:
    for language in ("vi", "en"):
        answer = await told.get(f"{UNIT}{path}", **{"accept-language": language})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["content-language"] == language


def _shown_early() -> Plan:
    """Ranks are shown however little is reported."""
    held = small_plan().model_dump(mode="json")
    held["scoring"]["rank_shown_from"] = 0.0
    return Plan.model_validate(held)


def _amended(unit: str, quarter: int, *, quality: float) -> Envelope:
    return envelope(
        report(unit, quarter, mail(quality, 10), sites(16), revision=2, version=2, changed_at_ms=END_MS + DAY_MS)
    )


def _owing(unit: str) -> list[Envelope]:
    return [envelope(obligation(unit, quarter)) for quarter in range(4)]


def _said(unit: str, quarter: int, quality: float, *, received_ms: int = START_MS + 100 * DAY_MS) -> Any:
    return report(unit, quarter, mail(quality, 10), sites(5), received_at_ms=received_ms, changed_at_ms=received_ms)


def _plans() -> list[Envelope]:
    """Version 2, of the next year, has another target."""
    documents = []
    for version, target, first in (("1", 80.0, "2000-01-01"), ("2", 100.0, f"{YEAR + 1}-01-01")):
        held = small_plan(version).model_dump(mode="json")
        held["groups"][0]["indicators"][0]["targets"] = {str(YEAR): target, str(YEAR + 1): target}
        held["effective"] = {"first": first}
        documents.append(plan_event(Plan.model_validate(held)))
    return [*documents, unit_event("a1")]


def _year(unit: str, quality: int, year: int, *, version: str = "1") -> list[Envelope]:
    """`year_of` in any year: the same quarters, later."""
    shift = (year - YEAR) * 365 * DAY_MS
    events = []
    for quarter in range(4):
        named: dict[str, Any] = {
            "obligation": f"obligation-{year}-{unit}-{quarter}",
            "period": f"{year}-Q{quarter + 1}",
            "year": year,
            "plan_version": version,
        }
        end_ms = START_MS + shift + (quarter + 1) * 91 * DAY_MS
        times: dict[str, Any] = {"period_end_ms": end_ms, "due_at_ms": end_ms + 10 * DAY_MS}
        done: dict[str, Any] = {"outcome": "FULFILLED", "timeliness": "ON_TIME", "cause": "report"}
        events.append(envelope(obligation(unit, quarter, **named, **times, **done)))
        moments: dict[str, Any] = {"received_at_ms": end_ms + 1, "changed_at_ms": end_ms + 1}
        said = report(
            unit,
            quarter,
            mail(quality, 10),
            sites(quality * (quarter + 1)),
            report=f"report-{year}-{unit}-{quarter}",
            **named,
            **moments,
        )
        events.append(envelope(said))
    return events
