"""Stories of rooms and the one process of a host that has their moves and pages, and of what goes on without it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from app.rooms.handling import MoveOutcome
from app.rooms.moves import NewMove
from app.rooms.receipts import Receipt
from app.web import homes
from app.web.homes import Came, Homes
from app.web.processes import Ways
from tests.house.house import House
from tests.house.market import CASH, cash, give, handled, keys, market, slot_of, trading
from tests.house.waits import until

TABS = 4  # of each of three people
SECOND = NewMove(
    1, 3, 0, "market", 1, "give", "{}", "form"
)  # of a room that is at home in the second process


def test_all_pages_and_moves_of_a_room_are_with_one_process_and_with_the_other_once_it_is_killed(
    house: House,
) -> None:
    session, server = house.open_study(market(), {"x": 3}), house.serve(processes=2)
    guests = [house.guest(server, session, label) for label in session.tokens]

    def per_process(figure: str) -> dict[int, int]:
        found = house.sql("select id, figures->>%s from process where figures is not null", figure)
        return {int(name.rpartition(":")[2]): int(number) for name, number in found}

    async def story() -> None:
        await trading(house, session, guests)
        ann, me = guests[0], slot_of(house, session, guests[0].label)
        to, key = me % 3 + 1, (await keys(guests[0]))["give"]
        async with AsyncExitStack() as stack:
            streams = [
                await stack.enter_async_context(guest.watching()) for guest in guests for _ in range(TABS)
            ]
            for amount in range(1, 9):
                assert "Done." in (await give(ann, amount, to, key)).text
            for stream in streams:
                await stream.until(lambda text: 'id="made" hidden value="8"' in text, "the last move")
                assert not stream.ended and stream.snapshots == 1
            await until(
                lambda: sorted(per_process("streams").values()) == [0, 12], "all pages in one process"
            )
            await until(lambda: sorted(per_process("answers").values()) == [0, 8], "all moves in one process")
            [home] = [pid for pid, number in per_process("streams").items() if number]
            os.kill(home, signal.SIGKILL)
            for stream in streams:
                await until(lambda stream=stream: stream.ended or None, "the end of a page's stream")  # type: ignore[misc]
        for guest in guests:
            guest.goes_to(server)
        assert "Done." in (await give(ann, 9, to, key)).text
        assert cash(house, session) == {me: CASH - 45, to: CASH + 45}
        assert [nth for nth, *_ in handled(house, session)] == [*range(1, 10)]

    house.tell(story())


@pytest.fixture
def two() -> Iterator[tuple[Homes, Homes]]:
    ways = Ways(2)
    found = [Homes(nth, [ways.inlets[nth], *ways.outlets]) for nth in range(2)]
    for number, one in enumerate(found, 1):

        def store(move: NewMove, number: int = number) -> asyncio.Future[homes.Stored]:
            stored: asyncio.Future[homes.Stored] = asyncio.get_running_loop().create_future()
            stored.set_result(Receipt((number,), "digest", 1, late=False))  # which of the two has stored it
            return stored

        def handle(session_id: str, room_id: int, record: int) -> asyncio.Future[MoveOutcome | None]:
            coming: asyncio.Future[MoveOutcome | None] = asyncio.get_running_loop().create_future()
            coming.set_result(MoveOutcome(True))
            return coming

        one.store, one.handled = store, handle
    yield found[0], found[1]
    ways.close()


def test_a_move_is_handed_over_while_the_process_of_its_room_takes_it_and_else_is_stored_here(
    two: tuple[Homes, Homes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(homes, "PATIENCE", 0.0)
    one, other = two

    async def made() -> tuple[int, bool]:
        """Who has stored it, and whether it was handed over."""
        found = await one.make("s", SECOND)
        stored = found.stored if isinstance(found, Came) else found
        assert isinstance(stored, Receipt)
        return stored.records[0], isinstance(found, Came)

    async def story() -> None:
        first = asyncio.create_task(one.run())
        await asyncio.sleep(0)
        assert await made() == (1, False), "the other is not there yet"
        second = asyncio.create_task(other.run())
        await until(lambda: one.here and other.here, "both to know of each other")
        assert await made() == (2, True) and await made() == (2, True)

        asyncio.get_running_loop().remove_reader(other.inlet.fileno())  # type: ignore[union-attr]
        assert await made() == (1, False), "the other stands still"
        waiting = one.make("s", SECOND)
        one._read()
        assert not waiting.done()
        one._forget(1, os.getpid() + 1)
        assert one.here and not waiting.done(), "another one had its place before"
        one._forget(1, os.getpid())
        assert not one.here and isinstance(await waiting, Receipt), "it has died"
        for task in (first, second):
            task.cancel()
        await asyncio.wait([first, second])

    asyncio.run(story())


def test_what_can_not_be_handed_over_is_done_where_it_came(two: tuple[Homes, Homes]) -> None:
    one, _ = two

    async def story() -> None:
        one.here[1] = os.getpid()
        long = NewMove(1, 3, 0, "market", 1, "give", "x" * 10_000_000, "form")
        assert isinstance(await one.make("s", long), Receipt)
        filling = [one.make("s", SECOND)]
        while not filling[-1].done():  # nobody reads
            filling.append(one.make("s", SECOND))
        assert len(filling) > 20 and filling[-1].result() == Receipt((1,), "digest", 1, late=False)
        assert not one.pass_on(1, b"head", 0)
        one.leave()
        assert all([isinstance(await future, Receipt) for future in filling])

    asyncio.run(story())
