"""The shipped plans, loaded once, and a small plan whose document a test may change."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from shared.plan.load import load_plan, plan_document
from shared.plan.model import Plan

PLANS = Path(__file__).parents[3] / "deploy" / "plans"


@pytest.fixture(scope="session")
def mic_text() -> str:
    return (PLANS / "mic-2011-2015.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def mic(mic_text: str) -> Plan:
    return load_plan(mic_text)


@pytest.fixture(scope="session")
def hdi() -> Plan:
    return load_plan((PLANS / "hdi.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def document(mic: Plan) -> dict[str, Any]:
    """The default plan's document, to be changed by the test."""
    return copy.deepcopy(plan_document(mic))
