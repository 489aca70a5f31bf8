"""Send one report (a JSON file) and say what became of it. Python's standard library only.

    TIENDO_ADDRESS=http://127.0.0.1:8101 TIENDO_KEY=tdo_... python post_report.py report.json

Exit codes: 0 taken (or known already), 1 refused: mend the report, 2 not reached: send the same file again later.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 30


def post(address: str, key: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """Status and answer: a summary, or a problem document (RFC 9457)."""
    request = urllib.request.Request(  # noqa: S310 - the address comes from who runs this
        f"{address}/v1/reports",
        data=body,
        method="POST",
        headers={
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Accept-Language": "en",
            # Made from the content: the same file again gets the same answer, and nothing is written twice.
            "Idempotency-Key": hashlib.sha256(body).hexdigest(),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def main() -> int:
    body = Path(sys.argv[1]).read_bytes()
    try:
        status, told = post(os.environ["TIENDO_ADDRESS"], os.environ["TIENDO_KEY"], body)
    except OSError as error:
        print(f"not reached: {error}", file=sys.stderr)
        return 2
    if status >= 500 or status == 429:
        print(f"{status} {told['title']}: send it again later", file=sys.stderr)
        return 2
    if status >= 400:
        print(f"{status} {told['title']}: {told.get('detail', '')}", file=sys.stderr)
        for fault in told.get("errors", ()):
            print(f"  {fault['pointer']}: {fault['detail']} {fault.get('hint', '')}", file=sys.stderr)
        return 1
    print(f"{told['status']} {told['report_id']} version {told['version']}, {told['timeliness']}")
    print(f"receipt {told['receipt']['sha256']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
