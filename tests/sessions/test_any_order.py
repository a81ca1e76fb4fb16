"""Any order of arrivals, answers, silence, time-outs, pauses, actions and killed processes: what must hold, holds.

Hypothesis draws the orders, on the real database and through the functions that the server calls. The conductor is
run by hand, so that an order that fails can be told again. `NETWORKLAB_ORDERS=300` draws so many.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.database.connections import Connection, connect, open_pool
from app.export import payments
from app.export.verify import verify
from app.players.people import Person
from app.replay import check
from app.rooms import dropouts, handling, lobby, messages, moves, parts, records, rooms
from app.rooms.handling import MovesTaken
from app.rooms.messages import NewMessage, TooFast
from app.rooms.moves import NewMove
from app.rooms.receipts import Receipt
from app.rooms.records import Answer, form_id
from app.sessions import actions
from app.sessions.actions import ACTIONS
from app.sessions.arrivals import EntryForm, sign_in
from app.sessions.conductor import Conductor
from app.sessions.sessions import SessionError, open_session
from app.study.hooks.networklab import unpack
from app.study.model.fields import Field
from app.study.model.study import Study
from app.study.reading import parse
from app.study.stored import Studies
from tests.house.database import CONTRADICTIONS
from tests.house.studies import PAGE

T = TypeVar("T")
PEOPLE = 7
MANY = 10**6  # moves of one person within ten seconds
STUDY = """
title = "Any order"
types = ["red", "blue"]
[[room]]
name = "mixed"
seats = {red = 1, blue = 1}
[[room]]
name = "any"
seats = {any = 3}
after = "30s"
bots_after = "60s"
[lobby]
max_wait = "2m"
pay_per_minute = 0.15
[pay]
base = 2.00
currency = "EUR"
[[step]]
page = "talk"
name = "read"
limit = "20s"
wait_for = "none"
fields = [{name = "ready", ask = "Ready?", kind = "yes_no"}]
[[step]]
page = "talk"
repeat = 2
limit = "30s"
chat = "neighbours"
on_timeout = "keep"
wait_for = 0.6
fields = [{name = "gave", ask = "How much?", kind = "integer", min = 0, max = 20}]
on_end = "settle"
results = [{name = "payoff", ask = "You earned", kind = "number"}]
score = "pay"
[[step]]
page = "talk"
name = "first_only"
repeat = 2
limit = "30s"
when = "first"
fields = [{name = "word", ask = "A word", kind = "text"}]
"""
HOOKS = b"""
from decimal import Decimal
from functools import partial

def settle(room):
    gave = room.said("gave")
    return {"payoff": {slot: 20 - own + Decimal(sum(gave.values())) / 3 for slot, own in gave.items()}}

def pay(room):
    return room.said("payoff")

def first(room):
    return {1}
