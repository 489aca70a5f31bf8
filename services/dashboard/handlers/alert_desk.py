"""What a person does with alerts, carried to notify with their own token; and what they see before they do it.

Notify answers with the alert's new state, the very state that its event carries. It is applied here at once, by its
revision, so that the page after the change shows it; the event that follows changes nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.dashboard.domain.alert_choice import AlertChoice
from services.dashboard.domain.asking import Reader
from services.dashboard.domain.facts import Listed
from services.dashboard.domain.told import AlertTold, Window, Windows, WindowTold
from services.dashboard.handlers.ask import Outcome, answer_or_none, one_by_one
from shared.clock import Clock
from shared.events.notice import AlertState, OutageState, SilenceState


class AlertsHeld(Protocol):
    async def apply(self, state: AlertState) -> bool: ...
    async def get(self, alert: str) -> AlertState | None: ...
    async def chosen(
        self, plan: str, choice: AlertChoice, *, limit: int, cursor: str | None = None
    ) -> Listed[AlertState]: ...
    async def live_by_severity(self, plan: str) -> dict[str, int]: ...


class AlertApi(Protocol):
    async def alert(self, alert: str, reader: Reader) -> AlertTold: ...
    async def acknowledge(
        self, alert: str, *, owner: str, promise: str, version: int | None, reader: Reader
    ) -> AlertTold: ...
    async def resolve(self, alert: str, *, reason: str, version: int | None, reader: Reader) -> AlertTold: ...


class WindowApi(Protocol):
    async def declare(self, noun: str, window: Mapping[str, str], reader: Reader) -> WindowTold: ...
    async def end(self, noun: str, window: str, *, reason: str, reader: Reader) -> WindowTold: ...


class WindowsHeld(Protocol):
    async def apply(self, state: SilenceState | OutageState) -> bool: ...
    async def in_force(self, plan: str, now_ms: int) -> list[Window]: ...


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """One alert: as its events tell it, and with its history where notify answered."""

    state: AlertState
    told: AlertTold | None


class AlertDesk:
    """Alerts for people. `note(noun, time_ms)` is told of each state that was applied."""

    def __init__(self, *, held: AlertsHeld, api: AlertApi, note: Callable[[str, int], None], clock: Clock) -> None:
        self._held = held
        self._api = api
        self._note = note
        self._clock = clock

    async def page(self, plan: str, choice: AlertChoice, *, limit: int, cursor: str | None) -> Listed[AlertState]:
        """Alerts that fit, newest first; `Permanent` when the cursor is not of this list."""
        return await self._held.chosen(plan, choice, limit=limit, cursor=cursor)

    async def counts(self, plan: str) -> dict[str, int]:
        """How many alerts are not resolved, by severity."""
        return await self._held.live_by_severity(plan)

    async def one(self, alert: str, reader: Reader) -> AlertFacts | None:
        """One alert; None when no event told of it. `Refused` when the reader may not ask notify."""
        state = await self._held.get(alert)
        if state is None:
            return None
        told = await answer_or_none(self._api.alert(alert, reader))
        if told is not None:
            await self._apply(told)
            return AlertFacts(told if told.revision >= state.revision else state, told)
        return AlertFacts(state, None)

    async def acknowledge(
        self, alerts: Sequence[str], *, owner: str, promise: str, version: int | None = None, reader: Reader
    ) -> Outcome:
        """Somebody takes care of each by the promised day (ISO)."""

        async def change(alert: str) -> None:
            await self._apply(
                await self._api.acknowledge(alert, owner=owner, promise=promise, version=version, reader=reader)
            )

        return await one_by_one(alerts, change)

    async def resolve(
        self, alerts: Sequence[str], *, reason: str, version: int | None = None, reader: Reader
    ) -> Outcome:
        """Each resolved by hand, with the reason."""

        async def change(alert: str) -> None:
            await self._apply(await self._api.resolve(alert, reason=reason, version=version, reader=reader))

        return await one_by_one(alerts, change)

    async def _apply(self, told: AlertTold) -> None:
        state = AlertState.model_validate(told.model_dump())
        if await self._held.apply(state):
            self._note("alert", self._clock.now_ms())


class WindowDesk:
    """Silences and outages for people. `note(noun, time_ms)` is told of each state that was applied."""

    def __init__(
        self,
        *,
        silences: WindowsHeld,
        outages: WindowsHeld,
        api: WindowApi,
        note: Callable[[str, int], None],
        clock: Clock,
    ) -> None:
        self._held = {"silences": silences, "outages": outages}
        self._api = api
        self._note = note
        self._clock = clock

    async def in_force(self, plan: str) -> Windows:
        """What is in force or still to come, the first to end first."""
        now_ms = self._clock.now_ms()
        silences = await self._held["silences"].in_force(plan, now_ms)
        return Windows(tuple(silences), tuple(await self._held["outages"].in_force(plan, now_ms)))

    async def silence(self, alerts: Sequence[str], *, owner: str, reason: str, ends_at: str, reader: Reader) -> Outcome:
        """Nobody is told of each of these alerts until the end."""

        async def change(alert: str) -> None:
            window = {"alert": alert, "owner": owner, "reason": reason, "ends_at": ends_at}
            await self._apply("silences", await self._api.declare("silences", window, reader))

        return await one_by_one(alerts, change)

    async def declare(self, noun: str, window: Mapping[str, str], reader: Reader) -> Outcome:
        """A silence by unit and rule, or an outage of a unit or of everybody."""

        async def change(_: str) -> None:
            await self._apply(noun, await self._api.declare(noun, window, reader))

        return await one_by_one((noun,), change)

    async def end(self, noun: str, window: str, *, reason: str, reader: Reader) -> Outcome:
        """It ends now, with the reason."""

        async def change(id: str) -> None:
            await self._apply(noun, await self._api.end(noun, id, reason=reason, reader=reader))

        return await one_by_one((window,), change)

    async def _apply(self, noun: str, told: WindowTold) -> None:
        now_ms = self._clock.now_ms()
        if await self._held[noun].apply(told.state(noun, now_ms)):
            self._note(noun.removesuffix("s"), now_ms)
