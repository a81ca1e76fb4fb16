"""The session that another one goes on from: who is invited again, and what is said of them."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from app.commands.arguments import Refusal
from app.commands.connection import connected
from app.config import Config
from app.database.connections import Connection
from app.players.door import Places
from app.sessions.sessions import Session, find_session
from app.sessions.waves import COUNT, Through, Wave, outcomes_there, who_is_through
from app.study.earlier import asks_earlier, earlier_mistakes
from app.study.model.study import Study
from app.study.stored import read_study
from app.study.syntax.mistakes import StudyError, listed, nearest


@dataclass(frozen=True, slots=True)
class Before:
    """The session before, its study, and who comes on from it."""

    session: Session
    study: Study
    wave: Wave
    through: tuple[Through, ...]


def find_before(
    config: Config, session_id: str, outcomes: str | None, study: Study, places: Places | None
) -> Before:
    """For a session of this `study`. Raises Refusal, SessionError, and StudyError where the study asks for what was not
    asked there."""

    async def read(conn: Connection) -> tuple[Session, Study, Wave, tuple[Through, ...], dict[str, int]]:
        session = await find_session(conn, session_id)
        before = await read_study(conn, session_id)
        wave = Wave(session_id, _outcomes(outcomes, before))
        through = await who_is_through(conn, wave)
        return session, before, wave, tuple(through), await outcomes_there(conn, session_id)

    session, before, wave, through, there = connected(config, read)
    if mistakes := earlier_mistakes(study, before):
        raise StudyError(mistakes)
    _refuse_nobody(session, wave, through, there, bool(places))
    strange = sorted({one.type for one in through if not one.erased and one.type} - {*study.types})
    if strange and study.types:
        raise Refusal(
            f"Some of {session.name} are {listed(strange)}, and this study has no such type: add it to `types`"
            " in study.toml, or nobody could be seated with them."
        )
    return Before(session, before, wave, through)


def say_of_before(before: Before | None, study: Study) -> None:
    """What its researcher should know."""
    if before is None:
        if asks_earlier(study.files):
            _note("pages or hooks ask for `earlier`, and this session goes on from none; give --from SESSION")
        return
    session, name = before.session, before.session.name
    if session.status != "closed":
        _note(
            f"{name} is {session.status}. Who is through there later comes in by the link for everybody, where there is"
            " one; `networklab add --finished` invites those with links of their own"
        )
    if lost := sum(one.erased for one in before.through):
        _note(f"{lost:,} of {name} were erased: nobody knows any more who they are, and they are not invited")
    without = sum(one.by_door and not one.has_id and not one.erased for one in before.through)
    if without:
        _note(
            f"{without:,} came into {name} without an id, each by their browser alone, and can't be found again"
        )


def _outcomes(text: str | None, before: Study) -> tuple[str, ...]:
    if text is None:
        return COUNT
    outcomes, known = tuple(one.strip() for one in text.split(",") if one.strip()), [*before.finish.codes]
    for one in outcomes:
        if one not in known:
            near = nearest(one, known)
            cure = f"Write {near}." if near else f"It can end as {', '.join(known)}."
            raise Refusal(f"--from-outcomes has “{one}”, which is no way to end in “{before.title}”. {cure}")
    if not outcomes:
        raise Refusal("--from-outcomes names nothing. Write complete, or complete,closed.")
    return outcomes


def _refuse_nobody(
    session: Session, wave: Wave, through: tuple[Through, ...], there: dict[str, int], has_door: bool
) -> None:
    by_door = sum(one.by_door and one.has_id for one in through)
    if any(one.has_link for one in through) or (has_door and (by_door or session.status != "closed")):
        if by_door and not has_door:
            _note(
                f"{by_door:,} of {session.name} came by its link for everybody and have none of their own: they can"
                " come only where --door is given, too, by the same id"
            )
        return
    if by_door:
        raise Refusal(
            f"All {by_door:,} of {session.name} came by its link for everybody, and have none of their own. Give"
            " --door: by the link for everybody of this session the same id finds them."
        )
    ways = listed([f"{one} ({many:,})" for one, many in there.items()])
    how = f"It ended as {ways}: say in --from-outcomes who counts." if there else ""
    raise Refusal(
        f"Nobody could be invited: for nobody has {session.name} ended as {' or '.join(wave.outcomes)}. {how}".rstrip()
    )


def _note(text: str) -> None:
    print(f"note: {text}.", file=sys.stderr)
