"""`networklab open`: a session that people can come into, by links of their own or by one for everybody."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

from app.commands.arguments import Refusal, count, new_file, share
from app.commands.clusters import add_cluster, roomiest
from app.commands.connection import connected, in_transaction
from app.commands.lists import (
    LIST,
    refuse_guessable,
    say_notes,
    say_where_else,
    warn_of_links,
    written,
)
from app.commands.program import program
from app.config import Config
from app.database.connections import Connection
from app.players.door import Places
from app.players.links import door_link
from app.players.people import Listed, read_people
from app.rehearsal.trial import try_study
from app.sessions.going_on import BY_COMMAND, Before, find_before, notes_without
from app.sessions.sessions import Session, find_session
from app.sessions.starts import said, start_time
from app.study.model.study import Study
from app.study.reading import check, parse, read_folder
from app.study.stored import read_study
from app.study.syntax.mistakes import StudyError, listed
from app.web.access.security import COMMAND_LINE
from app.web.new_sessions import JustOpened, NewSession, open_wanted, refuse_scripts


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, metavar="STUDY", help="the study's folder")
    parser.add_argument(
        "--players",
        type=Path,
        metavar="LIST",
        help=LIST,
    )
    parser.add_argument(
        "--from",
        dest="before",
        metavar="SESSION",
        help="the second wave: invites those who completed that session, by the same links, labels and types",
    )
    parser.add_argument(
        "--from-outcomes",
        metavar="complete,…",
        help="with --from: how it ended there for those who are invited, any of these (default: complete)",
    )
    parser.add_argument(
        "--door", action="store_true", help="one link for everybody, with or without a list; prints it"
    )
    parser.add_argument(
        "--places",
        type=count,
        metavar="N",
        help="with --door: so many of those who come by it are to come to the end",
    )
    parser.add_argument(
        "--extra",
        type=share,
        metavar="20%",
        help="with --places: a share more come in than are lacking, as some will not finish (default: none)",
    )
    parser.add_argument(
        "--starts", metavar="TIME", help="start by itself then: 2026-12-01T10:00+01:00, or 10:00 with --zone"
    )
    parser.add_argument("--zone", default="", help="of TIME, where it has no offset: Europe/Berlin")
    add_cluster(parser, "the one with most room; with --from, its")
    parser.add_argument("--name", help="the session's name (default: the study's title)")
    parser.add_argument("--links", type=new_file, metavar="CSV", help="write one join link per player here")
    parser.add_argument(
        "--owner",
        metavar="NAME",
        action="append",
        default=[],
        help="the account that the session is of, again for more; without it everybody with an account sees it, and a"
        " second wave whoever is on the first",
    )
    parser.add_argument(
        "--short-tokens", action="store_true", help="take tokens that somebody could guess, too"
    )
    parser.add_argument(
        "--json", action="store_true", help='print {"session": "…", "players": 700, "door": "https://…/s/…"}'
    )


def run(options: argparse.Namespace, config: Config) -> int:
    study, places = parse(read_folder(options.study)), _places(options)
    if not options.before and not options.cluster:
        config = roomiest(config)
    listed = read_people(options.players, study) if options.players else Listed(())
    people = listed.people
    before = _before(options, config, study, bool(places))
    if not options.short_tokens and people:
        refuse_guessable(options.players.name, people)
    refuse_scripts(study, config.play_url)
    if options.zone and not options.starts:
        raise Refusal("--zone says where the time of --starts is meant. Give --starts, too.")
    start_at = start_time(options.starts, options.zone) if options.starts else None
    tried = asyncio.run(try_study(study, before=before.study if before else None))
    if failing := [mistake for mistake in tried if mistake.grave]:
        raise StudyError(failing)
    say_notes(listed)
    # Not a refusal: a pilot with a handful of people is a good idea, though some rooms can't fill then.
    come = [one.type for one in before.through if one.has_link] if before else [one.type for one in people]
    types = None if options.door else Counter(come)
    for mistake in [*check(study.files, types), *tried]:
        print(f"note: {mistake}", file=sys.stderr)
    for note in before.notes if before else notes_without(study, BY_COMMAND):
        print(f"note: {note}.", file=sys.stderr)

    new = NewSession(study, people, options.name, start_at, places, options.owner, before)

    async def work(conn: Connection) -> JustOpened:
        made = await open_wanted(conn, new, COMMAND_LINE)
        if options.links:
            nothing = "no session was made"
            listed = people if not before else None
            await written(conn, config, options.links, made.session.id, listed, nothing)
        return made

    made = in_transaction(config, work)
    session, many = made.session, made.people
    for note in made.notes:
        print(f"note: {note}.", file=sys.stderr)
    say_where_else(made.shared)
    warn_of_links(config, bool(options.links or places))
    link = door_link(session.id, config.public_url) if places else None
    if options.json:
        told = dict(session=session.id, players=many) | ({"from": options.before} if before else {})
        print(json.dumps(told | (dict(door=link) if link else {})))
        return 0
    _say_who(session, many, options.links, config.public_url, before)
    if link and places:
        print(f"The link for everybody is {link}{_how_many(places)}")
        print(_ids_to_add(study) if before is None else _same_ids(before))
    if start_at:
        begins = f"seating begins by itself at {said(start_at)}, while a server runs"
        print(f"`{program()} serve` lets them in; {begins}.")
    else:
        print(f"`{program()} serve` lets them in; `{program()} start {session.id}` begins seating.")
    return 0


def _before(options: argparse.Namespace, config: Config, study: Study, has_door: bool) -> Before | None:
    if not options.before:
        return None
    asked = options.from_outcomes, study, has_door, BY_COMMAND

    async def find(conn: Connection) -> Before:
        await find_session(conn, options.before)
        return await find_before(conn, options.before, await read_study(conn, options.before), *asked)

    return connected(config, find)


def _places(options: argparse.Namespace) -> Places | None:
    """Of the link for everybody; None: there is none."""
    if options.before and options.players:
        raise Refusal(
            "--from invites those who were in that session. Leave --players out, and give others to `networklab add`."
        )
    if options.from_outcomes and not options.before:
        raise Refusal("--from-outcomes says who of another session is invited. Give --from, too.")
    if not options.door:
        if options.places or options.extra:
            raise Refusal("--places and --extra are of the link for everybody. Give --door, too.")
        if options.players is None and options.before is None:
            raise Refusal(
                "Nobody could come in. Give --players with a list, --door for one link for everybody, or both."
            )
        return None
    if options.links and options.players is None and options.before is None:
        raise Refusal("--links writes the links of a list. Give --players, too, or leave --links out.")
    if options.extra and not options.places:
        raise Refusal("--extra is a share of the places. Give --places, too.")
    return Places(options.places, Decimal(str(options.extra or 0)))


def _say_who(
    session: Session, many: int, links: Path | None, public_url: str, before: Before | None = None
) -> None:
    if not many:
        print(f"Session {session.id}, “{session.name}”, is open.")
        return
    print(f"Session {session.id}, “{session.name}”, is open for {many:,} players.")
    if before is not None:
        print(
            f"They were in {before.session.name} ({before.session.id}), and their links there lead here now."
        )
    if links:
        print(f"Their links are in {links}. Keep it safe: who has a link is that player.")
    elif before is None:
        print(f"A player's link is {public_url}/join/TOKEN; --links FILE writes them all.")


def _how_many(places: Places) -> str:
    if places.most is None:
        return ""
    more = (
        f"; {places.extra:.0%} more than are lacking come in, as some will not finish" if places.extra else ""
    )
    return f"\n{places.most:,} of those who come by it are to come to the end{more}."


def _same_ids(before: Before) -> str:
    name = before.session.name
    return f"It lets in who came by that of {name} and is through there, by the same id, and nobody else."


def _ids_to_add(study: Study) -> str:
    if study.door.ids:
        return f"It must bring {listed(study.door.ids)}: add ?{study.door.ids[0]}=… as your recruiter fills it in."
    if study.door.anonymous:
        return "Whoever opens it without a recruiter's id is a new person, one for each browser."
    return "It must bring a recruiter's id: add ?PROLIFIC_PID={{%PROLIFIC_PID%}}, say, as your recruiter fills it in."
