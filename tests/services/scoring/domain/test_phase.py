from __future__ import annotations

import pytest

from services.scoring.domain.phase import FIRST, provisional


@pytest.mark.parametrize("phase", [FIRST, "SELF_SCORING", "APPRAISAL", "PROVISIONAL", "CLARIFICATION", "FINAL_REVIEW"])
def test_scores_are_provisional_until_the_evaluation_is_sealed(phase: str) -> None:
    assert provisional(phase)


@pytest.mark.parametrize("phase", ["SEALED", "PUBLISHED", "CORRECTED"])
def test_sealed_scores_are_not_provisional(phase: str) -> None:
    assert not provisional(phase)
