"""Generated documents say what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.generate_docs import DOCUMENTS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_generated_document_is_what_the_code_gives(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == DOCUMENTS[path](), "run `make docs`"
