"""A study: from the folder a researcher wrote to the typed Study that runs, and what is wrong with it."""

import csv
import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path

from app.study.checks.together import check_people, check_together
from app.study.hooks.uses import HOOKS_FILE
from app.study.languages.texts import Texts, texts_in
from app.study.model.door import FIRST_IDS, OTHERS
from app.study.model.fields import I_DONT_KNOW, Field
from app.study.model.steps import AFTER, BEFORE, Dropout, Roles, Step
from app.study.model.study import ANY, Lobby, RoomKind, Sections, Study
from app.study.own_files import FOLDER, LARGEST, MOST, pointer_to
from app.study.sections.constants import check_constants, read_constants
from app.study.sections.door import read_door
from app.study.sections.dropout import read_dropout
from app.study.sections.entry import read_entry
from app.study.sections.finish import check_finish, read_finish
from app.study.sections.languages import check_files, check_unknown, read_languages, read_words
from app.study.sections.lobby import read_lobby
from app.study.sections.network import read_networks
from app.study.sections.pages import read_pages
from app.study.sections.pay import check_pay, read_pay
from app.study.sections.privacy import read_privacy
from app.study.sections.quotas import check_quotas, read_quotas
from app.study.sections.role import check_roles, in_halves, read_roles
from app.study.sections.rooms import read_rooms
from app.study.sections.screens import check_screens, read_screens
from app.study.sections.solo import read_solo
from app.study.sections.standby import check_standby, read_standby
from app.study.sections.steps import placed, read_steps
from app.study.sections.texts import read_language, read_texts
from app.study.sections.treatments import read_treatments
from app.study.sections.types import read_types
from app.study.sections.words import read_words as read_word_list
from app.study.spoken import WORDS_FOLDER, above_in_all, files_in, in_words
from app.study.syntax.constants import Constants
from app.study.syntax.mistakes import Mistake, StudyError, listed, nearest
from app.study.syntax.table import Table, open_toml

