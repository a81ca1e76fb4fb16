"""A study with solo steps on both sides of its room, and people who go through it without a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from uuid import uuid4

from app.database.connections import Connection
from app.players import pay, players, quotas
from app.players.quotas import Guest
from app.rooms import decisions, dropouts, lobby, messages, parts, records, rooms
from app.rooms.messages import NewMessage
from app.rooms.receipts import Receipt
from app.rooms.records import Answer, form_id
from app.sessions import arrivals
from app.study.hooks.pool import Hooks
from app.study.model.study import Study
from app.study.stored import read_study
from tests.house.house import House, Opened
from tests.house.solo import SOLO, solo_files
from tests.house.studies import NEAR, changed

MORE = """
[[quota]]
field = "age"
min = 18
max = 99
most = 99
[pay]
base = 4.00
currency = "EUR"
per_point = 0.05
[[treatment]]
name = "framing"
levels = ["gain", "loss"]
[[treatment]]
name = "hat"
levels = ["tall", "flat"]
at = "door"
"""
GUESS = '{name = "guess", ask = "Who will the other be?", kind = "text", required = false}'
# With a chat, a question in words beside the quiz, treatments, a quota and pay
STUDY = reduce(
    lambda toml, change: changed(toml, *change),
    (
        ('hint = "Two hats."},', f'hint = "Two hats."}},\n    {GUESS},'),
        ('max_wait = "10m"', 'max_wait = "10m"\npay_per_minute = 0.15'),
        ('limit = "1h"', 'limit = "1h"\nchat = "neighbours"'),
        ('of = "me"}', 'of = "me"}, {field = "guess", of = "me"}'),
    ),
    SOLO + MORE,
)
SURVEY = """
title = "Alone"
[[before]]
page = "about"
fields = [{name = "mood", ask = "How are you?", kind = "integer", min = 1, max = 7}]
[[after]]
page = "bye"
"""
# What gets somebody who agrees and is right through each page, in the order of the plan
BEFORE: tuple[Mapping[str, str], ...] = (
    {"agree": "yes"},
    {"clicked": "yes"},
    {"size": "2", "guess": "a Grandmaster"},
)
AFTER: tuple[Mapping[str, str], ...] = ({"mood": "6"}, {"why": "the other was Kind"})


@dataclass
class Alone:
    """One session of such a study. People are known by their numbers."""

    house: House
    opened: Opened
    study: Study
    hooks: Hooks = field(default_factory=Hooks)

    @property
    def session_id(self) -> str:
        return self.opened.id

    def comes(self, label: str, **entry: str) -> int:
        async def work(conn: Connection) -> int:
            query = "select id from player where session_id = %s and label = %s"
            [(player,)] = await (await conn.execute(query, [self.session_id, label])).fetchall()
            await quotas.come_in(conn, self.session_id, self.study, [Guest(player, {"age": "30"} | entry)])
            await arrivals.begin(conn, self.session_id, self.study, [player])
            return int(player)

        return self.house.do(work)

    def says(self, player: int, values: Mapping[str, str], goes_on: bool = True) -> Receipt:
        """On the page that is open to them; then what has to moves on."""

        async def work(conn: Connection) -> Receipt:
            room = await rooms.find_room(conn, await place(conn, player))
            said = tuple(values.items())
            form = form_id(player, uuid4().hex, said)
            (receipt,) = await records.store(
                conn, [Answer(player, room.id, room.step, room.round, said, form)]
            )
            assert receipt is not None
            return receipt

        receipt = self.house.do(work)
        if goes_on:
            self.moves_on()
        return receipt

    def through(self, player: int, *pages: Mapping[str, str]) -> None:
        for values in pages:
            self.says(player, values)

    def moves_on(self) -> None:
        """Whatever is due: as the conductor does it."""

        async def work(conn: Connection) -> None:
            while due := await rooms.claim_due(conn, self.session_id, [], True, 1):
                await decisions.move_on(conn, self.hooks, self.study, due[0])

        self.house.do(work)

    def seat(self) -> int:
        return self.house.do(lambda conn: lobby.seat(conn, self.session_id, self.study))

    def declines(self, player: int) -> None:
        async def work(conn: Connection) -> None:
            room = await rooms.find_room(conn, await place(conn, player))
            await dropouts.decline(conn, self.study, room.id, room.position)

        self.house.do(work)

    def withdraws(self, player: int) -> None:
        self.house.do(lambda conn: dropouts.withdraw(conn, player, self.study))

    def waits_in_vain(self, player: int) -> None:
        self.house.do(lambda conn: parts.leave_lobby(conn, self.study, [player], "lobby"))

    def chats(self, player: int, body: str) -> None:
        async def work(conn: Connection) -> None:
            new = NewMessage(player, await place(conn, player), None, "talk", NEAR, body, str(uuid4()))
            await messages.store(conn, [new])

        self.house.do(work)

    def earns(self, player: int, amount: int) -> None:
        """By the page that is open to them."""

        async def work(conn: Connection) -> None:
            room = await rooms.find_room(conn, await place(conn, player))
            found = await players.find_player(conn, player)
            alone = room.player_id is not None
            slot = 1 if alone or found is None or found.slot is None else found.slot
            await pay.earn(conn, room.id, room.position, {slot: amount}, "hook payoff", alone)

        self.house.do(work)

    def status(self, player: int) -> str:
        [(status, outcome)] = self.house.sql("select status::text, outcome from player where id = %s", player)
        return f"{status} {outcome or ''}".strip()


async def place(conn: Connection, player: int) -> int:
    """The room in which somebody is, alone or with others."""
    alone = await parts.solo_room_of(conn, player)
    if alone is not None:
        return alone
    found = await players.find_player(conn, player)
    assert found is not None and found.room_id is not None
    return found.room_id


def open_alone(house: House, people: int = 8, toml: str = STUDY, start: bool = True) -> Alone:
    """Nobody has come yet."""
    opened = house.open_files(solo_files(toml), {"red": people}, start)
    return Alone(house, opened, house.do(lambda conn: read_study(conn, opened.id)))


def a_session_alone_and_together(house: House) -> tuple[Alone, dict[str, int]]:
    """Each way through: done, after, a room that plays, the lobby, out before it in three ways, and who never came."""
    alone = open_alone(house, 11)
    who = {label: alone.comes(label) for label in [*alone.opened.tokens][:10]}
    done, slow, left, stays, in_lobby, declined, failed, reads, vain, withdrawn = who.values()
    alone.declines(declined)
    alone.through(
        failed, *BEFORE[:2], {"size": "4", "guess": "nobody"}, {"size": "4", "guess": "still nobody"}
    )
    alone.says(reads, BEFORE[0])
    alone.withdraws(withdrawn)
    alone.through(done, *BEFORE[:2], {"size": "4", "guess": "=a Robot"}, BEFORE[2])
    alone.through(slow, *BEFORE)
    alone.seat()
    alone.through(vain, *BEFORE)
    alone.waits_in_vain(vain)
    for player in (left, stays, in_lobby):
        alone.through(player, *BEFORE)
    alone.seat()
    alone.chats(done, "Hello, Kind one")
    alone.earns(done, 10)
    alone.says(done, {"belief": "70"})
    alone.says(slow, {"belief": "20"})
    alone.says(done, AFTER[0], goes_on=False)
    alone.earns(done, 5)
    alone.moves_on()
    alone.says(done, AFTER[1])
    alone.says(slow, AFTER[0])
    alone.withdraws(left)
    return alone, who
