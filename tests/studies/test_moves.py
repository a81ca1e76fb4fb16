"""The study `moves`: who gives and who decides on ties, by hand, and played from the link to the CSV."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from app.config import PROJECT
from app.export.verify import verify
from app.rehearsal.bots import Bot
from app.rehearsal.habits import Habits
from app.study.hooks.networklab import Room, Said, Seat, Tie
from app.study.reading import parse, read_folder
from tests.house.files import tables_of
from tests.house.guests import Guest
from tests.house.hooks import call_hook
from tests.house.house import House
from tests.house.pages import words
from tests.house.rounds import unlike_joins
from tests.house.server import Server
from tests.house.table import at_the_table
from tests.house.waits import until

FILES = read_folder(PROJECT / "studies" / "moves")
GIVE, KEEP = "Give to all", "Give to none"
PEOPLE = 12


def quick(rounds: int, people: int = PEOPLE) -> dict[str, bytes]:
    toml = FILES["study.toml"].decode().replace("repeat = 10", f"repeat = {rounds}")
    return FILES | {"study.toml": toml.replace("any = 12", f"any = {people}").encode()}


def room(*said: Said, round: int = 1) -> Room:
    """Four people: 1, 2 and 3 are tied to each other, 4 to nobody."""
    pairs = [(1, 2), (1, 3), (2, 3)]
    return Room(
        name="network-1", kind="network", number=1, seed=7, step="ties", round=round, rounds=10,
        seats=tuple(Seat(slot, f"Seat {slot}", "any") for slot in (1, 2, 3, 4)),
        ties=tuple(Tie(*tie) for a, b in pairs for tie in ((a, b), (b, a))),
        all_said=said,
    )  # fmt: skip


def ask(hook: str, given: Room) -> Any:
    return call_hook(parse(FILES), hook, given)


def test_points_are_what_neighbours_gave_less_what_one_gave_to_them() -> None:
    moves = {1: GIVE, 2: KEEP, 3: GIVE, 4: GIVE}
    played = room(*(Said("move", 1, slot, "move", move) for slot, move in moves.items()))
    # 1 pays 50 to each of 2 and 3 and gains 100 from 3; 2 gains 100 from each of 1 and 3; 4 is alone.
    assert ask("payoff", played) == {1: 0, 2: 200, 3: 0, 4: 0}
    assert ask("points", played) == {"points": {1: 0, 2: 200, 3: 0, 4: 0}}


def test_only_a_tie_that_was_offered_changes_and_only_by_who_was_asked() -> None:
    offered = {1: (4,), 2: (1,), 3: (2,)}
    decided = {1: {4: "Connected", 3: "Not connected"}, 3: {2: "Not connected"}, 4: {2: "Connected"}}
    after = room(
        *(Said("ties", 1, slot, "offers", others) for slot, others in offered.items()),
        *(Said("ties", 1, slot, "tie", said) for slot, said in decided.items()),
    )
    # 1 makes 1-4 and may not break 1-3; 2 says nothing of 1-2; 3 breaks 2-3; 4 was asked nothing.
    assert ask("rewire", after) == ((1, 2), (1, 3), (1, 4))


def test_three_of_ten_pairs_are_offered_to_one_of_the_two_and_none_after_the_last_round() -> None:
    offered = ask("offers", room())
    pairs = [tuple(sorted((slot, other))) for slot, others in offered.items() for other in others]
    assert len(pairs) == len(set(pairs)) == 2  # of six: 0.3 · 6, rounded
    assert ask("offers", room()) == offered != ask("offers", room(round=2))
    assert ask("deciding", room()) == frozenset(offered)
    assert ask("deciding", room(round=10)) is False


def test_a_player_reads_what_somebody_did_and_decides_on_the_tie(shared: House, server: Server) -> None:
    session = shared.open_files(quick(2, people=4), {"x": 4})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        assert "You are connected with" in words(await table[1].page())
        for slot, guest in table.items():
            await guest.answer({"move": GIVE if slot % 2 else KEEP})
        offers = await until(lambda: offered(), "offers")
        [(decider, others), *_] = offers.items()
        page = (await table[decider].browser.get("/play")).text
        for other in others:
            tied = shared.sql(
                "select 1 from tie where position = 0 and from_slot = %s and to_slot = %s "
                "and room_id = (select id from room where session_id = %s)",
                *(decider, other, session.id),
            )
            about = f"{GIVE if other % 2 else KEEP} {'connected' if tied else 'not connected'} with you"
            assert f"{about} Connected Not connected" in words(page)
        waiting = next(slot for slot in table if slot not in offers)
        assert "tie-" not in (await table[waiting].browser.get("/play")).text
        answer = await decide(table[decider], {others[0]: "Maybe"})
        assert answer.status == 422 and "Please answer for each of them." in words(answer.text)
        for slot, asked in offers.items():
            answer = await decide(table[slot], dict.fromkeys(asked, "Connected"))
            assert answer.status == 200

        await table[decider].shows("round 2 of 2")
        aliases = re.findall(r"(\w+)", str(await names(table[decider])))
        assert len(aliases) >= len(others)
        tied_now = shared.sql(
            """select from_slot, to_slot from tie where position = 2 and from_slot = %s
            and room_id = (select id from room where session_id = %s)""",
            *(decider, session.id),
        )
        assert {(decider, other) for other in others} <= set(tied_now)
        [(stored,)] = shared.sql(
            "select value from record where session_id = %s and step = 'ties' and player_id = "
            "(select id from player where session_id = %s and slot = %s)",
            *(session.id, session.id, decider),
        )
        assert json.loads(stored) == {str(other): "Connected" for other in others}

    def offered() -> dict[int, list[int]]:
        found = shared.sql(
            "select slot, value from result where session_id = %s and name = 'offers'", session.id
        )
        return {slot: json.loads(value) for slot, value in found}

    shared.tell(story())


async def decide(guest: Guest, said: dict[int, str]) -> Any:
    page = (await guest.browser.get("/play")).text
    about = re.findall(r'<input type="hidden" name="tie" value="(\d+)"', page)
    key = {"form_key": (await guest.form())["form_key"]}
    return await guest.browser.post(
        "/play/records", key | {"tie": about[0]} | {f"tie-{slot}": wish for slot, wish in said.items()}
    )


async def names(guest: Guest) -> list[str]:
    return re.findall(r'class="who-\d">(\w+)</b>', (await guest.browser.get("/play")).text)


def test_moves_runs_from_the_link_to_the_csv(shared: House, server: Server) -> None:
    study = parse(quick(3))
    session = shared.open_study(study, {"x": PEOPLE}, True)
    tables: dict[str, list[dict[str, str]]] = {}

    async def story() -> None:
        bots = [
            Bot(server.base, token, study, Habits(think=(0.1, 0.3), talk=0), label)
            for label, token in session.tokens.items()
        ]
        async with asyncio.timeout(60):
            await asyncio.gather(*(bot.play() for bot in bots))
        tables.update(
            await tables_of(shared, session.id, "players", "records", "results", "networks", "ties")
        )

    shared.tell(story())
    assert {player["code"] for player in tables["players"]} == {"MOVES-DONE"}
    moves = [line for line in tables["records"] if line["field"] == "move"]
    assert len(moves) == 3 * PEOPLE
    assert [(line["step"], line["round"]) for line in tables["networks"]] == [
        *(("move", "1"), ("move", "2"), ("move", "3"))
    ]
    assert [line["made_by"] for line in tables["networks"]] == ["study", "hook rewire", "hook rewire"]
    holds_together(tables)
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)
    assert shared.contradictions(session) == []
    assert unlike_joins(shared, session.id, study) == []


def holds_together(tables: dict[str, list[dict[str, str]]]) -> None:
    """Each network is the one before with what was decided, and the points are those of its ties: told once more."""
    slot_of = {line["player"]: line["slot"] for line in tables["players"]}
    networks = {
        round: {(line["from"], line["to"]) for line in tables["ties"] if line["round"] == round}
        for round in ("1", "2", "3")
    }
    for round, next_round in (("1", "2"), ("2", "3")):
        expected = set(networks[round])
        offered = {
            line["slot"]: [str(slot) for slot in json.loads(line["value"])]
            for line in tables["results"]
            if line["name"] == "offers" and line["round"] == round
        }
        assert sum(map(len, offered.values())) == 20  # 0.3 of 66 pairs
        for line in tables["records"]:
            if line["field"] == "tie" and line["round"] == round:
                one = slot_of[line["player"]]
                said = json.loads(line["value"])
                assert set(said) == set(offered[one])
                for other, wish in said.items():
                    change = expected.add if wish == "Connected" else expected.discard
                    change((one, other))
                    change((other, one))
        assert networks[next_round] == expected
    for round, ties in networks.items():
        gave = {
            slot_of[line["player"]]
            for line in tables["records"]
            if line["field"] == "move" and line["round"] == round and line["value"] == GIVE
        }
        points = {
            line["slot"]: int(line["value"])
            for line in tables["results"]
            if line["name"] == "points" and line["round"] == round
        }
        for slot, earned in points.items():
            near = {other for one, other in ties if one == slot}
            assert earned == 100 * len(near & gave) - (50 * len(near) if slot in gave else 0)