"""
# Who falls silent, stands by, finds it full; networks that change with each round; steps for some only.
SILENT = """
title = "Who falls silent"
types = ["red", "blue"]
[entry]
fields = [{name = "age", ask = "Age?", kind = "integer", min = 18, max = 99}]
[[quota]]
field = "age"
min = 60
most = 2
[[treatment]]
name = "frame"
levels = ["gain", "loss"]
[[treatment]]
name = "rank"
levels = ["high", "low"]
by = "player"
within = "room"
[[room]]
name = "pair"
seats = {red = 1, blue = 1}
count = 1
[[room]]
name = "three"
seats = {any = 3}
count = 1
after = "30s"
[standby]
places = 2
until = "90s"
[lobby]
max_wait = "2m"
pay_per_minute = 0.15
[pay]
base = 2.00
currency = "EUR"
outcomes = {dropped = 0.50, full = 0.20}
[network]
kind = "random"
chance = 0.5
each_round = "new"
[dropout]
silent = "20s"
grace = "10s"
then = ["nudge", "standby", "bot"]
[[step]]
page = "talk"
repeat = 3
limit = "60s"
chat = "room"
on_timeout = "default:3"
fields = [{name = "gave", ask = "How much?", kind = "integer", min = 0, max = 20}]
[[step]]
page = "talk"
name = "high_only"
limit = "45s"
only = {rank = "high"}
fields = [{name = "word", ask = "A word", kind = "text"}]
dropout = {silent = "15s", then = ["standby", "smaller"]}
[[step]]
page = "talk"
name = "last"
limit = "45s"
fields = [{name = "ready", ask = "Ready?", kind = "yes_no"}]
dropout = {silent = "15s", then = ["nudge", "end_room"]}
"""
# Rooms that ask before they open.
ASKING = """
title = "Who is ready"
types = ["red", "blue"]
[[room]]
name = "pair"
seats = {any = 2}
[lobby]
max_wait = "2m"
ready = "20s"
[pay]
base = 2.00
currency = "EUR"
[[step]]
page = "talk"
limit = "60s"
chat = "room"
fields = [{name = "gave", ask = "How much?", kind = "integer", min = 0, max = 20}]
"""
# Who goes through pages alone, before the lobby and after the room.
ALONE = """
title = "Alone and together"
types = ["red", "blue"]
[entry]
fields = [{name = "age", ask = "Age?", kind = "integer", min = 18, max = 99}]
[[quota]]
field = "age"
min = 60
most = 2
[[treatment]]
name = "hat"
levels = ["tall", "flat"]
at = "door"
within = "type"
[[before]]
page = "talk"
name = "consent"
fields = [{name = "agree", ask = "I take part.", kind = "tick"}]
decline = "declined"
[[before]]
page = "talk"
name = "quiz"
attempts = 2
limit = "40s"
then = "screened_out"
fields = [{name = "size", ask = "How many?", kind = "integer", min = 1, max = 2, correct = "2"}]
[[before]]
page = "talk"
name = "tall_only"
limit = "40s"
only = {hat = "tall"}
[[room]]
name = "pair"
seats = {any = 2}
[lobby]
max_wait = "2m"
pay_per_minute = 0.15
[pay]
base = 2.00
currency = "EUR"
[dropout]
then = ["end_room"]
[[step]]
page = "talk"
limit = "60s"
chat = "room"
fields = [{name = "gave", ask = "How much?", kind = "integer", min = 0, max = 20}]
[[after]]
page = "talk"
name = "about"
also = ["partner_left", "lobby"]
limit = "40s"
on_timeout = "default:3"
fields = [{name = "mood", ask = "How was it?", kind = "integer", min = 1, max = 7, required = false}]
[[after]]
page = "talk"
name = "bye"
limit = "40s"
fields = [{name = "why", ask = "Why?", kind = "text", required = false}]
"""
# Who has what is theirs to sell, as often as they like and to anybody, with a step of answers in between.
EXCHANGE = """
title = "Who buys what"
types = ["red", "blue"]
[[room]]
name = "three"
seats = {any = 3}
bots_after = "60s"
people = 2
[lobby]
max_wait = "2m"
pay_per_minute = 0.15
[pay]
base = 2.00
currency = "EUR"
[role]
deal = {first = 1, second = 1, third = 1}
change = "each_round"
[dropout]
silent = "20s"
then = ["smaller"]
[[step]]
page = "talk"
repeat = 2
limit = "60s"
on_move = "exchange"
results = [
    {name = "cash", ask = "Your cash", kind = "integer", min = 0},
    {name = "goods", ask = "Your goods", kind = "integer", min = 0},
]
score = "worth"
[[step.move]]
name = "sell"
fields = [{name = "price", ask = "For?", kind = "integer", min = 1, max = 15}]
[[step.move]]
name = "buy"
fields = [{name = "which", ask = "Which?", kind = "integer", min = 1, max = 5}]
[[step.move]]
name = "stop"
only = {role = "second"}
[[step]]
page = "talk"
name = "between"
repeat = 2
limit = "30s"
fields = [{name = "gave", ask = "How much?", kind = "integer", min = 0, max = 20}]
"""
EXCHANGING = b"""
from networklab import Accept, Refuse

def exchange(room, move):
    kept = room.state or {"cash": dict.fromkeys(room.slots, 20), "goods": dict.fromkeys(room.slots, 3), "sold": []}
    cash, goods, sold, slot = dict(kept["cash"]), dict(kept["goods"]), list(kept["sold"]), move.slot
    if move.name == "stop":
        return Accept(end=True)
    if move.name == "sell":
        if sum(one["slot"] == slot for one in sold) >= goods[slot]:
            return Refuse("You have no more of it.")
        sold.append({"slot": slot, "price": move.values["price"]})
        return Accept({**kept, "sold": sold})
    nth = move.values["which"]
    if nth > len(sold) or sold[nth - 1]["slot"] == slot or sold[nth - 1]["price"] > cash[slot]:
        return Refuse("You can't buy that.")
    one = sold.pop(nth - 1)
    for other, sign in ((slot, 1), (one["slot"], -1)):
        goods[other] += sign
        cash[other] -= sign * one["price"]
    results = {"cash": cash, "goods": goods}
    mine = {name: {other: by[other] for other in (slot, one["slot"])} for name, by in results.items()}
    return Accept({"cash": cash, "goods": goods, "sold": sold}, mine)

