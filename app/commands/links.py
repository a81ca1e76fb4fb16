"""`networklab links`: the join links of a session again."""

from __future__ import annotations

import argparse
import json
import sys

from app.commands.arguments import THE_SESSION, Refusal, new_file
from app.commands.connection import in_transaction
from app.commands.lists import warn_of_links
from app.config import Config
from app.database.connections import Connection
from app.players.links import Links, links_again, write_links
from app.sessions.sessions import Session, find_session
from app.web.access import security


def add(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "The links whose tokens were made by `open` or `add`: they come from the server's secret. Those of a list, and"
        " those of sessions that an earlier version opened, can't be made again."
    )
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument(
        "--to", type=new_file, required=True, metavar="FILE", help="a CSV: token,label,type,link"
    )
    parser.add_argument(
        "--json", action="store_true", help='print {"session": "…", "links": 700, "others": 0}'
    )


def run(options: argparse.Namespace, config: Config) -> int:
    async def work(conn: Connection) -> tuple[Session, Links]:
        session, again = await find_session(conn, options.session), await links_again(conn, options.session)
        if not again.people:
            raise Refusal(f"No link of {session.name} can be made again: {again.why}")
        await security.write(conn, "exported", security.COMMAND_LINE, "", session.id, file="links")
        try:
            write_links(options.to, again.people, config.public_url, session.id)
        except OSError as error:
            raise Refusal(
                f"The links can't be written to {options.to} ({error.strerror}). Give --to another name."
            ) from None
        return session, again

    session, again = in_transaction(config, work)
    warn_of_links(config, True)
    if again.others:
        print(f"note: {again.lacking}", file=sys.stderr)
    if options.json:
        print(json.dumps(dict(session=session.id, links=len(again.people), others=len(again.others))))
        return 0
    them = "1 link is" if len(again.people) == 1 else f"{len(again.people):,} links are"
    print(f"{them} in {options.to}. Keep it safe: who has a link is that player.")
    if session.status == "closed":
        print(f"{session.name} is closed: nobody comes in by them any more.")
    return 0
