"""Whether each page came as far with what others did as those in its room: one that did not is named."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

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
