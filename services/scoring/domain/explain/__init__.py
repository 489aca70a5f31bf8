"""Where one unit's index comes from, as JSON values. Nothing is rounded but the published index and the sentences.

`unit` the whole answer; `standing` rank, band, bounds, confidence; `nodes` groups; `indicators` one row each;
`posts` what a value was held against, what was clipped; `periods` the reports behind it; `layers` self, appraised and
final value; `plain` one number of a row.
"""

from __future__ import annotations

from services.scoring.domain.explain.layers import Note
from services.scoring.domain.explain.unit import explain

__all__ = ["Note", "explain"]
