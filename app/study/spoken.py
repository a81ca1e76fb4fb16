"""A study in more than one language: what its author says in each, beside what study.toml says.

`languages/de.toml` has a line for each wording: as study.toml or a page has it, and what it is in German. What is
stored stays as study.toml has it, whatever language somebody reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.study.model.fields import I_DONT_KNOW, Field
from app.study.model.steps import Step
from app.study.model.study import Sections, Study

WORDS_FOLDER = "languages"
HIDDEN_ROUNDS = "hidden"


def file_of(language: str) -> str:
    return f"{WORDS_FOLDER}/{language}.toml"


def page_in(language: str, page: str) -> str:
    """The file that stands in place of a page in this language: pages/talk.de.html for pages/talk.html."""
    return f"{page.removesuffix('.html')}.{language}.html"


def files_in(language: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """With the pages of this language in place of the others."""
    own = {name: files[said] for name in files if (said := page_in(language, name)) in files}
    return {**files, **own}


def above_in_all(file: str, spoken: Mapping[str, Study]) -> str:
    """The sha256, in hex, of what stands above the entry form: one for whatever language it is read in.

    That of its page; where it has other pages in some languages, that of all of them one after the other.
    """
    pages = list(dict.fromkeys(one.files[file] for one in spoken.values() if file in one.files))
    return hashlib.sha256(b"".join(pages)).hexdigest() if pages else ""


def in_words(sections: Sections, language: str, words: Mapping[str, str]) -> Sections:
    """What people read of it, as `words` have it by its wording in study.toml. Names and stored values stay."""
    privacy = sections.privacy
    if not privacy.is_page:
        privacy = replace(privacy, notice=words.get(privacy.notice, privacy.notice))
    return replace(
        sections,
        language=language,
        texts=words,
        title=words.get(sections.title, sections.title),
        entry=_fields(sections.entry, words),
        before=_steps(sections.before, words),
        steps=_steps(sections.steps, words),
        after=_steps(sections.after, words),
        privacy=privacy,
    )


def wordings(sections: Sections) -> list[str]:
    """What of study.toml people read, each once, in its order."""
    steps = sections.all_steps
    fields = [*sections.entry, *(field for step in steps for field in _fields_of(step))]
    found = [sections.title, *(text for field in fields for text in _read_of(field))]
    for step in steps:
        found += [step.button, "" if step.rounds == HIDDEN_ROUNDS else step.rounds]
        found += [show.ask for show in step.show] + [move.button for move in step.moves]
        found += [channel.title for channel in step.channels]
    if not sections.privacy.is_page:
        found.append(sections.privacy.notice)
    return [text for text in dict.fromkeys(found) if any(character.isalpha() for character in text)]


def _fields_of(step: Step) -> Iterator[Field]:
    yield from (*step.fields, *step.results)
    for move in step.moves:
        yield from move.fields
    if step.clock:
        yield step.clock.field


def _read_of(field: Field) -> Iterator[str]:
    yield from (field.ask, field.help, *field.options, *_rows(field), field.low, field.high, field.hint)
    yield from (_unit(field), "" if field.dont_know == I_DONT_KNOW else field.dont_know)


def _rows(field: Field) -> Sequence[str]:
    rows = field.more.get("rows", ())
    return [one for one in rows if isinstance(one, str)]


def _unit(field: Field) -> str:
    return str(field.more.get("unit") or "")


def _steps(steps: tuple[Step, ...], words: Mapping[str, str]) -> tuple[Step, ...]:
    def said(text: str) -> str:
        return words.get(text, text)

    return tuple(
        replace(
            step,
            fields=_fields(step.fields, words),
            results=_fields(step.results, words),
            button=said(step.button),
            rounds=step.rounds if step.rounds == HIDDEN_ROUNDS else said(step.rounds),
            show=tuple(replace(show, ask=said(show.ask)) for show in step.show),
            moves=tuple(
                replace(move, button=said(move.button), fields=_fields(move.fields, words))
                for move in step.moves
            ),
            channels=tuple(replace(channel, title=said(channel.title)) for channel in step.channels),
            clock=step.clock and replace(step.clock, field=_field(step.clock.field, words)),
        )
        for step in steps
    )


def _fields(fields: tuple[Field, ...], words: Mapping[str, str]) -> tuple[Field, ...]:
    return tuple(_field(one, words) for one in fields)


def _field(field: Field, words: Mapping[str, str]) -> Field:
    names = "ask", "help", "low", "high", "hint", "dont_know"
    said: dict[str, Any] = {name: words.get(text, text) for name in names if (text := getattr(field, name))}
    if unit := _unit(field):
        said["more"] = {**field.more, "unit": words.get(unit, unit)}
    texts = words if field.listed_by else (*field.options, *_rows(field))  # not what people write themselves
    listed = {text: words[text] for text in texts if text in words}
    return replace(field, **said, words=listed)
