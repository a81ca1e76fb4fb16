"""A session in which much has happened, and what people write that breaks careless files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from uuid import uuid4

from app.database.connections import Connection
from app.players import notes, pay, players
from app.players.people import Person
from app.rooms import dropouts, late_claims, lobby, messages, records, rooms, takeovers
from app.rooms.messages import NewMessage
from app.rooms.receipts import Receipt
from app.rooms.records import Answer, form_id
from app.sessions import actions
from app.study.model.study import Study
from app.study.stored import read_study
from tests.house.house import House
from tests.house.studies import NEAR

# Written as a rule would, at a moment when it has no reason to.
NUDGE = "update player set nudged_at = clock_timestamp() where id = any(%(player_ids)s)"
STUDY = """
title = "Lively"
[entry]
fields = [
    {name = "age", ask = "Your age", kind = "integer"},
    {name = "outcome", ask = "=What do you expect?", kind = "text", required = false},
]
[[room]]
name = "mixed"
seats = {red = 2, blue = 2}
count = 2
[[room]]
name = "plain"
seats = {any = 4}
after = "5m"
[lobby]
pay_per_minute = 0.15
[pay]
base = 4.00
currency = "EUR"
per_point = 0.05
[network]
kind = "ring"
[[step]]
page = "talk"
repeat = 3
limit = "60s"
chat = "neighbours"
fields = [
    {name = "belief", ask = "How sure are you, from \\"0\\" to 100?", kind = "number"},
    {name = "why", ask = "Why?", kind = "text", required = false},
]
[finish]
codes = {complete = "=DONE", lobby = "C2", partner_left = "C3", withdrawn = "C4", closed = "C5"}
"""
NASTY = (
    *("=1+1", "+x", "-x", "@y", "-5", "+5", "-.5e-3", "-5,5", "5-", "'=1+1", "''@y", "'tis", "'-5", "=", "-"),
    *(
        '"quoted"',
        'a "b" c',
        "comma, comma",
        "two\nlines",
        "=two\nlines",
        "\n",
        "",
        " ",
        "\\.",
        "NULL",
        "tab\there",
    ),
    *(
        "مرحبا، كيف الحال",
        "שלום, עולם",
        "👩‍👩‍👧 🎉",
        "ＡＢＣ＝",
        "é",
        "\u202eevil",
        "\ufeffmark",
        "100%",
        "%s {x}",
        "a;b",
    ),
)


@dataclass
class Lively:
    house: House
    session_id: str
    tokens: Mapping[str, str]
    study: Study

    def comes(self, label: str, **entry: str) -> int:
        """Signs in; returns the player's number."""

        async def work(conn: Connection) -> int:
            (player,) = await players.sign_in(conn, [players.Arrival(self.tokens[label], entry)])
            assert player is not None
            return player.id

        return self.house.do(work)

    def seat(self) -> int:
        return self.house.do(lambda conn: lobby.seat(conn, self.session_id, self.study))

    def answers(self, player: int, round: int, belief: str = "50", why: str = "") -> Receipt:
        return self.house.do(lambda conn: self.answer(conn, player, round, belief, why))

    async def answer(
        self, conn: Connection, player: int, round: int, belief: str = "50", why: str = ""
    ) -> Receipt:
        found = await players.find_player(conn, player)
        assert found is not None
        assert found.room_id is not None
        said = (("belief", belief), ("why", why))
        form = form_id(player, uuid4().hex, said)
        (receipt,) = await records.store(conn, [Answer(player, found.room_id, "talk", round, said, form)])
        assert receipt is not None
        return receipt

    async def say(self, conn: Connection, player: int, body: str, to: int | None = None) -> int:
        found = await players.find_player(conn, player)
        assert found is not None
        assert found.room_id is not None
        # Nobody may say more than some things at once: then it is some time after them.
        await conn.execute(
            """update message set at = at - interval '10 s' where player_id = %(id)s and %(most)s <= (
                select count(*) from message where player_id = %(id)s and at > now() - interval '10 s')""",
            dict(id=player, most=messages.MOST),
        )
        (number,) = await messages.store(
            conn,
            [NewMessage(player, found.room_id, to, "talk", NEAR, body, str(uuid4()))],
        )
        assert isinstance(number, int)
        return number

    def moves_to(self, room_of: int, round: int) -> None:
        """The room of this player goes on to this round."""

        async def work(conn: Connection) -> None:
            found = await players.find_player(conn, room_of)
            assert found is not None
            assert found.room_id is not None
            await rooms.advance(conn, self.study, [(found.room_id, self.study.plan[round - 1])])

        self.house.do(work)

    def withdraws(self, player: int) -> None:
        self.house.do(lambda conn: dropouts.withdraw(conn, player, self.study))

    def neighbour(self, player: int) -> int:
        """The slot of somebody who sees this player."""
        return int(
            self.house.sql(
                """select min(t.from_slot) from player p join tie t on t.room_id = p.room_id and t.to_slot = p.slot
                where p.id = %s""",
                player,
            )[0][0]
        )


def open_lively(house: House, people: int = 10) -> Lively:
    """Nobody has come yet."""
    labels = ["=SUM(A1)", 'Ana, the "first"', "عمر", *(f"P{number}" for number in range(4, people + 1))]
    types = ["red", "blue"]
    invited = [
        Person(uuid4().hex, label, types[n % 2], {"wave": NASTY[-n]} if n else {})
        for n, label in enumerate(labels)
    ]
    opened = house.open(STUDY, invited)
    study = house.do(lambda conn: read_study(conn, opened.id))
    return Lively(house, opened.id, opened.tokens, study)


