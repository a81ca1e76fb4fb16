"""`networklab players`: who is where in a session, and what can be done to one of them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable

from app.commands.arguments import THE_SESSION, Refusal
from app.commands.connection import in_transaction
from app.commands.naming import player_called
from app.config import Config
from app.database.connections import Connection
from app.players.codes import codes_of
from app.sessions import actions, mending
from app.sessions.sessions import find_session
from app.study.model.study import Study
from app.study.stored import read_study
from app.web.access.security import COMMAND_LINE
from app.web.monitor import histories
from app.web.monitor.histories import PersonLine
from app.web.monitor.ticks import STATUSES

Deed = Callable[[Connection, argparse.Namespace, Study, int], Awaitable[str]]
THE_PLAYER = "their label"
THE_OUTCOME = "how it ended for them, one of the study's: its code is theirs"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument(
        "--status",
        choices=STATUSES,
        default="",
        metavar="STATUS",
        help=f"only those who are {', '.join(STATUSES[:-1])} or {STATUSES[-1]}",
    )
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    parser.set_defaults(do=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    said: dict[str, tuple[str, Deed, dict[str, str]]] = {
        "dismiss": ("somebody who is in leaves for good", _dismiss, dict(outcome=THE_OUTCOME)),
        "replace": (
            "somebody who waits takes the seat of one who plays, or has left",
            _replace,
            dict(newcomer="who waits, by their label", outcome=THE_OUTCOME),
        ),
        "issue": ("a code for somebody who is out, or never came in", _issue, dict(outcome=THE_OUTCOME)),
        "retype": ("somebody who waits is of another type", _retype, dict(type="one of the study's")),
        "retry": ("what a hook has stopped on a page of their own tries again", _retry, {}),
        "free-id": ("whoever comes with their recruiter's id comes in anew", _free_id, {}),
    }
    for name, (help, deed, arguments) in said.items():
        command = commands.add_parser(name, help=help)
        command.add_argument("player", metavar="PLAYER", help=THE_PLAYER)
        for argument, meaning in arguments.items():
            command.add_argument(argument, metavar=argument.upper(), help=meaning)
        command.set_defaults(do=deed)


def run(options: argparse.Namespace, config: Config) -> int:
    async def work(conn: Connection) -> str:
        await find_session(conn, options.session)
        player_id = await player_called(conn, options.session, options.player)
        study = await read_study(conn, options.session)
        said: str = await options.do(conn, options, study, player_id)
        return said

    if options.do is None:
        return _list(options, config)
    said = in_transaction(config, work)
    print(json.dumps(dict(said=said), ensure_ascii=False) if options.json else said)
    return 0


def _list(options: argparse.Namespace, config: Config) -> int:
    async def work(conn: Connection) -> list[tuple[PersonLine, str | None]]:
        await find_session(conn, options.session)
        study, most = await read_study(conn, options.session), 10**6
        codes = await codes_of(conn, options.session, study)
        found, _ = await histories.find_people(conn, options.session, "", options.status, "", most=most)
        return [(one, codes.handed_in(one.id, one.code, one.is_erased)) for one in found]

    found = in_transaction(config, work)
    if options.json:
        print(json.dumps([_as_json(one, code) for one, code in found], ensure_ascii=False))
        return 0
    if not found:
        print("Nobody is there, or nobody of that status.")
    for one, code in found:
        where = f"{one.room or ''}{f' seat {one.slot}' if one.slot else ''}"
        print(
            f"{one.label:20}  {one.type:12}  {one.status:9}  {where:20}  {one.outcome or ''}  {code or ''}".rstrip()
        )
    return 0


def _as_json(one: PersonLine, code: str | None) -> dict[str, object]:
    told = dict(player=one.id, label=one.label, type=one.type, status=one.status, room=one.room)
    return told | dict(slot=one.slot, connected=one.is_connected, outcome=one.outcome, code=code)


async def _dismiss(conn: Connection, options: argparse.Namespace, study: Study, player_id: int) -> str:
    return await actions.dismiss(conn, options.session, study, player_id, options.outcome, COMMAND_LINE)


async def _replace(conn: Connection, options: argparse.Namespace, study: Study, player_id: int) -> str:
    newcomer = await player_called(conn, options.session, options.newcomer)
    return await actions.replace(
        conn, options.session, study, player_id, newcomer, options.outcome, COMMAND_LINE
    )


async def _issue(conn: Connection, options: argparse.Namespace, study: Study, player_id: int) -> str:
    return await actions.issue(conn, options.session, study, player_id, options.outcome, COMMAND_LINE)


async def _retype(conn: Connection, options: argparse.Namespace, study: Study, player_id: int) -> str:
    return await actions.retype(conn, options.session, study, player_id, options.type, COMMAND_LINE)


async def _retry(conn: Connection, options: argparse.Namespace, study: Study, player_id: int) -> str:
    alone = await histories.alone_now(conn, player_id)
    if alone is None or alone.stop is None:
        raise Refusal(f"No hook has stopped {options.player} on a page of their own.")
    return await mending.retry(conn, options.session, alone.room_id, alone.stop.at, COMMAND_LINE)


async def _free_id(conn: Connection, options: argparse.Namespace, study: Study, player_id: int) -> str:
    return await actions.free_id(conn, options.session, player_id, COMMAND_LINE)
