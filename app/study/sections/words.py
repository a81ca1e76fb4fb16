"""[words] of study.toml: what is not to be read in any talk."""

from __future__ import annotations

from app.study.model.words import MASK, REFUSE, WordList
from app.study.syntax.table import Table

MOST = 2000


def read_words(document: Table) -> WordList | None:
    table = document.table("words", "[words] with single brackets, and its settings below")
    if table is None:
        return None
    listed = table.texts("list")
    if not listed and table.sound("list"):
        table.missing("list", "`list` is missing: the words that are not to be read.", 'Add list = ["…"].')
    if len(listed) > MOST:
        table.wrong("list", f"These are {len(listed):,} words, and {MOST:,} is the most.", "Remove some.")
    for index, word in enumerate(listed):
        if not word.removesuffix("*"):
            table.findings.wrong((*table.path, "list", index), "This is no word.", "Write its letters.")
    found = WordList(listed, table.one_of("then", (REFUSE, MASK), REFUSE))
    table.report_unknown_keys("[words]")
    return found if listed and table.sound("list") else None
