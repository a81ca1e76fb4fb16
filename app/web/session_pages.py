"""The researcher's pages of the sessions, what can be done to a whole one, and its files to take away."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect, Response, Stream
from litestar.types import ASGIApp, Receive, Scope, Send

from app.database.connections import snapshot
from app.export import payments
from app.export.anonymous import Mask
from app.export.csv_stream import written
from app.export.download import zip_chunks
from app.export.export import Extra
from app.export.person import person_numbered
from app.players import notes
from app.players.door import Places
from app.players.links import door_link, warning_of
from app.players.tokens import new_token
from app.sessions import actions, mending, places, seals, sessions, waves
from app.sessions.actions import ACTIONS
from app.sessions.sessions import SessionError
from app.sessions.starts import start_time
from app.study import shelf
from app.study.digits import whole
from app.study.model.fields import first
from app.study.shelf import KeptVersion
from app.web import templates
from app.web.access import security, study_rights
from app.web.access.granting import Right
from app.web.action_forms import Action, Wish, carry_out, moment
from app.web.auth import address_of
from app.web.drawn import qr_picture
from app.web.fragments import fragment, sse
from app.web.lab import Lab, Query, lab_of
from app.web.labs import of_first
from app.web.monitor.dashboard import tick_context
from app.web.monitor.server_figures import read_server
from app.web.monitor.ticks import read_tick
from app.web.researchers import ACCOUNT, ACTS, FILES, SEES, study_of, who_asks
from app.web.responses import page
from app.web.seen_sessions import seen_by
from app.web.streams import refuse, send_stream

SEARCHED = 8  # sessions: a list that is so long has a search
TABS = 20  # dashboards of one log-in in one process


@get("/", needs=ACCOUNT)
async def session_list(request: Query, archived: bool = False, find: str = "") -> Response[str]:
    """`archived`: those that are out of the list. `find`: those that it finds, whether they are archived or not."""
    who, find = who_asks(request), find.strip()
    found, on, away = await seen_by(request, *([False, True] if find else [archived]), find=find)
    kept = False
    if not found and not find:
        kept = await _has_studies(request, who.name)
    context = dict(sessions=found, rights=on, who=who, has_studies=kept, archived=archived, away=away)
    return page(
        "admin/sessions.html", context | dict(find=find, searched=bool(find) or len(found) >= SEARCHED)
    )


async def _has_studies(request: Query, name: str) -> bool:
    async def any_there(lab: Lab) -> bool:
        async with lab.pool.connection() as conn:
            return bool(await study_rights.rights_of(conn, name))

    return (await of_first(request, any_there)) is True


@get("/here", needs=ACCOUNT, status_code=204)
async def still_logged_in() -> None:
    """What open pages ask each second; what does not hold any more is answered by the guard."""


@get("/sessions/{session_id:str}/here", needs=SEES, status_code=204)
async def still_on_session(session_id: str) -> None:
    """The same for a page of a session."""


@get("/sessions/{session_id:str}", needs=SEES)
async def session_page(request: Query, session_id: str, wall: bool = False) -> Response[str]:
    """`wall`: for a projector, with what everybody in the room may see, and nothing to click."""
    lab, who = lab_of(request), who_asks(request)
    study = await study_of(request, session_id)
    async with lab.pool.connection() as conn:
        tick = await read_tick(conn, session_id, await read_server(conn))
        sealed = await seals.seals_of(conn, session_id)
        differs = await seals.differences(conn, session_id, sealed[-1]) if sealed else []
        wave = await waves.wave_of(conn, session_id)
    version, on = await _kept(request, study.sha256)
    context = dict(who=who, wall=wall, wave=wave, form_key=new_token(12), door_link="")
    context |= dict(seal=sealed[-1] if sealed else None, seals=len(sealed), differs=differs)
    context |= dict(version=version, sees_version=on is not None)
    if tick.door:
        link = door_link(session_id, lab.config.public_url)
        context |= dict(door_link=link, door_picture=qr_picture(link), is_alone=bool(warning_of(link)))
    context |= dict(warning=warning_of(lab.config.public_url))
    return page("admin/session.html", context | tick_context(tick, study, wall))


async def _kept(request: Query, sha256: str) -> tuple[KeptVersion | None, Right | None]:
    """Which version of a kept study has these files, and what whoever asks is on it; nothing while nobody can say."""

    async def there(lab: Lab) -> tuple[KeptVersion | None, Right | None]:
        async with lab.pool.connection() as conn:
            version = await shelf.version_with(conn, sha256)
            if version is None:
                return None, None
            return version, await study_rights.right_on(conn, version.study_id, who_asks(request).name)

    found = await of_first(request, there)
    return found if isinstance(found, tuple) else (None, None)


@get("/sessions/{session_id:str}/live", needs=SEES)
async def session_live(request: Query, session_id: str, wall: bool = False) -> ASGIApp:
    """The dashboard's tick, once a second. (A raw handler cannot have parameters in its path: Litestar 2.25.)"""
    lab, who = lab_of(request), who_asks(request)
    await study_of(request, session_id)  # a tick, which is rendered with it, must not wait for it
    farewell = sse(fragment("body", "innerHTML", templates.render("admin/_ended.html")))

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        if lab.open_pages.shown_to(who.login_id) >= TABS:
            await refuse(send, 429)
            return
        board = lab.ticker.watch(session_id, wall)
        try:
            with lab.open_pages.showing(who.login_id, session_id) as shown:
                await send_stream(receive, send, shown.follow(board.messages(wall), farewell))
        finally:
            lab.ticker.unwatch(session_id, wall)

    return stream


