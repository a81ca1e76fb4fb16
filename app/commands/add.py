"""`networklab add`: more people into a session that is open or running."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from app.commands.arguments import THE_SESSION, Refusal, as_typed, new_file
from app.commands.connection import in_transaction
from app.commands.lists import (
    LIST,
    refuse_guessable,
    say_notes,
    say_where_else,
    warn_of_links,
    written,
)
from app.config import Config
from app.database.connections import Connection
from app.players.people import content_of, people_in
from app.players.players import also_invited_to
from app.sessions.inviting import add_people, invite_finished, who_is_there
from app.sessions.sessions import Session, find_session
from app.study.stored import read_study
from app.web.access.security import COMMAND_LINE


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument("--players", type=Path, metavar="LIST", help=LIST)
    parser.add_argument(
        "--finished",
        action="store_true",
        help="of a session that was opened with --from: those who are through with that one since",
    )
    parser.add_argument(
        "--links", type=new_file, metavar="CSV", help="write the join links of these people here"
    )
    parser.add_argument(
        "--short-tokens", action="store_true", help="take tokens that somebody could guess, too"
    )
    parser.add_argument(
        "--json", action="store_true", help='print {"session": "…", "added": 2, "players": 702}'
    )


def run(options: argparse.Namespace, config: Config) -> int:
    if bool(options.players) == options.finished:
        raise Refusal(
            "Say whom: --players with a list, or --finished where the session goes on from another one."
        )
    return _add_finished(options, config) if options.finished else _add_listed(options, config)


def _add_finished(options: argparse.Namespace, config: Config) -> int:

    async def work(conn: Connection) -> tuple[Session, int]:
        session, added = await invite_finished(conn, options.session, COMMAND_LINE)
        if options.links:
            await written(conn, config, options.links, session.id, None, "nobody was added")
        return session, added

    session, added = in_transaction(config, work)
    warn_of_links(config, bool(options.links))
    if options.json:
        print(json.dumps(dict(session=session.id, added=added)))
        return 0
    who = "1 person is" if added == 1 else f"{added:,} people are" if added else "Nobody is"
    print(f"{who} through since, and invited to {session.name} now.")
    return 0


def _add_listed(options: argparse.Namespace, config: Config) -> int:
    content = content_of(options.players)

    async def work(conn: Connection) -> tuple[Session, int, int]:
        there = await who_is_there(conn, options.session)
        study = await read_study(conn, options.session)
        listed = people_in(options.players.name, content, study, there)
        if not options.short_tokens:
            refuse_guessable(options.players.name, listed.people)
        await add_people(conn, options.session, listed.people, COMMAND_LINE)
        session = await find_session(conn, options.session)
        if options.links:
            await written(conn, config, options.links, session.id, listed.people, "nobody was added")
        say_notes(listed)
        say_where_else(await also_invited_to(conn, session.id, listed.people))
        return session, len(listed.people), there.many

    session, added, before = in_transaction(config, work)
    warn_of_links(config, bool(options.links))
    if options.json:
        print(json.dumps(dict(session=session.id, added=added, players=before + added)))
        return 0
    who = "1 person was" if added == 1 else f"{added:,} people were"
    print(f"{who} added to {session.name}: {before + added:,} are invited now.")
    if options.links:
        print(f"Their links are in {options.links}. Keep it safe: who has a link is that player.")
    else:
        print(
            as_typed(
                f"`networklab links {session.id} --to FILE` writes the links of all whose tokens were made."
            )
        )
    return 0
