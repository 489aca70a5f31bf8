"""A scheduled job: read a unit's figures from a CSV file and post one report for each period in it.

    0 6 * * *  TIENDO_ADDRESS=... TIENDO_KEY=tdo_... python post_from_csv.py --plan P --form F --unit U figures.csv

Columns: period, indicator, value, numerator, denominator (empty cells mean "not given"). Run it as often as you like:
the idempotency key follows from the content, and content that stands already writes nothing. What was corrected in the
file is sent as an amendment of the version that stands. Python's standard library only.

Exit codes: 0 everything stands as in the file, 1 something was refused (see the messages), 2 intake was not reached in
all attempts: the next run will do it, 3 the file cannot be read.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

ATTEMPTS_MAX = 6
BACKOFF_SECONDS_MAX = 60.0
TIMEOUT_SECONDS = 30
COLUMNS = ("period", "indicator", "value", "numerator", "denominator")


class NotReached(Exception):
    """Nobody answered, or only "come back later"."""


def reports(path: Path, *, plan: str, form: str, unit: str) -> list[dict[str, Any]]:
    """One report a period, in the order of the file. ValueError says in which line what is wrong."""
    periods: dict[str, list[dict[str, Any]]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if missing := {"period", "indicator"} - set(rows.fieldnames or ()):
            raise ValueError(f"line 1: columns missing: {', '.join(sorted(missing))}")
        for row in rows:
            value: dict[str, Any] = {"indicator": row["indicator"]}
            for name in COLUMNS[2:]:
                if text := (row.get(name) or "").strip():
                    value[name] = _number(text, rows.line_num, name)
            periods.setdefault(row["period"], []).append(value)
    shared = {"plan": plan, "form": form, "unit": unit}
    return [{**shared, "period": period, "values": values} for period, values in periods.items()]


def _number(text: str, line: int, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"line {line}: {name} is no number: {text!r}") from None


class Intake:
    """Intake, asked with patience: what may succeed later is tried again, with growing pauses and some chance."""

    def __init__(self, address: str, key: str, *, attempts_max: int, backoff_seconds: float) -> None:
        self._address = address.rstrip("/")
        self._key = key
        self._attempts_max = attempts_max
        self._backoff_seconds = backoff_seconds

    def post(self, report: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The last answer. A report that differs from the one that stands is sent again as its amendment."""
        body = json.dumps(report, sort_keys=True).encode()
        digest = hashlib.sha256(body).hexdigest()
        status, told = self._patiently(body, {"Idempotency-Key": digest})
        if status == 412:
            version = told["current_version"]
            more = {"Idempotency-Key": f"{digest}-{version}", "If-Match": f'"{version}"'}
            status, told = self._patiently(body, more)
        return status, told

    def _patiently(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        for attempt in range(self._attempts_max):
            try:
                status, told, retry_after = self._once(body, headers)
            except OSError as error:
                status, told, retry_after = 0, {"title": str(error)}, None
            if status and status < 500 and status not in (408, 429) and not _is_running(told):
                return status, told
            print(f"attempt {attempt + 1}: {status or ''} {told.get('title', '')}", file=sys.stderr)
            if attempt + 1 < self._attempts_max:
                time.sleep(self._pause(attempt, retry_after))
        raise NotReached

    def _pause(self, attempt: int, retry_after: str | None) -> float:
        grown = min(BACKOFF_SECONDS_MAX, self._backoff_seconds * 2**attempt) * random.uniform(0.5, 1)  # noqa: S311
        return max(grown, float(retry_after)) if retry_after and retry_after.isdigit() else grown

    def _once(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any], str | None]:
        request = urllib.request.Request(  # noqa: S310 - the address comes from who runs this
            f"{self._address}/v1/reports",
            data=body,
            method="POST",
            headers={
                "Authorization": f"Bearer {self._key}",
                "Content-Type": "application/json",
                "Accept-Language": "en",
                **headers,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return answer.status, json.load(answer), None
        except urllib.error.HTTPError as error:
            return error.code, json.load(error), error.headers.get("Retry-After")


def _is_running(told: dict[str, Any]) -> bool:
    """The same key is still being worked on, by the run before this one."""
    return str(told.get("type", "")).endswith("/in-progress")


def tell(report: dict[str, Any], status: int, told: dict[str, Any]) -> bool:
    """Print what became of a report; whether it stands."""
    name = f"{report['form']} {report['unit']} {report['period']}"
    if status < 300:
        print(f"{name}: {told['status']} version {told['version']}, receipt {told['receipt']['sha256']}")
        return True
    print(f"{name}: {status} {told.get('title')}: {told.get('detail', '')}", file=sys.stderr)
    for fault in told.get("errors", ()):
        print(f"  {fault['pointer']}: {fault['detail']} {fault.get('hint', '')}", file=sys.stderr)
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description="Post a unit's figures from a CSV file.")
    for name in ("--plan", "--form", "--unit"):
        parser.add_argument(name, required=True)
    parser.add_argument("--attempts", type=int, default=ATTEMPTS_MAX)
    parser.add_argument("--backoff-seconds", type=float, default=1.0)
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    try:
        found = reports(given.file, plan=given.plan, form=given.form, unit=given.unit)
    except (OSError, ValueError) as error:
        print(f"{given.file}: {error}", file=sys.stderr)
        return 3
    intake = Intake(
        os.environ["TIENDO_ADDRESS"],
        os.environ["TIENDO_KEY"],
        attempts_max=given.attempts,
        backoff_seconds=given.backoff_seconds,
    )
    try:
        stands = [tell(report, *intake.post(report)) for report in found]
    except NotReached:
        print("intake was not reached; run again later, nothing is sent twice", file=sys.stderr)
        return 2
    return 0 if all(stands) else 1


if __name__ == "__main__":
    sys.exit(main())
