"""Stories of two Postgres, a primary and its synchronous standby: one goes, and the other has every receipt."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from app.database import primaries
from app.database.connections import Connection, connect, open_pool
from app.database.embedded import Postgres
from app.database.running import migrate_at
from app.export.verify import verify
from app.players import players
from app.rehearsal.standby import StandbyPostgres, kill_machine
from app.rooms import lobby, records
from app.rooms.receipts import Receipt, read_receipts
from app.rooms.records import Answer, form_id
from app.sessions.conductor import Conductor
from app.study.stored import Studies, read_study
from tests.house.burst import (
    BURST,
    Writer,
    a_burst,
    another_tab,
    assert_again_the_same,
    assert_kept,
    everyone_has_written,
)
from tests.house.database import a_home
from tests.house.guests import Guest, Stream, seated
from tests.house.house import House, Opened
from tests.house.waits import until

CROWD = {"red": 7, "blue": 7}


@dataclass
class Pair:
    """A primary, its standby, and a house whose address is both."""

    one: Postgres
    two: StandbyPostgres
    house: House
    session: Opened

    def freeze(self, postgres: Postgres) -> None:
        """As a machine that hangs: it keeps its connections, and gives no answer on them."""
        self.signal(postgres, signal.SIGSTOP)

    def thaw(self, postgres: Postgres) -> None:
        self.signal(postgres, signal.SIGCONT)

    def signal(self, postgres: Postgres, number: signal.Signals) -> None:
        for pid in postgres.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def writers(self) -> Opened:
        """Those who play from the start; the first red and the first blue come later."""
        tokens = {label: token for label, token in self.session.tokens.items() if label not in ("R1", "B1")}
        return Opened(self.session.id, tokens)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with a_home() as home, Postgres(home / "one") as one, StandbyPostgres(home / "two", one) as two:
        house = House(two.both, tmp_path)
        try:
            two.keep_in_step()
            asyncio.run(migrate_at(two.both))
            yield Pair(one, two, house, house.open(BURST, CROWD))
        finally:
            house.leave()
            kill_machine(two)
            kill_machine(one)


async def takes_over(pair: Pair) -> None:
    await asyncio.to_thread(pair.two.promote)


def everything_is_kept(pair: Pair, writers: list[Writer], folder: Path) -> None:
    """By the rows, and by what a researcher would do with the receipts that everybody noted."""
    assert_kept(pair.house, pair.session, writers)
    kept = folder / "kept.txt"
    kept.write_text("".join(f"{w.guest.label} {receipt}\n" for w in writers for receipt, _, _ in w.receipts))
    study = pair.house.do(lambda conn: read_study(conn, pair.session.id))
    verdict = asyncio.run(verify(pair.house.database, pair.session.id, study, receipts=read_receipts(kept)))
    assert verdict.ok, str(verdict)


async def comes_in(guest: Guest) -> None:
    """Again and again while the server is busy."""

    async def came() -> bool:
        return (await guest.sign_in()).status == 303

    await until(came, "an open door")


@asynccontextmanager
async def waits_in_lobby(guest: Guest) -> AsyncIterator[Stream]:
    await comes_in(guest)
    async with guest.watching() as page:
        assert 'action="/play/records"' not in page.text, "nobody is there yet to play with"
        yield page


def test_a_primary_killed_in_a_burst_is_replaced_by_its_standby_with_every_receipt(
    pair: Pair, tmp_path: Path
) -> None:
    house, server = pair.house, pair.house.serve(processes=2)
    early, late = (house.guest(server, pair.session, label) for label in ("R1", "B1"))

    async def story() -> list[Writer]:
        async with a_burst(house, pair.writers(), server) as writers, waits_in_lobby(early) as page:
            before = [len(writer.receipts) for writer in writers]
            kill_machine(pair.one)
            began = time.monotonic()
            await takes_over(pair)
            await everyone_has_written(writers, 1)
            print(f"from the kill to the next receipt of the last of all: {time.monotonic() - began:.1f} s")
            await everyone_has_written(writers, 3)
            await comes_in(late)
            await seated(late)
            await page.until(
                lambda text: 'action="/play/records"' in text, "the room, on the page that stayed open"
            )
            await assert_again_the_same(house, writers, before)
        return writers

    everything_is_kept(pair, house.tell(story()), tmp_path)


def served_by(postgres: Postgres) -> set[str]:
    """What for the server is connected to this Postgres.

    Not counted is what waits for the standby in the middle of a commit: it does not notice that nobody listens.
    """
    with psycopg.connect(postgres.dsn, autocommit=True) as conn:
        found = conn.execute(
            """select application_name from pg_stat_activity
            where application_name like 'networklab %' and wait_event is distinct from 'SyncRep'"""
        )
        return {name for (name,) in found}


def test_a_primary_that_freezes_holds_nobody_and_is_not_gone_back_to_when_it_wakes(
    pair: Pair, tmp_path: Path
) -> None:
    house, server = pair.house, pair.house.serve(processes=2)
    late = [house.guest(server, pair.session, label) for label in ("R1", "B1")]

    async def story() -> list[Writer]:
        async with a_burst(house, pair.writers(), server) as writers:
            before = [len(writer.receipts) for writer in writers]
            pair.freeze(pair.one)
            began = time.monotonic()
            await takes_over(pair)
            await everyone_has_written(writers, 1)
            took = time.monotonic() - began
            print(f"from the freeze to the next receipt of the last of all: {took:.1f} s")
            assert took < 30
            pair.thaw(pair.one)
            await everyone_has_written(writers, 3)
            await asyncio.gather(*(comes_in(guest) for guest in late))
            await asyncio.gather(*(seated(guest) for guest in late))
            await until(lambda: not served_by(pair.one), "nobody with the old primary any more")
            assert {"networklab pages", "networklab listener"} <= served_by(pair.two)
            await assert_again_the_same(house, writers, before)
        return writers

    # What the old primary had not sent anywhere nobody was told of; from here on the address is the new one's.
    writers = house.tell(story())
    house.database = pair.two.dsn
    everything_is_kept(pair, writers, tmp_path)


@pytest.mark.slow
def test_a_primary_that_wakes_before_anybody_has_noticed_is_left_for_the_one_that_replaced_it(
    pair: Pair, tmp_path: Path
) -> None:
    house, server = pair.house, pair.house.serve(processes=2)
    late = [house.guest(server, pair.session, label) for label in ("R1", "B1")]

    async def story() -> list[Writer]:
        async with a_burst(house, pair.writers(), server) as writers:
            before = [len(writer.receipts) for writer in writers]
            pair.freeze(pair.one)
            await takes_over(pair)
            pair.thaw(pair.one)
            house.database = pair.two.dsn  # the old primary would answer as well
            await everyone_has_written(writers, 3)
            await asyncio.gather(*(comes_in(guest) for guest in late))
            await until(lambda: not served_by(pair.one), "nobody with the old primary any more")
            await assert_again_the_same(house, writers, before)
        return writers

    everything_is_kept(pair, house.tell(story()), tmp_path)


@pytest.mark.slow
def test_a_primary_that_takes_no_writes_any_more_is_left(pair: Pair, tmp_path: Path) -> None:
    house, server = pair.house, pair.house.serve(processes=2)
    late = [house.guest(server, pair.session, label) for label in ("R1", "B1")]

    async def story() -> list[Writer]:
        async with a_burst(house, pair.writers(), server) as writers:
            # Nobody's connection is cut: each finds out by what it is refused.
            pair.two.primary_sets("default_transaction_read_only", "on")
            looking = another_tab(house, writers[0].guest)
            assert 'action="/play/records"' in await looking.page()
            arriving = asyncio.create_task(late[0].sign_in())
            await takes_over(pair)
            await everyone_has_written(writers, 3)
            assert all(writer.statuses == {200} for writer in writers), "an answer waits, and is not refused"
            assert (await arriving).status in (303, 503)  # in, or signed in and not yet seated
            await asyncio.gather(*(comes_in(guest) for guest in late))
            await asyncio.gather(*(seated(guest) for guest in late))
            await until(lambda: not served_by(pair.one), "nobody with the old primary any more")
        return writers

    everything_is_kept(pair, house.tell(story()), tmp_path)


def test_an_old_primary_that_comes_back_is_refused_by_whoever_has_seen_the_new_one(pair: Pair) -> None:
    house = pair.house

    async def where(conn: Connection) -> str:
        return str(conn.info.host)

    assert house.do(where) in pair.one.dsn
    with pytest.raises(psycopg.OperationalError, match="read-only"):
        asyncio.run(connect(pair.two.dsn, "story"))
    kill_machine(pair.one)
    pair.two.promote()
    assert house.do(where) in pair.two.dsn
    pair.one.start()
    with psycopg.connect(pair.two.both) as conn:
        assert conn.info.host in pair.one.dsn, "whoever knows nothing goes to the first that takes writes"
    assert house.do(where) in pair.two.dsn
    with pytest.raises(primaries.Replaced, match="was replaced by another; stop it"):
        asyncio.run(connect(pair.one.dsn, "story"))
    # And it acknowledges nothing: its commits wait for the standby that has left it.
    with psycopg.connect(pair.one.dsn) as conn, psycopg.connect(pair.one.dsn, autocommit=True) as looking:
        conn.pgconn.send_query(b"create table never (said text)")
        waits = "select wait_event from pg_stat_activity where pid = %s"
        asyncio.run(
            until(
                lambda: looking.execute(waits, [conn.info.backend_pid]).fetchone() == ("SyncRep",), "the wait"
            )
        )
        conn.close()


def test_a_promotion_makes_nobody_forget_where_another_cluster_has_its_primary(
    pair: Pair, postgres: Postgres
) -> None:
    """Else those who come anew would try the machines of that one in the order of its address, dead ones first."""
    there = str(conninfo_to_dict(postgres.dsn)["host"])
    other = make_conninfo(postgres.dsn, host=f"/nobody-is-here,{there}")

    async def arrives(url: str) -> None:
        await (await connect(url, "story")).close()

    asyncio.run(arrives(other))
    assert str(conninfo_to_dict(primaries.best_first(other))["host"]).startswith(there)
    asyncio.run(arrives(pair.two.both))
    kill_machine(pair.one)
    pair.two.promote()
    asyncio.run(arrives(pair.two.both))
    assert str(conninfo_to_dict(primaries.best_first(other))["host"]).startswith(there)
    assert [conninfo_to_dict(url)["host"] for url in primaries.others(other)] == ["/nobody-is-here"]


def test_a_receipt_waits_for_the_standby_also_the_second_time(pair: Pair) -> None:
    house, session = pair.house, pair.session

    async def story() -> None:
        conn = await connect(house.database, "ledger")
        await seat_both(conn, session)
        player = await players.find_by_token(conn, session.tokens["R1"])
        assert player is not None and player.room_id is not None
        said = (("belief", "50"), ("why", "because"))
        forms = [form_id(player.id, uuid4().hex, said) for _ in range(2)]
        first, second = (Answer(player.id, player.room_id, "talk", 1, said, form) for form in forms)

        async def stored(answer: Answer, seconds: float) -> Receipt | None:
            async with asyncio.timeout(seconds):
                [receipt] = await records.store(conn, [answer])
            return receipt

        pair.freeze(pair.two)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await stored(first, 0.5)
        assert house.sql("select count(*) from record where player_id = %s", player.id) == [(2,)]
        pair.thaw(pair.two)
        assert await stored(first, 10) is not None
        # The researcher may decide to go on with one.
        pair.freeze(pair.two)
        waiting = asyncio.create_task(stored(second, 20))
        await until(
            lambda: house.sql("select 1 from pg_stat_activity where wait_event = 'SyncRep'"), "a wait"
        )
        assert not waiting.done()
        await asyncio.to_thread(pair.two.release_primary)
        assert await waiting is not None
        await conn.close()

    house.tell(story())


def test_a_conductor_whose_primary_takes_no_writes_does_not_blame_the_session(house: House) -> None:
    session = house.open(BURST)

    async def story() -> None:
        conn = await connect(house.database, "conductor")
        await seat_both(conn, session)
        await conn.execute("update room set deadline = now(); set default_transaction_read_only = on")
        async with open_pool(house.database, 1) as pool:
            conductor = Conductor(house.database, Studies(pool))
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                await conductor.move_rooms(conn, [], everywhere=True)
            assert conductor.broken == {}, "it goes on with its next connection, not after a rest"
        await conn.close()

    house.tell(story())


async def seat_both(conn: Connection, session: Opened) -> None:
    for label in ("R1", "B1"):
        await players.sign_in(conn, [players.Arrival(session.tokens[label], {})])
    study = await read_study(conn, session.id)
    async with conn.transaction():
        assert await lobby.seat(conn, session.id, study) == 2
