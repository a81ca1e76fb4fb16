"""Stories of a session that is moved while others write, commit, take over, or hang up."""

from __future__ import annotations

import psycopg
import pytest

from app.database.carried_rows import begin_to_carry, carried_tables, delete
from app.database.clusters import first_numbers
from app.database.connections import Connection
from app.sessions import waves
from app.sessions.erasing import erase, want
from app.sessions.sessions import SessionError
from app.study.stored import read_study
from tests.house.house import House
from tests.house.moving import (
    MARKED,
    MOMENTS,
    Mover,
    a_closed_session,
    held,
    is_whole_in,
    killed_when,
    until_so,
)
from tests.house.shell import is_refused
from tests.house.studies import ROOM_TALK


def lower_and_higher() -> list[str]:
    """Which of the two gives lower numbers."""
    return sorted(("main", "east"), key=lambda name: first_numbers(["main", "east"])[name])


def goes_on(house: House, earlier: str, words: tuple[str, ...] = ("complete",)) -> str:
    """A session that was opened from another one."""
    later = house.open(ROOM_TALK, start=False)

    async def by_somebody(conn: Connection) -> None:
        async with conn.transaction():
            await waves.go_on(conn, later.id, waves.Wave(earlier, words), await read_study(conn, earlier))

    house.do(by_somebody)
    return later.id


def test_nobody_goes_on_from_what_is_on_its_way_and_only_what_was_marked_is_moved(mover: Mover) -> None:
    main, session = mover.clusters.main, a_closed_session(mover.clusters.main)
    process = mover.begins(session, "east")
    with held(mover.clusters.east, MOMENTS["as some tables have been copied"][1]) as waited_for:
        killed_when(process, waited_for)
    with pytest.raises(SessionError, match="is being moved to the database east"):
        goes_on(main, session)
    later = main.open(ROOM_TALK)
    main.sql(
        "update session set from_session_id = %s, from_outcomes = '{complete}' where id = %s",
        session,
        later.id,
    )
    assert f"{later.id} came to {session} after" in is_refused(
        mover.type("transfer", session, "--to", "east")
    )
    assert mover.rows_in("main", later.id) and mover.rows_in("main", session)
    assert "stays in main" in mover.type("transfer", session, "--to", "main").stdout
    assert "Close it first" in is_refused(mover.type("transfer", session, "--to", "east"))
    main.act("close", later)
    assert set(mover.moves(session, "east")["sessions"]) == {session, later.id}


def test_people_go_on_where_their_numbers_are_higher_than_those_that_are_given(mover: Mover) -> None:
    lower, higher = lower_and_higher()
    session = a_closed_session(mover.clusters.houses[higher])
    mover.moves(session, lower)
    house = mover.clusters.houses[lower]
    found = house.sql("select distinct outcome from player where session_id = %s and outcome <> ''", session)
    later = goes_on(house, session, tuple(outcome for (outcome,) in found))
    assert house.sql("select bool_and(earlier_id > player_id) from earlier where session_id = %s", later) == [
        (True,)
    ]


def test_a_commit_that_is_under_way_is_waited_for_and_nobody_writes_meanwhile(mover: Mover) -> None:
    """As where it waits for a standby: whoever began it is gone, and it may come to its end yet."""
    main, east, session = mover.clusters.main, mover.clusters.east, a_closed_session(mover.clusters.main)
    rows = mover.rows_in("main", session)
    for statement in (
        "create table dam (water int)",
        "create function wait_at_dam() returns trigger language plpgsql set lock_timeout = 0 as"
        " $$begin lock table dam; return null; end$$",
        "create constraint trigger commits_wait after insert on security_event deferrable initially deferred"
        " for each row execute function wait_at_dam()",
    ):
        east.sql(statement)
    process = mover.begins(session, "east")
    with held(east, "lock table dam in share mode") as waited_for:
        killed_when(process, waited_for)
        for to in ("east", "main"):
            said = is_refused(mover.type("transfer", session, "--to", to))
            assert "may be in east, or come there yet" in said and "again in a while" in said
        assert "is being moved" in is_refused(mover.type("archive", session))
        assert main.sql(MARKED) == [(1,)] and mover.rows_in("main", session) == rows
        assert not mover.rows_in("east", session) and waited_for()
    mover.moves(session, "east")
    is_whole_in(mover, session, "east", rows)


