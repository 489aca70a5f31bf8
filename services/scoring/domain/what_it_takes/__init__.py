"""What it would take: for every indicator of a unit, the change that alone would lift it to the next band or to a rank.

`ends` where a method's scale bends and ends; `search` the nearest value at which a goal is reached; `trial` the unit's
index and place with one value changed, by the engine's own functions; `goals` what is to be reached; `answer` the rows.
"""

from __future__ import annotations

from services.scoring.domain.what_it_takes.answer import what_it_takes

__all__ = ["what_it_takes"]
