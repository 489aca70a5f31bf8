"""Events about anchors of the audit logs: the last link of a chain on a day, to be printed where nobody rewrites it.

Every service keeps its own log and announces its own anchors, under a noun of its own.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.events.base import State


class AnchorState(State):
    """The last link of one chain on a day that is over. It never changes; a day without a line has none."""

    service: str
    chain: str = Field(description="A plan's code, or what concerns no single plan.")
    day: str = Field(description="Day (UTC) of that link, ISO date.")
    seq: int = Field(description="Its number in the chain.")
    sha256: str = Field(description="Its hash: whoever has it can prove that nothing before it was rewritten.")

    @property
    def aggregate(self) -> str:
        return f"anchor-{self.service}-{self.chain}-{self.day}"


class IntakeAnchorState(AnchorState):
    """An anchor of intake's audit log."""

    service: Literal["intake"] = "intake"


class ScoringAnchorState(AnchorState):
    """An anchor of scoring's audit log."""

    service: Literal["scoring"] = "scoring"


class NotifyAnchorState(AnchorState):
    """An anchor of notify's audit log."""

    service: Literal["notify"] = "notify"
