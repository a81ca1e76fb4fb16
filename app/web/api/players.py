"""Players by the interface: who they are, and what can be done to one of them. Twice does it once."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from app.players import notes
from app.players.codes import codes_of
from app.study.model.study import Study
from app.web.access import security
from app.web.api.bodies import HowItEnds, IdempotencyKey, OtherType, TakesSeat, ToErase, WordsToSay
from app.web.api.doing import do, said_once
from app.web.api.shapes import (
    AfterNumber,
    DoneDeed,
    Limit,
    NoteLine,
    PlayerLine,
    PlayerList,
    PlayerNow,
    PlayerStatus,
    must_be_one_of,
)
from app.web.auth import address_of
from app.web.erase_pages import erase
from app.web.lab import Query, lab_of
from app.web.monitor import histories
from app.web.monitor.histories import PersonLine
from app.web.monitor.ticks import STATUSES
from app.web.people_pages import PLAYER_ACTIONS, player_in
from app.web.researchers import ACTS, FILES, OWNS, SEES, study_of, who_asks
from app.web.session_pages import send_person

ONE = "/sessions/{session_id:str}/players/{player_id:int}"


@get("/sessions/{session_id:str}/players", needs=SEES)
async def list_of_players(
    request: Query,
    session_id: FromPath[str],
    find: FromQuery[str] = "",
    status: PlayerStatus = "",
    type: FromQuery[str] = "",
    limit: Limit = 50,
    after: AfterNumber = 0,
) -> PlayerList:
    """Everybody of a session, in the order of their numbers. `find`: in whose label or room that is, or whose link it
    is or ends in."""
    must_be_one_of("status", status, STATUSES)
    who, study = who_asks(request), await study_of(request, session_id)
    async with lab_of(request).pool.connection() as conn:
        found, more = await histories.find_people(
            conn, session_id, find.strip()[:200], status, type, in_given=who.files, most=limit, after=after
        )
        codes = await codes_of(conn, session_id, study)
    told = [
        PlayerLine(**_line(one, study) | dict(code=codes.handed_in(one.id, one.code, one.is_erased)))
        for one in found
    ]
    return PlayerList(players=told, next=found[-1].id if more else None)


@get(ONE, needs=SEES)
async def player_now(request: Query, session_id: FromPath[str], player_id: FromPath[int]) -> PlayerNow:
    """One of them, with what they asked and were told."""
    lab, who = lab_of(request), who_asks(request)
    study, player = await study_of(request, session_id), await player_in(request, session_id, player_id)
    async with lab.pool.connection() as conn:
        if lab.readers.begins(0, f"{who.name} {player_id}"):
            await security.write(conn, "page_read", who.name, address_of(request), session_id, str(player_id))
        found, _ = await histories.find_people(conn, session_id, "", "", "", only=player_id)
        codes = await codes_of(conn, session_id, study)
        notices = await notes.notices_of(conn, session_id, player_id)
        alone = await histories.alone_now(conn, player_id)
    told = [NoteLine(at=one.at, by=one.account, body=one.body, about=one.situation) for one in notices.notes]
    stop = alone.stop if alone else None
    return PlayerNow(
        **_line(found[0], study) | dict(code=codes.shown_to(player).code),
        alone=alone.room_id if alone else None,
        stopped_at=stop.at if stop else None,
        why=stop.sentence if stop else None,
        notes=told,
    )


@get(f"{ONE}/export.zip", needs=FILES, media_type="application/zip")
async def person(request: Query, session_id: FromPath[str], player_id: FromPath[int]) -> Stream:
    """What is kept about one person."""
    return await send_person(request, session_id, player_id)


@post(f"{ONE}/dismiss", needs=ACTS, status_code=200)
async def dismiss(
    request: Query, session_id: FromPath[str], player_id: FromPath[int], data: HowItEnds
) -> DoneDeed:
    """Somebody who is in, or waits in line, leaves for good, with the code of `outcome`."""
    return await _do(request, session_id, player_id, "dismiss", outcome=data.outcome)


@post(f"{ONE}/replace", needs=ACTS, status_code=200)
async def replace(
    request: Query, session_id: FromPath[str], player_id: FromPath[int], data: TakesSeat
) -> DoneDeed:
    """Somebody who waits takes the seat of one who plays, or has left; that one gets the code of `outcome`."""
    said = dict(outcome=data.outcome, newcomer=str(data.newcomer))
    return await _do(request, session_id, player_id, "replace", **said)


@post(f"{ONE}/issue", needs=ACTS, status_code=200)
async def issue(
    request: Query, session_id: FromPath[str], player_id: FromPath[int], data: HowItEnds
) -> DoneDeed:
    """Somebody who is out, or never came in, gets the code of `outcome`."""
    return await _do(request, session_id, player_id, "issue", outcome=data.outcome)


@post(f"{ONE}/retype", needs=ACTS, status_code=200)
async def retype(
    request: Query, session_id: FromPath[str], player_id: FromPath[int], data: OtherType
) -> DoneDeed:
    """Somebody who waits is of another type from now on, and may sit down at once."""
    return await _do(request, session_id, player_id, "retype", type=data.type)


@post(f"{ONE}/free-id", needs=ACTS, status_code=200)
async def free_id(request: Query, session_id: FromPath[str], player_id: FromPath[int]) -> DoneDeed:
    """Their recruiter's id is nobody's any more: whoever comes with it comes in anew."""
    return await _do(request, session_id, player_id, "free-id")


@post(f"{ONE}/note", needs=ACTS, status_code=200)
async def tell_player(
    request: Query,
    session_id: FromPath[str],
    player_id: FromPath[int],
    data: WordsToSay,
    idempotency_key: IdempotencyKey,
) -> DoneDeed:
    """A few words on their page, which answer what they asked."""
    form_key = said_once(request, idempotency_key, data.body)
    return await _do(request, session_id, player_id, "note", body=data.body, form_key=form_key)


@post(f"{ONE}/erase", needs=OWNS, status_code=200)
async def erase_player(
    request: Query, session_id: FromPath[str], player_id: FromPath[int], data: ToErase
) -> DoneDeed:
    """What is personal of somebody who is out goes, and can't be had again."""
    await player_in(request, session_id, player_id)
    said = dict(answers=data.answers, why=data.why, sure="yes")
    return await do(request, session_id, erase, said, player_id=player_id)


