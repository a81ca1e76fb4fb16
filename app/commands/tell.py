"""`networklab tell`: words on the pages of everybody, of a room, or of one person."""

from __future__ import annotations

import argparse

from app.commands.arguments import THE_SESSION, Refusal
from app.commands.connection import in_transaction
from app.commands.naming import player_called, room_called
from app.config import Config
from app.database.connections import Connection
from app.players import notes
from app.players.tokens import new_token
from app.sessions.actions import tell_player, tell_room
from app.sessions.sessions import find_session
from app.study.model.fields import FieldError
from app.web.access.security import COMMAND_LINE


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help=THE_SESSION)
    parser.add_argument(
        "text",
        metavar="TEXT",
        nargs="?",
        help="up to 1,000 characters; of everybody's pages it takes the place of what stood there before",
    )
    whom = parser.add_mutually_exclusive_group()
    whom.add_argument(
        "--player", metavar="LABEL", help="only on the page of this one: it answers what they asked"
    )
    whom.add_argument(
        "--room", metavar="ROOM", help="only on the pages of all who play in this room, `mixed-3` say"
    )
    whom.add_argument("--take-down", action="store_true", help="what stands on everybody's page goes")


def run(options: argparse.Namespace, config: Config) -> int:
    if bool((options.text or "").strip()) == options.take_down:
        raise Refusal("Say what is to stand there: `networklab tell SESSION TEXT`, or --take-down.")

    async def work(conn: Connection) -> str:
        session_id, text, key = options.session, options.text or "", new_token(12)
        await find_session(conn, session_id)
        if options.room is not None:
            room = await room_called(conn, session_id, options.room)
            return await tell_room(conn, session_id, room.id, notes.BODY.read([text]), key, COMMAND_LINE)
        if options.player is not None:
            player_id = await player_called(conn, session_id, options.player)
            return await tell_player(conn, session_id, player_id, COMMAND_LINE, text, key)
        return await notes.tell_everybody(conn, session_id, COMMAND_LINE, text, key)

    try:
        print(in_transaction(config, work))
    except FieldError as error:
        raise Refusal(str(error)) from None
    return 0
