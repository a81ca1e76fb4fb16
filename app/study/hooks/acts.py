"""What a step's own `bot` does in a turn, read: a move, a message, answers, or nothing for a while."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.study.hooks.answers import Results, read_fill_in, stored_value
from app.study.hooks.networklab import Move, Offer, Question, Room, Say, Wait
from app.study.hooks.pool import Nonsense
from app.study.model.channels import LONGEST, Channel
from app.study.model.fields import Field, FieldError
from app.study.model.kinds.text import TEXT
from app.study.model.moves import MoveForm
from app.study.model.steps import Step

LONGEST_WAIT = 86_400.0  # seconds


@dataclass(frozen=True, slots=True)
class BotMove:
    """A move as a bot makes it, and as its record would say it."""

    form: MoveForm
    written: str  # see MoveForm.written


@dataclass(frozen=True, slots=True)
class BotAnswers:
    results: Results


BotAct = BotMove | Say | BotAnswers | Wait | None


def questions_of(
    fields: Collection[Field], others: Mapping[str, Collection[int]] | None = None
) -> tuple[Question, ...]:
    """What is asked there, as a bot gets it. `others`: of a field of kind each, whom it is about."""
    return tuple(
        Question(
            *(one.name, one.kind, one.min, one.max, one.options, one.required),
            others=tuple((others or {}).get(one.name, ())),
            more=one.own_keys,
        )
        for one in fields
    )


def offers_of(forms: Collection[MoveForm]) -> tuple[Offer, ...]:
    return tuple(Offer(form.name, questions_of(form.fields)) for form in forms)


async def ask_bot(
    ask: Callable[..., Awaitable[Any]],
    step: Step,
    fields: Collection[Field],
    forms: Collection[MoveForm],
    room: Room,
    slot: int,
    questions: Collection[Question],
) -> BotAct:
    """What the step's `bot` does in this slot, as `read_act` reads it; `ask` has hooks run. Raises HookError."""

    def read(answer: Any) -> BotAct:
        return read_act(step, fields, forms, slot, answer)

    found: BotAct = await ask(step.bot, read, room, slot, questions)
    return found


def read_act(
    step: Step, fields: Collection[Field], forms: Collection[MoveForm], slot: int, answer: Any
) -> BotAct:
    """`fields` are those that it has not answered, `forms` the moves that its page offers. Raises Nonsense."""
    if answer is None:
        return None
    if isinstance(answer, Wait):
        return _wait(answer)
    if isinstance(answer, Say):
        return _say(step, answer)
    if isinstance(answer, Move):
        return _move(forms, slot, answer)
    if isinstance(answer, Mapping):
        return BotAnswers(read_fill_in(lambda _: fields, {slot: answer}, [slot]))
    kinds = 'Move(slot, "name", {…}), Say("…"), {field: value}, Wait(seconds) or None'
    raise Nonsense(f"it must return {kinds}, and returned {answer!r}"[:300])


def read_line(channel: Channel, slots: Collection[int], answer: Any) -> Say | Wait | None:
    """What an `on_message` answers in its channel. Raises Nonsense."""
    if answer is None:
        return None
    if isinstance(answer, Wait):
        return _wait(answer)
    if not isinstance(answer, Say):
        raise Nonsense(f'it must return Say("…"), Wait(seconds) or None, and returned {answer!r}'[:300])
    if answer.channel not in ("", channel.name):
        raise Nonsense(f"it answers in {channel.name!r}, and writes in {answer.channel!r}"[:300])
    if answer.to is not None and (isinstance(answer.to, bool) or answer.to not in slots):
        raise Nonsense(f"Say is `to` a slot of the room, and was given {answer.to!r}"[:300])
    return Say(_words(answer), channel.name, answer.to)


def _words(answer: Say) -> str:
    """As a form would have them."""
    if not isinstance(answer.body, str) or not answer.body.strip():
        raise Nonsense(f"Say takes a text, and was given {answer.body!r}"[:300])
    try:
        return Field("body", "", TEXT, max=Decimal(LONGEST)).read([answer.body])
    except FieldError:
        raise Nonsense(
            f"Say takes at most {LONGEST:,} characters, and was given {len(answer.body):,}"
        ) from None


def _wait(answer: Wait) -> Wait:
    seconds = answer.seconds
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | Decimal):
        raise Nonsense(f"Wait takes seconds, and was given {seconds!r}"[:300])
    if not math.isfinite(seconds) or not 0 <= seconds <= LONGEST_WAIT:
        raise Nonsense(f"Wait takes 0 to {LONGEST_WAIT:,.0f} seconds, and was given {seconds!r}"[:300])
    return Wait(float(seconds))


def _say(step: Step, answer: Say) -> Say:
    if not isinstance(answer.body, str) or not answer.body.strip():
        raise Nonsense(f"Say takes a text, and was given {answer.body!r}"[:300])
    if not step.talks:
        raise Nonsense("it says something, and nobody can write messages at this step")
    if step.channel_named(answer.channel) is None:
        known = ", ".join(one.name for one in step.talks if one.name)
        has = f"it has {known}" if known else "it has one talk, without a name"
        raise Nonsense(f"it writes in {answer.channel!r}, which this step does not have: {has}"[:300])
    if answer.to is not None and (isinstance(answer.to, bool) or not isinstance(answer.to, int)):
        raise Nonsense(f"Say is `to` a slot, and was given {answer.to!r}"[:300])
    return answer


def _move(forms: Collection[MoveForm], slot: int, answer: Move) -> BotMove:
    form = next((one for one in forms if one.name == answer.name), None)
    if answer.slot != slot:
        raise Nonsense(f"it plays in slot {slot}, and makes a move of slot {answer.slot!r}"[:300])
    if form is None:
        offered = ", ".join(one.name for one in forms) or "none"
        raise Nonsense(f"it makes the move {answer.name!r}, and its page offers {offered}"[:300])
    if not isinstance(answer.values, Mapping):
        raise Nonsense(f"a move has {{field: value}}, and this one {answer.values!r}"[:300])
    by_name = {one.name: one for one in form.fields}
    stored: dict[str, str] = {}
    for name, value in answer.values.items():
        if name not in by_name:
            raise Nonsense(f"the move `{form.name}` does not ask {name!r}"[:300])
        if value is not None:
            stored[name] = stored_value(by_name[name], value)
    for one in form.fields:
        if one.required and not stored.get(one.name):
            raise Nonsense(f"the move `{form.name}` asks `{one.name}`, and it says nothing of it")
    return BotMove(form, form.written(stored))
