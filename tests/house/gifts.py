"""A study of two rounds in which everybody gives, with a treatment, and people who play it to its end."""

from __future__ import annotations

from collections.abc import Mapping

from tests.house.guests import Guest, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import PAGE
from tests.house.waits import until

STUDY = """
title = "Talk or not"
types = ["red", "blue"]
[[room]]
name = "pair"
seats = {any = 2}
[[treatment]]
name = "talk"
by = "player"
levels = ["with", "without"]
[[step]]
page = "talk"
repeat = 2
limit = "60m"
fields = [
    {name = "gift", ask = "How much?", kind = "integer", min = 0, max = 10},
    {name = "mood", ask = "How is it?", kind = "choice", options = ["good", "bad"]},
    {name = "why", ask = "Why?", kind = "text", required = false},
]
"""
FILES = {"study.toml": STUDY.encode(), "pages/talk.html": PAGE.encode()}


def all_answer(
    house: House, server: Server, session: Opened, given: Mapping[str, int] = {"with": 8, "without": 2}
) -> dict[str, str]:
    """Two rounds; returns who has which treatment. Who has it gives 8 and 6, and else 2 and 0: `given`, then 2 less."""
    guests = [house.guest(server, session, label) for label in session.tokens]

    async def story() -> dict[str, str]:
        await sign_everyone_in(guests)
        found = house.sql("select label, treatment->>'talk' from player where session_id = %s", session.id)
        talks = {str(label): str(talk) for label, talk in found}
        for nth in range(2):
            for one in guests:
                await _answers(one, talks[one.label], given.get(talks[one.label], 2) - 2 * nth, nth)
        return talks

    return house.tell(story())


async def _answers(guest: Guest, talk: str, gift: int, nth: int) -> None:
    form: dict[str, str] = {}

    async def stands_there() -> bool:
        """The form of this round: `form_key` has the place of the step in the plan."""
        form.update(await guest.form())
        return int(form["form_key"].split(".")[1]) == nth

    await until(stands_there, f"round {nth + 1} for {guest.label}")
    mood = "good" if talk == "with" else "bad"
    said = {"gift": str(gift), "mood": mood, "why": f"=because {guest.label} <b>" if nth else ""}
    await guest.answer(said, form)
