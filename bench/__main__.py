"""`python -m bench [NAME ...]`: run the benchmarks, all or the named ones, one after the other.

Each prints its figures as ratios to a floor measured in the same run; absolute figures depend on the machine.
"""

from __future__ import annotations

import subprocess
import sys

BENCHES = ("store", "scoring", "ranking_latency", "intake", "intake_import", "notify")
SECONDS_MAX = 600


def main() -> int:
    """Exit code 1 when a benchmark failed to run."""
    wanted = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in wanted if name not in BENCHES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHES)}")
        return 2
    codes = []
    for name in wanted:
        print(f"--- bench.{name}", flush=True)
        codes.append(
            subprocess.run([sys.executable, "-m", f"bench.{name}"], timeout=SECONDS_MAX, check=False).returncode
        )
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
