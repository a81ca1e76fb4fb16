"""Whether each page came as far with what others did as those in its room: one that did not is named."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.rehearsal.boards_seen import Taken, seen_moves
from app.rehearsal.diary import Diary
from app.rehearsal.ends import SeatOf
from app.rehearsal.verdict import Verdict, judge
from tests.house.house import House
from tests.house.proxy import Proxy
from tests.house.rehearsing import PLAN, broken, play_short
from tests.house.studies import PAGE

CLICKING = """
title = "Clicking"
[[room]]
name = "four"
seats = {any = 4}
[[step]]
page = "talk"
limit = "6s"
on_move = "click"
[[step.move]]
name = "click"
"""
HOOKS = """
from networklab import Accept

def click(room, move):
    return Accept((room.state or 0) + 1)
"""
BOARD = rb'hx-target="#moves"'


def test_a_page_that_does_not_hear_of_moves_is_named_and_no_other(house: House, tmp_path: Path) -> None:
    files = {"study.toml": CLICKING, "hooks.py": HOOKS, "pages/talk.html": PAGE}
    for name, text in files.items():
        (tmp_path / "clicking" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "clicking" / name).write_text(text)
    server, deaf = house.serve(), list[bytes]()

    def said(request: bytes, data: bytes) -> bytes:
        if re.search(BOARD, data) is None:
            return data
        [who] = re.findall(rb"cookie: ([^\r]+)", request, re.IGNORECASE)
        deaf[:] = deaf or [who]
        return b"" if who in deaf else data

    async def story() -> Verdict:
        async with Proxy(server.port, said=said).running() as base:
            plan = replace(PLAN, players=4)
            return await judge(await play_short(house.database, tmp_path / "clicking", base, plan))

    found = broken(asyncio.run(story()))
    assert deaf and list(found) == [5], found
    [wrong] = found[5]
    assert re.fullmatch(r"P000\d saw 0 of \d+ moves at step 1", wrong), wrong


def test_a_move_that_stood_until_the_room_ended_and_not_until_they_were_through_excuses_nobody() -> None:
    opened = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    ended = opened + timedelta(seconds=6.1)
    through = ended - timedelta(seconds=0.1)  # the players first, and then their room
    diary = Diary("P0001")
    diary.boards[0] = 0
    seat = SeatOf(
        "P0001", "any", "finished", "complete", "C1", 7, "four #1", 1, "talk", 1, opened, opened, through
    )
    taken = [
        Taken(7, 0, nth, opened + timedelta(seconds=at), ended) for nth, at in [(1, 1.0), (2, 4.05), (3, 5.0)]
    ]
    [wrong] = seen_moves(taken, [seat], [diary], moment=2.0)
    assert wrong.sentence == "P0001 saw 0 of 1 moves at step 1"
