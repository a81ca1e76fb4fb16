"""Stories of the names of several databases, and of the numbers that each gives."""

from __future__ import annotations

from pathlib import Path
from string import ascii_lowercase

import pytest

from app.config import ConfigError
from app.database.clusters import NUMBERS, RANGES, be_named, first_numbers, moved_from
from app.database.connections import Connection
from app.database.embedded import Postgres
from app.players.people import Person
from app.players.players import invite
from app.players.tokens import new_token
from app.sessions.arrivals import begin
from app.study.stored import read_study
from tests.house.clusters import two_databases
from tests.house.house import House
from tests.house.solo import solo_files

NAMES = ["main", "east"]
GIVEN = "select (select min(id) from player), (select min(id) from room), (select max(id) from log)"


def named(house: House, name: str, names: list[str] = NAMES) -> None:
    house.do(lambda conn: be_named(conn, name, names))


def test_no_number_of_one_database_is_given_by_another(postgres: Postgres, tmp_path: Path) -> None:
    with two_databases(postgres, tmp_path) as clusters:
        before = clusters.east.open()
        [numbered] = clusters.east.sql(GIVEN)
        assert max(number for number in numbered if number) < NUMBERS, "one alone counts from 1"
        for name, house in clusters.houses.items():
            named(house, name)
            named(house, name, [name])  # by whoever knows no other: nothing changes
        opened = {name: house.open() for name, house in clusters.houses.items()}
        firsts = first_numbers(NAMES)
        for name, house in clusters.houses.items():
            given = house.sql(
                "select id from player where session_id = %(id)s union all select id from log"
                " where session_id = %(id)s".replace("%(id)s", f"'{opened[name].id}'")
            )
            assert {number // NUMBERS * NUMBERS for (number,) in given} == {firsts[name]}
        sequences = clusters.east.sql("select min(coalesce(last_value, 0)) from pg_sequences")
        assert sequences[0][0] >= firsts["east"], "of each table, those that have no rows, too"
        clusters.east.sql("create table later (id bigint generated always as identity)")
        named(clusters.east, "east")
        clusters.east.sql("insert into later default values")
        assert clusters.east.sql("select id from later") == [(firsts["east"] + 1,)]
        assert clusters.east.sql("select count(*) from player where session_id = %s and id < 1000", before.id)


def test_what_was_named_before_it_had_numbers_of_its_own_is_given_them(house: House) -> None:
    house.sql("insert into cluster (name) values ('east')")
    house.open()
    named(house, "east")
    assert house.sql("select numbers_from from cluster") == [(first_numbers(NAMES)["east"],)]
    now = house.open()
    [(least,)] = house.sql("select min(id) from player where session_id = %s", now.id)
    assert least > first_numbers(NAMES)["east"]
    with pytest.raises(ConfigError, match="calls west is east"):
        named(house, "west")


def test_first_numbers_differ_and_what_comes_behind_changes_none() -> None:
    names = [f"{first}{second}" for first in ascii_lowercase for second in ascii_lowercase][:RANGES]
    found = first_numbers(names)
    assert len({*found.values()}) == RANGES, "each has one of its own"
    assert {name: found[name] for name in names[:40]} == first_numbers(names[:40])
    assert max(found.values()) + NUMBERS <= 10**11 < 2**53, "11 digits, which a spreadsheet shows as they are"
    assert len(first_numbers([*names, "more"])) == RANGES + 1


def test_what_has_moved_is_read_again_when_any_of_it_is_new(house: House) -> None:
    """By each process, twice a second: of all that ever moved only whether there is anything new."""
    begins = (
        "insert into transfer (session_id, cluster, by) values (%s, 'east', 'ada') on conflict (session_id) do update"
        " set began_at = excluded.began_at, done_at = null"
    )

    async def story(conn: Connection) -> None:
        state, moved = await moved_from(conn)
        assert moved == {}
        for change, given, found in (
            (begins, ("one",), {"one": ("east", False)}),
            ("update transfer set done_at = clock_timestamp()", (), {"one": ("east", True)}),
            (begins, ("two",), {"one": ("east", True), "two": ("east", False)}),
            ("delete from transfer where session_id = %s", ("two",), {"one": ("east", True)}),
            (begins, ("one",), {"one": ("east", False)}),
            ("delete from transfer", (), {}),
        ):
            house.sql(change, *given)
            state, moved = await moved_from(conn, state)
            assert moved == found, change
            assert await moved_from(conn, state) == (state, None)

    house.read(story)


def test_a_session_goes_on_whose_people_have_numbers_from_before_and_after_its_database_got_a_name(
    postgres: Postgres, tmp_path: Path
) -> None:
    with two_databases(postgres, tmp_path) as clusters:
        house = clusters.main
        session = house.open_files(solo_files(), {"red": 2})
        named(house, "main")

        async def work(conn: Connection) -> None:
            async with conn.transaction():
                await invite(conn, session.id, [Person(new_token(), label, "red") for label in ("R8", "R9")])
                await conn.execute(b"update player set status = 'before', signed_in_at = now()")
                people = await (await conn.execute(b"select id from player order by id")).fetchall()
                await begin(conn, session.id, await read_study(conn, session.id), [one for (one,) in people])

        house.do(work)
        last_digits = house.sql("select array_agg(id % 1000000000 order by id) from player")
        assert last_digits == [([1, 2, 1, 2],)], "those that came later have the same ones again"
        alone = "select r.player_id, r.name from room r join player p on p.id = r.player_id order by 1"
        assert len(house.sql(alone)) == 4 == len({name for _, name in house.sql(alone)})
        assert house.contradictions(session) == []