@post("/sessions/{session_id:str}/erase", needs=OWNS, status_code=200)
async def erase_everybody(request: Query, session_id: FromPath[str], data: ToErase) -> DoneDeed:
    """What is personal of everybody in a closed session goes, and can't be had again."""
    return await do(request, session_id, erase, dict(answers=data.answers, why=data.why, sure="yes"))


async def _do(request: Query, session_id: str, player_id: int, action: str, **said: str) -> DoneDeed:
    player = await player_in(request, session_id, player_id)
    return await do(request, session_id, PLAYER_ACTIONS[action], said, player.room_id or 0, player_id)


def _line(one: PersonLine, study: Study) -> dict[str, Any]:
    step = study.plan[one.position] if one.position is not None else None
    return dict(
        player=one.id,
        label=one.label,
        type=one.type,
        status=one.status,
        room=one.room_id,
        room_name=one.room,
        slot=one.slot,
        step=one.alone_at or (step.step.page if step else None),
        round=one.alone_round or (step.round if step else None),
        asked=one.is_asked,
        stopped=one.is_stopped,
        connected=one.is_connected,
        erased=one.is_erased,
        signed_in_at=one.signed_in_at,
        outcome=one.outcome,
    )


HANDLERS: list[Any] = [list_of_players, player_now, person, dismiss, replace, issue, retype, free_id]
HANDLERS += [tell_player, erase_player, erase_everybody]