@post("/sessions/{session_id:str}/{action:str}", needs=ACTS)
async def act_on_session(request: Query, session_id: str, action: str) -> Response[str] | Redirect:
    """What the command line can do, too, leads back to the page, a program as well as a browser."""
    by, to = who_asks(request).name, f"/admin/sessions/{session_id}"
    if action not in SESSION_ACTIONS:
        raise NotFoundException(f"A session has no action “{action}”.")
    return await carry_out(request, SESSION_ACTIONS[action], by, to, session_id, back=action in ACTIONS)


@get("/sessions/{session_id:str}/export.zip", needs=FILES)
async def export_zip(
    request: Query,
    session_id: str,
    anonymous: bool = False,
    relative_times: bool = False,
    without_text: bool = False,
    excel: bool = False,
) -> Stream:
    return await send_export(request, session_id, anonymous, relative_times, without_text, excel)


async def send_export(
    request: Query,
    session_id: str,
    anonymous: bool,
    relative_times: bool,
    without_text: bool,
    excel: bool,
) -> Stream:
    """`anonymous`: nobody can be known by it; the next two say more of how. `excel`: its .csv have the mark that Excel
    wants."""
    lab = lab_of(request)
    study = await study_of(request, session_id)
    await note_export(request, session_id, "export")
    mask = Mask(relative_times, without_text) if anonymous else None
    name = f"{session_id}{'-anonymous' * anonymous}-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip"
    return Stream(
        zip_chunks(lab.url, session_id, study, mask, lab.exports, Extra(labels=True, mark=excel)),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@get("/sessions/{session_id:str}/players/{player_id:int}/export.zip", needs=FILES)
async def person_zip(request: Query, session_id: str, player_id: int) -> Stream:
    return await send_person(request, session_id, player_id)


async def send_person(request: Query, session_id: str, player_id: int) -> Stream:
    """What is kept about one person."""
    lab = lab_of(request)
    study = await study_of(request, session_id)
    async with lab.pool.connection() as conn:
        person = await person_numbered(conn, session_id, player_id)
    if person is None:
        raise NotFoundException("There is no such player in this session.")
    await note_export(request, session_id, "person", str(player_id))
    return Stream(
        zip_chunks(lab.url, session_id, study, person, lab.exports),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{session_id}-player-{player_id}.zip"'},
    )


@get("/sessions/{session_id:str}/payments.csv", needs=FILES)
async def payments_csv(request: Query, session_id: str) -> Response[bytes]:
    """The file of the export by itself, as it is now."""
    study = await study_of(request, session_id)
    await note_export(request, session_id, "payments")
    async with lab_of(request).exports, lab_of(request).pool.connection() as conn, snapshot(conn):
        rows = payments.payment_rows(conn, session_id, study)
        content = b"".join([block async for block, _ in written(payments.PAYMENT, rows)])
    name = f"payments-{session_id}-{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
    return Response(
        content,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def note_export(request: Query, session_id: str, file: str, about: str = "") -> None:
    """Before it begins: what was sent in part was taken, too. Raises `Busy` where many are being made."""
    lab_of(request).exports.check()
    async with lab_of(request).pool.connection() as conn:
        name, address = who_asks(request).name, address_of(request)
        await security.write(conn, "exported", name, address, session_id, about, file=file)


async def _tell_everybody(wish: Wish) -> str:
    text, key = first(wish.form, "body"), first(wish.form, "form_key")
    return await notes.tell_everybody(wish.conn, wish.session_id, wish.by, text, key)


async def _retry_seating(wish: Wish) -> str:
    return await mending.retry_seating(wish.conn, wish.session_id, moment(wish, "at"), wish.by)


async def _change_places(wish: Wish) -> str:
    most, extra = first(wish.form, "places").strip(), first(wish.form, "extra").strip().rstrip("% ")
    number, share = whole(most, 100_000), whole(extra, 100_000)
    for text, read, what in ((most, number, "Places"), (extra, share, "The share of extra ones")):
        if text and read is None:
            raise SessionError(f"{what} must be a whole number, or nothing: “{text[:40]}” is none.")
    if number == 0:
        raise SessionError(
            "With no places nobody could come in. Write 1 or more; to shut the door, close the session."
        )
    asked = Places(number, Decimal(share or 0) / 100)
    return await places.change_places(wish.conn, wish.session_id, asked, wish.by)


async def _move_start(wish: Wish) -> str:
    """`at` as a browser writes a time, in `zone`; empty: it does not start by itself any more."""
    text, zone = first(wish.form, "at").strip(), first(wish.form, "zone").strip()
    at = start_time(text, zone) if text else None
    return await actions.move_start(wish.conn, wish.session_id, at, wish.by)


async def _seat_now(wish: Wish) -> str:
    return await actions.seat_now(wish.conn, wish.session_id, wish.study, first(wish.form, "kind"), wish.by)


async def _archive(wish: Wish) -> str:
    back = first(wish.form, "back") == "yes"
    await security.write(wish.conn, "session_archived", wish.by, "", wish.session_id, back=back)
    return await sessions.archive(wish.conn, wish.session_id, not back)


def _by_id_alone(name: str) -> Action:
    async def action(wish: Wish) -> str:
        return await ACTIONS[name](wish.conn, wish.session_id, wish.by)

    return action


SESSION_ACTIONS: dict[str, Action] = {name: _by_id_alone(name) for name in ACTIONS}
SESSION_ACTIONS |= {
    "archive": _archive,
    "banner": _tell_everybody,
    "retry-seating": _retry_seating,
    "seat": _seat_now,
    "places": _change_places,
    "move-start": _move_start,
}
HANDLERS = [still_logged_in, still_on_session, session_list, session_page, session_live]
HANDLERS += [act_on_session, export_zip, person_zip, payments_csv]
