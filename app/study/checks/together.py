"""What can never work in a study although each of its parts is well written."""

from collections import Counter
from collections.abc import Mapping

from app.study.checks.alone import check_alone
from app.study.checks.bots import check_bots
from app.study.checks.channels import check_channels
from app.study.checks.forms import form_mistakes
from app.study.checks.networks import check_networks, check_rounds, check_seen, placed
from app.study.checks.own_files import own_file_mistakes
from app.study.checks.results import check_results
from app.study.checks.scripts import check_scripts
from app.study.checks.short_names import check_short_names
from app.study.checks.words import word_mistakes
from app.study.hooks.reading.annotations import type_mistakes
from app.study.hooks.reading.habits import habit_mistakes
from app.study.hooks.reading.rounds import round_mistakes
from app.study.hooks.reading.values import reading_mistakes
from app.study.hooks.reading.words import Words, answers_of
from app.study.hooks.uses import HOOKS_FILE, check_hooks, uses_of
from app.study.model.outcomes import CODES_LIKE, Finish
from app.study.model.steps import Step, places_of
from app.study.model.study import ANY, Lobby, RoomKind, Sections
from app.study.pages import is_page, page_mistakes
from app.study.sections.dropout import check_dropouts
from app.study.sections.treatments import check_treatments
from app.study.syntax.lines import Path
from app.study.syntax.mistakes import Findings, did_you_mean, listed

LONGEST_PLAN = 10_000
LEAST_TO_ANSWER = 1.0  # seconds, a question


def check_together(
    findings: Findings, files: Mapping[str, bytes], sections: Sections, opened: bool = False
) -> None:
    """Adds to `findings` what these sections can't do together, passing over those with their own mistakes.

    Nothing within pages and hooks where it is `opened`: a session runs on with what is wrong there.
    """
    rooms, lobby, steps, dropout = sections.rooms, sections.lobby, sections.steps, sections.dropout
    _check_seats(findings, sections.types, rooms)
    _check_waiting(findings, rooms, lobby)
    if lobby.seat_hook:
        _check_seating(findings, rooms, lobby)
    else:
        _check_order(findings, rooms)
    check_networks(findings, rooms, sections.networks)
    check_rounds(findings, sections.networks, steps)
    check_seen(findings, sections.networks, steps)
    check_results(findings, sections)
    check_short_names(findings, sections)
    _check_steps(findings, rooms, sections.all_steps)
    _check_pages(findings, files, sections, opened)
    _check_codes(findings, sections.finish)
    check_dropouts(findings, dropout, steps)
    check_bots(findings, rooms, lobby, dropout, steps)
    check_alone(findings, sections)
    check_scripts(findings, sections)
    check_channels(findings, sections)
    check_treatments(findings, files, sections.entry, sections.all_steps, sections.treatments)
    uses = list(uses_of(sections.all_steps, placed(findings, sections.networks), lobby, dropout))
    if check_hooks(findings, files, uses) and not opened:
        source, words = files[HOOKS_FILE], _words(findings, sections)
        findings.mistakes.extend(type_mistakes(source, uses))
        findings.mistakes.extend(habit_mistakes(source, uses))
        findings.mistakes.extend(reading_mistakes(source, uses, words))
        if findings.sound("step"):
            findings.mistakes.extend(round_mistakes(source, uses, sections.all_steps))


def check_people(
    findings: Findings, types: tuple[str, ...], rooms: tuple[RoomKind, ...], people: Counter[str]
) -> None:
    """Adds rooms that these players can never fill, and players that no room has a seat for."""
    if not findings.sound("room") or not rooms:
        return
    for index, room in enumerate(rooms):
        place = ("room", index, "seats")
        if room.bots_after is not None:
            fit = sum(count for type_, count in people.items() if room.takes(type_))
            if fit < room.people:
                sentence = (
                    f"Room `{room.name}` can never open: {fit} of the {room.people} people that it takes."
                )
                findings.wrong(place, sentence, "Add such players, change its seats, or lower `people`.")
            continue
        short = [type_ for type_, seats in room.seats.items() if type_ != ANY and people[type_] < seats]
        for type_ in short:
            players = "player" if people[type_] == 1 else "players"
            there = f"{f'only {people[type_]}' if people[type_] else 'no'} {type_} {players}"
            sentence = f"Room `{room.name}` can never fill: {there}."
            findings.wrong((*place, type_), sentence, "Add such players, or change its seats.")
        if not short and people.total() < room.size:
            there = f"{room.size} seats, but {people.total()} on the list"
            sentence = f"Room `{room.name}` can never fill: {there}."
            findings.wrong(place, sentence, "Add players, or make it smaller.")
    for type_ in people:
        if type_ not in types and not _has_seat(rooms, type_):
            _no_seat(findings, ("room",), type_)
    limits = [room.count * room.size for room in rooms if room.count is not None]
    if len(limits) == len(rooms) and people.total() > sum(limits):
        sentence = f"All rooms together have {sum(limits)} seats, and {people.total()} players may come."
        findings.note(("room",), sentence, "Raise a `count`, or the others will leave from the lobby.")


