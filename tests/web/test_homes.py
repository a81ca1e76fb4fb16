"""Stories of rooms and the one process of a host that has their moves and pages, and of what goes on without it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

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


def started_by(pid: int) -> list[int]:
    return [int(one) for one in _read_if_there(f"/proc/{pid}/task/{pid}/children").split()]


def sockets_of(pid: int) -> set[str]:
    found = set[str]()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            found.add(os.readlink(one))
    return {one for one in found if one.startswith("socket:")}


def _read_if_there(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""


TABS = 4  # of each of three people
CLUSTER = "east"
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
            assert started_by(home) or sys.platform != "linux"
            # One that begins just now has all of them for a moment.
            await until(
                lambda: not {one for one in started_by(home) if sockets_of(one) & sockets_of(home)},
                "hooks to have what is theirs",
            )
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
    found = [of_process(nth, ways, nth + 1) for nth in range(2)]
    yield found[0], found[1]
    ways.close()


def of_process(nth: int, ways: Ways, number: int) -> Homes:
    """That of a process with this number for the system, which also says who has stored a move."""
    one = Homes(nth, [ways.inlets[nth], *ways.outlets])
    one.pid = number
    one.serving.set()

    def store(cluster: str, move: NewMove) -> asyncio.Future[homes.Stored]:
        assert cluster == CLUSTER, "it is in the database of its session"
        stored: asyncio.Future[homes.Stored] = asyncio.get_running_loop().create_future()
        stored.set_result(Receipt((number,), move.form, 1, late=False))
        return stored

    def handle(
        cluster: str, session_id: str, room_id: int, record: int
    ) -> asyncio.Future[MoveOutcome | None]:
        assert (cluster, session_id) == (CLUSTER, "s")
        coming: asyncio.Future[MoveOutcome | None] = asyncio.get_running_loop().create_future()
        coming.set_result(MoveOutcome(True))
        return coming

    one.store, one.handled = store, handle
    return one


def test_a_move_is_handed_over_while_the_process_of_its_room_takes_it_and_else_is_stored_here(
    two: tuple[Homes, Homes], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two

    async def made() -> tuple[int, bool]:
        """Who has stored it, and whether it was handed over."""
        found = await one.make("s", SECOND, CLUSTER)
        stored = found.stored if isinstance(found, Came) else found
        assert isinstance(stored, Receipt)
        return stored.records[0], isinstance(found, Came)

    async def story() -> None:
        first = asyncio.create_task(one.run())
        await asyncio.sleep(0)  # it has begun; that it knows of nobody can't be waited for
        assert await made() == (1, False), "the other is not there yet"
        second = asyncio.create_task(other.run())
        await until(lambda: one.here and other.here, "both to know of each other")
        assert await made() == (2, True) and await made() == (2, True)

        asyncio.get_running_loop().remove_reader(other.inlet.fileno())  # type: ignore[union-attr]
        monkeypatch.setattr(homes, "PATIENCE", 0.0)
        assert await made() == (1, False), "the other stands still"
        waiting = one.make("s", SECOND, CLUSTER)
        one._read()
        assert not waiting.done()
        one._forget(1, 17)
        assert one.here and not waiting.done(), "another one had its place before"
        one._forget(1, other.pid)
        assert not one.here and isinstance(await waiting, Receipt), "it has died"
        for task in (first, second):
            task.cancel()
        await asyncio.wait([first, second])

    asyncio.run(story())


def test_what_can_not_be_handed_over_is_done_where_it_came(two: tuple[Homes, Homes]) -> None:
    one, _ = two

    async def story() -> None:
        one.here[1] = 2
        long = NewMove(1, 3, 0, "market", 1, "give", "x" * 10_000_000, "form")
        assert isinstance(await one.make("s", long, CLUSTER), Receipt)
        filling = [one.make("s", SECOND, CLUSTER)]
        while not filling[-1].done():  # nobody reads
            filling.append(one.make("s", SECOND, CLUSTER))
        assert len(filling) > 20 and filling[-1].result() == Receipt((1,), "form", 1, late=False)
        assert not one.pass_on(1, b"head", 0)
        one.leave()
        assert all([isinstance(await future, Receipt) for future in filling])

    asyncio.run(story())


def test_what_came_of_the_moves_of_a_process_is_not_taken_for_its_successors(
    two: tuple[Homes, Homes],
) -> None:
    one, other = two
    ways = Ways(0)
    ways.inlets, ways.outlets = [one.inlet, other.inlet], list(one.outlets)  # type: ignore[list-item]
    successor = of_process(0, ways, 3)

    async def told(some: Homes) -> None:
        """What is there for it is heard; also what follows from that here, at once."""
        some._read()
        for _ in range(2):
            await asyncio.sleep(0)  # what follows at once; there is nothing to wait for

    async def story() -> None:
        one.here[1] = successor.here[1] = other.pid
        before = one.make("s", replace(SECOND, form="before"), CLUSTER)
        await told(other)
        after = successor.make("s", replace(SECOND, form="after"), CLUSTER)
        await told(successor)
        assert not after.done(), "that was what came of the other's"
        await told(other)
        await told(successor)
        came = after.result()
        assert isinstance(came, Came) and came.receipt and came.receipt.digest == "after"
        assert not before.done()
        one.leave()
        assert await before == Receipt((1,), "before", 1, late=False), "it is asked for anew here"

    asyncio.run(story())


def test_what_was_asked_of_a_predecessor_or_long_ago_is_left_to_whoever_asked(
    two: tuple[Homes, Homes], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two

    async def story() -> None:
        one.here[1] = 17  # who had that place before
        asked = one.make("s", SECOND, CLUSTER)
        other._read()
        one._read()
        assert await asyncio.wait_for(asked, 60) == Receipt((1,), "form", 1, late=False)

        one.here[1] = other.pid
        late = one.make("s", SECOND, CLUSTER)
        with monkeypatch.context() as later:
            later.setattr(homes, "FRESH", -1.0)
            other._read()
        one._read()
        assert await asyncio.wait_for(late, 60) == Receipt((1,), "form", 1, late=False), (
            "its maker may have heard that it is not"
        )

        of_old = one.make("s", SECOND, CLUSTER)
        one.here[1], one.missed[1] = 18, 0  # its successor is there already
        one._forget(1, other.pid)
        assert isinstance(await of_old, Receipt) and one.here == {1: 18}

    asyncio.run(story())


def test_one_that_stands_still_has_nothing_handed_over_until_it_is_heard_of_again(
    two: tuple[Homes, Homes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(homes, "BEAT", 0.01)
    one, other = two

    async def story() -> None:
        tasks = [asyncio.create_task(some.run()) for some in two]
        await until(lambda: one.here and other.here, "both to know of each other")
        inlet = other.inlet.fileno()  # type: ignore[union-attr]
        monkeypatch.setattr(other, "_be_heard", lambda asks: None)
        asyncio.get_running_loop().remove_reader(inlet)
        assert await one.make("s", SECOND, CLUSTER) == Receipt((1,), "form", 1, late=False)
        assert not one.here
        monkeypatch.undo()
        asyncio.get_running_loop().add_reader(inlet, other._read)
        await until(lambda: one.here or None, "it to be heard of again")
        assert one.here == {1: 2}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    asyncio.run(story())


def test_what_came_of_a_move_is_told_as_soon_as_there_is_room_for_it(
    two: tuple[Homes, Homes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(homes, "AGAIN", 0.01)
    one, other = two

    async def story() -> None:
        one.here[1] = other.pid
        asked = one.make("s", SECOND, CLUSTER)
        while other._tell(0, Came(0)):  # nobody reads
            pass
        other._read()
        for _ in range(2):
            await asyncio.sleep(0)  # what follows at once; there is nothing to wait for
        assert not asked.done()
        asyncio.get_running_loop().add_reader(one.inlet.fileno(), one._read)  # type: ignore[union-attr]
        assert isinstance(await asyncio.wait_for(asked, 60), Came)

    asyncio.run(story())
