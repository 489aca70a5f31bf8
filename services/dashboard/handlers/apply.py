"""Apply one event to its read model: load, compare revisions, save; then say which regions changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from shared.clock import from_iso
from shared.errors import Permanent
from shared.events.catalog import read
from shared.events.envelope import Envelope


class ReadModel(Protocol):
    """One collection of read models."""

    async def apply(self, state: Any) -> bool:
        """Hold the state if it is newer than the one held; False when it is not."""
        ...


class Apply:
    """Callable handler of every subscription. `note(noun, time_ms)` is told of each state that was applied."""

    def __init__(self, models: Mapping[str, ReadModel], note: Callable[[str, int], None]) -> None:
        self._models = models
        self._note = note

    async def __call__(self, envelope: Envelope) -> None:
        """Apply the event; one that is known already or outdated changes nothing. `Permanent` when unreadable."""
        noun = envelope.type.partition(".")[0]
        try:
            state = read(envelope)
            at_ms = from_iso(envelope.time)
            model = self._models[noun]
        except (KeyError, ValueError, ValidationError) as err:
            raise Permanent(f"unreadable {envelope.type}: {type(err).__name__}: {err}") from err
        if await model.apply(state):
            self._note(noun, at_ms)