def _words(findings: Findings, sections: Sections) -> Words:
    """The names that hooks may use; none of a part that has mistakes of its own."""
    rooms, treatments = sections.rooms, sections.treatments
    by = {one.name: one.by for one in treatments}
    levels = {one.name: one.levels for one in treatments} if findings.sound("treatment") else None
    named = {type_ for room in rooms for type_ in room.seats}
    known = sections.types or (() if ANY in named else tuple(named))
    sound = findings.sound("types") and findings.sound("room")
    return Words(
        entry=answers_of(sections.entry) if findings.sound("entry") else None,
        said={one.name: answers_of((*one.fields, *one.results)) for one in sections.all_steps}
        if all(findings.sound(part) for part in ("before", "step", "after"))
        else None,
        moves={move.name: answers_of(move.fields) for step in sections.steps for move in step.moves}
        if findings.sound("step")
        else None,
        of_rooms=levels and {name: one for name, one in levels.items() if by[name] == "room"},
        of_seats=levels,
        kinds=tuple(room.name for room in rooms) if findings.sound("room") else None,
        types=known if sound and known else None,
        constants=dict.fromkeys(sections.constants, ()) if findings.sound("constants") else None,
    )


def _check_seats(findings: Findings, types: tuple[str, ...], rooms: tuple[RoomKind, ...]) -> None:
    if not types or not findings.sound("types"):
        return
    for index, room in enumerate(rooms):
        for type_ in room.seats:
            if type_ != ANY and type_ not in types:
                sentence = f"Room `{room.name}` can never fill: `{type_}` is not one of the types."
                findings.wrong(("room", index, "seats", type_), sentence, did_you_mean(type_, (*types, ANY)))
    if findings.sound("room") and rooms:
        for index, type_ in enumerate(types):
            if not _has_seat(rooms, type_):
                _no_seat(findings, ("types", index), type_)


def _has_seat(rooms: tuple[RoomKind, ...], type_: str) -> bool:
    return any(type_ in room.seats or ANY in room.seats for room in rooms)


def _no_seat(findings: Findings, place: tuple[str | int, ...], type_: str) -> None:
    sentence = f"{type_} players can never be seated: no room has a {type_} or any seat."
    findings.wrong(place, sentence, "Add a room for them, such as a last one with seats = {any = 4}.")


def _check_waiting(findings: Findings, rooms: tuple[RoomKind, ...], lobby: Lobby) -> None:
    if not findings.sound("lobby"):
        return
    for index, room in enumerate(rooms):
        if room.after >= lobby.max_wait:
            times = f"it opens after {room.after:g} s, but nobody waits longer than {lobby.max_wait:g} s"
            cure = "Make `after` shorter, or max_wait in [lobby] longer."
            findings.wrong(("room", index, "after"), f"Room `{room.name}` can never open: {times}.", cure)
    soonest = min((room.after for room in rooms), default=0.0)
    if soonest and not lobby.seat_hook and findings.sound("room"):
        sentence = f"Every room has `after`, so everybody waits at least {soonest:g} s."
        findings.note(("room", 0, "after"), sentence, "Remove it from the first room unless that is meant.")


def _check_seating(findings: Findings, rooms: tuple[RoomKind, ...], lobby: Lobby) -> None:
    """What only counts where the rooms are tried in their order."""
    for index, room in enumerate(rooms):
        if room.after:
            sentence = f"`{lobby.seat_hook}` decides who is seated when, so this is never looked at."
            cure = "Remove it; lobby.waiting has how long everybody has `waited`."
            findings.note(("room", index, "after"), sentence, cure)


def _check_order(findings: Findings, rooms: tuple[RoomKind, ...]) -> None:
    """A room behind one that any group of its own players fills first."""
    for index, room in enumerate(rooms):
        if not findings.sound("room", index):
            continue
        for before, other in enumerate(rooms[:index]):
            if findings.sound("room", before) and _takes_the_players_of(other, room):
                reason = f"`{other.name}` is tried first and takes its players"
                cure = f"Move it before `{other.name}`, or give that one `count` or `after`."
                findings.wrong(("room", index), f"Room `{room.name}` can never fill: {reason}.", cure)
                break


def _takes_the_players_of(other: RoomKind, room: RoomKind) -> bool:
    if other.fills_after is not None and other.fills_after <= room.after and other.people == 1:
        anybody = all(other.takes(type_) for type_ in room.seats)
        if anybody and other.count is None:
            return True
    if room.bots_after is not None:
        return False  # fewer people than `other` takes may have waited that long
    named = all(seats <= room.seats.get(type_, 0) for type_, seats in other.seats.items() if type_ != ANY)
    return named and other.size <= room.size and other.count is None and other.after <= room.after


