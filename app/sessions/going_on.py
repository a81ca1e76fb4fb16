"""Going on: whether a new session can go on from another one, who is invited then, and what is to be known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.database.connections import Connection
from app.sessions.sessions import Session, SessionError, find_session
from app.sessions.waves import COUNT, Through, Wave, outcomes_there, who_is_through
from app.study.earlier import asks_earlier, earlier_mistakes
from app.study.model.study import Study
from app.study.syntax.mistakes import StudyError, listed, nearest


@dataclass(frozen=True, slots=True)
class Terms:
    """How what goes on is asked for: what its settings are called, and how one gives the link for everybody."""

    before: str
    outcomes: str
    give_door: str
    door_is_given: str


BY_COMMAND = Terms("give --from SESSION", "--from-outcomes", "Give --door", "--door is given, too")
ON_PAGE = Terms(
    "choose it under “It goes on from”",
    "“How it ended there”",
    "Tick the link for everybody, too",
    "the link for everybody is ticked, too",
)


@dataclass(frozen=True, slots=True)
class Before:
    """The session before, its study, and who comes on from it. `notes`: what the researcher should know of it."""

    session: Session
    study: Study
    wave: Wave
    through: tuple[Through, ...]
    notes: tuple[str, ...]


async def find_before(
    conn: Connection,
    session_id: str,
    study_before: Study,
    outcomes: str | None,
    study: Study,
    has_door: bool,
    terms: Terms,
) -> Before:
    """For a session of this `study`. `outcomes`: how it had to end there, with commas; None: as it is usual.

    Raises SessionError, and StudyError where the study asks for what was not asked there.
    """
    session = await find_session(conn, session_id)
    wave = Wave(session_id, _outcomes(outcomes, study_before, terms))
    through = tuple(await who_is_through(conn, wave))
    if mistakes := earlier_mistakes(study, study_before):
        raise StudyError(mistakes)
    _refuse_nobody(session, wave, through, await outcomes_there(conn, session_id), has_door, terms)
    strange = sorted({one.type for one in through if not one.erased and one.type} - {*study.types})
    if strange and study.types:
        raise SessionError(
            f"Some of {session.name} are {listed(strange)}, and this study has no such type: add it to `types`"
            " in study.toml, or nobody could be seated with them."
        )
    return Before(session, study_before, wave, through, (*_notes(session, through, has_door, terms),))


def notes_without(study: Study, terms: Terms) -> list[str]:
    """Of a session that goes on from none."""
    if not asks_earlier(study.files):
        return []
    return [f"pages or hooks ask for `earlier`, and this session goes on from none; {terms.before}"]


def _notes(session: Session, through: tuple[Through, ...], has_door: bool, terms: Terms) -> list[str]:
    name, notes = session.name, list[str]()
    if not has_door and (by_door := sum(one.by_door and one.has_id for one in through)):
        notes.append(
            f"{by_door:,} of {name} came by its link for everybody and have none of their own: they can come only"
            f" where {terms.door_is_given}, by the same id"
        )
    if session.status != "closed":
        notes.append(
            f"{name} is {session.status}. Who is through there later comes in by the link for everybody, where there is"
            " one; `networklab add --finished` invites those with links of their own"
        )
    if lost := sum(one.erased for one in through):
        notes.append(
            f"{lost:,} of {name} were erased: nobody knows any more who they are, and they are not invited"
        )
    if without := sum(one.by_door and not one.has_id and not one.erased for one in through):
        notes.append(
            f"{without:,} came into {name} without an id, each by their browser alone, and can't be found again"
        )
    return notes


def _outcomes(text: str | None, before: Study, terms: Terms) -> tuple[str, ...]:
    if text is None:
        return COUNT
    outcomes, known = tuple(one.strip() for one in text.split(",") if one.strip()), [*before.finish.codes]
    for one in outcomes:
        if one not in known:
            near = nearest(one, known)
            cure = f"Write {near}." if near else f"It can end as {', '.join(known)}."
            raise SessionError(
                f"{terms.outcomes} has “{one}”, which is no way to end in “{before.title}”. {cure}"
            )
    if not outcomes:
        raise SessionError(f"{terms.outcomes} names nothing. Write complete, or complete,closed.")
    return outcomes


def _refuse_nobody(
    session: Session,
    wave: Wave,
    through: tuple[Through, ...],
    there: Mapping[str, int],
    has_door: bool,
    terms: Terms,
) -> None:
    by_door = sum(one.by_door and one.has_id for one in through)
    if any(one.has_link for one in through) or (has_door and (by_door or session.status != "closed")):
        return
    if by_door:
        raise SessionError(
            f"All {by_door:,} of {session.name} came by its link for everybody, and have none of their own."
            f" {terms.give_door}: by the link for everybody of this session the same id finds them."
        )
    ways = listed([f"{one} ({many:,})" for one, many in there.items()])
    how = f"It ended as {ways}: say in {terms.outcomes} who counts." if there else ""
    raise SessionError(
        f"Nobody could be invited: for nobody has {session.name} ended as {' or '.join(wave.outcomes)}. {how}".rstrip()
    )
