"""`tiendo verify`: is a receipt genuine, and does its report still stand as it was received?

Of a report's file the hash is computed here, as intake does it: canonical JSON (RFC 8785) of the content, SHA-256.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from deploy.client import Client, Refused
from services.intake.domain.content import Content
from services.intake.domain.submission import ReportInput
from shared.errors import Permanent
from shared.http.strict_json import DuplicateMember, loads

Outcome = Literal["genuine", "changed since", "unknown"]
EXIT_CODES: dict[Outcome, int] = {"genuine": 0, "changed since": 3, "unknown": 4}
FILE_BYTES_MAX = 10 * 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Verified:
    """What intake says about a hash; `receipt` is its answer, None when it does not know the hash."""

    sha256: str
    outcome: Outcome
    receipt: dict[str, Any] | None

    def lines(self) -> list[str]:
        """The answer in words."""
        if self.receipt is None:
            return [f"UNKNOWN  {self.sha256}", "No report received there has this content."]
        held = self.receipt
        place = held.get("place")
        told = [f"{self.outcome.upper()}  {self.sha256}"]
        told.append(f"{held['report_id']} version {held['version']}, received {held['received_at']}")
        if self.outcome == "changed since":
            told.append(f"It was genuine; version {held['current_version']} stands now.")
        if place:
            told.append(f"link {place['seq']} in the chain of {place['plan']}, hash {place['hash']}")
        return told


def sha256_of(named: str) -> str:
    """The hash itself, or that of the report in the file. Permanent when the file holds no report."""
    if _SHA256.fullmatch(named.lower()):
        return named.lower()
    path = Path(named)
    if not path.is_file():
        raise Permanent(f"{named} is neither a file nor 64 hexadecimal digits")
    if path.stat().st_size > FILE_BYTES_MAX:
        raise Permanent(f"{named} is larger than {FILE_BYTES_MAX} bytes")
    return content_of(path.read_bytes(), named).sha256


def content_of(body: bytes, name: str) -> Content:
    """The content that a submission of these bytes stands for."""
    try:
        loads(body)
        given = ReportInput.model_validate_json(body)
    except DuplicateMember as error:
        raise Permanent(f"{name}: {error}") from error
    except ValidationError as error:
        places = ", ".join("/" + "/".join(map(str, fault["loc"])) for fault in error.errors()[:5])
        raise Permanent(f"{name} is not a report as it is sent to intake; see {places}") from error
    except ValueError as error:
        raise Permanent(f"{name} is not JSON: {error}") from error
    return Content(
        plan=given.plan,
        form=given.form,
        unit=given.unit,
        period=given.period,
        nil=given.nil,
        nil_reason=given.nil_reason,
        values=tuple(value.reported() for value in given.values),
        explanations=given.explanations,
    )


async def verify(client: Client, named: str) -> Verified:
    """Ask intake about a file or a hash."""
    sha256 = sha256_of(named)
    try:
        receipt: dict[str, Any] = (await client.call("GET", f"/v1/receipts/{sha256}")).json()
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return Verified(sha256, "unknown", None)
    return Verified(sha256, "changed since" if receipt["changed_since"] else "genuine", receipt)
