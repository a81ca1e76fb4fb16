"""Walks: how each went through their solo steps, judged again from what they said there and from what the logs tell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.database.connections import Connection
from app.database.queries import Queries, rows
from app.study.model.entrance import DECLINED, FAILED, SCREENED_OUT
from app.study.model.steps import BEFORE, Step
from app.study.model.study import Position, Study

SQL = Queries(__name__)
DECIDED = (DECLINED, FAILED, SCREENED_OUT)  # outcomes that a solo step alone brings


@dataclass(frozen=True, slots=True)
class _Walk:
    """One solo part of somebody of whom nothing there was erased."""

    player_id: int
    label: str
    during: str
    outcome: str | None  # how it ended; None: it goes on
    went_with: str  # outcome of the room, of whoever comes from there
    left_with: str | None  # outcome of who has left from this part
    taken_out: bool  # by a researcher
    happened: list[tuple[int, bool, bool]]  # position, whether it opened then, whether a researcher did it
    said: list[tuple[str, int, str, str]]  # step, round, field and value: in time, or filled in


@dataclass(frozen=True, slots=True)
class _Page:
    """One that was open."""

    at: Position
    wrong: Sequence[str]  # questions
    lacking: Sequence[str]  # that had to be answered
    empty: bool
    moved: bool  # by a researcher


async def other_walks(conn: Connection, session_id: str, study: Study) -> AsyncIterator[str]:
    """Who went on without what was asked, or had it wrong and right otherwise than it was judged."""
    if not (study.before or study.after):
        return
    for walk in await rows(conn, _Walk, SQL["walks"], session_id=session_id):
        for problem in _problems(study, walk, list(_pages(study, walk))):
            yield f"player {walk.player_id} ({walk.label}), {walk.during}: {problem}"


def _pages(study: Study, walk: _Walk) -> Iterator[_Page]:
    said: dict[tuple[str, int], dict[str, str]] = {}
    for step, round_, field, value in walk.said:
        said.setdefault((step, round_), {})[field] = value
    opened = [nth for nth, (_, opens, _) in enumerate(walk.happened) if opens]
    for nth, following in pairwise((*opened, len(walk.happened))):  # none, where each was for others
        at = study.plan[walk.happened[nth][0]]
        here = said.get((at.step.name, at.round), {})
        yield _Page(
            at,
            _wrong_in(at.step, here),
            [one.name for one in at.step.fields if one.required and not here.get(one.name)],
            not here,
            any(by for _, _, by in walk.happened[nth + 1 : following + 1]),
        )


def _wrong_in(step: Step, said: Mapping[str, str]) -> list[str]:
    judged = [one for one in step.fields if one.correct is not None]
    return [one.name for one in judged if not one.is_right(said.get(one.name, ""))]


def _problems(study: Study, walk: _Walk, pages: Sequence[_Page]) -> Iterator[str]:
    through = walk.outcome == "complete"
    part = [one for one in study.plan if one.step.during == walk.during]
    for nth, page in enumerate(pages):
        following = pages[nth + 1].at if nth + 1 < len(pages) else None
        where = f"step {page.at.step.name}, round {page.at.round}"
        if page.at not in part:
            yield f"{where} is of another part"
        elif not page.at.step.follows(walk.went_with):
            yield f"{where} is not for who ended with {walk.went_with}"
        if following is not None or through:
            for problem in _passed(page, following):
                yield f"{where}: {problem}"
    if pages or through:
        yield from _skipped(part, pages, through, walk.went_with)
    if walk.during == BEFORE and walk.outcome is not None and not walk.taken_out:
        yield from _out(walk, pages)


def _passed(page: _Page, following: Position | None) -> Iterator[str]:
    """What is wrong with having gone on from there."""
    step = page.at.step
    again = following is not None and following.step == step and bool(step.attempts)
    if step.attempts and page.wrong and page.at.round == step.attempts:
        yield f"went on after the last attempt, with {_listed(page.wrong)} wrong"
    elif step.attempts and page.wrong and not again:
        yield f"went on, with {_listed(page.wrong)} wrong"
    elif again and not page.wrong:
        yield "had all right, and was asked again"
    if page.moved:
        return
    if page.empty and (not step.timed or step.decline):
        yield "went on without an answer"
    elif page.lacking and not page.empty:
        yield f"went on without {_listed(page.lacking)}"


def _skipped(part: Sequence[Position], pages: Sequence[_Page], through: bool, outcome: str) -> Iterator[str]:
    """Pages that never opened, before the last that did, or at all."""
    opened = {page.at.index: page for page in pages}
    last = max(opened, default=-1)
    for one in part:
        before = opened.get(one.index - 1)
        again = one.step.attempts and one.round > 1 and (before is None or not before.wrong)
        excused = again or one.step.chooses or not one.step.follows(outcome)
        if one.index not in opened and not excused and (through or one.index < last):
            yield f"step {one.step.name}, round {one.round} was skipped"


def _out(walk: _Walk, pages: Sequence[_Page]) -> Iterator[str]:
    """How it ended before the lobby, held against the page that was open then."""
    step = pages[-1].at.step if pages else None
    if walk.outcome in (FAILED, SCREENED_OUT):
        page = pages[-1] if pages else None
        if page is None or page.at.step.fails != walk.outcome or page.at.round != page.at.step.attempts:
            yield f"is out with {walk.outcome}, and not after a last attempt"
        elif not page.wrong:
            yield f"is out with {walk.outcome}, and had all right"
    elif walk.outcome == DECLINED and (step is None or step.decline != DECLINED):
        yield "has declined where nobody was asked whether they take part"
    if walk.outcome in DECIDED and walk.left_with != walk.outcome:
        yield f"ended with {walk.outcome}, but left with {walk.left_with or 'nothing'}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(sorted(names))