def _check_steps(findings: Findings, rooms: tuple[RoomKind, ...], steps: tuple[Step, ...]) -> None:
    positions, places = sum(step.repeat for step in steps), places_of(steps)
    if positions > LONGEST_PLAN and all(findings.sound(part) for part in ("before", "step", "after")):
        longest = max(range(len(steps)), key=lambda index: steps[index].repeat)
        sentence = f"All steps and repeats come to {positions:,} pages, and {LONGEST_PLAN:,} is the most."
        findings.wrong((*places[longest], "repeat"), sentence, "Make `repeat` smaller.")
    sound = [room for index, room in enumerate(rooms) if findings.sound("room", index, "seats")]
    lonely = next((room for room in sound if room.size == 1), None)
    for index, (place, step) in enumerate(zip(places, steps, strict=True)):
        if lonely is not None and step.chat != "none":
            sentence = f"Room `{lonely.name}` has one seat, so nobody is there to chat with."
            findings.wrong((*place, "chat"), sentence, 'Give it more seats, or write chat = "none".')
        if step.fields and not step.within and 0 < step.limit < len(step.fields) * LEAST_TO_ANSWER:
            questions = "1 question" if len(step.fields) == 1 else f"{len(step.fields)} questions"
            sentence = f"{step.limit:g} s are hardly enough to read and answer {questions}."
            findings.note((*place, "limit"), sentence, "Make `limit` longer unless that is meant.")
        if step.on_timeout == "keep" and step.repeat == 1 and step.fields and step.timed:
            sentence = "This step has one round, so there is nothing before it to keep."
            findings.note((*place, "on_timeout"), sentence, 'Raise `repeat`, or write "default:VALUE".')
        if index and steps[index - 1].during == step.during and not steps[index - 1].attempts | step.attempts:
            _check_turns(findings, steps[index - 1], step, place)
        _check_shows(findings, steps, index, place)


def _check_turns(findings: Findings, before: Step, step: Step, place: Path) -> None:
    """Two steps that would take turns, but for one round."""
    if min(before.repeat, step.repeat) > 1 and abs(before.repeat - step.repeat) == 1:
        sentence = (
            f"`{before.name}` and `{step.name}` don't take turns: that they do only with the same `repeat`."
        )
        cure = f"Write repeat = {before.repeat}, unless all of `{before.name}` is to come first."
        findings.note((*place, "repeat"), sentence, cure)


def _check_shows(findings: Findings, steps: tuple[Step, ...], index: int, at: Path) -> None:
    """What a step shows of rounds before, although there are none."""
    for nth, show in enumerate(steps[index].show):
        source = next((at for at, step in enumerate(steps) if step.name == show.step), index)
        together = {step.repeat for step in steps[index : source + 1]}  # they take turns if it is one number
        before = source < index or (len(together) == 1 and steps[index].repeat > 1)
        place = (*at, "show", nth)
        if not before and show.round != "now" and not show.hook and findings.sound(*place):
            sentence = f"`{show.field}` has never been answered before this step, so nothing is ever shown."
            findings.note(place, sentence, "Raise `repeat`, or ask it in a step before.")


def _check_pages(findings: Findings, files: Mapping[str, bytes], sections: Sections, opened: bool) -> None:
    steps, entrance = sections.all_steps, sections.entrance
    for place, step in zip(places_of(steps), steps, strict=True):
        _check_page(findings, files, (*place, "page"), step.page)
    if entrance.page:
        _check_page(findings, files, ("entry", "page"), entrance.page)
    named = {
        "treatment": [one.name for one in sections.treatments],
        "constants": sections.constants,
    }
    if not opened:
        findings.mistakes.extend(page_mistakes(files, named, entrance.file))
    findings.mistakes.extend(own_file_mistakes(files))
    findings.mistakes.extend(word_mistakes(files, sections))
    findings.mistakes.extend(form_mistakes(files, steps, (sections.privacy.notice, entrance.file)))


def _check_page(findings: Findings, files: Mapping[str, bytes], place: Path, page: str) -> None:
    pages = sorted(name.removeprefix("pages/").removesuffix(".html") for name in files if is_page(name))
    if findings.sound(*place) and page not in pages:
        near = did_you_mean(page, pages)
        there = f"pages/ has {listed(pages)}." if pages else "Make the folder pages/ and this file in it."
        cure = f"{near} {there}" if near.endswith("?") else there
        other = next((name for name in files if name.rpartition(".")[0] == f"pages/{page}"), "")
        cure = f"Rename {other} to it." if other else cure
        findings.wrong(place, f"The page pages/{page}.html is missing.", cure)


def _check_codes(findings: Findings, finish: Finish) -> None:
    outcomes: dict[str, str] = {}
    for outcome, code in finish.codes.items():
        given = findings.given(("finish", "codes", outcome))
        if code in outcomes and (given or outcome not in CODES_LIKE):
            sentence = f"`{outcomes[code]}` and `{outcome}` have the same code and can't be told apart."
            findings.note(("finish", "codes", outcome), sentence, "Give each outcome a code of its own.")
        outcomes.setdefault(code, outcome)
