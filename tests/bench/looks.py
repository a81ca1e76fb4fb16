"""How long a researcher waits for the pages of a session."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from tests.bench.figure import WrongAnswer, percentile
from tests.house.house import House
from tests.house.server import Server

LOOKS = 5  # at each page
PAGES = {
    "": "dashboard",
    "/players": "people",
    "/answers": "answers",
    "/data": "answers as a table",
}


async def look(house: House, server: Server, session: str, also: Mapping[str, str] = {}) -> dict[str, float]:
    """Of each page the milliseconds that it took, the median. `also`: other pages' names → their addresses."""
    browser = await asyncio.to_thread(house.researcher, server)
    own = {name: f"/admin/sessions/{session}{page}" for page, name in PAGES.items()}
    addresses = {**own, **also}
    found = {}
    for name, address in addresses.items():
        taken = []
        for _ in range(LOOKS):
            started = time.perf_counter()
            reply = await browser.get(address)
            taken.append(1000 * (time.perf_counter() - started))
            if reply.status != 200:
                raise WrongAnswer(f"{address} was answered with {reply.status}")
        found[name] = percentile(taken, 0.5)
    browser.close()
    return found
