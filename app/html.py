"""Templates: ours, a study's own pages over ours, and fragments on their way to a page."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from mimetypes import guess_type
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from app.config import PROJECT
from app.study import Study

STATIC = PROJECT / "static"
_studies: dict[str, Environment] = {}


def render(template: str, **context: Any) -> str:
    return _ours().get_template(template).render(context)


def render_for(study: Study, template: str, **context: Any) -> str:
    """Render with the study's own pages in reach. They come from a researcher's folder, so they run sandboxed."""
    if study.sha256 not in _studies:
        pages = {path: body.decode() for path, body in study.files.items() if path.endswith(".html")}
        loader = ChoiceLoader([FileSystemLoader(PROJECT / "templates"), DictLoader(pages)])
        _studies[study.sha256] = _settings(ImmutableSandboxedEnvironment, loader)
    return _studies[study.sha256].get_template(template).render(context)


def fragment(target: str, swap: str, html: str) -> str:
    """A part of a live message that replaces, or is added to, one place on the page."""
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{html}</hx-partial>'


def sse(html: str, event_id: str = "") -> bytes:
    """One server-sent message without a name: htmx swaps what is in it."""
    # Blank lines count: they may be somebody's text in a text area.
    lines = "".join(f"data: {line}\n" for line in html.replace("\r", "").split("\n"))
    return f"{f'id: {event_id}' + chr(10) if event_id else ''}{lines}\n".encode()


@dataclass(frozen=True, slots=True)
class StaticFile:
    body: bytes
    packed: bytes  # the same with gzip
    media_type: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """What is in `static/`, by name: few and small files, read and packed once."""
    found = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.is_file()}
    return {
        name: StaticFile(
            body, gzip.compress(body, mtime=0), guess_type(name)[0] or "application/octet-stream"
        )
        for name, body in found.items()
    }


@cache
def asset(name: str) -> str:
    """The address of a file in `static/`, with a digest of its content: it may be cached for ever."""
    return f"/static/{name}?v={hashlib.sha256(static_files()[name].body).hexdigest()[:12]}"


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@cache
def _ours() -> Environment:
    return _settings(Environment, FileSystemLoader(PROJECT / "templates"))


def _settings(kind: type[Environment], loader: BaseLoader) -> Environment:
    environment = kind(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["asset"] = asset
    environment.filters.update(
        milliseconds=milliseconds, grouped=lambda number: f"{number:,}", attributes=_attributes
    )
    return environment


def _attributes(pairs: Mapping[str, Any]) -> Markup:
    """HTML attributes, without those that are None or False."""
    kept = ((name, value) for name, value in pairs.items() if value is not None and value is not False)
    return Markup(" ").join(
        Markup("{}").format(name) if value is True else Markup('{}="{}"').format(name, value)
        for name, value in kept
    )
