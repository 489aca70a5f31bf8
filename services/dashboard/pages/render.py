"""Templates and static files: read once at start, addressed by the hash of their content."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.dashboard.pages.catalogue import translations

HERE = Path(__file__).parent.parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"
MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
LANGUAGES = ("vi", "en")


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file, plain and compressed."""

    address: str
    media_type: str
    body: bytes
    compressed: bytes


def read_assets(folder: Path = STATIC) -> dict[str, Asset]:
    """Every static file by name."""
    return {path.name: _asset(path) for path in sorted(folder.iterdir()) if path.suffix in MEDIA_TYPES}


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:16]
    compressed = gzip.compress(body, compresslevel=9, mtime=0)
    return Asset(f"/static/{digest}/{path.name}", MEDIA_TYPES[path.suffix], body, compressed)


class Renderer:
    """Renders templates in a language. An undefined name is an error, never an empty place."""

    def __init__(self, assets: Mapping[str, Asset]) -> None:
        self._environments = {language: _environment(language, assets) for language in LANGUAGES}

    def page(self, template: str, language: str, /, **values: Any) -> str:
        return self._environments[language].get_template(template).render(**values)


def _environment(language: str, assets: Mapping[str, Asset]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.globals["asset"] = lambda name: assets[name].address
    return environment
