"""Stories of those who guess: passwords and links, many at once, from one address or many."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest

from app.database.connections import Connection
from app.web.access.accounts import put_account
from app.web.access.attempts import Limit, count, network_of
from app.web.credentials import BY_ADDRESS, BY_NAME
from tests.house.house import PASSWORD, House
from tests.house.server import Server


def asked_from(address: str, base: str) -> httpx.AsyncClient:
    """A browser behind the proxy on this machine, whose word on the client's address counts."""
    limits = httpx.Limits(max_connections=200)
    return httpx.AsyncClient(base_url=base, headers={"X-Forwarded-For": address}, timeout=30, limits=limits)


async def guess(client: httpx.AsyncClient, name: str, password: str = "wrong") -> httpx.Response:
    return await client.post("/admin/login", data={"name": name, "password": password})


def test_a_hundred_wrong_passwords_at_once_are_ten_tries_and_a_true_one_does_not_wait_for_them(
    house: House,
) -> None:
    server = house.serve(processes=2)
    house.do(lambda conn: put_account(conn, "grace", PASSWORD))

    async def story() -> None:
        async with (
            asked_from("192.0.2.1", server.base) as guesser,
            asked_from("192.0.2.2", server.base) as grace,
        ):
            guesses = [asyncio.create_task(guess(guesser, "grace")) for _ in range(100)]
            welcome = await guess(grace, "grace", PASSWORD)
            answers = [await one for one in guesses]
            statuses = Counter(one.status_code for one in answers)
            assert welcome.status_code == 303
            # Eleven are hashed, one after the other; nobody waits for the other ninety.
            assert statuses[403] + statuses[503] == 10 and statuses[429] == 90, statuses
            for one in answers:
                assert one.status_code != 429 or 0 < int(one.headers["retry-after"]) <= 60
            assert (await guess(guesser, "grace", PASSWORD)).status_code == 429
            # Another account at the same address: the address has had its tries, too.
            assert (await guess(guesser, "ada")).status_code == 429
            # Whoever guesses elsewhere keeps grace out nowhere.
            assert (await guess(grace, "grace", PASSWORD)).status_code == 303

    house.tell(story())


def tried(house: House, limit: Limit, times: int, *source: str) -> None:
    async def work(conn: Connection) -> None:
        for _ in range(times):
            await count(conn, limit, *source)

    house.do(work)


def test_the_addresses_that_one_visitor_has_to_themselves_count_as_one(shared: House, server: Server) -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8:0:0:ffff::9") != network_of("2001:db8:0:1::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") != network_of("192.0.2.2")
    tried(shared, BY_ADDRESS, 29, "2001:db8::/64")

    async def story() -> None:
        async with (
            asked_from("2001:db8::1", server.base) as guesser,
            asked_from("2001:db8::ffff:9", server.base) as the_same,
            asked_from("2001:db8:0:1::1", server.base) as neighbour,
        ):
            assert (await guess(guesser, "one")).status_code == 403
            assert (await guess(the_same, "another")).status_code == 429
            assert (await guess(neighbour, "another")).status_code == 403

    shared.tell(story())


def test_who_guesses_one_name_from_many_addresses_is_held_off_and_a_fresh_address_gets_its_try(
    shared: House, server: Server
) -> None:
    shared.do(lambda conn: put_account(conn, "guessed", PASSWORD))
    tried(shared, BY_NAME, 100, "guessed")

    async def story() -> None:
        async with (
            asked_from("198.51.100.1", server.base) as guesser,
            asked_from("203.0.113.9", server.base) as owner,
        ):
            assert [(await guess(guesser, "guessed")).status_code for _ in range(3)] == [403, 429, 429]
            assert (await guess(guesser, "ada")).status_code == 403
            assert (await guess(owner, "guessed", PASSWORD)).status_code == 303

    shared.tell(story())


def test_a_name_as_long_as_a_book_is_not_kept(shared: House, server: Server) -> None:
    book = "call me ishmael " * 10_000

    async def story() -> None:
        async with asked_from("192.0.2.3", server.base) as client:
            answer = await guess(client, book)
            assert answer.status_code == 403 and len(answer.text) < 10_000
            long = await guess(client, "grace", "x" * 150_000)
            assert long.status_code == 403

    shared.tell(story())
    [(largest,)] = shared.sql("select max(length(attempt::text)) from attempt")
    assert largest < 200


def test_who_opens_links_that_lead_nowhere_is_held_off_before_the_next_is_looked_up(
    shared: House, server: Server, other_server: Server
) -> None:
    session = shared.open()

    async def story() -> None:
        async with (
            asked_from("192.0.2.4", server.base) as guesser,
            asked_from("192.0.2.5", server.base) as player,
            asked_from("192.0.2.4", other_server.base) as elsewhere,
        ):
            first = await asyncio.gather(*(guesser.get(f"/join/guess{n}") for n in range(60)))
            assert {one.status_code for one in first} == {404}
            right = f"/join/{session.tokens['R1']}"
            for held_off in await guesser.get(right), await guesser.post(right):
                assert held_off.status_code == 429 and int(held_off.headers["retry-after"]) > 0
            assert (await player.get(right)).status_code == 200
            # The other process learns of it from the first that leads nowhere.
            assert (await elsewhere.get("/join/guess")).status_code == 429
            assert (await elsewhere.get(right)).status_code == 429

    shared.tell(story())


@pytest.mark.parametrize("address", ["unknown", "", "fe80::1%eth0"])
def test_an_address_that_is_none_is_held_to_the_limits_like_others(address: str) -> None:
    assert network_of(address) in (address, "fe80::/64")
