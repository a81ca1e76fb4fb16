"""The server's own work on the embedded Postgres is done by a role that owns its database, and nothing besides."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from app.database.embedded import Postgres
from app.database.roles import SERVER, SUPERUSER, hand_over
from app.database.running import migrate_at
from app.export.verify import verify
from app.study.reading import parse
from tests.house.database import a_postgres
from tests.house.guests import seated, sign_everyone_in
from tests.house.house import House
from tests.house.studies import TALK, as_files

FORBIDDEN = [
    "copy (select 1) to program 'true'",
    "select pg_read_file('/etc/passwd')",
    "create role another",
    "create database another",
    "alter system set fsync = off",
    "set session_replication_role = replica",
    "set role networklab",
    "create extension if not exists plpython3u",
]


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    with a_postgres() as postgres:
        yield postgres


def owners(url: str) -> set[str]:
    with psycopg.connect(url) as conn:
        found = conn.execute(
            """select relowner::regrole::text from pg_class where relnamespace = 'public'::regnamespace
            union select proowner::regrole::text from pg_proc where pronamespace = 'public'::regnamespace
            union select typowner::regrole::text from pg_type where typnamespace = 'public'::regnamespace
            union select datdba::regrole::text from pg_database where datname = current_database()"""
        )
        return {name for (name,) in found.fetchall()}


def test_a_session_lives_its_whole_life_without_a_superuser(own_postgres: Postgres, tmp_path: Path) -> None:
    asyncio.run(migrate_at(own_postgres.served))
    assert owners(own_postgres.dsn) == {SERVER}
    house = House(own_postgres.served, tmp_path)
    try:
        server = house.serve()
        session = house.open()
        guests = [house.guest(server, session, label) for label in session.tokens]

        researcher = house.researcher(server)

        async def story() -> None:
            await sign_everyone_in(guests)
            for guest in guests:
                await seated(guest)
                assert (await guest.answer({"belief": "5"})).status == 200
            for page in ("", f"/sessions/{session.id}", f"/sessions/{session.id}/export.zip"):
                assert (await researcher.get(f"/admin{page}")).status == 200

        house.tell(story())
        house.act("close", session)
        verdict = asyncio.run(verify(house.database, session.id, parse(as_files(TALK))))
        assert verdict.ok, str(verdict)
        assert "Traceback" not in server.log.read_text()
    finally:
        house.leave()


@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_it_reads_no_file_runs_no_program_and_sets_nothing(own_postgres: Postgres, forbidden: str) -> None:
    with (
        psycopg.connect(own_postgres.served, autocommit=True) as conn,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported)),
    ):
        conn.execute(forbidden.encode())


def test_a_data_folder_of_the_version_before_goes_on(own_postgres: Postgres) -> None:
    """All of it was the superuser's. Processes of that version still work on it while it is handed over."""
    with psycopg.connect(own_postgres.dsn, autocommit=True) as conn:
        conn.execute("create database before")
    url = make_conninfo(own_postgres.dsn, dbname="before")
    asyncio.run(migrate_at(url))
    assert owners(url) == {SUPERUSER}
    with psycopg.connect(url, autocommit=True) as conn:
        hand_over(conn)
        hand_over(conn)
    assert owners(url) == {SERVER}
    asyncio.run(migrate_at(make_conninfo(url, user=SERVER)))
    with psycopg.connect(url) as conn:
        assert conn.execute("select count(*) from session").fetchone() == (0,)
