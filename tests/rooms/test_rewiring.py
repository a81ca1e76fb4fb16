"""Stories of networks that change between rounds, and of ties that go one way."""

from __future__ import annotations

import asyncio
import csv
import re
from pathlib import Path

from app.database.connections import Connection
from app.export import export
from app.export.verify import verify
from app.rooms import ties
from app.study.model.networks import read_ties
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.pages import shown, words
from tests.house.server import Server
from tests.house.studies import as_files
from tests.house.table import at_the_table
from tests.house.waits import until

ROOM = """
title = "Networks"
[[room]]
name = "four"
seats = {any = 4}
%s
[[step]]
page = "talk"
repeat = 3
limit = "60s"
chat = "neighbours"
fields = [{name = "guess", ask = "How many?", kind = "integer", min = 0, max = 100}]
show = [{field = "guess"}]
"""
NEW_PAIRS = '[network]\nkind = "pairs"\neach_round = "new"'
LISTED = '[network]\nedges = "ties.csv"\ndirected = true'
TIES = "from,to,weight,round\n1,2,0.5,\n2,3,2,\n3,2,2,\n,,,2\n"


def files(network: str, **tables: str) -> dict[str, bytes]:
    found = as_files(ROOM % network)
    return found | {f"{name}.csv": table.encode() for name, table in tables.items()}


async def all_answer(table: dict[int, Guest], guesses: dict[int, str], round: int) -> None:
    """Everybody, and then the next round has begun."""
    for slot, guess in guesses.items():
        await table[slot].answer({"guess": guess})

    async def there() -> bool:
        return f"round {round} of 3" in await table[1].page()

    await until(there, f"round {round}")


def with_whom(page: str) -> str:
    """What stands above the talk."""
    [found] = re.findall(r'<h2 id="with">(.*?)</h2>', page, re.DOTALL)
    return words(found)


def test_in_new_pairs_each_talks_with_somebody_else_each_round(shared: House, server: Server) -> None:
    content = files(NEW_PAIRS)
    session = shared.open_files(content, {"x": 4})
    ada = shared.researcher(server)
    partners: dict[int, list[str]] = {}

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        guesses = {slot: str(slot * 10) for slot in table}
        async with table[1].watching() as stream:
            for round in (1, 2, 3):
                for slot, guest in table.items():
                    partners.setdefault(slot, []).append(with_whom(await guest.page()))
                    await guest.say(f"round {round} from {slot}")
                if round < 3:
                    await all_answer(table, guesses, round + 1)
                    await stream.until(
                        lambda text: partners[1][-1] not in text.rpartition('id="with"')[2], "new"
                    )
            # Slot 1 met 4, 3 and 2: it reads what each said to it then, and not what they said to others.
            said = [f"round 1 from {met}" for met in (1, 4)] + [f"round 2 from {met}" for met in (1, 3)]
            said += [f"round 3 from {met}" for met in (1, 2)]
            await stream.until(lambda _: len(stream.talk) == 6, "the third round's talk")
            assert sorted(stream.talk) == sorted(said)
        page = (await table[1].browser.get("/play")).text
        assert re.findall(r"round \d from \d", page) == stream.talk
        assert "Birch 20" in shown(page) and "Dogwood" not in shown(page)
        room = (await ada.get(f"/admin/sessions/{session.id}/rooms/{room_of(shared, session)}")).text
        assert "another network from talk 3 on, by the study" in words(room)

    shared.tell(story())
    assert partners[1] == [f"You talk with {name}" for name in ("Dogwood", "Cedar", "Birch")]
    assert partners[4] == [f"You talk with {name}" for name in ("Ash", "Birch", "Cedar")]
    assert [line["ties"] for line in exported(shared, session, parse(content), "networks")] == ["4"] * 3
    lines = exported(shared, session, parse(content), "ties")
    first = [(line["round"], line["to"]) for line in lines if line["from"] == "1"]
    assert first == [("1", "4"), ("2", "3"), ("3", "2")]
    holds(shared, session, parse(content))


