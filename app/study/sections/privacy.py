"""[privacy] of study.toml: what the study tells players about their data, and whether they may have it deleted."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.study.model.privacy import Privacy
from app.study.pages import is_page
from app.study.syntax.mistakes import did_you_mean
from app.study.syntax.table import Table

LONGEST = 20_000  # characters of a notice that stands in study.toml


def read_privacy(document: Table, files: Mapping[str, bytes]) -> Privacy:
    table = document.table("privacy", "[privacy] with single brackets, and its settings below")
    if table is None:
        return Privacy()
    notice = table.text("notice", default="", longest=LONGEST)
    # A name and not a sentence that ends in one
    if re.fullmatch(r"\S+\.html?", notice) and (not is_page(notice) or notice not in files):
        pages = sorted(name for name in files if is_page(name))
        table.wrong("notice", f"There is no page `{notice}`.", did_you_mean(notice, pages))
        notice = ""
    found = Privacy(notice, table.truth("erase", default=False))
    table.report_unknown_keys("[privacy]")
    return found
