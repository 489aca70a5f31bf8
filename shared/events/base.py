"""What all event models share: frozen, unknown fields ignored (consumers outlive producers' additions).

Numbers are finite: JSON has no others, and a state that holds one is refused where it is made.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class State(BaseModel):
    """The whole state of one aggregate at one revision."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    revision: int = Field(ge=1, description="Grows by one with each change of the aggregate.")


class Part(BaseModel):
    """A value inside a state."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Names(Part):
    """A name in the languages of the interface."""

    vi: str
    en: str

    def of(self, language: str) -> str:
        return self.en if language == "en" else self.vi


Severity = Literal["error", "warning", "info"]
