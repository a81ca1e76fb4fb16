"""Rooms by the interface: how each stands, and what can be done to one of them. Twice does it once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.database.connections import snapshot
from app.rooms.stopped_rooms import why_stopped
from app.web.api.bodies import IdempotencyKey, MoreTime, RoomPosition, StopMoment, WordsToSay
from app.web.api.doing import do, said_once
from app.web.api.shapes import (
    AfterNumber,
    DoneDeed,
    Limit,
    RoomList,
    RoomListed,
    RoomNow,
    RoomStatus,
    must_be_one_of,
)
from app.web.lab import Query, lab_of
from app.web.monitor import histories
from app.web.monitor.ticks import RoomLine, room_lines, some_room_lines
from app.web.researchers import ACTS, SEES, study_of
from app.web.room_pages import ROOM_ACTIONS, must_be_there

ONE = "/sessions/{session_id:str}/rooms/{room_id:int}"


@get("/sessions/{session_id:str}/rooms", needs=SEES)
async def list_of_rooms(
    request: Query,
    session_id: FromPath[str],
    status: RoomStatus = "",
    limit: Limit = 50,
    after: AfterNumber = 0,
) -> RoomList:
    """Rooms in which people are together, in the order in which they opened. `status`: those alone that have it, or are
    `stopped`."""
    must_be_one_of("status", status, ("playing", "stopped", "ended"))
    await study_of(request, session_id)
    async with lab_of(request).pool.connection() as conn:
        there = await some_room_lines(conn, session_id, after, limit + 1, status)
    shown = there[:limit]
    return RoomList(
        rooms=[RoomListed(**_line(one)) for one in shown],
        next=shown[-1].id if len(there) > limit else None,
    )


@get(ONE, needs=SEES)
async def room_now(request: Query, session_id: FromPath[str], room_id: FromPath[int]) -> RoomNow:
    """One of them, with who sits there."""
    await study_of(request, session_id)
    async with lab_of(request).pool.connection() as conn, snapshot(conn):
        found = await room_lines(conn, session_id, [room_id])
        if not found:
            raise NotFoundException("There is no such room in this session.")
        given = await histories.given_to(conn, room_id, found[0].position)
        stop = await why_stopped(conn, room_id)
        sitters = await histories.sitters_of(conn, room_id)
    return RoomNow(
        **_line(found[0]),
        given=given,
        stopped_at=stop.at if stop else None,
        why=stop.sentence if stop else None,
        players=[one.player_id for one in sitters],
    )


@post(f"{ONE}/advance", needs=ACTS, status_code=200)
async def advance(
    request: Query, session_id: FromPath[str], room_id: FromPath[int], data: RoomPosition
) -> DoneDeed:
    """A room that stands at `position` goes on to the next step, or ends after the last."""
    return await _do(request, session_id, room_id, "advance", position=str(data.position))


@post(f"{ONE}/extend", needs=ACTS, status_code=200)
async def extend(
    request: Query, session_id: FromPath[str], room_id: FromPath[int], data: MoreTime
) -> DoneDeed:
    """A room that stands at `position`, and whose step has been given so many seconds, gets more."""
    said = dict(position=str(data.position), given=str(data.given), seconds=str(data.seconds))
    return await _do(request, session_id, room_id, "extend", **said)


@post(f"{ONE}/retry", needs=ACTS, status_code=200)
async def retry(
    request: Query, session_id: FromPath[str], room_id: FromPath[int], data: StopMoment
) -> DoneDeed:
    """A room that a hook has stopped tries again; so does somebody who goes on alone, by the number `alone`."""
    return await _do(request, session_id, room_id, "retry", at=data.at.isoformat())


@post(f"{ONE}/end", needs=ACTS, status_code=200)
async def end(request: Query, session_id: FromPath[str], room_id: FromPath[int]) -> DoneDeed:
    """Everybody in it is done, with the code for a session that was closed."""
    return await _do(request, session_id, room_id, "end")


@post(f"{ONE}/tell", needs=ACTS, status_code=200)
async def tell_room(
    request: Query,
    session_id: FromPath[str],
    room_id: FromPath[int],
    data: WordsToSay,
    idempotency_key: IdempotencyKey,
) -> DoneDeed:
    """A few words on the page of each who plays there."""
    form_key = said_once(request, idempotency_key, data.body)
    return await _do(request, session_id, room_id, "tell", body=data.body, form_key=form_key)


async def _do(request: Query, session_id: str, room_id: int, action: str, **said: str) -> DoneDeed:
    await must_be_there(request, session_id, room_id)
    return await do(request, session_id, ROOM_ACTIONS[action], said, room_id)


def _line(one: RoomLine) -> Mapping[str, Any]:
    kept = ("name", "kind", "status", "stopped", "position", "step", "round", "deadline", "outcome")
    told = {name: getattr(one, name) for name in kept}
    return told | dict(room=one.id, types=one.types, states=one.states)


HANDLERS: list[Any] = [list_of_rooms, room_now, advance, extend, retry, end, tell_room]
