"""Catalogues: every text that a player reads by its English, which is the key, and what it is in another language.

This folder has one for each language but English, in gettext's format, and with `networklab.pot` the list of all texts;
`python -m tests.tools.catalogues` brings them up to date. The comment at the head of each says whether somebody who
speaks the language has read it.
"""

from functools import cache
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from app.config import PACKAGE

FOLDER = PACKAGE / "study" / "languages"
DEFAULT = "en"
UNREAD = "Read by a speaker: no"
LANGUAGES = (DEFAULT, *sorted(path.stem for path in FOLDER.glob("*.po")))


@cache
def known_texts() -> frozenset[str]:
    """Every text of ours by its English; where it differs for one and for many, both."""
    found = (message.id for message in read_catalogue("networklab.pot") if message.id)
    return frozenset(text for id_ in found for text in ((id_,) if isinstance(id_, str) else id_))


@cache
def was_read(language: str) -> bool:
    """Whether somebody who speaks it has read our texts in it, as its catalogue says."""
    return language == DEFAULT or UNREAD not in read_catalogue(f"{language}.po").header_comment


def read_catalogue(name: str) -> Catalog:
    with (FOLDER / name).open("rb") as file:
        return read_po(file, abort_invalid=True)


@cache
def translations_of(language: str) -> Translations:
    packed = BytesIO()
    write_mo(packed, read_catalogue(f"{language}.po"))
    packed.seek(0)
    return Translations(packed)
