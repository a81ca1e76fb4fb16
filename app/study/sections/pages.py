"""[pages] of study.toml: what of the study's own files is taken into each of its pages."""

from __future__ import annotations

from collections.abc import Mapping

from app.study.own_files import FOLDER, SCRIPTS, OwnPages, ending, own_files
from app.study.syntax.mistakes import did_you_mean
from app.study.syntax.table import Table


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
    if f"{FOLDER}{name}" in fitting:
        table.wrong(key, f"There is no `{name}` beside study.toml.", f"Write `{FOLDER}{name}`.")
    elif name in files:
        table.wrong(key, f"`{name}` is no file of this kind.", f"Its name must end in .{endings[0]}.")
    else:
        cure = did_you_mean(name, fitting) if fitting else f"Make the folder files/ and {example} in it."
        table.wrong(key, f"There is no file `{name}`.", cure)
    return ""
