"""A lobby in a trial: what `seat_hook` makes of people who wait, whoever they are."""

from __future__ import annotations

import random

from app.rehearsal.doorstep import welcome_answers
from app.rooms import seating_hook
from app.rooms.seating import Waiting
from app.rooms.seating_hook import Brought
from app.study.hooks.networklab import Earlier
from app.study.hooks.pool import Failure, HookError, Hooks
from app.study.hooks.uses import given_asked
from app.study.model.study import ANY, Study

SEED = 1


async def try_lobby(hooks: Hooks, study: Study, past: Earlier) -> list[Failure]:
    """With one person who waits, and with as many as all kinds of rooms take, twice."""
    chance = random.Random(SEED)
    wanted = [type_ for kind in study.rooms for type_ in kind.types] * 2
    waiting = [
        Waiting(number, type_in(study, type_, chance), 120.0 / number)
        for number, type_ in enumerate(wanted, 1)
    ]
    given = given_asked(study.files)
    brought = {one.player_id: Brought(welcome_answers(study, chance), given, past) for one in waiting}
    failures = []
    for some in (waiting[:1], waiting):
        try:
            await seating_hook.asked(hooks, study, SEED, some, {}, brought)
        except HookError as error:
            failures.append(error.failure)
    return failures


def type_in(study: Study, wanted: str, chance: random.Random) -> str:
    return chance.choice(study.types or ("",)) if wanted == ANY else wanted
