"""Words and numbers, Vietnamese and English: how every number explains itself.

`numbers` how a number is written; `reasons` statuses and flags; `annual` how the year's value was made; `formulas` the
method's formula with a unit's numbers; `sentences` one plain sentence per indicator.
"""

from __future__ import annotations

from services.scoring.domain.wording.annual import annual_words
from services.scoring.domain.wording.formulas import share_formula
from services.scoring.domain.wording.numbers import Words, number
from services.scoring.domain.wording.reasons import FLAGS, REASONS, flag_words, reason_words
from services.scoring.domain.wording.sentences import sentence

__all__ = [
    "FLAGS",
    "REASONS",
    "Words",
    "annual_words",
    "flag_words",
    "number",
    "reason_words",
    "sentence",
    "share_formula",
]
