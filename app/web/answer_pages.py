"""The researcher's pages of what all have said so far: as pictures for whoever watches, as a table for those who may
take the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from litestar import get
from litestar.response import Response
from psycopg.errors import QueryCanceled

from app.database.clusters import LARGEST_NUMBER
from app.database.group_commit import Busy
from app.sessions.sessions import Session, find_session
from app.study.digits import whole
from app.study.model.kinds.click import CLICK
from app.study.model.study import Study
from app.web import templates
from app.web.access import security
from app.web.auth import address_of
from app.web.lab import Query, lab_of
from app.web.looks import looking, trouble_of
from app.web.monitor.answer_table import (
    A_PAGE,
    LAST_PAGE,
    SORTS,
    AnswerLine,
    Looked,
    find_answers,
    rooms_of,
)
from app.web.monitor.answers import MOST_GROUPS, QuestionSoFar, answered, ways_to_split
from app.web.researchers import FILES, SEES, study_of, who_asks
from app.web.responses import page, piece

BY_ITSELF = "Where scripts run, the page does so by itself."


@get("/sessions/{session_id:str}/answers", needs=SEES)
async def answers_page(request: Query, session_id: str, by: str = "", round: str = "") -> Response[str]:
    lab, study = lab_of(request), await study_of(request, session_id)
    ways = ways_to_split(study)
    by, of_round = by if by in ways else "", _round(study, round)
    found, trouble = list[QuestionSoFar](), ""
    try:
        async with looking(lab) as conn:
            found = await answered(conn, session_id, study, by, of_round)
    except (Busy, QueryCanceled) as error:
        trouble = f"{trouble_of(error)} {BY_ITSELF}"
    async with lab.pool.connection() as conn:
        session = await find_session(conn, session_id)
    context = dict(session=session, study=study, questions=found, who=who_asks(request), by=by, ways=ways)
    context |= dict(trouble=trouble)
    status = 503 if trouble else 200
    context |= dict(round=of_round, rounds=_rounds(study), most_groups=MOST_GROUPS)
    context |= dict(empty=not any(one.answers for one in found), next=_next(session))
    if "hx-request" in request.headers:
        return piece(templates.render("admin/_answers.html", **context))
    return page("admin/answers.html", context, status)


@get("/sessions/{session_id:str}/data", needs=FILES)
async def data_page(request: Query, session_id: str) -> Response[str]:
    """Each answer that counts, fifty at a time."""
    lab, study, who = lab_of(request), await study_of(request, session_id), who_asks(request)
    looked, trouble = _looked(study, dict(request.query_params)), ""
    lines: Sequence[AnswerLine] = ()
    try:
        async with looking(lab) as conn:
            lines = await find_answers(conn, session_id, study, looked)
            if not lines and looked.page > 1:
                looked = replace(looked, page=1)
                lines = await find_answers(conn, session_id, study, looked)
    except (Busy, QueryCanceled) as error:
        trouble = f"{trouble_of(error)} {BY_ITSELF}"
    async with lab.pool.connection() as conn:
        session = await find_session(conn, session_id)
        there = await rooms_of(conn, session_id)
        if lab.readers.begins(who.login_id, session_id):
            await security.write(conn, "page_read", who.name, address_of(request), session_id, table=True)
    of_all, status = lines[0].of_all if lines else 0, 503 if trouble else 200
    context = dict(session=session, study=study, who=who, lines=lines, looked=looked, trouble=trouble)
    context |= dict(of_all=of_all, pages=min(LAST_PAGE, -(-of_all // A_PAGE)), rooms=there)
    context |= dict(
        first=A_PAGE * (looked.page - 1) + 1, sorts=_sorts(session_id, looked), next=_next(session)
    )
    context |= dict(
        rounds=_rounds(study),
        to=lambda nth: _address(session_id, replace(looked, page=nth)),
        any=_is_any(looked),
    )
    context |= dict(
        questions=[
            (step.name, one) for step in study.all_steps for one in step.fields if one.kind is not CLICK
        ]
    )
    if "hx-request" in request.headers:
        return piece(templates.render("admin/_data.html", **context))
    return page("admin/data.html", context, status)


def _looked(study: Study, asked: Mapping[str, str]) -> Looked:
    """What is no filter of this study is none."""
    questions = {f"{step.name}.{one.name}" for step in study.all_steps for one in step.fields}
    treatment = {
        one.name: level for one in study.treatments if (level := asked.get(one.column, "")) in one.levels
    }
    roles = study.roles.names if study.roles else ()
    sort, nth = asked.get("sort", ""), asked.get("page", "")
    return Looked(
        question=question if (question := asked.get("question", "")) in questions else "",
        round=_round(study, asked.get("round", "")),
        treatment=treatment,
        room=asked.get("room", "").strip()[:200],
        role=role if (role := asked.get("role", "")) in roles else "",
        type=type_ if (type_ := asked.get("type", "")) in study.types else "",
        sort=sort if sort.removeprefix("-") in SORTS else "-at",
        page=min(LAST_PAGE, max(1, whole(nth, LARGEST_NUMBER) or 1)),
    )


def _address(session_id: str, looked: Looked) -> str:
    kept = dict(question=looked.question, round=looked.round, room=looked.room, role=looked.role)
    kept |= dict(type=looked.type, sort=looked.sort if looked.sort != "-at" else "")
    kept |= {f"treatment_{name}": level for name, level in (looked.treatment or {}).items()}
    kept |= dict(page=looked.page if looked.page > 1 else "")
    said = urlencode({name: value for name, value in kept.items() if value})
    return f"/admin/sessions/{session_id}/data{'?' if said else ''}{said}"


def _sorts(session_id: str, looked: Looked) -> dict[str, tuple[str, str]]:
    """Column → where a click on its head leads, and how it is sorted now, as ARIA says it."""
    found = {}
    for one in SORTS:
        up, down = looked.sort == one, looked.sort == f"-{one}"
        to = replace(looked, sort=f"-{one}" if up else one, page=1)
        found[one] = (_address(session_id, to), "ascending" if up else "descending" if down else "")
    return found


def _is_any(looked: Looked) -> bool:
    """Whether anything is looked for."""
    return replace(looked, sort="-at", page=1) != Looked(treatment={})


def _round(study: Study, text: str) -> int:
    return whole(text, _rounds(study)) or 0


def _rounds(study: Study) -> int:
    return max((step.repeat for step in study.all_steps), default=1)


def _next(session: Session) -> str:
    """What brings answers."""
    return {
        "open": "People come in by their links, and answer once the session has begun.",
        "running": "It runs: answers stand here within ten seconds of coming in.",
        "paused": "The session stands still. Resume it on its page, and answers come in again.",
        "closed": "The session is closed, so none will come.",
    }[session.status]


HANDLERS = [answers_page, data_page]