STUDY_FILE = "study.toml"
LARGEST_STUDY = 20_000_000  # bytes


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a study by name: study.toml, hooks.py, README.md, pages/…, *.csv, and pointers to those in files/.

    Leaves out hidden files, caches, and lists of people: access tokens don't belong to a study, which is
    stored and exported as it ran. Raises StudyError where the folder or its study.toml can't be read, or a link
    leads out of it.
    """
    if not folder.is_dir():
        named = {path.name: path for path in _studies_in(folder.parent)}
        near = nearest(folder.name, named)
        cure = f"Did you mean `{named[near]}`?" if near else "Give the folder that has study.toml in it."
        raise StudyError([Mistake(str(folder), None, "There is no such folder.", cure)])
    try:
        found = [(name, path) for name, path in _study_paths(folder) if not _lists_people(path)]
        own = {name: path for name, path in found if name.startswith(FOLDER)}
        _check_size({name: path.stat().st_size for name, path in own.items()})
        files = {name: pointer_to(path) if name in own else path.read_bytes() for name, path in found}
    except OSError as error:
        raise StudyError([Mistake(str(folder), None, f"It can't be read: {error.strerror}.", "")]) from None
    if STUDY_FILE not in files:
        cure = "A study is a folder with a study.toml and pages; give that folder."
        others = {path.name.lower(): path.name for path in folder.iterdir()}
        for name in (STUDY_FILE, f"{STUDY_FILE}.txt"):
            cure = f"Rename {others[name]} in it to {STUDY_FILE}." if name in others else cure
        if within := sorted(map(str, _studies_in(folder))):
            cure = f"Give a folder in it that has: {listed(within[:3])}{' are some' if within[3:] else ''}."
        raise StudyError([Mistake(str(folder), None, "It has no study.toml.", cure)])
    if sum(map(len, files.values())) > LARGEST_STUDY:
        cure = "Put pictures, sound and film into files/, and remove what the study does not need."
        raise StudyError(
            [Mistake(str(folder), None, "The study is larger than 20 MB without its files/.", cure)]
        )
    return files


def fingerprint(files: Mapping[str, bytes]) -> str:
    """The sha256, in hex, of all names and contents, in the order of the names.

    Each name and each content is preceded by its length, so that no two sets of files run together.
    """
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        for part in (name.encode(), content):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def parse(files: Mapping[str, bytes], opened: bool = False) -> Study:
    """The study in `files` (as `read_folder` gives them). Raises StudyError with all its grave mistakes.

    None of them counts once a session is `opened`: it was checked by the version that opened it, and a later one may
    see more. What can't be taken any more has something harmless in its place, a page of ours stands in for one that
    breaks, and a hook that fails stops its room.

    What may be left out: `language` is English, `[texts]` changes nothing, `[entry]` asks nothing, `[lobby]` waits
    10 minutes and pays nothing, `[network]` is complete, `[dropout]` lets a silent player's room continue, `[finish]`
    has no redirect and codes that tell the outcomes apart.
    """
    study, mistakes = _read(files, None, opened)
    grave = [mistake for mistake in mistakes if mistake.grave]
    if study is None or (grave and not opened):
        raise StudyError(grave)
    return study


def check(files: Mapping[str, bytes], people_types: Counter[str] | None = None) -> list[Mistake]:
    """All mistakes and notes, in the order of the file.

    `people_types` has how many players of each type there are, if they are known: it shows rooms that can
    never fill and players who can never be seated.
    """
    return _read(files, people_types)[1]


def _read(
    files: Mapping[str, bytes], people_types: Counter[str] | None, opened: bool = False
) -> tuple[Study | None, list[Mistake]]:
    if STUDY_FILE not in files:
        return None, [
            Mistake(STUDY_FILE, None, "There is no study.toml.", "Add one; `networklab new` writes it.")
        ]
    try:
        table = open_toml(STUDY_FILE, files[STUDY_FILE])
    except StudyError as error:
        return None, list(error.mistakes)
    sections = sections_of(table, files)
    findings = table.findings
    check_constants(findings, sections.constants, sections.all_steps)
    check_unknown(findings, sections)
    check_together(findings, files, sections, opened)
    check_quotas(findings, sections.quotas, sections.pay)
    check_screens(findings, sections)
    check_pay(findings, sections)
    check_roles(findings, files, sections)
    check_standby(findings, sections)
    check_finish(findings, sections)
    if people_types is not None:
        check_people(findings, sections.types, sections.rooms, +people_types)
    words = dict[str, dict[str, str]]()
    elsewhere = list(check_files(findings, sections.languages, files))
    for language in sections.languages:
        words[language], found = read_words(table, language, sections, files)
        elsewhere += found
    mistakes = sorted([*findings.mistakes, *elsewhere], key=_order)
    if not opened and any(mistake.grave for mistake in mistakes):
        return None, mistakes
    study = _study(_settled(sections), files, fingerprint(files))
    if words:
        spoken = {study.language: study}
        for language, said in words.items():
            told = _settled(in_words(sections, language, said))
            spoken[language] = _study(told, files_in(language, files), study.sha256)
        above = above_in_all(study.entrance.file, spoken)
        for one in spoken.values():
            object.__setattr__(one, "spoken", spoken)
            object.__setattr__(one, "entry_page", above)
    return study, mistakes


def _study(sections: Sections, files: Mapping[str, bytes], sha256: str) -> Study:
    given = {one.name: getattr(sections, one.name) for one in fields(sections)}
    return Study(**given, files=dict(files), sha256=sha256)


def sections_of(table: Table, files: Mapping[str, bytes]) -> Sections:
    """What is wrong with one is in the table's findings, in this order, and something harmless stands in its place."""
    language = read_language(table)
    table.constants = Constants(read_constants(table), texts_in(language).point)
    title = table.text("title", longest=200)
    entry, entrance = read_entry(table)
    asked, door = [field.name for field in entry], read_door(table)
    ids = (*door.ids, *FIRST_IDS, *OTHERS)
    dropout, roles = read_dropout(table), read_roles(table)
    rooms = read_rooms(table)
    before, steps, after = _steps(table, dropout, roles)
    sections = Sections(
        title=title,
        constants=table.constants.values,
        language=language,
        texts=read_texts(table),
        types=read_types(table),
        entry=entry,
        entrance=entrance,
        rooms=rooms,
        lobby=read_lobby(table),
        networks=read_networks(table, files),
        dropout=dropout,
        roles=roles,
        before=before,
        steps=steps,
        after=after,
        finish=(finish := read_finish(table, ids, asked)),
        treatments=read_treatments(table),
        screens=read_screens(table, entry),
        quotas=read_quotas(table, entry),
        standby=read_standby(table),
        door=door,
        privacy=read_privacy(table, files),
        words=read_word_list(table),
        languages=read_languages(table, language),
        pages=read_pages(table, files),
        pay=read_pay(table, finish.codes, asked, ids),
    )
    table.report_unknown_keys("a study")
    return sections


def _steps(
    table: Table, dropout: Dropout, roles: Roles | None
) -> tuple[tuple[Step, ...], tuple[Step, ...], tuple[Step, ...]]:
    """Those before the lobby, of rooms, and after them; no two have one name."""
    before = read_solo(table, BEFORE)
    steps = read_steps(table, dropout, roles, [one.name for one in before])
    after = read_solo(table, AFTER, [one.name for one in (*before, *steps)])
    all_steps = placed(table, (*before, *steps, *after))
    return (
        all_steps[: len(before)],
        all_steps[len(before) : len(all_steps) - len(after)],
        all_steps[len(all_steps) - len(after) :],
    )


