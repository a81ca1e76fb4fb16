"""The words of our own pages, from study.toml: their language, and what stands in place of some."""

from collections.abc import Collection

from app.study.languages.catalogues import DEFAULT, LANGUAGES, known_texts, was_read
from app.study.languages.choice import english_name, language_named
from app.study.languages.texts import places
from app.study.syntax.mistakes import did_you_mean, listed, nearest
from app.study.syntax.table import Table


def read_language(document: Table) -> str:
    language = document.text("language", DEFAULT)
    if language in LANGUAGES or not document.sound("language"):
        if not was_read(language):
            note_unread(document, language)
        return language
    cure = did_you_mean(language_named(language) or language, LANGUAGES)
    document.wrong("language", f"`language` is `{language}`, which we have no texts in.", cure)
    return DEFAULT


def note_unread(table: Table, language: str, key: str = "language") -> None:
    sentence = f"Nobody who speaks {english_name(language)} has read yet what our pages say in it."
    file = "[texts]" if key == "language" else f"languages/{language}.toml"
    cure = f"Let somebody who does look through the preview; {file} replaces what is not right."
    table.note(key, sentence, cure)


def read_texts(document: Table) -> dict[str, str]:
    """What the study says in place of our texts, by their English.

    An unknown one is no grave mistake: a later version may word a text anew, and the study must still run.
    """
    table = document.table("texts", '[texts] with single brackets, and lines such as "Come in" = "Start"')
    if table is None:
        return {}
    found = {text: table.text(text) for text in table.values}
    for text, instead in found.items():
        if text not in known_texts():
            near = nearest(text, known_texts())
            cure = (
                f"Did you mean `{near}`?"
                if near
                else "All of them are in app/study/languages/networklab.pot."
            )
            sentence = f"`{text}` is none of our texts, so this replaces nothing."
            table.misnamed(text, sentence, cure, grave=False)
        else:
            check_places(table, text, instead)
    return found


def check_places(table: Table, text: str, instead: str) -> None:
    """That what stands in place of a text of ours can be filled in, and says what it says."""
    ours, own = places(text), places(instead)
    if own - ours:
        cure = f"Only {_filled_in(ours)} can be here." if ours else "Write it out."
        table.wrong(text, f"{_filled_in(own - ours)} can't be filled in here.", cure)
    elif ours - own and table.sound(text):
        table.note(
            text, f"Players won't read {_filled_in(ours - own)} there.", "Put it in unless that is meant."
        )


def _filled_in(names: Collection[str]) -> str:
    return listed([f"%({name})s" for name in sorted(names)])
