"""Stories of the group that votes people out: a session from the link to the CSV, its pay by hand."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile

from app.config import PROJECT
from app.export.verify import verify
from app.study.reading import parse, read_folder
from tests.house.guests import Guest, seated, sign_everyone_in
from tests.house.house import House
from tests.house.rounds import unlike_joins
from tests.house.server import Server

FILES = read_folder(PROJECT / "studies" / "groupchat")
LABELS = tuple(f"X{number}" for number in range(1, 6))
GAVE = {1: (100, 50, 50, 100, 0), 2: (100, 100, 0, 50, 80)}  # by round, in percent


def test_who_is_voted_out_talks_outside_and_is_paid_for_what_is_done_there(
    shared: House, server: Server
) -> None:
    study = parse(FILES | {"study.toml": FILES["study.toml"].replace(b"rounds  = 5", b"rounds = 2")})
    session = shared.open_study(study, {"x": 5})
    guests = [shared.guest(server, session, label) for label in LABELS]
    ada = shared.researcher(server)
    tables: dict[str, list[dict[str, str]]] = {}

    async def story() -> None:
        await sign_everyone_in(guests, entry={"age": "30"})
        await asyncio.gather(*(seated(guest) for guest in guests))
        await asyncio.gather(*(guest.answer({"clear": "yes"}) for guest in guests))
        sat = shared.sql("select label from player where session_id = %s order by slot", session.id)
        by_slot = [guest for (label,) in sat for guest in guests if guest.label == label]
        await asyncio.gather(*(guest.shows('name="contribution"') for guest in guests))
        assert (await by_slot[4].say("I give nothing", channel="group")).status == 200
        assert (await by_slot[4].say("nobody is outside", channel="outside")).status == 422
        await _give(by_slot, 1)
        await asyncio.gather(*(guest.shows('name="vote"') for guest in guests))
        # Three of the four others want slot 5 out, which wants slot 1 out; one against slot 2 is not enough.
        want = {1: {5}, 2: {5}, 3: {5, 2}, 4: set[int](), 5: {1}}
        for slot, guest in enumerate(by_slot, 1):
            others = [other for other in range(1, 6) if other != slot]
            said = {f"vote-{other}": "goes" if other in want[slot] else "stays" for other in others}
            assert (await guest.answer(said)).status in (200, 303)
        await asyncio.gather(*(guest.shows('name="contribution"') for guest in guests))
        assert "I give nothing" not in await by_slot[4].page()  # it stands in the group's talk
        assert "I give nothing" in await by_slot[3].page()
        assert (await by_slot[4].say("let me in", channel="group")).status == 422
        assert (await by_slot[0].say("look outside", channel="outside")).status == 422
        assert (await by_slot[4].say("alone out here", channel="outside")).status == 200
        assert (await by_slot[0].say("it was not me", channel="two:5")).status == 200
        assert "it was not me" in await by_slot[4].page() and "it was not me" not in await by_slot[1].page()
        await _give(by_slot, 2)
        await asyncio.gather(*(guest.shows("GROUPCHAT-DONE") for guest in guests))
        packed = await ada.get(f"/admin/sessions/{session.id}/export.zip")
        with zipfile.ZipFile(io.BytesIO(packed.body)) as zipped:
            for name in ("players", "messages", "results", "ledger", "payments"):
                tables[name] = list(csv.DictReader(io.StringIO(zipped.read(f"{name}.csv").decode())))

    shared.tell(story())
    slots = {row["player"]: int(row["slot"]) for row in tables["players"]}
    earned: dict[int, list[str]] = {slot: [] for slot in slots.values()}
    for row in tables["ledger"]:
        if row["points"]:
            earned[slots[row["player"]]].append(row["points"])
    # Round 1: 10 + 5 + 5 + 10 + 0 put in, so 12 for each. Round 2: 10 + 10 + 0 + 5 = 25 bring 10 to each of four; the
    # fifth, alone, puts in 4 of 5 and gets 1.6 of them back. A point is 2 cents.
    assert earned == {
        1: ["12", "10"],
        2: ["17", "10"],
        3: ["17", "20"],
        4: ["12", "15"],
        5: ["22", "2.6"],
    }
    pay = {slots[row["player"]]: row["total"] for row in tables["payments"]}
    assert pay == {1: "3.44", 2: "3.54", 3: "3.74", 4: "3.54", 5: "3.49"}
    assert [(slots[row["player"]], row["channel"], row["to"], row["body"]) for row in tables["messages"]] == [
        (5, "group", "", "I give nothing"),
        (5, "outside", "", "alone out here"),
        (1, "two", "5", "it was not me"),
    ]
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)
    assert shared.contradictions(session) == []
    assert unlike_joins(shared, session.id, study) == []


async def _give(by_slot: list[Guest], round_: int) -> None:
    said = zip(by_slot, GAVE[round_], strict=True)
    await asyncio.gather(*(guest.answer({"contribution": str(percent)}) for guest, percent in said))
