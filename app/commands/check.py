"""`networklab check`: each mistake beside the line that has it, and what a study without one will take."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from app.commands import size_lines
from app.commands.arguments import count, seconds
from app.commands.lists import say_notes
from app.config import Config
from app.players.lists import PeopleError, text_of
from app.players.people import content_of, read_people
from app.rehearsal.sizing import size_of
from app.rehearsal.trial import try_study
from app.study.earlier import earlier_mistakes
from app.study.estimate import (
    Estimate,
    declines,
    estimate_of,
    failing,
    leaving,
    measured_records,
    screened,
)
from app.study.hooks.pool import Hooks
from app.study.languages.texts import texts_in
from app.study.model.entrance import DECLINED, SCREENED_OUT
from app.study.model.steps import Step
from app.study.model.study import Study
from app.study.reading import check, parse, read_folder
from app.study.syntax.mistakes import Mistake, excerpt

NOT_RIGHT = "don’t get all right"


def add(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "A study without other mistakes has its hooks.py run: each hook is called on rooms that are made up. "
        "docs/hooks.md says what it is kept from; look into a hooks.py that is not yours before you check it."
    )
    parser.add_argument("study", type=Path, metavar="DIR", help="the study's folder")
    parser.add_argument(
        "--players",
        type=_players,
        default=100,
        metavar="N|LIST",
        help="estimate for so many, or check against the people on this list too (default 100)",
    )
    parser.add_argument(
        "--over",
        type=seconds,
        default=300.0,
        metavar="TIME",
        help="estimate for players who arrive within this time (default 5m)",
    )
    parser.add_argument(
        "--from",
        dest="before",
        type=Path,
        metavar="DIR",
        help="the study of the session that `open --from` is to go on from: what is asked of it as `earlier` is there",
    )
    size_lines.add(parser)
    parser.add_argument("--json", action="store_true", help="print mistakes and estimate as JSON")


def run(options: argparse.Namespace, config: Config) -> int:
    files, like = dict(read_folder(options.study)), size_lines.read_rehearsed(options.rehearsed)
    mistakes, hooks = check(files), Hooks()
    before = parse(read_folder(options.before)) if options.before else None
    players: int | Counter[str] | Path = options.players
    if isinstance(players, Path) and not any(mistake.grave for mistake in mistakes):
        players, mistakes = with_people(files, players)
    if not any(mistake.grave for mistake in mistakes):
        study = parse(files)
        mistakes += asyncio.run(try_study(study, hooks, before))
        mistakes += earlier_mistakes(study, before) if before else []
    grave = sum(mistake.grave for mistake in mistakes)
    estimate = (
        None if grave or isinstance(players, Path) else estimate_of(parse(files), players, options.over)
    )
    if options.json:
        answer: dict[str, object] = dict(ok=not grave, mistakes=[_as_json(one, files) for one in mistakes])
        if hooks.walls is not None:
            answer["hooks"] = dict(walls=hooks.walls, missing=hooks.missing)
        if estimate is not None:
            study = parse(files)
            answer["told"] = [("pages", _pages(study, estimate)), *_told(study, estimate)]
            answer["size"] = size_lines.as_json(size_of(estimate, like))
        print(json.dumps(answer | _estimate_as_json(estimate), ensure_ascii=False, indent=2))
        return 2 if grave else 0
    for mistake in mistakes:
        out = sys.stderr if mistake.grave else sys.stdout
        print(excerpt(mistake, files, _colours(out)), file=out)
    if estimate is None:
        print(_counted(grave, len(mistakes) - grave), file=sys.stderr)
    else:
        study = parse(files)
        print(f"{study.title}: {_pages(study, estimate)}. It can run.")
        print(
            "\n".join(
                f"  {name:8} {text}"
                for name, text in [*_told(study, estimate), *size_lines.told_of(size_of(estimate, like))]
            )
        )
        if hooks.walls is not None:
            print(f"  hooks    {_walled(hooks)}")
    return 2 if grave else 0


def _players(text: str) -> int | Path:
    return count(text) if text.isascii() and text.isdigit() else Path(text)


def _told(study: Study, estimate: Estimate) -> Iterator[tuple[str, str]]:
    shortest, longest = _minutes(estimate.shortest), _minutes(estimate.longest)
    skipped = " and steps with `when` are skipped" if any(step.when for step in study.steps) else ""
    quick = f"{shortest} in a room if all answer in a third of the time{skipped}, "
    if estimate.come_in < 1:
        yield "door", _at_door(study, estimate)
    pace = "each at their own pace"
    if not study.rooms:
        yield "length", f"about {_about(estimate.before + estimate.after)}, {pace}"
    elif study.before:
        yield "before", f"about {_about(estimate.before)} before the lobby, {pace}"
    if estimate.stay < 1:
        yield "", _on_the_way(study, estimate)
    if study.rooms:
        yield "lobby", f"at most {_minutes(estimate.lobby)}"
        yield from (("", line) for line in _filling(study, estimate))
        yield "length", f"{quick if shortest != longest else ''}{longest} if every deadline runs out"
    if study.after and study.rooms:
        yield "after", f"about {_about(estimate.after)} after the room, {pace}"
    least, most = estimate.records
    a_player = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    yield (
        "records",
        f"{a_player} per player, so {'at most ' if least != most else ''}{most * estimate.players:,}"
        f" by {_many(estimate.players, 'player')} together",
    )
    rate = f"{_rate(estimate.records_a_second)} records in {_rate(estimate.forms_a_second)} forms a second"
    yield (
        "writes",
        f"{rate} at the most, if {estimate.players:,} come evenly within {_minutes(estimate.over)}",
    )
    measured = measured_records()
    figure = (
        f"{measured:,} records a second in a whole game, on the machine named there"
        if measured
        else "what it holds"
    )
    yield "", f"measured: {figure} (BENCHMARKS.md)"
    if estimate.pay is not None:
        yield "pay", _paid(study, estimate, *estimate.pay)
    if estimate.early:
        early = texts_in().money(estimate.early, estimate.currency)
        wait = _minutes(study.lobby.max_early)
        yield (
            "",
            f"and at most {early} more for who waits before the start, which may take {wait} (`max_early`)",
        )


def _at_door(study: Study, estimate: Estimate) -> str:
    away = [
        (declines(study), "decline", study.entrance.decline),
        (screened(study), "are screened out", SCREENED_OUT),
        (failing(study), NOT_RIGHT, study.entrance.then),
    ]
    come = f"about {estimate.players * estimate.come_in:,.0f} of {_many(estimate.players, 'player')} come in"
    return f"{come}, if {_out(study, estimate, [one for one in away if one[0]])}"


def _on_the_way(study: Study, estimate: Estimate) -> str:
    """How many get through what comes before the lobby."""
    away = [
        (share, "decline" if outcome == DECLINED else NOT_RIGHT, outcome) for share, outcome in leaving(study)
    ]
    come = estimate.players * estimate.come_in
    through = "reach the lobby" if study.rooms else "get through this"
    return f"about {come * estimate.stay:,.0f} of {come:,.0f} {through}, if {_out(study, estimate, away)}"


def _out(study: Study, estimate: Estimate, away: Sequence[tuple[float, str, str]]) -> str:
    """Who is out: of each which share, what they do, and as what they end; and what these are paid."""
    *parts, last = [f"{100 * share:.2g}% {what}" for share, what, _ in away]
    shares = " and ".join([*([", ".join(parts)] if parts else []), last])
    pay, outcomes = study.pay.outcomes, dict.fromkeys(outcome for _, _, outcome in away)
    paid = [
        f"; {texts_in().money(pay[outcome], estimate.currency)} for who is `{outcome}`"
        for outcome in outcomes
        if pay.get(outcome)
    ]
    return f"{shares}, as in a rehearsal{''.join(paid)}"


def _pages(study: Study, estimate: Estimate) -> str:
    """How many, and where."""

    def alone(steps: Sequence[Step]) -> int:
        return sum(1 if step.attempts else step.repeat for step in steps)

    if not study.rooms:
        return f"{_many(alone(study.all_steps), 'page')} that each goes through alone"
    parts = [f"{_many(estimate.pages, 'page')} in a room"]
    if study.before:
        parts.insert(0, f"{_many(alone(study.before), 'page')} before the lobby")
    if study.after:
        parts.append(f"{_many(alone(study.after), 'page')} after it")
    *more, last = parts
    return f"{', '.join(more)} and {last}" if more else last


def _walled(hooks: Hooks) -> str:
    walls = f"within walls of the system: {', '.join(hooks.walls)}" if hooks.walls else "without walls"
    lacks = f"; it lacks {', '.join(hooks.missing)}" if hooks.missing else ""
    return f"ran {walls}{lacks} (docs/hooks.md)"


def _filling(study: Study, estimate: Estimate) -> Iterator[str]:
    for room in study.rooms:
        takes = estimate.fills.get(room.name)
        if takes is None:
            yield f"a `{room.name}` fills as its types come: --players people.csv says how soon"
            continue
        filled = room.fills_after is not None and not study.lobby.seat_hook
        bots = f", with bots after a wait of {_minutes(room.fills_after or 0)}" if filled else ""
        late = (
            ", longer than anybody waits: most would leave" if takes > estimate.lobby and not filled else ""
        )
        opens = f", from those who have waited {_minutes(room.after)}" if room.after else ""
        soon = (
            f"fills about {_minutes(takes)} after its first has come"
            if takes >= 0.5
            else "fills as its first comes"
        )
        yield f"a `{room.name}` {soon}{opens}{bots}{late}"


def _paid(study: Study, estimate: Estimate, least: Decimal, most: Decimal | None) -> str:
    def money(amount: Decimal) -> str:
        return texts_in().money(amount, estimate.currency)

    if most is None:
        return f"{money(least)} or more for finishing: `score` may give any amount; `most` in [pay] bounds it"
    each = money(least) if least == most else f"{money(least)} to {money(most)}"
    more = [
        *(["what `score` gives"] if study.scores else []),
        *(["the wait before"] if study.lobby.pay_per_minute and study.rooms else []),
    ]
    included = f", with {' and '.join(more)}" if least != most and more else ""
    all_of_it = f"at most {money(most * estimate.players)} for {_many(estimate.players, 'player')}"
    return f"{each} for finishing{included}; {all_of_it}"


def with_people(files: dict[str, bytes], path: Path) -> tuple[Counter[str] | Path, list[Mistake]]:
    """How many of each type they are, and all mistakes with those that they show.

    The path alone where the list itself has a mistake; its content is added to `files`, to be shown.
    """
    try:
        listed = read_people(path, parse(files))
    except PeopleError as error:
        with suppress(PeopleError):
            files[path.name] = text_of(path.name, content_of(path))[0].encode()
        return path, [*check(files), error.mistake]
    say_notes(listed)
    types = Counter(person.type for person in listed.people)
    return types, check(files, types)


def _colours(out: TextIO) -> bool:
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _counted(grave: int, notes: int) -> str:
    also = f" and {_many(notes, 'note')}" if notes else ""
    return f"{_many(grave, 'mistake')}{also}. The study can't run yet."


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _minutes(seconds: float) -> str:
    number = f"{seconds / 60:.1f}".removesuffix(".0")
    return f"{seconds:.0f} s" if seconds < 60 else f"{number} minute{'' if number == '1' else 's'}"


def _about(seconds: float) -> str:
    """Half minutes, or whole ones: nobody knows it better."""
    if seconds < 60:
        return f"{max(10, 10 * round(seconds / 10))} s"
    return _minutes(30 * round(seconds / 30) if seconds < 300 else 60 * round(seconds / 60))


def _rate(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}"


def _estimate_as_json(estimate: Estimate | None) -> dict[str, object]:
    if estimate is None:
        return {}
    pay = None
    if estimate.pay is not None:
        least, most = estimate.pay
        pay = dict(currency=estimate.currency, least=str(least), most=None if most is None else str(most))
    return dict(
        estimate=dict(
            players=estimate.players,
            over_seconds=estimate.over,
            pages=estimate.pages,
            shortest_seconds=round(estimate.shortest, 3),
            longest_seconds=round(estimate.longest, 3),
            lobby_seconds=estimate.lobby,
            fills_seconds={name: round(takes, 3) for name, takes in estimate.fills.items()},
            records_per_player=dict(zip(("least", "most"), estimate.records, strict=True)),
            records_a_second=round(estimate.records_a_second, 3),
            forms_a_second=round(estimate.forms_a_second, 3),
            measured_records_a_second=measured_records(),
            come_in_share=round(estimate.come_in, 3),
            stay_share=round(estimate.stay, 3),
            before_seconds=round(estimate.before, 3),
            after_seconds=round(estimate.after, 3),
            pay=pay,
        )
    )


def _as_json(mistake: Mistake, files: Mapping[str, bytes]) -> dict[str, object]:
    """`excerpt`: the line, and the mark under what is meant; "" where a whole file is."""
    return dict(
        excerpt=excerpt(mistake, files).partition("\n")[2],
        file=mistake.file,
        line=mistake.spot.line if mistake.spot else 0,
        column=mistake.spot.column if mistake.spot else 0,
        sentence=mistake.sentence,
        suggestion=mistake.suggestion,
        grave=mistake.grave,
    )
