"""Who comes to a preview: a player for each of its frames, and strangers in the other seats, who are programs."""

from __future__ import annotations

import itertools

from app.players.people import Person, first_seats, made_up
from app.players.tokens import new_token
from app.rehearsal.bots import Bot
from app.rehearsal.habits import Habits
from app.rehearsal.own_bot import Insight
from app.study.model.study import Study

STRANGERS = Habits(think=(1.0, 4.0), fallible=False)


def cast(study: Study, frames: int) -> tuple[Person, ...]:
    """Who comes: a player for each frame, and as many others as their rooms need, of the types of the first room."""
    any_type = itertools.cycle([type_ for type_ in study.types if type_ != "any"] or [""])
    seats = [
        next(any_type) if type_ == "any" else type_
        for type_, count in first_seats(study).items()
        for _ in range(count)
    ]
    count = -(-frames // len(seats)) * len(seats)
    return tuple(
        Person(
            new_token(),
            f"Player {number}" if number <= frames else f"Bot {number}",
            type_,
            made_up(study, number),
        )
        for number, type_ in zip(range(1, count + 1), itertools.cycle(seats), strict=False)
    )


async def play(base: str, person: Person, study: Study, insight: Insight | None) -> object:
    """From the link to the code. At a step with a `bot` of its own they do what that says."""
    return await Bot(base, person.token, study, STRANGERS, person.label, insight=insight).play()
