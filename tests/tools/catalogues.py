"""Bring the catalogues up to date with the templates and the code: `python -m tests.tools.catalogues`.

New texts come in empty, changed ones lose their translation, and those that nobody says any more go.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from app.config import PROJECT
from app.study.languages.catalogues import DEFAULT, FOLDER, LANGUAGES, read_catalogue

# The researcher's side stays English.
TEMPLATES = [
    ("admin/**", "ignore"),
    ("preview/**", "ignore"),
    ("rehearsal/**", "ignore"),
    ("**.html", "jinja2"),
]
OPTIONS = {"**.html": {"newstyle_gettext": "true", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "Sentence": None}


@cache
def extracted() -> Catalog:
    """Every text that a player may read, as templates and code have it."""
    found = Catalog(
        project="NetworkLab",
        version="",
        header_comment="# Every text that a player may read.",
        creation_date=datetime(2026, 11, 24, tzinfo=UTC),  # or each refresh would change the files
        msgid_bugs_address="",
        last_translator="",
        language_team="",
        fuzzy=False,
    )
    for folder, methods in (("templates", TEMPLATES), ("app", [("**.py", "python")])):
        for name, _, text, *_ in extract_from_dir(PROJECT / folder, methods, OPTIONS, keywords=KEYWORDS):
            found.add(text, locations=[(f"{folder}/{name}", 0)])
    return found


def main() -> None:
    template = extracted()
    _write("networklab.pot", template)
    for language in LANGUAGES:
        if language != DEFAULT:
            catalogue = read_catalogue(f"{language}.po")
            catalogue.update(template, no_fuzzy_matching=True)
            catalogue.obsolete.clear()
            _write(f"{language}.po", catalogue)
            lacking = sum(1 for message in catalogue if message.id and not message.string)
            print(f"{language}: {len(catalogue)} texts, {lacking} to be translated")


def _write(name: str, catalogue: Catalog) -> None:
    with (FOLDER / name).open("wb") as file:
        write_po(file, catalogue, width=0, omit_header=False, include_lineno=False, sort_by_file=True)


if __name__ == "__main__":
    main()
