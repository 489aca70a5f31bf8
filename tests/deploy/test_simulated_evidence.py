"""Simulated units upload the files that they name: the hash in the report is that of the content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deploy.simulate.behaviour import Action
from deploy.simulate.content import Author
from services.intake.formats.sniff import media_type_of
from shared.plan.load import load_plan
from shared.plan.units import read_units

PLANS = Path(__file__).parents[2] / "deploy" / "plans"


def test_every_file_named_has_content_of_its_hash_and_type(tmp_path: Path) -> None:
    plan = load_plan((PLANS / "mic-2011-2015.yaml").read_text(encoding="utf-8"))
    units = read_units((PLANS / "units.csv").read_text(encoding="utf-8"))
    author = Author(plan, units, seed=7)
    seen = 0
    for form in plan.forms:
        period = {"quarterly": "2011-Q2", "annual": "2011"}[form.frequency]
        report = author.report(Action(0, "VCNTT", form.code, period, "report"))
        named = [row["evidence"] for row in report["values"] if row.get("evidence", {}).get("kind") == "file"]
        files = author.files_of(report)
        assert [hashlib.sha256(content).hexdigest() for _, content in files] == [held["sha256"] for held in named]
        for name, content in files:
            path = tmp_path / name
            path.write_bytes(content)
            assert media_type_of(path, "text/plain") == "text/plain"
            seen += 1
    assert seen > 0
