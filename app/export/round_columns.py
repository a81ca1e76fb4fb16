"""rounds.csv: which pages make one of its rows, and which columns a study's questions and results get in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.study.model.blocks import blocks
from app.study.model.fields import Field
from app.study.model.kinds.click import CLICK
from app.study.model.steps import ROLE, Step
from app.study.model.study import Position, Study

ROUNDS, SCORE = "rounds.csv", "score"
FIXED = {
    "session": "The session's id, so that tables of several sessions can stand below each other.",
    "player": "players.csv → player; empty: a bot has had this seat from the start.",
    "room": "rooms.csv → room; empty at a solo step.",
    "kind": "The kind of room in the study.",
    "slot": "The seat in that room; empty at a solo step. Of two who had it during one round each has a row.",
    "type": "The player's type; of a bot what the seat asks for.",
    "role": "The role that the seat had then.",
    "step": "The step's page; of steps that repeat together the first one's.",
    "round": "Which repetition, from 1.",
    "opened_at": "When the first of these pages opened for whoever has this row; at one's own pace when they came to "
    "it. Empty: none did.",
    "answered_at": "When the last of their answers that counts was stored; empty: there is none.",
    "seconds": "From opened_at to answered_at, without the session's pauses.",
    "how": "What the answers are: answered (in time), late (stored after the deadline), kept, default or hook (filled "
    "in as on_timeout says), bot (a bot's), blank (none came), gone (none came, and whoever has this row had left), "
    "not_asked (nothing was asked of them). Of several pages the last of these words that holds of one of them.",
}
ORDER = ("answered", "late", "kept", "default", "hook", "bot", "blank", "gone")  # of `how`
_SCORED = "What the player earned there, in points or else in currency: their lines in ledger.csv, added up."


@dataclass(frozen=True, slots=True)
class RoundLine:
    """The pages of one row: a round of steps that repeat together, or a step that does not."""

    first: str  # the step that it is named for
    round: int
    pages: tuple[Position, ...]


def turns_of(study: Study) -> list[RoundLine]:
    """In the order of the plan."""
    firsts = first_steps(study)
    pages: dict[tuple[str, int], list[Position]] = {}
    for position in study.plan:
        pages.setdefault((firsts[position.step.name], position.round), []).append(position)
    return [RoundLine(first, round_, tuple(found)) for (first, round_), found in pages.items()]


def first_steps(study: Study) -> dict[str, str]:
    """Step → the step that its rows are named for."""
    return {
        step.name: together[0].name if repeat > 1 else step.name
        for repeat, together in blocks(study.all_steps)
        for step in together
    }


def own_columns(study: Study) -> dict[tuple[str, str], str]:
    """Step and name of a question or result → its column.

    The name alone, unless one of our columns has it, or another step that repeats together with this one.
    """
    firsts = first_steps(study)
    asked = [(step, one.name) for step in study.all_steps for one in named(step)]
    times = Counter((firsts[step.name], name) for step, name in asked)
    taken, columns = {*our_columns(study)}, dict[tuple[str, str], str]()
    for step, name in asked:
        plain = times[firsts[step.name], name] == 1 and name not in taken
        columns[step.name, name] = name if plain else f"{step.name}_{name}"
    # A question `talk_why` and the question `why` of a step `talk` could get the same column.
    alone = {name for (_, name), column in columns.items() if name == column}
    return {
        place: column if column == place[1] or column not in {*alone, *taken} else ".".join(place)
        for place, column in columns.items()
    }


def our_columns(study: Study) -> list[str]:
    """Those that no question can have."""
    return [*FIXED, *(one.column for one in study.treatments), *([SCORE] if study.scores else [])]


def round_header(study: Study) -> list[str]:
    fixed, own = [*FIXED], dict.fromkeys(own_columns(study).values())
    at = fixed.index("step")  # who, and what they got, before where and when
    treatments = [one.column for one in study.treatments]
    return [*fixed[:at], *treatments, *fixed[at:], *own, *([SCORE] if study.scores else [])]


def round_meanings(study: Study) -> list[tuple[str, Step | None, Field | None, str]]:
    """Column, the step and the question that it is of, and what it means, for the codebook."""
    columns = own_columns(study)
    found: list[tuple[str, Step | None, Field | None, str]] = []
    for step in study.all_steps:
        for one in named(step):
            what = "The result" if one in step.results else "The answer that counted"
            meaning = f"{what} of step {step.name}, or what was filled in for it."
            if one in step.results:
                meaning = f"The result of step {step.name}; of two who had the seat the last has it."
            found.append((columns[step.name, one.name], step, one, meaning))
    if study.scores:
        found.append((SCORE, None, None, _SCORED))
    return found


def named(step: Step) -> Sequence[Field]:
    """The questions and results that have a column: a click says only when, and a role has one already."""
    asked = [one for one in step.fields if one.kind is not CLICK]
    return [*asked, *(one for one in step.results if one.name != ROLE)]


def words_of(study: Study) -> frozenset[tuple[str, str]]:
    """What a row's step is, and the column, where somebody's words may stand."""
    firsts = first_steps(study)
    return frozenset(
        (firsts[step.name], column)
        for column, step, field, _ in round_meanings(study)
        if step and field and field.kind.is_words
    )
