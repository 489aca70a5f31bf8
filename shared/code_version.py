"""Which code computed something: a hash over the sources, so that two builds of the same code say the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib import import_module, metadata
from pathlib import Path

SHORT = 16


def code_version(packages: Iterable[str], *, libraries: Iterable[str] = ()) -> str:
    """SHA-256 (its first digits) over every module of the packages, and the versions of libraries that compute."""
    found = hashlib.sha256()
    for package in sorted(packages):
        for path in _modules(package):
            found.update(f"{package} {path.name}\n".encode())
            found.update(path.read_bytes())
    for library in sorted(libraries):
        found.update(f"{library} {metadata.version(library)}\n".encode())
    return found.hexdigest()[:SHORT]


def _modules(package: str) -> list[Path]:
    """Source files below the package, in an order that does not depend on the machine."""
    [folder] = import_module(package).__path__
    return sorted(Path(folder).rglob("*.py"), key=lambda path: path.relative_to(folder).as_posix())
