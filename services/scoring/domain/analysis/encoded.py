"""What a step found, as text that fits a document, and back to the same bytes."""

from __future__ import annotations

import base64
import io

import numpy as np

from services.scoring.domain.analysis.outcome import Part


def encoded(part: Part) -> str:
    """Compressed, in base 85."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **dict(part))
    return base64.b85encode(buffer.getvalue()).decode("ascii")


def decoded(text: str) -> Part:
    """The reverse of `encoded`."""
    with np.load(io.BytesIO(base64.b85decode(text)), allow_pickle=False) as held:
        return {name: held[name] for name in held.files}
