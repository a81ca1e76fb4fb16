"""`networklab places`: how many may come in by the link for everybody, changed while they come."""

from __future__ import annotations

import argparse
import json
from decimal import Decimal

from app.commands.arguments import THE_SESSION, Refusal, count, share
from app.commands.connection import in_transaction
from app.config import Config
from app.database.connections import Connection
from app.players import door
from app.players.door import DoorNow, Places
from app.sessions.places import change_places
from app.sessions.sessions import find_session
from app.web.access.security import COMMAND_LINE

ALL = "all"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument(
        "places",
        metavar="N",
        nargs="?",
        type=_places,
        help=f"so many of those who come by it are to come to the end, or `{ALL}`; left out, what there is now is said",
    )
    parser.add_argument(
        "--extra",
        type=share,
        metavar="20%",
        help="a share more come in than are lacking, as some will not finish (default: as it is)",
    )
    parser.add_argument(
        "--json", action="store_true", help='print {"places": 140, "extra": 0.1, "free": 20, "in_line": 0, …}'
    )


def run(options: argparse.Namespace, config: Config) -> int:
    async def work(conn: Connection) -> tuple[str, Places, DoorNow]:
        session = await find_session(conn, options.session)
        places = await door.places_of(conn, session.id)
        said = ""
        if places and (options.places is not None or options.extra is not None):
            said = await change_places(conn, session.id, _changed(places, options), COMMAND_LINE)
        places, now = await door.places_of(conn, session.id), await door.door_now(conn, session.id)
        if places is None or now is None:
            raise Refusal(f"{session.name} has no link for everybody. It was opened without --door.")
        return said, places, now

    said, places, now = in_transaction(config, work)
    if options.json:
        print(json.dumps(_as_json(places, now)))
        return 0
    print(said or _now(places, now))
    return 0


def _places(text: str) -> int | str:
    return ALL if text == ALL else count(text)


def _changed(before: Places, options: argparse.Namespace) -> Places:
    most = before.most if options.places is None else None if options.places == ALL else options.places
    extra = before.extra if options.extra is None else Decimal(str(options.extra))
    if most is None and options.extra:
        raise Refusal("--extra is a share of the places. Say how many there are, too.")
    return Places(most, extra if most is not None else Decimal(0))


def _now(places: Places, now: DoorNow) -> str:
    there = f"{now.came:,} have come, {now.inside:,} are in, {now.complete:,} have come to the end"
    if places.most is None:
        return f"{there}. As many can come in as there are."
    left = places.left(now)
    free = f"{max(0, left or 0):,} more may come in"
    return f"{there} of the {places.most:,} who are to. {free}; {now.in_line:,} wait in line."


def _as_json(places: Places, now: DoorNow) -> dict[str, object]:
    left = places.left(now)
    return dict(
        places=places.most,
        extra=float(places.extra),
        free=None if left is None else max(0, left),
        came=now.came,
        inside=now.inside,
        complete=now.complete,
        in_line=now.in_line,
    )
