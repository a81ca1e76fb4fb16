"""`networklab erase`: what is personal goes, of one person, of a session, or of all that were closed long ago."""

from __future__ import annotations

import argparse
import json
import sys

from app.commands.arguments import Refusal, age
from app.commands.clusters import add_cluster, must_say_which
from app.commands.connection import connected
from app.config import Config
from app.database.connections import Connection
from app.sessions.erasing import ANSWERS, ELSEWHERE, Personal, erase, old_sessions, personal_of, sweep
from app.sessions.sessions import SessionError, find_session

LATER = "The rows as they were are cleared away when what reads them now has ended; the server sees to it."


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "session", metavar="SESSION", nargs="?", help="a session that is closed; without --older-than needed"
    )
    parser.add_argument("--player", metavar="LABEL", help="only of this person, who has left or finished")
    parser.add_argument(
        "--older-than",
        type=age,
        metavar="365d",
        help="only of sessions that were closed at least so long ago",
    )
    parser.add_argument(
        "--answers",
        choices=ANSWERS,
        default="text",
        help="which answers go as well: none, those in words (the default), or all",
    )
    parser.add_argument(
        "--why", help="stands in the tombstone, so name nobody (default: what was asked here)"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")
    parser.add_argument("--yes", action="store_true", help="without being asked again")
    parser.add_argument("--json", action="store_true", help="print what went as JSON")
    add_cluster(parser, "that of SESSION")


def run(options: argparse.Namespace, config: Config) -> int:
    if options.session is None and (options.player is not None or options.older_than is None):
        raise Refusal(
            "Say of what: `networklab erase SESSION`, with --player LABEL of one person, or --older-than 365d of all"
            " sessions that were closed so long ago."
        )
    if options.session is None:
        must_say_which(options, config)

    async def find(conn: Connection) -> list[tuple[str, str, Personal]]:
        ids = [options.session]
        if options.session is not None:
            await find_session(conn, options.session)
        if options.older_than is not None:
            old = [session_id for session_id, _ in await old_sessions(conn, options.older_than)]
            ids = [one for one in old if options.session in (None, one)]
        return [
            (
                session_id,
                (await find_session(conn, session_id)).name,
                await personal_of(conn, session_id, options.player, options.answers),
            )
            for session_id in ids
        ]

    found = connected(config, find)
    if options.dry_run or not any(str(personal) != "nothing" for _, _, personal in found):
        return _tell(options, [(id, f"Would go of {name}: {what}.") for id, name, what in found])
    if not options.yes:
        _ask(options, found)

    async def work(conn: Connection) -> tuple[list[tuple[str, str]], list[str]]:
        said, refused = list[tuple[str, str]](), list[str]()
        for session_id, name, _ in found:
            try:
                async with conn.transaction():
                    sentence = await erase(
                        conn,
                        session_id,
                        "command line",
                        options.why or _why(options),
                        label=options.player,
                        answers=options.answers,
                    )
                said.append((session_id, sentence))
            except SessionError as error:  # one that can't yet keeps no other
                refused.append(f"{name}: {error}" if len(found) > 1 else str(error))
        if not await sweep(conn):
            print(LATER, file=sys.stderr)
        return said, refused

    said, refused = connected(config, work)
    if said or not refused:
        _tell(options, said)
    if refused:
        raise Refusal(refused[0])
    return 0


def _ask(options: argparse.Namespace, found: list[tuple[str, str, Personal]]) -> None:
    who = options.player or "everybody"
    would = [f"of {who} in {name} would go {personal}" for _, name, personal in found]
    if not sys.stdin.isatty():
        raise Refusal(
            f"Nothing was erased: {would[0]}. Give --yes to erase it without being asked, or --dry-run to see it only."
        )
    print(*would, f"It can't be undone. {ELSEWHERE}", sep="\n", file=sys.stderr)
    if input("Type yes to erase it: ").strip().lower() != "yes":
        raise Refusal("Nothing was erased.")


def _why(options: argparse.Namespace) -> str:
    if options.older_than is not None:
        return f"closed more than {options.older_than / 86400:g} days ago"
    return "one person" if options.player is not None else "the whole session"


def _tell(options: argparse.Namespace, said: list[tuple[str, str]]) -> int:
    if options.json:
        print(json.dumps([dict(session=id, said=sentence) for id, sentence in said], ensure_ascii=False))
    else:
        print("\n".join(sentence for _, sentence in said) or "There is nothing to erase.")
    return 0