def _settled(sections: Sections) -> Sections:
    """With what one section says of another: the language of numbers, the types of the seats, the halves of roles; and
    that nobody waits where there are no rooms."""
    in_words = partial(
        _worded, texts=texts_in(sections.language).with_own(sections.texts), currency=sections.pay.currency
    )
    return replace(
        sections,
        types=sections.types or _types_in_seats(sections.rooms),
        entry=in_words(sections.entry),
        lobby=sections.lobby if sections.rooms else Lobby(),
        networks=in_halves(sections.networks, sections.roles),
        before=_written(sections.before, in_words),
        steps=_written(sections.steps, in_words),
        after=_written(sections.after, in_words),
    )


def _order(mistake: Mistake) -> tuple[bool, str, tuple[int, ...]]:
    """As one reads: the study file first, each from top to bottom."""
    return mistake.file != STUDY_FILE, mistake.file, mistake.spot or ()


def _written(
    steps: tuple[Step, ...], in_words: Callable[[tuple[Field, ...]], tuple[Field, ...]]
) -> tuple[Step, ...]:
    return tuple(
        replace(
            step,
            fields=in_words(step.fields),
            results=in_words(step.results),
            moves=tuple(replace(one, fields=in_words(one.fields)) for one in step.moves),
            clock=step.clock and replace(step.clock, field=in_words((step.clock.field,))[0]),
        )
        for step in steps
    )


def _worded(fields: tuple[Field, ...], texts: Texts, currency: str) -> tuple[Field, ...]:
    found = [field.kind.in_language(field, texts, currency) for field in fields]
    unknown = texts.say(I_DONT_KNOW)
    return tuple(
        replace(field, dont_know=unknown) if field.dont_know == I_DONT_KNOW else field for field in found
    )


def _types_in_seats(rooms: tuple[RoomKind, ...]) -> tuple[str, ...]:
    """The types that seats name; none where some seat takes every type."""
    named = tuple(dict.fromkeys(type_ for room in rooms for type_ in room.seats))
    return () if ANY in named else named


def _study_paths(folder: Path) -> list[tuple[str, Path]]:
    found = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        wanted = parts in ((STUDY_FILE,), (HOOKS_FILE,), ("README.md",)) or parts[0] in ("pages", "files")
        wanted = wanted or (parts[0] == WORDS_FOLDER and (path.suffix == ".toml" or path.is_symlink()))
        if not hidden and (wanted or (len(parts) == 1 and path.suffix == ".csv")):
            # As pages name them: some systems take letters with accents apart in the names of files.
            name = unicodedata.normalize("NFC", "/".join(parts))
            _check_link(folder, path, name)
            if path.is_file():
                found.append((name, path))
    return found


def _check_link(folder: Path, path: Path, name: str) -> None:
    """All that a study has is served, stored and exported, and no other file of this machine."""
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        sentence = "This is a link to a place outside of the study’s folder, and nothing is read from there."
        raise StudyError([Mistake(name, None, sentence, "Put a copy of what is meant in its place.")])


def _check_size(sizes: Mapping[str, int]) -> None:
    """Before anything of it is read."""
    if (whole := sum(sizes.values())) > LARGEST:
        largest = max(sizes, key=lambda name: sizes[name])
        sentence = f"All own files together have {_megabytes(whole)}; a study may have {_megabytes(LARGEST)}."
        cure = f"The largest is {largest} with {_megabytes(sizes[largest])}: make it smaller."
        raise StudyError([Mistake(FOLDER, None, sentence, cure)])
    if len(sizes) > MOST:
        sentence = f"There are {len(sizes):,} own files; a study may have {MOST:,}."
        raise StudyError([Mistake(FOLDER, None, sentence, "Take out those that no page shows.")])


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.0f} MB"


def _studies_in(folder: Path) -> list[Path]:
    """Those right in it, or in the folders there; for words only, so a folder of any size is left after a while."""
    found = (path.parent for path in chain(folder.glob("*/study.toml"), folder.glob("*/*/study.toml")))
    return [path for path in islice(found, 100) if not path.name.startswith(".")]


def _lists_people(path: Path) -> bool:
    if path.suffix != ".csv":
        return False
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = file.readline()
    cells = [cell.strip().lower() for cell in next(csv.reader([header.replace(";", ",")]), [])]
    return "token" in cells
