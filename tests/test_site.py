"""The manual as a site that any web server can show."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from app.config import PROJECT
from app.web import manual


@pytest.mark.slow  # it installs what builds it
def test_the_manual_is_built_to_a_site_and_no_link_in_it_leads_nowhere(tmp_path: Path) -> None:
    to = tmp_path / "site"
    built = subprocess.run([PROJECT / "bin" / "site", to], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert "url=docs/" in (to / "index.html").read_text(encoding="utf-8")
    contents = (to / "docs" / "index.html").read_text(encoding="utf-8")
    for group in manual.groups():
        for name, title in group.chapters:
            page = manual.chapters()[name].relative_to(PROJECT).with_suffix("")
            assert (to / page / "index.html").is_file(), name
            assert title.split("`")[0] in contents or "&" in contents, title