def worth(room):
    kept = room.state or {"cash": {}, "goods": {}}
    assert kept["cash"].items() >= room.said("cash").items(), room.moves
    return {slot: cash + 5 * kept["goods"][slot] for slot, cash in kept["cash"].items()}
"""
KEPT = """select distinct on (m.room_id, m.position) m.room_id, m.position, m.state, room.status = 'playing' from move m
    join room on room.id = m.room_id where m.session_id = %s and m.state is not null
    order by m.room_id, m.position, m.nth desc"""
MOVED_BY_HAND = ("asked_until", "waiting_since", "standby_until")  # by this story, as time passes
HEARD = """insert into process (id, seen_at, figures, heard_since, heard_until)
    values ('orders', 'infinity', '{}', '-infinity', now() + make_interval(secs => %s))
    on conflict (id) do update set heard_until = excluded.heard_until"""
PAID_TWICE = """select e.player_id, e.position from earning e join room r on r.id = e.room_id
    where r.session_id = %s group by e.player_id, e.position having count(*) > 1"""
LEFT_TO_A_BOT = """select e.player_id from event e join log l on l.id = e.log_id join room r on r.id = l.room_id
    where r.session_id = %s and e.name = 'player_left' and e.data->>'then' = 'bot' and not exists (
        select from event b where b.log_id = e.log_id and b.name = 'bot_placed' and b.data->'slot' = e.data->'slot'
    )"""
ORDERS = int(os.environ.get("NETWORKLAB_ORDERS", "4"))
WHO = st.integers(0, PEOPLE - 1)


class World:
    """One database, one conductor, one loop, for all orders that are drawn."""

    def __init__(self, url: str, studies: Sequence[Study]) -> None:
        self.url, self.plans, self.runner, self.stack = url, studies, asyncio.Runner(), AsyncExitStack()
        self.runner.run(self._open())

    async def _open(self) -> None:
        pool = await self.stack.enter_async_context(open_pool(self.url, 2))
        self.studies = Studies(pool)
        self.conductor = Conductor(self.url, self.studies)
        self.conn = await connect(self.url, "orders")

    def do(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """In a transaction of its own."""

        async def run() -> T:
            async with self.conn.transaction():
                return await work(self.conn)

        return self.runner.run(run())

    def conduct(self, silent: float = 0.0, cut_after: float | None = None) -> None:
        """`silent`: as if whoever gives no sign now had given none for so many seconds. After `cut_after` seconds every
        connection on which rooms are decided about is lost.
        """

        async def cut() -> None:
            await asyncio.sleep(cut_after or 0.0)  # the fault itself: when it comes is drawn
            async with await connect(self.url, "cuts") as conn:
                await conn.execute(
                    b"select pg_terminate_backend(pid) from pg_stat_activity"
                    b" where datname = current_database() and application_name = 'networklab decisions'"
                )

        async def run() -> None:
            await self.conn.execute(HEARD.encode(), [silent])
            cutting = asyncio.create_task(cut()) if cut_after is not None else None
            await self.conductor.move_on(self.conn, (), True)
            if cutting:
                await cutting
            await self.conductor.deciding.settled()
            assert not self.conductor.broken

        self.runner.run(run())

    def interrupted(self, work: Callable[[Connection], Awaitable[object]]) -> None:
        """A process does this in a transaction and is killed before it can commit."""

        async def run() -> None:
            conn = await connect(self.url, "killed")
            with suppress(psycopg.OperationalError):
                async with conn.transaction():
                    await work(conn)
                    await self.conn.execute(b"select pg_terminate_backend(%s)", [conn.info.backend_pid])
                    await conn.execute(b"select 1")
            conn.pgconn.finish()

        self.runner.run(run())

    def close(self) -> None:
        async def end() -> None:
            await self.conductor.hooks.retire(0)
            self.conductor.deciding.hands.drop()
            await self.conn.close()
            await self.stack.aclose()

        self.runner.run(end())
        self.runner.close()


class Orders(RuleBasedStateMachine):
    """What happens whatever people do at their steps, and what must hold."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.chance = random.Random(7)
        self.people = [Person(uuid4().hex, f"P{n}", "red" if n % 2 else "blue") for n in range(PEOPLE)]
        self.forms: dict[int, Answer] = {}

    def begins(self, study: Study) -> None:
        self.study = study
        self.session = self.world.do(lambda conn: open_session(conn, self.study, self.people)).id
        self.ids = [id for (id,) in self.ask("select id from player where session_id = %s order by id")]
        self.act("start")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        async def read(conn: Connection) -> list[tuple[Any, ...]]:
            return await (await conn.execute(query.encode(), [self.session])).fetchall()

        return self.world.do(read)

    def act(self, action: str) -> None:
        with suppress(SessionError):
            self.world.do(lambda conn: ACTIONS[action](conn, self.session, "ada"))

    async def signs_in(self, who: int, conn: Connection) -> None:
        form = EntryForm(self.people[who].token, {"age": ["65" if who % 2 else "33"]})
        await sign_in(self.world.studies, conn, [form])

    @rule(who=WHO)
    def comes(self, who: int) -> None:
        self.world.do(partial(self.signs_in, who))
        self.world.do(lambda conn: lobby.seat(conn, self.session, self.study))

    @rule(who=WHO)
    def leaves(self, who: int) -> None:
        self.world.do(lambda conn: dropouts.withdraw(conn, self.ids[who], self.study))

    @rule(who=WHO)
    def gives_a_sign(self, who: int) -> None:
        self.world.do(lambda conn: dropouts.come_back(conn, self.ids[who]))

    @rule()
    def the_conductor_looks(self) -> None:
        self.world.conduct()

    @rule(silent=st.sampled_from([0, 31]), milliseconds=st.integers(0, 20))
    def the_conductor_is_cut_off_while_it_decides(self, silent: int, milliseconds: int) -> None:
        self.world.conduct(silent, milliseconds / 1000)

    @rule(seconds=st.sampled_from([5, 31, 61]))
    def time_passes(self, seconds: int) -> None:
        """As if everything that is waited for had begun earlier; a pause stops these clocks."""
        if self.ask("select id from session where id = %s and status = 'running'"):
            self.passes(seconds)

    def passes(self, seconds: int) -> None:
        for query in (
            "update room set deadline = deadline - interval '{}' where session_id = %s and status = 'playing'"
            " returning id",
            "update player set waiting_since = waiting_since - interval '{}' where session_id = %s"
            " and status = 'waiting' returning id",
            "update player set standby_until = standby_until - interval '{}' where session_id = %s"
            " and status = 'waiting' and standby_until is not null returning id",
            "update gathering set deadline = deadline - interval '{}' where session_id = %s returning id",
            "update lobby set due_at = due_at - interval '{}' where session_id = %s returning session_id",
            "update sign set at = at - interval '{}' where player_id in ("
            "select player_id from room where session_id = %s and status = 'playing') returning player_id",
        ):
            self.ask(query.replace("{}", f"{seconds} s"))
        # A seating that never came is made up for after three seconds, by a clock that this story does not move.
        self.world.do(lambda conn: lobby.seat(conn, self.session, self.study))
        self.world.conduct(silent=seconds)

    @rule(action=st.sampled_from(["pause", "resume", "pause", "resume", "close"]), chance=st.integers(0, 5))
    def the_researcher_acts(self, action: str, chance: int) -> None:
        if action != "close" or chance == 0:
            self.act(action)

    @rule(what=st.sampled_from(["advance", "extend", "end"]), nth=st.integers(0, 3))
    def a_room_is_moved(self, what: str, nth: int) -> None:
        found = self.ask(
            """select r.id, r.position, coalesce(extract(epoch from o.extended)::int, 0) from room r
            left join opened_step o on o.room_id = r.id and o.position = r.position
            where r.session_id = %s and r.status = 'playing'"""
        )
        if nth >= len(found):
            return
        room_id, position, given = found[nth]

        async def work(conn: Connection) -> str:
            session, study = self.session, self.study
            if what == "advance":
                return await actions.advance(conn, session, study, room_id, position, "ada")
            if what == "extend":
                return await actions.extend(conn, session, room_id, position, given, 20, "ada")
            return await actions.end_room(conn, session, study, room_id, "ada")

        with suppress(SessionError):
            self.world.do(work)

    @invariant()
    def nothing_contradicts_itself(self) -> None:
        own = {"session": self.session}

        async def read(conn: Connection) -> list[object]:
            return [
                line
                for query in CONTRADICTIONS
                for line in await (await conn.execute(query.encode(), own)).fetchall()
            ]

        found = self.world.do(read)
        assert not found, found
        assert not self.ask("select stopped from room where session_id = %s and stopped is not null")

    def teardown(self) -> None:
        """Nobody is stuck: left alone, everybody who came gets out, is paid, and the logs tell it all again."""
        self.act("resume")
        for _ in range(16 if self.study.before else 12):
            self.passes(150)
        left = self.ask(
            "select label, status::text from player"
            " where session_id = %s and status not in ('invited', 'finished', 'left')"
        )
        assert not left, left
        self.nothing_contradicts_itself()
        checked = self.world.runner.run(check.check(self.world.conn, self.session))
        told = [one for one in checked.differences if one.column not in MOVED_BY_HAND]
        assert not told, told
        verified = self.world.runner.run(verify(self.world.url, self.session, self.study))
        assert verified.ok, str(verified)

        async def paid(conn: Connection) -> tuple[list[tuple[str, ...]], Decimal]:
            rows = [line async for line in payments.payment_rows(conn, self.session, self.study)]
            explained = [str(line[7]) async for line in payments.ledger_rows(conn, self.session, self.study)]
            return rows, sum(map(Decimal, explained), Decimal(0))

        rows, explained = self.world.do(paid)
        assert not self.ask(PAID_TWICE), "one step pays once"
        assert not self.ask(LEFT_TO_A_BOT), "a bot plays on where the log says so"
        out = self.ask("select id from player where session_id = %s and status in ('finished', 'left')")
        assert len(rows) == len(out), "everybody who is out is paid once"
        assert sum(Decimal(line[10]) for line in rows) == explained, "the ledger explains every cent"


