"""The wall between channels, whoever is in them: on no way to a page does anybody read what is not for them."""

from __future__ import annotations

import asyncio
import random
import re
from uuid import uuid4

from app.database.connections import Connection
from app.export.person import in_words, person_numbered
from app.export.verify import verify
from app.rooms import messages
from app.rooms.channels import area_of
from app.rooms.messages import NewMessage
from app.study.model.channels import Channel
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.album import Album
from tests.house.conducting import conduct
from tests.house.crowd import come, seat
from tests.house.house import House
from tests.house.studies import as_files

SEATS, SEEDS = 6, range(2)


def test_nobody_reads_what_is_not_for_them_whoever_is_in_which_channel(house: House) -> None:
    for seed in SEEDS:
        chance = random.Random(seed)
        study, hooks = _made_up(chance)
        session = house.open_study(study, {"red": 3, "blue": 3})
        come(house, session, *session.tokens)
        seat(house, session)
        conduct(house)
        people = dict(house.sql("select slot, id from player where session_id = %s", session.id))
        assert sorted(people) == list(range(1, SEATS + 1))
        inside = _inside(house, session.id, study, hooks)
        ties = set(
            house.sql(
                "select from_slot, to_slot from tie t join room r on r.id = t.room_id where r.session_id = %s",
                session.id,
            )
        )
        album = Album(house, session.id, study, list(people.values()))
        wanted: dict[str, set[int]] = {}
        for nth in range(40):
            channel, by = chance.choice(study.steps[0].talks), chance.choice(list(people))
            to = chance.choice([None, *people]) if channel.of == "direct" else None
            body = f"said {seed}.{nth} here"
            readers = _readers(channel, by, to, inside[channel.name], ties)
            stored = _say(house, study, people[by], channel, to, body)
            assert stored == (readers is not None), (study.steps[0].channels, channel, by, to)
            if readers is not None:
                wanted[body] = readers
        album.keep()
        for slot, player in people.items():
            mine = {body for body, readers in wanted.items() if slot in readers}
            [page] = album.of(player)
            assert set(re.findall(r"said [\d.]+ here", page)) == mine
            assert _told_live(house, session.id, study, slot) == mine
            own = set(re.findall(r"said [\d.]+ here", _export(house, session.id, study, player)))
            by_them = {body for (body,) in house.sql("select body from message where player_id = %s", player)}
            assert own == by_them
        album.look_at_again()
        verdict = asyncio.run(verify(house.database, session.id, study))
        assert verdict.ok, str(verdict)


def _made_up(chance: random.Random) -> tuple[Study, dict[str, set[int]]]:
    """A study with channels by chance, and who its hooks let in."""
    hooks: dict[str, set[int]] = {}
    channels = []
    for nth in range(chance.randint(2, 6)):
        slots = sorted(chance.sample(range(1, SEATS + 1), chance.randint(1, SEATS)))
        hooks[f"h{nth}"] = {*slots}
        who = chance.choice(
            ["", f", slots = {slots}", ', types = ["red"]', ', role = "a"', f', hook = "h{nth}"']
        )
        of = chance.choice(["room", "neighbours", "direct"])
        read = ', read = "room"' if who and of != "direct" and chance.random() < 0.4 else ""
        channels.append(f'{{name = "c{nth}", of = "{of}"{who}{read}}}')
    toml = f"""
title = "Walls"
[[room]]
name = "six"
seats = {{red = 3, blue = 3}}
[role]
deal = {{a = 3, b = 3}}
[network]
kind = "{chance.choice(["ring", "complete", "star"])}"
[[step]]
page = "talk"
limit = "1h"
chat = [{", ".join(channels)}]
fields = [{{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}}]
"""
    source = "".join(
        f"def {name}(room):\n    return {{slot: slot in {slots} for slot in room.slots}}\n"
        for name, slots in hooks.items()
    )
    return parse(as_files(toml, source)), hooks


def _inside(house: House, session_id: str, study: Study, hooks: dict[str, set[int]]) -> dict[str, set[int]]:
    """Channel → who is in it, by the list of people, the roles that were dealt, and what the hooks say."""
    everybody = set(range(1, SEATS + 1))
    reds = {
        slot
        for (slot,) in house.sql("select slot from player where session_id = %s and type = 'red'", session_id)
    }
    dealt = house.sql(
        "select slot from result where session_id = %s and name = 'role' and value = 'a'", session_id
    )
    found = {}
    for one in study.steps[0].channels:
        by_role = {slot for (slot,) in dealt} if one.role else everybody
        found[one.name] = {*one.slots} or (reds if one.types else hooks[one.hook] if one.hook else by_role)
    return found


def _readers(
    channel: Channel, by: int, to: int | None, inside: set[int], ties: set[tuple[int, int]]
) -> set[int] | None:
    """Who reads what is written so; None: it can't be written."""
    if by not in inside or (channel.of == "direct") != (to is not None) or to == by:
        return None
    near = set(range(1, SEATS + 1)) if channel.of == "room" else {a for a, b in ties if b == by}
    may = near & (set(range(1, SEATS + 1)) if channel.read == "room" else inside)
    if to is not None:
        return {by, to} if to in may else None
    return may | {by}


def _say(house: House, study: Study, player: int, channel: Channel, to: int | None, body: str) -> bool:
    async def work(conn: Connection) -> bool:
        cursor = await conn.execute("select room_id from player where id = %s", [player])
        (room_id,) = await cursor.fetchone() or (0,)
        new = NewMessage(player, room_id, to, "talk", channel, body, str(uuid4()))
        return await messages.store(conn, [new], most=1000) != [None]

    return house.do(work)


def _told_live(house: House, session_id: str, study: Study, slot: int) -> set[str]:
    """What a live page of this slot is sent, of all that was said."""

    async def work(conn: Connection) -> set[str]:
        cursor = await conn.execute("select id from message where session_id = %s", [session_id])
        found = await messages.find_messages(conn, [id for (id,) in await cursor.fetchall()])
        step = study.steps[0]
        return {one.body for one in found.values() if slot in one.readers and area_of(one, step, slot)}

    return house.read(work)


def _export(house: House, session_id: str, study: Study, player: int) -> str:
    async def work(conn: Connection) -> str:
        person = await person_numbered(conn, session_id, player)
        assert person is not None
        return await in_words(conn, study, person)

    return house.read(work)