def a_lively_session(house: House) -> tuple[Lively, dict[str, int]]:
    """Two rooms of four, one player who waits, one who never came; and the numbers of those who came.

    Versions, late answers, answers that all came late, messages to one and to all, earnings, somebody who withdrew.
    """
    lively = open_lively(house)
    *come, _ = lively.tokens
    who = {label: lively.comes(label, age="44", outcome=NASTY[n]) for n, label in enumerate(come)}
    assert lively.seat() == 8
    first, second, *others = who.values()
    tell_to = lively.neighbour(first)

    async def before(conn: Connection) -> None:
        for number, text in enumerate(NASTY):
            await lively.answer(conn, first, 1, belief=str(number), why=text)
        await lively.answer(conn, second, 1, belief="1", why="well before the bell")

    async def past(conn: Connection) -> None:
        room = await room_of(conn, second)
        await conn.execute("update room set deadline = now() - interval '1 s' where id = %s", [room.id])
        late = await lively.answer(conn, second, 2, belief="2", why="when the time was up")
        assert await late_claims.put_claim(conn, second, late.records, room.position, 90)
        await lively.answer(conn, second, 2, belief="3", why="once more")
        await conn.execute("update room set deadline = %s where id = %s", [room.deadline, room.id])

    async def after(conn: Connection) -> None:
        await lively.answer(conn, second, 1, belief="4", why="too late")
        for text in filter(str.strip, NASTY):
            await lively.say(conn, first, text)
        await lively.say(conn, first, "psst", to=tell_to)
        await notes.ask(conn, lively.session_id, first, "=help()", "in the room", "form-1")
        await notes.tell(conn, lively.session_id, first, "ada", "Wait a moment", "form-2")
        await notes.tell_everybody(conn, lively.session_id, "ada", "", "form-3")
        for player, text in zip(others[:5], NASTY[:5], strict=True):
            await lively.answer(conn, player, 1, why=text)

    async def settle(conn: Connection) -> None:
        for player in (second, others[4]):
            found = await players.find_player(conn, player)
            assert found is not None and found.room_id is not None
            thirds = {slot: Decimal(10 * slot) / 3 for slot in range(1, 5)}
            await pay.earn(conn, found.room_id, 0, thirds, "hook payoff")

    house.do(before)
    lively.moves_to(second, 2)
    house.do(past)
    house.do(settle)
    house.do(after)
    lively.withdraws(others[4])
    return lively, who


def an_eventful_session(house: House) -> Lively:
    """What can happen to a session, a room and a player, each at least once."""
    lively = open_lively(house, 14)
    session_id, study = lively.session_id, lively.study
    who = {label: lively.comes(label) for label in [*lively.tokens][:9]}
    assert lively.seat() == 8
    first, second, third, *_ = who.values()
    late = {label: lively.comes(label) for label in ("P10", "P11", "P12")} | {"P9": who["P9"]}
    heirs = [late["P11"], late["P9"], late["P10"]]

    async def act(conn: Connection) -> None:
        room = await room_of(conn, first)
        await actions.extend(conn, session_id, room.id, room.position, 0, 30, "ada")
        await actions.retype(conn, session_id, study, late["P10"], "red", "ada")
        await actions.dismiss(conn, session_id, study, late["P12"], "lobby", "ada")

    async def pause(conn: Connection) -> None:
        await actions.pause(conn, session_id, "ada")

    async def resume(conn: Connection) -> None:
        await actions.resume(conn, session_id, "ada")

    house.do(act)
    lively.answers(first, 1)
    house.do(pause)
    lively.comes("P13")
    house.do(resume)
    lively.seat()

    async def act_again(conn: Connection) -> None:
        room = await room_of(conn, first)
        for leaves, takes in pairwise([first, *heirs]):
            await actions.replace(conn, session_id, study, leaves, takes, "withdrawn", "ada")
        await actions.advance(conn, session_id, study, room.id, 0, "ada")
        await actions.issue(conn, session_id, study, first, "complete", "ada")
        never = await _player(conn, session_id, "P14")
        await actions.issue(conn, session_id, study, never, "lobby", "ada")

    house.do(act_again)
    lively.answers(heirs[-1], 2)
    lively.answers(heirs[-1], 1)  # late
    house.do(lambda conn: lively.say(conn, heirs[-1], "Hello"))

    async def earn(conn: Connection) -> None:
        room = await room_of(conn, third)
        await pay.earn(conn, room.id, 0, {slot: Decimal("1.25") for slot in range(1, 5)}, "payoff")

    house.do(earn)

    async def silent(conn: Connection) -> None:
        room = await room_of(conn, third)
        playing = [seat for seat in (await rooms.view(conn, room.id)).seats if seat.status == "playing"]
        ids = [seat.player_id for seat in playing if seat.player_id is not None]
        await conn.execute(NUDGE, dict(player_ids=ids))
        await dropouts.come_back(conn, ids[0])
        leaver = await players.find_player(conn, ids[1])
        assert leaver is not None
        await takeovers.give_to_bot(conn, leaver)

    house.do(silent)
    lively.withdraws(second)

    async def end_one(conn: Connection) -> None:
        room = await room_of(conn, third)
        await actions.end_room(conn, session_id, study, room.id, "ada")

    house.do(end_one)
    return lively


async def room_of(conn: Connection, player: int) -> rooms.Room:
    [(room_id,)] = await (await conn.execute("select room_id from player where id = %s", [player])).fetchall()
    return await rooms.find_room(conn, room_id)


async def _player(conn: Connection, session_id: str, label: str) -> int:
    query = "select id from player where session_id = %s and label = %s"
    [(player_id,)] = await (await conn.execute(query, [session_id, label])).fetchall()
    return int(player_id)