class AnyOrder(Orders):
    @initialize(nth=st.integers(0, 3))
    def a_session_begins(self, nth: int) -> None:
        self.begins(self.world.plans[nth])

    @rule(who=WHO)
    def comes_as_the_process_dies(self, who: int) -> None:
        async def work(conn: Connection) -> None:
            await self.signs_in(who, conn)
            await lobby.seat(conn, self.session, self.study)

        self.world.interrupted(work)

    @rule(who=WHO)
    def comes_and_the_process_dies_before_anybody_is_seated(self, who: int) -> None:
        self.world.do(partial(self.signs_in, who))

    def answer_of(self, who: int) -> Answer | None:
        """To the page that the player is at."""
        for room_id, position, step, round_, player_id in self.ask(
            "select r.id, r.position, r.step, r.round, p.id from room r"
            " join player p on p.room_id = r.id and p.status = 'playing' or p.id = r.player_id and p.status = r.during"
            " where p.session_id = %s"
        ):
            if player_id != self.ids[who]:
                continue
            page = self.study.plan[position].step
            said = tuple((one.name, self.said_to(one)) for one in page.fields)
            form = form_id(self.ids[who], uuid4().hex, said)
            return Answer(player_id, room_id, step, round_, said, form, timed=page.timed)
        return None

    def said_to(self, field: Field) -> str:
        if not field.required and self.chance.random() < 0.3:
            return ""
        if field.min is not None and field.max is not None:
            return str(self.chance.randint(int(field.min), int(field.max)))
        return "so" if field.kind == "text" else "yes"

    @rule()
    def everybody_answers(self) -> None:
        for who in range(PEOPLE):
            self.stores_an_answer(who)
        self.world.conduct()

    @rule(who=WHO)
    def says_that_they_are_ready(self, who: int) -> None:
        ready = [self.ids[who]]
        self.world.do(lambda conn: lobby.seat(conn, self.session, self.study, ready=ready))

    @rule()
    def everybody_says_so(self) -> None:
        self.world.do(lambda conn: lobby.seat(conn, self.session, self.study, ready=self.ids))

    @rule(who=WHO)
    def says_so_as_the_process_dies(self, who: int) -> None:
        ready = [self.ids[who]]
        self.world.interrupted(lambda conn: lobby.seat(conn, self.session, self.study, ready=ready))

    @rule(who=WHO)
    def answers(self, who: int) -> None:
        self.stores_an_answer(who)

    def stores_an_answer(self, who: int) -> None:
        if answer := self.answer_of(who):
            [receipt] = self.world.do(lambda conn: records.store(conn, [answer]))
            assert receipt is not None and not receipt.again
            self.forms[who] = answer

    @rule(who=WHO)
    def sends_the_last_form_again(self, who: int) -> None:
        if answer := self.forms.get(who):
            [receipt] = self.world.do(lambda conn: records.store(conn, [answer]))
            assert receipt is None or receipt.again

    @rule(who=WHO)
    def answers_as_the_process_dies(self, who: int) -> None:
        if answer := self.answer_of(who):
            self.world.interrupted(lambda conn: records.store(conn, [answer]))

    @rule(who=WHO)
    def talks(self, who: int) -> None:
        answer = self.answer_of(who)
        if answer and (talks := self.study.step_named(answer.step).talks):
            message = NewMessage(
                answer.player_id, answer.room_id, None, answer.step, talks[0], "hello", str(uuid4())
            )
            self.world.do(lambda conn: messages.store(conn, [message]))

    @rule(who=WHO)
    def takes_no_part(self, who: int) -> None:
        async def work(conn: Connection) -> None:
            if room_id := await parts.solo_room_of(conn, self.ids[who]):
                room = await rooms.find_room(conn, room_id)
                await dropouts.decline(conn, self.study, room_id, room.position)

        self.world.do(work)

    @rule(who=WHO, other=WHO, what=st.sampled_from(["dismiss", "replace", "retype", "seat"]))
    def somebody_is_moved(self, who: int, other: int, what: str) -> None:
        async def work(conn: Connection) -> str:
            session, study = self.session, self.study
            if what == "dismiss":
                outcome = "complete" if other % 2 else "withdrawn"
                return await actions.dismiss(conn, session, study, self.ids[who], outcome, "ada")
            if what == "replace":
                return await actions.replace(
                    conn, session, study, self.ids[who], self.ids[other], "withdrawn", "ada"
                )
            if what == "retype":
                return await actions.retype(conn, session, study, self.ids[who], "red", "ada")
            return await actions.seat_now(conn, session, study, "any", "ada")

        with suppress(SessionError):
            self.world.do(work)


