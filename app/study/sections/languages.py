"""The further languages of a study: which they are, and what it says in each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from jinja2 import Environment, TemplateError

from app.study.languages.catalogues import LANGUAGES, known_texts, was_read
from app.study.languages.choice import english_name, language_named
from app.study.languages.texts import texts_in
from app.study.model.fields import I_DONT_KNOW, Field
from app.study.model.steps import places_of
from app.study.model.study import Sections
from app.study.pages import is_page
from app.study.sections.texts import check_places, note_unread
from app.study.spoken import WORDS_FOLDER, file_of, in_words, page_in, wordings
from app.study.syntax.mistakes import Findings, Mistake, StudyError, did_you_mean, listed, nearest
from app.study.syntax.table import Table, open_toml
from app.study.tags import replaced

MOST_NAMED = 5  # of the texts that a file lacks
_MARKUP = re.compile(r"<[^<>]*>|&\w+;")


def read_languages(document: Table, language: str) -> tuple[str, ...]:
    """Those besides the study's own."""
    found = []
    for index, code in enumerate(document.texts("languages")):
        place = (*document.path, "languages", index)
        if code not in LANGUAGES:
            cure = did_you_mean(language_named(code) or code, LANGUAGES)
            document.findings.wrong(place, f"There is `{code}`, which we have no texts in.", cure)
        elif code == language or code in found:
            document.findings.wrong(place, f"`{code}` is there twice.", "Name each further language once.")
        else:
            found.append(code)
            if not was_read(code):
                note_unread(document, code, "languages")
    return tuple(found)


def read_words(
    document: Table, language: str, sections: Sections, files: Mapping[str, bytes]
) -> tuple[dict[str, str], list[Mistake]]:
    """What the study says in a language, by its own wording; and what is wrong with that, or lacking."""
    file = file_of(language)
    if file not in files:
        sentence = f"There is no {file}, so nothing of this study is in {english_name(language)}."
        cure = f'Write it: "{sections.title}" = "…", and a line for each other text that people read.'
        document.wrong("languages", sentence, cure)
        return {}, []
    try:
        table = open_toml(file, files[file])
    except StudyError as error:
        return {}, list(error.mistakes)
    words = {text: table.text(text, longest=20_000) for text in table.values}
    asked, on_pages = wordings(sections), list(dict.fromkeys(_said_on_pages(files)))
    known = {*asked, *on_pages}
    for text, said in words.items():
        if text in known_texts():
            check_places(table, text, said)
        elif text not in known and not any(one.listed_by for one in _asked(sections)):  # a hook may list it
            near = nearest(text, known | known_texts())
            cure = f"Did you mean `{near}`?" if near else "Write it as study.toml or the page has it."
            table.misnamed(text, f"Nothing here says `{text}`, so this is read nowhere.", cure, grave=False)
    _check_apart(table, in_words(sections, language, words))
    lacking = [text for text in (*asked, *on_pages) if text not in words and text not in known_texts()]
    mistakes = [*table.findings.mistakes, *_lacking(language, lacking), *_pages_lacking(language, files)]
    return words, mistakes


def check_unknown(findings: Findings, sections: Sections) -> None:
    """Our own words for who doesn't know may be an option in the study's language."""
    unknown = _unknown(sections)
    for place, step in zip(places_of(sections.all_steps), sections.all_steps, strict=True):
        for nth, field in enumerate(step.fields):
            if field.dont_know == I_DONT_KNOW and unknown.casefold() in map(str.casefold, field.options):
                sentence = f"`{unknown}` is an option, too: the two could not be told apart."
                cure = "Take it out of the options, or say it in other words here."
                findings.wrong((*place, "fields", nth, "dont_know"), sentence, cure)


def _asked(sections: Sections) -> Iterator[Field]:
    yield from sections.entry
    for step in sections.all_steps:
        yield from step.fields


def _unknown(sections: Sections) -> str:
    return texts_in(sections.language).with_own(sections.texts).say(I_DONT_KNOW)


def _check_apart(table: Table, told: Sections) -> None:
    """Adds answers to a question, or rows of it, that read the same in this language."""

    def alike(one: str, other: str, field: Field) -> None:
        sentence = f"`{one}` and `{other}` of `{field.name}` read the same here: nobody can tell them apart."
        table.wrong(other if other in table.values else one, sentence, "Word one of them otherwise.")

    for field in _asked(told):
        for lists in dict.fromkeys((field.options, field.kind.listed(field))):
            read = dict[str, str]()
            for text in lists:
                if (first := read.setdefault(field.worded(text), text)) != text:
                    alike(first, text, field)
        unknown = _unknown(told) if field.dont_know == I_DONT_KNOW else field.dont_know
        for text in field.options if unknown else ():
            if field.worded(text).casefold() == unknown.casefold():
                alike("dont_know", text, field)


def check_files(
    findings: Findings, languages: Sequence[str], files: Mapping[str, bytes]
) -> Iterator[Mistake]:
    """Files of languages that study.toml does not name."""
    for name in files:
        code = name.removeprefix(f"{WORDS_FOLDER}/").removesuffix(".toml")
        if name.startswith(f"{WORDS_FOLDER}/") and code not in languages:
            cure = f'Write languages = ["{code}"] in study.toml, or remove the file.'
            yield Mistake(name, None, "study.toml names no such language, so nobody reads this.", cure, False)


def _lacking(language: str, texts: Sequence[str]) -> Iterator[Mistake]:
    if texts:
        named = listed([_short(text) for text in texts[:MOST_NAMED]])
        if len(texts) > MOST_NAMED:
            named = f"such as {named}"
        many = len(texts) > 1
        lacks, them = (f"{len(texts)} texts", "them as they are") if many else ("a text", "it as it is")
        sentence = f"It lacks {lacks}: {named}. Who reads {english_name(language)} gets {them}."
        cure = f'Add "{_short(texts[0])}" = "…".'
        yield Mistake(file_of(language), None, sentence, cure, grave=False)


def _pages_lacking(language: str, files: Mapping[str, bytes]) -> Iterator[Mistake]:
    for name, content in files.items():
        if not is_page(name) or is_spoken(name):
            continue
        if page_in(language, name) not in files and _has_words(content):
            sentence = f"It has words of its own, and there is no {page_in(language, name)}."
            cure = 'Write that page, or each text here as {{ _("…") }}, which ' + f"{file_of(language)} has."
            yield Mistake(name, None, sentence, cure, grave=False)


def is_spoken(page: str) -> bool:
    """Whether it is the page of one language: pages/talk.de.html."""
    return page.removesuffix(".html").rpartition(".")[2] in LANGUAGES


def _has_words(page: bytes) -> bool:
    text = page.decode("utf-8", "replace")
    text = _MARKUP.sub(" ", replaced(text, lambda _: " ", html=False))
    return bool(re.search(r"[^\W\d_]{2}", text))


def _said_on_pages(files: Mapping[str, bytes]) -> Iterator[str]:
    """What pages say by {{ _("…") }}."""
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for name, content in files.items():
        if is_page(name):
            try:
                found = list(environment.extract_translations(content.decode("utf-8-sig", "replace")))  # type: ignore[attr-defined]
            except TemplateError:
                continue  # it is told of as a mistake
            for _, _, said in found:
                yield from (one for one in (said if isinstance(said, tuple) else (said,)) if one)


def _short(text: str) -> str:
    line = text.split("\n")[0]
    return line if len(line) <= 60 else f"{line[:57]}…"
