"""Stories of a database that comes up to date, once, whoever asks for it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from app.config import PROJECT, ConfigError
from app.database.connections import connect
from app.database.embedded import Postgres
from app.database.migrations import migrate, newest_migration
from app.database.queries import SQL_FOLDER
from tests.house.database import an_empty_database

MIGRATE = """
import asyncio, sys
from app.database.connections import connect
from app.database.migrations import migrate

async def run():
    conn = await connect(sys.argv[1], "migrate")
    print("ready", flush=True)
    sys.stdin.readline()
    await migrate(conn)
    await conn.close()

asyncio.run(run())
"""
SHAPE = {
    "columns": "select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns"
    " where table_schema = 'public'",
    "constraints": "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint"
    " where connamespace = 'public'::regnamespace",
    "indexes": "select indexname, indexdef from pg_indexes where schemaname = 'public'",
    "functions": "select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace",
    "triggers": "select tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal",
    "migrations": "select name, applied_at::text from migration",
    "secret": "select key::text from secret",
}


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[str]:
    """The address of a database with nothing in it."""
    with an_empty_database(postgres) as url:
        yield url


def shape(url: str) -> dict[str, list[tuple[object, ...]]]:
    with psycopg.connect(url) as conn:
        return {
            part: sorted(conn.execute(query.encode()).fetchall(), key=str) for part, query in SHAPE.items()
        }


def bring_up_to_date(url: str) -> None:
    async def run() -> None:
        conn = await connect(url, "story")
        try:
            await migrate(conn)
        finally:
            await conn.close()

    asyncio.run(run())


@contextmanager
def another_connection(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as conn:
        yield conn


def test_a_fresh_database_comes_up_to_date_and_a_second_time_changes_nothing(empty: str) -> None:
    bring_up_to_date(empty)
    fresh = shape(empty)
    applied = {str(name) for name, _ in fresh["migrations"]}
    assert applied >= {path.stem for path in (SQL_FOLDER / "migrations").glob("*.sql")}
    assert len(fresh["secret"]) == 1 and len(fresh["triggers"]) >= 6
    bring_up_to_date(empty)
    assert shape(empty) == fresh


def test_a_database_that_a_newer_version_has_migrated_is_refused_and_left_as_it_is(empty: str) -> None:
    bring_up_to_date(empty)
    with another_connection(empty) as conn:
        conn.execute("insert into migration (name) values ('9999_later')")
        conn.execute("update migration set name = 'triggers of the newer one' where name like 'triggers %'")
    theirs = shape(empty)
    with pytest.raises(
        ConfigError, match="tables of a newer NetworkLab, up to 9999_later; this one, "
    ) as refused:
        bring_up_to_date(empty)
    assert newest_migration() in str(refused.value)
    assert shape(empty) == theirs


def test_four_processes_bring_one_database_up_to_date_at_once(empty: str) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, empty],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )
        for _ in range(4)
    ]
    for process in started:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in started:  # all are connected: now
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * 4, [errors for _, errors in ended]
    together = shape(empty)
    assert len(together["migrations"]) == len({name for name, _ in together["migrations"]})
    bring_up_to_date(empty)
    assert shape(empty) == together


def test_of_a_migration_that_fails_nothing_is_left_and_it_is_made_up_for(empty: str) -> None:
    with another_connection(empty) as conn:
        conn.execute("create table event (in_the_way integer)")
    before = _tables(empty)
    with pytest.raises(psycopg.errors.DuplicateTable):
        bring_up_to_date(empty)
    assert _tables(empty) == before | {"migration"}  # each is committed by itself
    with another_connection(empty) as conn:
        conn.execute("drop table event")
    bring_up_to_date(empty)
    assert _tables(empty) >= {"event", "session", "player"}


def _tables(url: str) -> set[str]:
    with another_connection(url) as conn:
        return {
            name for (name,) in conn.execute("select tablename from pg_tables where schemaname = 'public'")
        }


def test_the_triggers_can_be_applied_again_and_again(empty: str) -> None:
    bring_up_to_date(empty)
    before = shape(empty)
    with another_connection(empty) as conn:
        for _ in range(2):
            conn.execute((SQL_FOLDER / "triggers.sql").read_bytes())
    assert shape(empty) == before


def test_the_triggers_of_another_version_make_way_for_ours_whichever_came_first(empty: str) -> None:
    bring_up_to_date(empty)
    ours = shape(empty)
    with another_connection(empty) as conn:  # what a newer version does, before it is taken back
        conn.execute(
            "create or replace function session_inserted() returns trigger language plpgsql as 'begin end'"
        )
        conn.execute("delete from migration where name like 'triggers %'")
        conn.execute("insert into migration (name) values ('triggers of another version')")
    assert shape(empty)["functions"] != ours["functions"]
    bring_up_to_date(empty)
    assert shape(empty)["functions"] == ours["functions"]
    # Taken back or not, the database remembers one set of triggers: the one that is there.
    assert [name for name, _ in shape(empty)["migrations"] if str(name).startswith("triggers")] == [
        name for name, _ in ours["migrations"] if str(name).startswith("triggers")
    ]


def test_a_study_that_nobody_owns_is_again_whose_it_was_made_by_unless_somebody_has_said(empty: str) -> None:
    bring_up_to_date(empty)
    with psycopg.connect(empty) as conn:
        conn.execute("insert into account (name, password_hash) values ('vera', 'x'), ('yan', 'x')")
        for id, by in (("lost", "vera"), ("hers", "vera"), ("given-on", "vera"), ("of-nobody", "gone")):
            conn.execute("insert into kept_study (id, form, made_by) values (%s, %s, %s)", [id, id, by])
        conn.execute(
            "insert into study_right (study_id, account, role, given_by) values ('hers', 'yan', 'owner', 'x')"
        )
        # Of this one vera was taken off, and the account of its owner was removed.
        conn.execute(
            "insert into security_event (what, account, about) values ('study_right_taken', 'yan', 'given-on')"
        )
        conn.execute("delete from migration where name = '0076_owners_of_studies'")
    bring_up_to_date(empty)
    with psycopg.connect(empty) as conn:
        owners = conn.execute("select study_id, account from study_right order by study_id").fetchall()
    assert owners == [("hers", "yan"), ("lost", "vera")]
