"""`networklab rooms`: how each room of a session stands, what can be done to one, and people seated."""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable

from app.commands.arguments import THE_SESSION, Refusal, count, seconds
from app.commands.connection import in_transaction
from app.commands.naming import room_called
from app.config import Config
from app.database.connections import Connection
from app.rooms.stopped_rooms import why_stopped
from app.sessions import actions, mending
from app.sessions.sessions import find_session
from app.study.stored import read_study
from app.web.access.security import COMMAND_LINE
from app.web.monitor.histories import given_to
from app.web.monitor.ticks import RoomLine, room_lines

Deed = Callable[[Connection, argparse.Namespace], Awaitable[str]]


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    parser.set_defaults(do=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    said: dict[str, tuple[str, Deed]] = {
        "advance": ("a room goes on to the next step, or ends after the last", _advance),
        "extend": ("a room has more time for its step", _extend),
        "retry": ("a room that a hook has stopped tries again", _retry),
        "end": ("everybody in a room is done, with the code for a session that was closed", _end),
    }
    for name, (help, deed) in said.items():
        command = commands.add_parser(name, help=help)
        command.add_argument("room", metavar="ROOM", help="its name, `mixed-3` say")
        if name == "extend":
            command.add_argument("time", metavar="TIME", type=seconds, help="so much more: 90s or 5m")
        if name in ("advance", "extend"):
            command.add_argument(
                "--position",
                type=_position,
                metavar="N",
                help="only if it still stands there, as `--json` lists it (default: wherever it stands)",
            )
        command.set_defaults(do=deed)
    seater = commands.add_parser(
        "seat", help="rooms of a kind take those who wait, without their waiting any longer"
    )
    seater.add_argument("kind", metavar="KIND", help="the name of a room in the study")
    seater.set_defaults(do=_seat)
    retrier = commands.add_parser("retry-seating", help="seating that a hook has stopped tries again")
    retrier.set_defaults(do=_retry_seating)


def run(options: argparse.Namespace, config: Config) -> int:
    async def work(conn: Connection) -> str:
        await find_session(conn, options.session)
        said: str = await options.do(conn, options)
        return said

    if options.do is None:
        return _list(options, config)
    said = in_transaction(config, work)
    print(json.dumps(dict(said=said), ensure_ascii=False) if options.json else said)
    return 0


def _list(options: argparse.Namespace, config: Config) -> int:
    async def work(conn: Connection) -> list[RoomLine]:
        await find_session(conn, options.session)
        return await room_lines(conn, options.session)

    found = in_transaction(config, work)
    if options.json:
        kept = ("name", "kind", "status", "stopped", "position", "step", "round", "outcome", "states")
        told = [dict(room=one.id) | {key: getattr(one, key) for key in kept} for one in found]
        print(json.dumps(told, ensure_ascii=False))
        return 0
    if not found:
        print("No room has opened yet.")
    for one in found:
        status = "stopped" if one.stopped else one.status
        print(f"{one.name:20}  {status:8}  {one.step} {one.round}  {one.outcome or ', '.join(one.states)}")
    return 0


def _position(text: str) -> int:
    return 0 if text == "0" else count(text)


async def _advance(conn: Connection, options: argparse.Namespace) -> str:
    room, study = (
        await room_called(conn, options.session, options.room),
        await read_study(conn, options.session),
    )
    position = room.position if options.position is None else options.position
    return await actions.advance(conn, options.session, study, room.id, position, COMMAND_LINE)


async def _extend(conn: Connection, options: argparse.Namespace) -> str:
    room = await room_called(conn, options.session, options.room)
    position = room.position if options.position is None else options.position
    given = await given_to(conn, room.id, position)
    time = round(options.time)
    return await actions.extend(conn, options.session, room.id, position, given, time, COMMAND_LINE)


async def _retry(conn: Connection, options: argparse.Namespace) -> str:
    room = await room_called(conn, options.session, options.room)
    stop = await why_stopped(conn, room.id)
    if stop is None:
        raise Refusal(f"No hook has stopped {room.name}.")
    return await mending.retry(conn, options.session, room.id, stop.at, COMMAND_LINE)


async def _end(conn: Connection, options: argparse.Namespace) -> str:
    room, study = (
        await room_called(conn, options.session, options.room),
        await read_study(conn, options.session),
    )
    return await actions.end_room(conn, options.session, study, room.id, COMMAND_LINE)


async def _seat(conn: Connection, options: argparse.Namespace) -> str:
    study = await read_study(conn, options.session)
    return await actions.seat_now(conn, options.session, study, options.kind, COMMAND_LINE)


async def _retry_seating(conn: Connection, options: argparse.Namespace) -> str:
    return await mending.retry_seating(conn, options.session, None, COMMAND_LINE)
