"""Templates compiled once for all processes: by the right kind, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from app.web.compiled import Compiled

PAGE = {"page.html": "{{ act() }} on {{ name }}"}


def acts() -> str:
    return "acted"


acts.unsafe_callable = True  # type: ignore[attr-defined]


def render(kind: type[Environment], folder: Path, page: dict[str, str] = PAGE) -> str:
    environment = kind(loader=DictLoader(page), bytecode_cache=Compiled(str(folder)))
    return environment.get_template("page.html").render(act=acts, name="page")


def test_what_one_process_compiled_another_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert render(Environment, tmp_path) == "acted on page"
    monkeypatch.setattr(Environment, "_compile", None)  # whoever compiles now breaks
    assert render(Environment, tmp_path) == "acted on page"


def test_what_was_compiled_for_ours_is_not_taken_for_a_studys_page(tmp_path: Path) -> None:
    assert render(Environment, tmp_path) == "acted on page"
    with pytest.raises(SecurityError):
        render(SandboxedEnvironment, tmp_path)


def test_a_page_that_was_written_on_is_compiled_again(tmp_path: Path) -> None:
    render(Environment, tmp_path)
    assert render(Environment, tmp_path, {"page.html": "{{ name }}, mended"}) == "page, mended"


def test_a_file_that_is_damaged_or_cannot_be_written_is_in_nobodys_way(tmp_path: Path) -> None:
    render(Environment, tmp_path)
    [kept] = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-9])
    assert render(Environment, tmp_path) == "acted on page"
    assert render(Environment, tmp_path / "nowhere") == "acted on page"
