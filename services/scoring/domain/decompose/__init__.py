"""Why a unit's index and rank moved, between two years or two revisions of one evaluation: parts sum to the whole.

`index` per indicator into performance and weight; `places` ranks of a number among other numbers; `rank` the four
parts of a move; `corrections` what was corrected of what had been accepted; `again` an evaluation computed once more
another way; `moves` the answer; `words` its sentence.
"""

from __future__ import annotations

from services.scoring.domain.decompose.moves import changes, compare

__all__ = ["changes", "compare"]
