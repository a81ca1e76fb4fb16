"""Stories of a database that allows few connections: a server that fits in is started, or it is said what to change."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from app.config import NOWHERE
from app.web.connection_budget import SMALLEST, Allowance, Fit, fitting, of_a_process
from app.web.processes import free_port
from tests.house.burst import BURST, a_burst, assert_kept, everyone_has_written
from tests.house.house import House
from tests.house.shell import Shell, is_refused

LEAST = Fit(1, SMALLEST)


@pytest.fixture
def account(database: str) -> Iterator[str]:
    """The name of a role that may do what the server does, and that is no superuser, whom no limit binds."""
    name = f"some_{os.urandom(4).hex()}"
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(f"create role {name} login; grant pg_monitor to {name}".encode())
        conn.execute(f"grant all on schema public to {name}".encode())
        for kind in ("tables", "sequences", "functions"):
            conn.execute(f"grant all on all {kind} in schema public to {name}".encode())
        yield name
        conn.execute(f"drop owned by {name}; drop role {name}".encode())


def allow(house: House, account: str, connections: int) -> str:
    """The address of the database for the account."""
    house.sql(f"alter role {account} connection limit {connections}")
    return make_conninfo(house.database, user=account)


def test_a_server_takes_smaller_pools_first_and_fewer_processes_then() -> None:
    wanted = Fit(3, 8)
    assert fitting(wanted, wanted.connections) == wanted
    assert fitting(wanted, wanted.connections - 1) == Fit(3, 7)
    assert fitting(wanted, Fit(3, SMALLEST).connections - 1) == Fit(2, 7)
    assert fitting(wanted, LEAST.connections) == LEAST and LEAST.connections == 20
    assert fitting(wanted, LEAST.connections - 1) is None
    assert fitting(Fit(1, 1), 19) == Fit(1, 1), "a pool that somebody wants that small"


def test_an_account_with_twenty_connections_has_a_server_that_takes_no_more(
    house: House, account: str
) -> None:
    session = house.open(BURST, {"red": 4, "blue": 4})
    url = allow(house, account, 20)
    server = house.serve(DATABASE_URL=url)
    said = server.log.read_text()
    assert f"has 20 connections left for the account {account}" in said, said
    assert "so there will be 1 process with pools of 2." in said, said
    assert f"`alter role {account} connection limit {Fit(1, 8).connections}` allows that." in said, said

    async def story() -> None:
        async with a_burst(house, session, server) as writers:
            await everyone_has_written(writers, 20)
            [(taken,)] = house.sql("select count(*) from pg_stat_activity where usename = %s", account)
            assert taken <= of_a_process(SMALLEST), taken
        assert_kept(house, session, writers)

    house.tell(story())
    assert "too many connections" not in server.log.read_text()


def test_where_not_even_the_smallest_server_fits_it_says_what_to_change(
    house: House, account: str, tmp_path: Path
) -> None:
    shell, url = Shell(house, tmp_path), allow(house, account, 12)
    refused = is_refused(
        shell.type("serve", "--port", str(free_port()), DATABASE_URL=url, NETWORKLAB_PLAY_URL=NOWHERE)
    )
    assert f"has 12 connections left for the account {account}, and the smallest server takes 20." in refused
    [most] = re.findall(rf"`alter role {account} connection limit (\d+)` allows that\.", refused)
    house.sql(f"alter role {account} connection limit {most}")
    house.serve(DATABASE_URL=allow(house, account, int(most)), processes=1)


def test_what_is_advised_leaves_room_for_the_servers_that_are_there() -> None:
    full = Allowance(
        limit="max_connections", most=97, taken=95, by_others=0, reserved=3, role="lab", database="lab"
    )
    assert full.cure(20 + full.taken, embedded=False) == (
        "`alter system set max_connections = 118` and a restart of Postgres allow that."
    )