def test_what_has_gone_from_the_other_database_again_is_not_deleted_where_it_was(mover: Mover) -> None:
    """As where another machine has taken over there that never had it."""
    main, east, session = mover.clusters.main, mover.clusters.east, a_closed_session(mover.clusters.main)
    rows = mover.rows_in("main", session)
    process = mover.begins(session, "east")

    async def forget(conn: Connection) -> None:
        async with conn.transaction():
            await begin_to_carry(conn)
            await delete(conn, await carried_tables(conn), [session])

    with held(main, "select from player order by id limit 1 for key share") as waited_for:
        until_so(process, waited_for)
        assert mover.rows_in("east", session) == rows
        east.do(forget)
    said = process.communicate()[1].decode()
    assert process.returncode == 2 and "nothing of it is deleted where it was" in said, said
    assert mover.rows_in("main", session) == rows
    mover.moves(session, "east")
    is_whole_in(mover, session, "east", rows)


def test_a_late_wish_arrives_and_what_was_done_there_meanwhile_stays(mover: Mover) -> None:
    main, east, session = mover.clusters.main, mover.clusters.east, a_closed_session(mover.clusters.main)
    out = "select id from player where session_id = %s and status in ('finished', 'left') order by id"
    (erased,), (asks,), (both,) = main.sql(out, session)[:3]
    main.sql("insert into presence values (%s, %s, 'p', '2026-01-01', null)", both, session)
    process = mover.begins(session, "east")
    with held(main, "select from record order by id limit 1 for update") as waited_for:
        killed_when(process, waited_for)
    east.do(lambda conn: erase(conn, session, "ada", "asked", player_id=erased))
    east.sql("update presence set until = '2026-01-03'")
    east.sql("update player set language = 'there' where id = any(%s)", [both])
    main.sql("update player set language = 'here' where id = any(%s)", [[erased, asks, both]])
    main.sql("update presence set until = '2026-01-02'")
    main.sql("insert into visit values (%s, %s, '2026-01-03')", erased, session)
    for player in (erased, asks, both):
        main.do(lambda conn, player=player: want(conn, player))  # type: ignore[misc]
    main.sql("update erasure set at = at + interval '1 hour'")
    mover.moves(session, "east")
    found = "select id, language, erase_wanted_at is not null from player where id = any(%s) order by id"
    told = {id: rest for id, *rest in east.sql(found, [erased, asks, both])}
    assert told[erased][1] is False and told[erased][0] != "here"
    assert told[asks] == ["here", True] and told[both] == ["there", True]
    assert east.sql("select until::date::text from presence") == [("2026-01-03",)]
    assert east.sql("select from visit where player_id = %s", erased) == []
    with pytest.raises(psycopg.errors.LockNotAvailable):
        main.do(lambda conn: want(conn, asks))


def test_what_processes_wrote_after_it_had_gone_does_not_keep_it_from_coming_back(mover: Mover) -> None:
    main, session = mover.clusters.main, a_closed_session(mover.clusters.main)
    [(player,)] = main.sql("select min(id) from player where session_id = %s", session)
    page = "insert into presence values (%s, %s, 'p', '2026-01-01', %s)"
    main.sql(page, player, session, None)
    rows = mover.rows_in("main", session)
    mover.moves(session, "east")
    main.sql(page, player, session, "2026-01-02")
    main.sql("insert into visit values (%s, %s, '2026-01-03')", player, session)
    main.sql("insert into acknowledged values (%s, 'p', '2026-01-03', 7)", session)
    mover.moves(session, "main")
    is_whole_in(mover, session, "main", rows)


def test_who_lost_the_source_reads_that_it_is_on_its_way_and_how_to_free_it(mover: Mover) -> None:
    main, session = mover.clusters.main, a_closed_session(mover.clusters.main)
    process = mover.begins(session, "east")
    hang_up = (
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
        " and application_name = 'networklab transfer'"
    )
    with held(mover.clusters.east, MOMENTS["as all but one have been copied"][1]) as waited_for:
        until_so(process, waited_for)
        main.sql(hang_up)
    said = process.communicate()[1].decode().splitlines()[-1]
    assert process.returncode == 2 and "The transfer between main and east broke off" in said, said
    assert f"transfer {session} --to east` goes on" in said and "DATABASE_URL" not in said
    assert main.sql(MARKED) == [(1,)]
    assert "stays in main" in mover.type("transfer", session, "--to", "main").stdout
