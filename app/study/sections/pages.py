"""[pages] of study.toml: what of the study's own files is taken into each of its pages."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.study.own_files import FOLDER, SCRIPTS, OwnPages, ending, leads_out, own_files
from app.study.syntax.mistakes import did_you_mean
from app.study.syntax.table import Table

_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


def read_pages(document: Table, files: Mapping[str, bytes]) -> OwnPages:
    table = document.table("pages", "[pages] with single brackets, and its settings below")
    if table is None:
        return OwnPages()
    style = _file(table, "style", "files/look.css", ("css",), files)
    found = OwnPages(style, _file(table, "script", "files/draw.js", SCRIPTS, files))
    table.report_unknown_keys("[pages]")
    return found


def _file(table: Table, key: str, example: str, endings: tuple[str, ...], files: Mapping[str, bytes]) -> str:
    name = table.text(key, default="", example=example)
    fitting = [path for path in own_files(files) if ending(path) in endings]
    if not name or name in fitting:
        return name
    if _ELSEWHERE.match(name):
        cure = f"Put it into the folder {FOLDER}, and write its name there, such as {example}."
        table.wrong(key, f"`{name}` is elsewhere, and nothing is loaded from there.", cure)
    elif leads_out(name):
        cure = f"Put it into the folder {FOLDER}, and write its name there, such as {example}."
        table.wrong(key, f"`{name}` leads out of {FOLDER}, and nothing is read from there.", cure)
    elif f"{FOLDER}{name}" in fitting:
        table.wrong(key, f"There is no `{name}` beside study.toml.", f"Write `{FOLDER}{name}`.")
    elif name in files:
        table.wrong(key, f"`{name}` is no file of this kind.", f"Its name must end in .{endings[0]}.")
    else:
        cure = did_you_mean(name, fitting) if fitting else f"Make the folder files/ and {example} in it."
        table.wrong(key, f"There is no file `{name}`.", cure)
    return ""
