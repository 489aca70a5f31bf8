"""What every part of the plan's schema is made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

CODE_PATTERN = r"^[A-Z0-9][A-Z0-9_.-]{0,39}$"
Code = Annotated[str, Field(pattern=CODE_PATTERN)]
Frequency = Literal["monthly", "quarterly", "half_year", "nine_months", "annual"]
MissingPolicy = Literal["zero", "reweight", "missing", "floor", "carry", "group_mean", "group_median", "linear", "void"]
"""What a value that was not reported does. `zero` scores 0; `reweight` is left out where enough remains; `missing`
voids the node; `void` makes the whole index 0. The others put a value in its place and mark the cell: `floor` the score
of a low percentile of those that reported, `carry` the unit's last final value, `group_mean` and `group_median` that of
its peers, `linear` the line through its earlier years."""
Share = Annotated[float, Field(ge=0, le=1)]


class Model(BaseModel):
    """Frozen; an unknown key is an error, because a misspelt key would silently change the plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")
