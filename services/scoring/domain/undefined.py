"""What a plan says must not be computed, met while computing it."""

from __future__ import annotations

from shared.errors import Permanent


class Undefined(Permanent):
    """A policy of the plan is `error` and its case came up. `code` names the indicator or group, `case` the policy."""

    def __init__(self, code: str, case: str) -> None:
        self.code = code
        self.case = case
        super().__init__(f"{code}: {case}")