class AnyTrade(Orders):
    """While people sell and buy."""

    @initialize()
    def a_session_begins(self) -> None:
        self.made: dict[int, NewMove] = {}
        self.begins(self.world.plans[0])
        for who in range(PEOPLE):
            self.comes(who)
        self.world.conduct()

    def move_of(self, who: int, name: str, number: int) -> NewMove | None:
        """At the step that the player is at."""
        for room_id, position, player_id in self.ask(
            "select r.id, r.position, p.id from room r join player p on p.room_id = r.id"
            " where p.session_id = %s and p.status = 'playing'"
        ):
            at = self.study.plan[position]
            if player_id == self.ids[who] and (form := at.step.move_named(name)):
                said = form.written({one.name: str(number) for one in form.fields})
                id = form_id(player_id, uuid4().hex, ((name, said),))
                return NewMove(player_id, room_id, position, at.step.name, at.round, name, said, id)
        return None

    def stores(self, move: NewMove) -> Receipt | str:
        [stored] = self.world.do(lambda conn: moves.store(conn, [move], MANY))
        assert not isinstance(stored, TooFast)
        return stored

    @rule(seed=st.integers(0, 10**6), handled=st.booleans())
    def people_trade(self, seed: int, handled: bool) -> None:
        """Moves of anybody; `handled`: some of them before the others come."""
        chance = random.Random(seed)
        for _ in range(40):
            who, name = chance.randrange(PEOPLE), chance.choice(["sell", "buy", "buy"])
            if move := self.move_of(who, name, chance.randint(1, 15 if name == "sell" else 5)):
                stored = self.stores(move)
                assert isinstance(stored, str) or not stored.again
                self.made[who] = move
            if handled and chance.random() < 0.3:
                self.what_waits_is_handled(chance.random() < 0.2, chance.random() < 0.4)

    @rule(seed=st.integers(0, 10**6))
    def people_trade_on(self, seed: int) -> None:
        self.people_trade(seed, True)

    @rule(who=WHO, chance=st.integers(0, 3))
    def ends_the_step(self, who: int, chance: int) -> None:
        if chance == 0 and (move := self.move_of(who, "stop", 0)):
            self.stores(move)
            self.made[who] = move

    @rule(who=WHO)
    def makes_the_last_move_again(self, who: int) -> None:
        if move := self.made.get(who):
            stored = self.stores(move)
            assert isinstance(stored, str) or stored.again or stored.late

    @rule(who=WHO, number=st.integers(1, 5))
    def moves_as_the_process_dies(self, who: int, number: int) -> None:
        if move := self.move_of(who, "sell", number):
            self.world.interrupted(lambda conn: moves.store(conn, [move], MANY))

    @rule(dies=st.booleans(), twice=st.booleans())
    def what_waits_is_handled(self, dies: bool, twice: bool) -> None:
        """`dies`: the process does so before it commits. `twice`: two have read the same, and one comes too late."""
        found = self.ask("select distinct room_id from move where session_id = %s and nth is null")
        turns = self.world.runner.run(self.turns_of([room_id for (room_id,) in found]))
        if dies:
            self.world.interrupted(lambda conn: handling.put(conn, turns))
            return
        first = self.world.do(lambda conn: handling.put(conn, turns))
        if twice and turns:
            again = self.world.do(lambda conn: handling.put(conn, turns))
            assert not any(one and turn.lines for one, turn in zip(again, turns, strict=True))
        if ended := [turn.room_id for turn, done in zip(turns, first, strict=True) if turn.ends and done]:
            self.world.do(lambda conn: handling.end_steps(conn, ended))

    async def turns_of(self, room_ids: Sequence[int]) -> list[MovesTaken]:
        conn, ask = self.world.conn, partial(self.world.conductor.hooks.ask, self.study)
        standings, waiting = await handling.read(conn, room_ids)
        return [
            await handling.take_turn(
                ask, self.study, await handling.room_for(conn, self.study, one), one, waiting[one.id]
            )
            for one in standings
        ]

    @invariant()
    def cash_and_goods_are_conserved(self) -> None:
        results = {
            (room_id, position, name, slot): int(value)
            for room_id, position, name, slot, value in self.ask(
                "select room_id, position, name, slot, value from result"
                " where session_id = %s and name in ('cash', 'goods')"
            )
        }
        for room_id, position, packed, _ in self.ask(KEPT):
            kept = unpack(packed)
            for name, each in (("cash", 20), ("goods", 3)):
                by_slot = kept[name]
                assert sum(by_slot.values()) == each * len(by_slot), (room_id, position, kept)
                assert min(by_slot.values()) >= 0, (room_id, position, kept)
                told = {s: v for (r, p, n, s), v in results.items() if (r, p, n) == (room_id, position, name)}
                assert by_slot.items() >= told.items(), (room_id, position, kept, told)
            offered = [one["slot"] for one in kept["sold"]]
            assert all(offered.count(slot) <= kept["goods"][slot] for slot in offered), kept


def test_whatever_happens_in_whatever_order_nobody_is_stuck_and_all_adds_up(database: str) -> None:
    page = {"pages/talk.html": PAGE.encode()}
    studies = (
        parse({"study.toml": STUDY.encode(), "hooks.py": HOOKS, **page}),
        parse({"study.toml": SILENT.encode(), **page}),
        parse({"study.toml": ASKING.encode(), **page}),
        parse({"study.toml": ALONE.encode(), **page}),
    )
    tell(database, AnyOrder, studies, ORDERS)


def test_whatever_happens_in_whatever_order_cash_and_goods_are_conserved_and_nobody_spends_twice(
    database: str,
) -> None:
    page = {"pages/talk.html": PAGE.encode()}
    study = parse({"study.toml": EXCHANGE.encode(), "hooks.py": EXCHANGING, **page})
    tell(database, AnyTrade, [study], max(3, ORDERS // 2))


def tell(database: str, orders: type[Orders], studies: Sequence[Study], many: int) -> None:
    world = World(database, studies)
    how = settings(
        max_examples=many,
        stateful_step_count=25 if ORDERS < 100 else 60,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=ORDERS < 100,
    )
    try:
        orders.world = world
        run_state_machine_as_test(orders, settings=how)
    finally:
        world.close()
