"""The bargaining that ships: what claims come to, by hand, and an agreement from the link to the payments."""

from __future__ import annotations

import asyncio
from typing import Any

from app.config import PROJECT
from app.export.verify import verify
from app.study.hooks.networklab import Accept, Message, Move, Refuse, Room, Say, Seat, Wait
from app.study.reading import parse, read_folder
from tests.house.files import tables_of
from tests.house.guests import seated, sign_everyone_in
from tests.house.hooks import as_kept, call_hook
from tests.house.house import House
from tests.house.market import move
from tests.house.rounds import unlike_joins
from tests.house.server import Server
from tests.house.table import at_the_table

FILES = read_folder(PROJECT / "studies" / "bargain")


def claim(state: Any, slot: int, mine: int) -> Accept | Refuse:
    seats = (Seat(1, "Player 1", ""), Seat(2, "Player 2", ""))
    room = Room("pair-1", "pair", 1, 7, "bargain", 1, 1, seats, state=state)

    said = call_hook(parse(FILES), "claim", room, Move(slot, "claim", {"mine": mine}))
    found: Accept | Refuse = as_kept(said)
    return found


def test_two_claims_that_fit_are_an_agreement_on_the_one_that_stood_there() -> None:
    assert claim(None, 1, 12) == Accept({1: 12})
    assert claim({1: 12}, 2, 10) == Accept({1: 12, 2: 10}), "22 are more than there are"
    assert claim({1: 12, 2: 10}, 2, 10) == Refuse("That is what you ask for already.")
    for asked in (8, 5, 0):
        agreed = claim({1: 12, 2: 10}, 2, asked)
        assert agreed == Accept({1: 12, 2: 8}, {"got": {1: 12, 2: 8}}, end=True), asked
    assert claim({2: 0}, 1, 20) == Accept({2: 0, 1: 20}, {"got": {2: 0, 1: 20}}, end=True)


def haggle(
    claims: dict[int, int] | None, at: float = 0.0, said: tuple[tuple[int, str], ...] = ()
) -> Move | Say | Wait:
    """What the bot in the second slot does."""
    seats = (Seat(1, "Player 1", ""), Seat(2, "Player 2", "", bot=True))
    messages = tuple(Message(*one) for one in said)
    room = Room("", "", 0, 7, "bargain", 1, 1, seats, state=claims, messages=messages, at=at, left=180 - at)
    found: Move | Say | Wait = call_hook(parse(FILES), "haggle", room, 2, ())
    return found


def test_the_bot_gives_way_as_time_runs_out_but_not_below_half_and_takes_what_it_would_ask_for() -> None:
    asked = [haggle({1: 20}, at) for at in (0, 30, 60, 120, 179)]
    assert asked == [Move(2, "claim", {"mine": mine}) for mine in (15, 14, 13, 10, 10)]
    assert haggle({1: 5, 2: 15}) == Move(2, "claim", {"mine": 15}), "that is an agreement"
    assert isinstance(haggle({1: 11, 2: 10}, 170, ((2, "Hello!"),)), Wait), "it has said what there is to say"
    assert haggle({2: 15}) == Say("Hello! What would you say is fair?")
    assert haggle({1: 9, 2: 15}, 0, ((2, "Hello!"), (1, "Half?"))) == Say("I want 15: you would have 5 then.")


def test_who_comes_alone_bargains_with_a_bot_and_is_paid_what_they_agreed_on(
    shared: House, server: Server
) -> None:
    toml = (
        FILES["study.toml"]
        .decode()
        .replace('"20s"', '"1s"')
        .replace('bots_after = "1m"', 'bots_after = "0s"')
    )
    study = parse(FILES | {"study.toml": toml.encode()})
    session = shared.open_study(study, {"x": 1})
    guest = shared.guest(server, session, "X1")

    async def story() -> dict[str, list[dict[str, str]]]:
        await sign_everyone_in([guest], entry={"age": "30"})
        await seated(guest)
        await guest.answer({"clear": "yes"})
        await guest.shows('action="/play/moves"')
        await move(guest, "claim", {"mine": "5"})  # the other gets the 15 that it begins with
        await guest.shows("BARGAIN-DONE")
        return await tables_of(shared, session.id, "payments", "moves", "results")

    tables = shared.tell(story())
    assert [row["total"] for row in tables["payments"]] == ["2.75"]
    assert [(row["made_by"], row["mine"]) for row in tables["moves"][-1:]] in (
        [("bot", "15")],
        [("player", "5")],
    )
    assert sorted(row["value"] for row in tables["results"] if row["name"] == "got") == ["15", "5"]
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)
    assert not shared.contradictions(session)


def test_who_agrees_is_paid_what_they_agreed_on_and_the_others_the_base_alone(
    shared: House, server: Server
) -> None:
    toml = FILES["study.toml"].decode().replace('"20s"', '"1s"').replace('"3m"', '"1h"')
    study = parse(FILES | {"study.toml": toml.encode()})
    agree, never = (shared.open_study(study, {"x": 2}) for _ in range(2))
    tables: dict[str, list[dict[str, str]]] = {}

    async def story() -> None:
        pairs = [await at_the_table(shared, server, session, {"age": "30"}) for session in (agree, never)]
        for pair in pairs:
            for guest in pair.values():
                await guest.answer({"clear": "yes"})
            for guest in pair.values():
                await guest.shows('action="/play/moves"')
            for slot, mine in ((1, 15), (2, 14), (1, 13)):
                assert "Done." in (await move(pair[slot], "claim", {"mine": str(mine)})).text
        again = await move(pairs[0][1], "claim", {"mine": "13"})
        assert "That is what you ask for already." in again.text
        assert "Done." in (await move(pairs[0][2], "claim", {"mine": "7"})).text
        shared.sql(
            "update room set deadline = clock_timestamp() where session_id = %s and status = 'playing'",
            never.id,
        )
        for guest in (one for pair in pairs for one in pair.values()):
            await guest.shows("BARGAIN-DONE")
        for session in (agree, never):
            found = await tables_of(shared, session.id, "payments")
            tables[session.id] = found["payments"]

    shared.tell(story())
    # 13 and 7 points at 25 cents, on top of 1.50.
    assert sorted(row["total"] for row in tables[agree.id]) == ["3.25", "4.75"]
    assert [row["total"] for row in tables[never.id]] == ["1.50", "1.50"]
    for session in (agree, never):
        verdict = asyncio.run(verify(shared.database, session.id, study))
        assert verdict.ok, str(verdict)
        assert not shared.contradictions(session)
        assert unlike_joins(shared, session.id, study) == []