def test_who_is_seen_need_not_see_and_a_round_may_have_no_ties(shared: House, server: Server) -> None:
    content = files(LISTED, ties=TIES)
    session = shared.open_files(content, {"x": 4})
    ada = shared.researcher(server)

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        heads = {slot: with_whom(await guest.page()) for slot, guest in table.items()}
        assert heads[1] == "Whose messages you read: Birch. Nobody reads what you write."
        assert heads[2] == "Whose messages you read: Cedar. Who reads what you write: Ash and Cedar."
        assert heads[3] == "You talk with Birch"
        assert heads[4] == "Nobody is connected with you"
        assert 'id="send"' not in await table[1].page() and 'id="send"' in await table[2].page()
        async with table[1].watching() as one, table[3].watching() as three, table[4].watching() as four:
            await table[3].say("only for two")
            await table[2].say("for one and three")
            await one.until(lambda text: "for one and three" in text, "what slot 2 said")
            await three.until(lambda text: "for one and three" in text, "what slot 2 said")
            room = (await ada.get(f"/admin/sessions/{session.id}/rooms/{room_of(shared, session)}")).text
            assert re.findall(r'stroke-width="([\d.]+)"( marker-end)?', room) == [
                *(("1.6", " marker-end"), ("4.0", ""))
            ]
            assert "Ash" in words(room) and "2 (0.5)" in words(room)
            form = await table[2].form("/play/messages")
            await all_answer(table, dict.fromkeys(table, "7"), 2)
            for stream in (one, three):
                await stream.until(
                    lambda text: "Nobody is connected with you" in text, "nobody left to talk with"
                )
            assert "only for two" not in one.text and four.talk == []
        refused = await table[2].browser.post("/play/messages", {**form, "body": "to you alone", "to": "1"})
        assert refused.status >= 400
        assert shown((await table[1].browser.get("/play")).text) == ""

    shared.tell(story())
    networks = exported(shared, session, parse(content), "networks")
    assert [(line["position"], line["round"], line["ties"]) for line in networks] == [
        *(("0", "1", "3"), ("1", "2", "0"))
    ]
    holds(shared, session, parse(content))


def test_a_network_is_given_once_for_each_position_and_told_of_before_its_step(
    shared: House, server: Server
) -> None:
    content = files('[network]\nkind = "ring"')
    silent = content["study.toml"].replace(
        b'show = [{field = "guess"}]\n', b""
    )  # else pages are read again anyway
    session = shared.open_files(content := content | {"study.toml": silent}, {"x": 4})
    study = parse(content)

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        assert with_whom(await table[1].page()) == "You talk with Birch and Dogwood"
        async with table[1].watching() as stream:
            await asyncio.to_thread(shared.do, rewire)
            await all_answer(table, dict.fromkeys(table, "7"), 2)
            await stream.until(lambda text: "You talk with Cedar" in text, "the new neighbour")
        assert with_whom(await table[2].page()) == "Nobody is connected with you"

    async def rewire(conn: Connection) -> None:
        """As a hook's network is stored, from the next step on."""
        given = read_ties([(1, 3)], 4, directed=False)
        await ties.rewire(conn, [ties.Wiring(room_of(shared, session), study.plan[1], given, "hook wire")])

    shared.tell(story())
    events = shared.sql(
        """select name, data->>'made_by', data->'ties' from event where log_id = (select id from log where room_id = %s)
        and name in ('network_rewired', 'step_opened') order by seq""",
        room_of(shared, session),
    )
    assert events == [
        ("network_rewired", "hook wire", [[1, 3, 1], [3, 1, 1]]),
        ("step_opened", None, None),
    ]
    holds(shared, session, study)


def room_of(house: House, session: Opened) -> int:
    [(room,)] = house.sql("select id from room where session_id = %s", session.id)
    return int(room)


def exported(house: House, session: Opened, study: Study, name: str) -> list[dict[str, str]]:
    folder: Path = house.folder / f"{session.id}-{name}"
    asyncio.run(export.write_folder(house.database, session.id, study, folder))
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def holds(house: House, session: Opened, study: Study) -> None:
    verdict = asyncio.run(verify(house.database, session.id, study))
    assert verdict.ok, str(verdict)
    assert house.contradictions(session) == []
