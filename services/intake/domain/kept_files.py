"""Evidence files that were uploaded: which unit gave which file, under which name. Pure."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class KeptFile(BaseModel):
    """One file of one unit, known by the SHA-256 of its bytes."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    unit: str
    name: str
    media_type: str
    bytes: int
    uploaded_by: str
    uploaded_at_ms: int
