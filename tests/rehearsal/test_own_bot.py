"""Who plays behind a page as a program does what the step's own `bot` says."""

from __future__ import annotations

import asyncio
import json

from app.rehearsal.bots import Bot
from app.rehearsal.habits import Habits
from app.rehearsal.own_bot import Insight
from app.study.hooks.pool import Hooks
from app.study.reading import parse
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import as_files

STUDY = """
title = "A sum to share"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
limit = "1h"
chat = "room"
bot = "haggle"
on_move = "claim"
results = [{name = "got", ask = "You get", kind = "integer"}]
[[step.move]]
name = "claim"
fields = [{name = "mine", ask = "How much?", kind = "integer", min = 0, max = 99}]
[finish]
codes = {complete = "DONE"}
"""
HOOKS = """
from networklab import Accept, Move, Refuse, Say

def claim(room, move):
    claims = {**(room.state or {}), move.slot: move.values["mine"]}
    if move.values["mine"] > 20:
        return Refuse("There are 20.")
    agreed = len(claims) == 2 and sum(claims.values()) == 20
    return Accept(state=claims, results={"got": claims} if agreed else {}, end=agreed)

def haggle(room, slot, questions):
    [other] = [one for one in room.slots if one != slot]
    if not any(one.slot == slot for one in room.messages):
        return Say(f"I am {slot}")
    if not any(one.slot == other for one in room.messages):
        return None
    if slot in (room.state or {}):
        return None
    if slot == 1:
        return Move(slot, "claim", {"mine": 12 if room.refused else 99})
    if other in (room.state or {}):
        return Move(slot, "claim", {"mine": 20 - room.state[other]})
"""


def test_two_who_play_behind_pages_talk_and_agree_as_the_study_has_it(shared: House, server: Server) -> None:
    study = parse(as_files(STUDY, HOOKS))
    session = shared.open_study(study, {"x": 2})

    async def story() -> list[str | None]:
        hooks = Hooks()
        insight = Insight(shared.database, session.id, hooks, hurry=True)
        try:
            bots = [
                Bot(server.base, token, study, Habits(fallible=False), label, 4.0, insight=insight)
                for label, token in session.tokens.items()
            ]
            return await asyncio.gather(*(bot.play() for bot in bots))
        finally:
            insight.close()
            await hooks.retire(0)

    assert shared.tell(story()) == ["DONE", "DONE"]
    said = shared.sql("select slot, body from message where session_id = %s", session.id)
    assert sorted(said) == [(1, "I am 1"), (2, "I am 2")]
    moves = "select m.slot, r.value, m.accepted from move m join record r on r.id = m.record_id where m.session_id = %s"
    made = shared.sql(f"{moves} order by m.nth", session.id)
    assert [(slot, json.loads(value)["mine"], accepted) for slot, value, accepted in made] == [
        (1, "99", False),
        (1, "12", True),
        (2, "8", True),
    ]
    assert shared.contradictions(session) == []
