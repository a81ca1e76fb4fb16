"""The session's recruiter on the researcher's side: what differs there, where people are, who is approved and paid.

What is asked of a recruiter is stored here and done in the background (app/recruiters/turns.py): no page waits for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from typing import Any

from litestar import get, post
from litestar.response import Redirect, Response

from app.database.clusters import LARGEST_NUMBER
from app.database.connections import Connection, snapshot
from app.players.door import places_of
from app.recruiters import bonuses, payouts, reviews, submissions
from app.recruiters.comparison import compared
from app.recruiters.payouts import Bonus
from app.recruiters.recruiter import RecruiterKind, RecruitingError
from app.recruiters.recruitment import KINDS, Recruitment, recruitment_of, the_recruitment
from app.recruiters.setting_up import guides_of
from app.sessions.sessions import SessionError, find_session
from app.study.digits import whole
from app.study.languages.texts import texts_in
from app.study.model.fields import Form, first
from app.study.model.study import Study
from app.web import recruiting, templates
from app.web.forms import form_of
from app.web.lab import Query, lab_of
from app.web.researchers import FILES, OWNS, study_of, who_asks
from app.web.responses import page, piece, problem


@get("/sessions/{session_id:str}/recruiter", needs=FILES)
async def recruiter_page(request: Query, session_id: str) -> Response[str]:
    context = await _context(request, session_id)
    if "hx-request" in request.headers:
        return piece(templates.render("admin/_recruiter.html", **context))
    return page("admin/recruiter.html", context)


@get("/sessions/{session_id:str}/recruiter/setup", needs=FILES)
async def setup_page(request: Query, session_id: str, by: str = "") -> Response[str]:
    """`by`: the guide that is open; else that which the study is made for."""
    lab, study = lab_of(request), await study_of(request, session_id)
    async with lab.pool.connection() as conn, snapshot(conn):
        session = await find_session(conn, session_id)
        found = await guides_of(conn, session_id, study, lab.config.public_url)
    shown = by if any(one.key == by for one in found) else found[0].key
    context = dict(session=session, study=study, who=who_asks(request), guides=found, shown=shown)
    return page("admin/setup.html", context)


@post("/sessions/{session_id:str}/recruiter", needs=OWNS)
async def connect_recruiter(request: Query, session_id: str) -> Response[str] | Redirect:
    form = await form_of(request)
    try:
        await recruiting.connect(request, session_id, first(form, "study"), first(form, "token"))
    except RecruitingError as error:
        return problem(request, 422, str(error), _here(session_id))
    return Redirect(_here(session_id), status_code=303)


@post("/sessions/{session_id:str}/recruiter/forget", needs=OWNS)
async def forget_recruiter(request: Query, session_id: str) -> Response[str] | Redirect:
    return await _do(request, session_id, lambda _: recruiting.forget(request, session_id))


@post("/sessions/{session_id:str}/recruiter/look", needs=OWNS)
async def look_again(request: Query, session_id: str) -> Response[str] | Redirect:
    return await _do(request, session_id, lambda _: recruiting.look_again(request, session_id))


@get("/sessions/{session_id:str}/recruiter/review", needs=OWNS)
async def review_page(request: Query, session_id: str) -> Response[str]:
    return await _page_of(request, session_id, "admin/review.html", _proposed)


@post("/sessions/{session_id:str}/recruiter/review", needs=OWNS)
async def review(request: Query, session_id: str) -> Response[str] | Redirect:
    return await _do(
        request, session_id, lambda form: recruiting.review(request, session_id, first(form, "digest"))
    )


@get("/sessions/{session_id:str}/recruiter/pay", needs=OWNS)
async def pay_page(request: Query, session_id: str, whole: bool = False) -> Response[str]:
    async def found_due(conn: Connection, found: Recruitment, study: Study) -> dict[str, Any]:
        return dict(due=await bonuses.due(conn, found, study, whole))

    return await _page_of(request, session_id, "admin/pay.html", found_due)


@post("/sessions/{session_id:str}/recruiter/pay", needs=OWNS)
async def pay(request: Query, session_id: str) -> Response[str] | Redirect:
    async def work(form: Form) -> None:
        if first(form, "sure") != "yes":
            raise RecruitingError("Nobody was paid: tick that you have looked at the lines and their sum.")
        await recruiting.pay(request, session_id, first(form, "digest"), first(form, "whole") == "yes")

    return await _do(request, session_id, work)


@post("/sessions/{session_id:str}/recruiter/settle", needs=OWNS)
async def settle(request: Query, session_id: str) -> Response[str] | Redirect:
    async def work(form: Form) -> None:
        said = first(form, "said")
        payout_id, player_id = (whole(first(form, name), LARGEST_NUMBER) for name in ("payout", "player"))
        if payout_id is None or player_id is None or said not in ("paid", "not paid"):
            raise RecruitingError("The form does not say what it means. Reload the page and try again.")
        await recruiting.settle(request, session_id, payout_id, player_id, said == "paid")

    return await _do(request, session_id, work)


async def _context(request: Query, session_id: str) -> dict[str, Any]:
    lab, who, study = lab_of(request), who_asks(request), await study_of(request, session_id)
    async with lab.pool.connection() as conn, snapshot(conn):
        session, found = await find_session(conn, session_id), await recruitment_of(conn, session_id)
        context: dict[str, Any] = dict(session=session, study=study, who=who, found=found, texts=texts_in())
        context |= dict(has_key=lab.config.key is not None, kinds=KINDS, has_token=_has_token(request, found))
        if found is None:
            return context
        lines = await payouts.bonuses_of(conn, session_id)
        context |= dict(
            payouts=await payouts.payouts_of(conn, session_id),
            asks=[one for one in lines if one.state == "held"],
            lines=lines,
            sums=_sums(lines),
            reviews=await reviews.reviews_of(conn, session_id),
            people=await submissions.people_there(conn, session_id),
            compared=[],
        )
        if found.told:
            kind: RecruiterKind = KINDS[found.recruiter]
            places, url = await places_of(conn, session_id), lab.config.public_url
            context["compared"] = compared(kind, found.told, study, session_id, url, places)
    return context


def _sums(lines: Iterable[Bonus]) -> dict[int, Decimal]:
    """What was paid by each payout; by number 0, nothing."""
    found = {0: Decimal(0)}
    for one in lines:
        if one.state == "paid":
            found[one.payout_id] = found.get(one.payout_id, Decimal(0)) + one.amount
    return found


def _has_token(request: Query, found: Recruitment | None) -> bool:
    """Whether there is one to be used, from wherever."""
    kind = KINDS[found.recruiter] if found else next(iter(KINDS.values()))
    return bool(found and found.token) or kind.token(lab_of(request).config) is not None


async def _proposed(conn: Connection, found: Recruitment, study: Study) -> dict[str, Any]:
    return dict(proposed=await reviews.proposed(conn, found, study))


async def _page_of(
    request: Query,
    session_id: str,
    template: str,
    work: Callable[[Connection, Recruitment, Study], Awaitable[dict[str, Any]]],
) -> Response[str]:
    """A page of what is to be confirmed."""
    lab, study = lab_of(request), await study_of(request, session_id)
    try:
        async with lab.pool.connection() as conn, snapshot(conn):
            session, found = await find_session(conn, session_id), await the_recruitment(conn, session_id)
            context = await work(conn, found, study)
    except RecruitingError as error:
        return problem(request, 409, str(error), _here(session_id))
    told = dict(session=session, study=study, who=who_asks(request), found=found, texts=texts_in())
    return page(template, told | context)


async def _do(
    request: Query, session_id: str, work: Callable[[Form], Awaitable[object]]
) -> Response[str] | Redirect:
    """Then back to the page."""
    try:
        await work(await form_of(request))
    except (RecruitingError, SessionError) as error:
        return problem(request, 409, str(error), _here(session_id))
    return Redirect(_here(session_id), status_code=303)


def _here(session_id: str) -> str:
    return f"/admin/sessions/{session_id}/recruiter"


HANDLERS = [recruiter_page, setup_page, connect_recruiter, forget_recruiter, look_again]
HANDLERS += [review_page, review, pay_page, pay, settle]
