"""Stories of a session that goes from one of several databases to another, with all that is proof of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.database.connections import Connection
from app.database.embedded import Postgres
from app.sessions import seals
from app.sessions.erasing import erase, sweep
from app.web.access.accounts import put_account
from app.web.access.rights import give
from tests.house.clusters import two_databases, two_postgres
from tests.house.moving import (
    MARKED,
    MOMENTS,
    Mover,
    a_closed_session,
    held,
    is_whole_in,
    killed_when,
    name_both,
    until_so,
)
from tests.house.pictures import with_files
from tests.house.shell import is_refused
from tests.house.studies import ROOM_TALK
from tests.house.telling import everything_in

# Tables that have nothing of a session: why they stay.
STAY = {
    "account api_token login half_login recovery_code attempt study_right": "researchers, and copies of them",
    "kept_study kept_version kept_file broken_page": "studies as they were uploaded, which are with the accounts",
    "own_content own_file own_piece": "a study's own files, known by their digest: they go along, and stay for others",
    "security_event": "what was done in this database, which nobody changes",
    "process secret migration cluster transfer": "the server's own",
}


def differing(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """Files, and what commands said, that are not what they were."""
    parts = [
        (f"{what} {name}", now[what].get(name), then[what].get(name)) for what in then for name in then[what]
    ]
    assert {*now["files"]} == {*then["files"]}
    return [f"{name}: {str(one)[:2000]} {str(other)[:2000]}" for name, one, other in parts if one != other]


def test_all_that_is_proof_of_a_session_is_the_same_in_the_other_database(
    postgres: Postgres, own_postgres: Postgres, tmp_path: Path
) -> None:
    with two_postgres(postgres, own_postgres, own_postgres, tmp_path) as clusters:
        name_both(clusters)
        mover, main = Mover(clusters), clusters.main

        async def grace(conn: Connection) -> None:
            await put_account(conn, "grace", "correct horse battery")

        main.do(grace)
        session = a_closed_session(main)
        main.do(lambda conn: seals.seal(conn, session, {"analysis.R": "0" * 64}, "ada"))
        main.do(lambda conn: give(conn, session, "grace", "owner", "story"))
        main.do(lambda conn: erase(conn, session, "ada", "asked", label="P4"))
        main.read(sweep)
        rows, known = mover.rows_in("main", session), mover.known_of(session)
        assert {"seal", "erasure", "note", "message", "session_right", "log", "tie"} <= rows.keys()

        told = mover.moves(session, "east")
        assert (told["from"], told["to"], told["sessions"]) == ("main", "east", [session])
        assert told["rows"] == rows
        is_whole_in(mover, session, "east", rows)
        assert differing(mover.known_of(session), known) == [], "found by its id, which begins with main"
        assert "already; nothing changed" in mover.type("transfer", session, "--to", "east").stdout
        log = "select data->>'to_cluster' from security_event where what = 'session_transferred'"
        assert main.sql(log) == clusters.east.sql(log) == [("east",)]
        assert mover.type("archive", session).returncode == 0, "what is done to it is done there"

        mover.moves(session, "main")
        assert mover.type("archive", session, "--back").returncode == 0
        is_whole_in(mover, session, "main", rows)
        assert differing(mover.known_of(session), known) == []


def test_a_study_takes_its_own_pictures_and_sounds_along(mover: Mover, tmp_path: Path) -> None:
    main, east = mover.clusters.main, mover.clusters.east
    session = main.open_folder(with_files(tmp_path), {"player": 2}, start=False)
    main.do(lambda conn: seals.seal(conn, session.id, {}, "ada"))
    main.act("close", session)
    known, pieces = (
        mover.known_of(session.id),
        "select sha256, number, sha256(body) from own_piece order by 1, 2",
    )
    there = main.sql(pieces)
    assert len(there) > 3 and not east.sql(pieces)
    mover.moves(session.id, "east")
    assert east.sql(pieces) == there
    main.sql("truncate own_content cascade")  # so that nobody reads them here
    assert differing(mover.known_of(session.id), known) == []


def test_each_table_goes_along_or_has_a_reason_to_stay(mover: Mover) -> None:
    """Found by the schema: one that is added and names a session is carried, and one that does not is found here."""
    stay = {table for tables in STAY for table in tables.split()}
    carried = {table.name for table in mover.tables()}
    assert carried | stay == {*everything_in(mover.clusters.main)} and not carried & stay
    assert not [table.name for table in mover.tables() if not table.key], (
        "what comes late is known by its key"
    )
    for house in mover.clusters.houses.values():
        house.sql("create table parting (session_id text primary key, words text not null)")
        house.sql("create table gift (player_id bigint primary key references player (id), what jsonb)")
    session = a_closed_session(mover.clusters.main)
    mover.clusters.main.sql("insert into parting values (%s, 'farewell')", session)
    mover.clusters.main.sql(
        "insert into gift select min(id), '[1.50]' from player where session_id = %s", session
    )
    mover.moves(session, "east")
    assert mover.clusters.east.sql("select words from parting") == [("farewell",)]
    assert mover.clusters.east.sql("select what::text from gift") == [("[1.50]",)]
    assert mover.clusters.main.sql("select from parting union all select from gift") == []


def test_no_trigger_tells_of_rows_that_were_told_of_before(mover: Mover) -> None:
    triggers = mover.clusters.main.sql(
        "select c.relname, pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid"
        " where not tgisinternal and c.relname = any(%s)",
        [table.name for table in mover.tables()],
    )
    # Pages of whoever was on the session look again, and are led to where it is.
    loud = [name for name, said in triggers if "networklab.carrying" not in said and name != "session_right"]
    assert triggers and not loud, "give it the `when` that the others in sql/triggers.sql have"


@pytest.mark.parametrize("moment", MOMENTS)
def test_who_is_killed_over_it_leaves_it_whole_in_one_and_again_finishes(mover: Mover, moment: str) -> None:
    session = a_closed_session(mover.clusters.main)
    mover.clusters.main.do(lambda conn: seals.seal(conn, session, {}, "ada"))
    rows, known = mover.rows_in("main", session), mover.known_of(session)
    where, lock, holder = MOMENTS[moment]
    process = mover.begins(session, "east")
    with held(mover.clusters.houses[where], lock) as waited_for:
        killed_when(process, waited_for)
    assert mover.clusters.main.sql(MARKED) == [(1,)]
    assert mover.rows_in(holder, session) == rows
    assert mover.listed() == [session] and differing(mover.known_of(session), known) == []
    if holder == "main":
        assert "is being moved" in is_refused(mover.type("archive", session))
        assert not mover.rows_in("east", session)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            mover.clusters.main.sql(
                "insert into note (session_id, account, body, form) values (%s, 'ada', 'late', 'f')", session
            )
    mover.moves(session, "east")
    is_whole_in(mover, session, "east", rows)
    assert differing(mover.known_of(session), known) == []


def test_one_that_was_broken_off_can_be_given_up(mover: Mover) -> None:
    session = a_closed_session(mover.clusters.main)
    process = mover.begins(session, "east")
    with held(mover.clusters.east, MOMENTS["as some tables have been copied"][1]) as waited_for:
        killed_when(process, waited_for)
    told = mover.type("transfer", session, "--to", "main")
    assert told.returncode == 0 and "stays in main" in told.stdout
    assert mover.type("archive", session).returncode == 0


def test_two_who_move_it_at_once_are_one_after_the_other(mover: Mover) -> None:
    session = a_closed_session(mover.clusters.main)
    rows = mover.rows_in("main", session)
    first = mover.begins(session, "east")
    with held(mover.clusters.east, MOMENTS["as some tables have been copied"][1]) as waited_for:
        until_so(first, waited_for)
        assert "Another transfer from main goes on" in is_refused(
            mover.type("transfer", session, "--to", "east")
        )
    first.communicate()
    mover.moves(session, "east")
    is_whole_in(mover, session, "east", rows)


def test_what_was_written_while_it_went_goes_too(mover: Mover) -> None:
    """A page that was left, say, of which the process that had it tells a second later."""
    main, session = mover.clusters.main, a_closed_session(mover.clusters.main)
    [(player,)] = main.sql("select min(id) from player where session_id = %s", session)
    main.sql("insert into presence values (%s, %s, 'p', '2026-01-01', null)", player, session)
    process = mover.begins(session, "east")
    with held(main, "select from record order by id limit 1 for update") as waited_for:
        killed_when(process, waited_for)
    main.sql("update presence set until = '2026-01-02'")
    main.sql("insert into visit values (%s, %s, '2026-01-03')", player, session)
    mover.moves(session, "east")
    assert mover.clusters.east.sql("select until::date::text from presence") == [("2026-01-02",)]
    assert mover.clusters.east.sql("select opened_at::date::text from visit") == [("2026-01-03",)]


def test_sessions_that_go_on_from_each_other_go_together(mover: Mover) -> None:
    main = mover.clusters.main
    first, second = main.open(ROOM_TALK), main.open(ROOM_TALK)
    main.sql(
        "update session set from_session_id = %s, from_outcomes = '{complete}' where id = %s",
        first.id,
        second.id,
    )
    main.act("close", first)
    assert f"({second.id}) is running. Close it first" in is_refused(
        mover.type("transfer", first.id, "--to", "east")
    )
    main.act("close", second)
    assert set(mover.moves(second.id, "east")["sessions"]) == {first.id, second.id}
    assert not mover.rows_in("main", first.id) and mover.rows_in("east", first.id)


def test_what_cannot_be_moved_is_told_why_and_stays(mover: Mover, postgres: Postgres) -> None:
    main, east = mover.clusters.main, mover.clusters.east
    open_one = main.open(ROOM_TALK)
    session = a_closed_session(main)

    def refused(*words: str) -> str:
        said = is_refused(mover.type("transfer", *words))
        assert main.sql(MARKED) == [(0,)]
        return said

    assert "no database called “west”: there is main, east." in refused(session, "--to", "west")
    assert "There is no session “nothing”." in refused("nothing", "--to", "east")
    assert "is running. Close it first" in refused(open_one.id, "--to", "east")
    assert "already; nothing changed" in mover.type("transfer", session, "--to", "main").stdout
    alone = is_refused(mover.shell.type("transfer", session, "--to", "east"))
    assert "There is one database here" in alone

    main.sql(
        "insert into payout (session_id, study_id, currency, people, amount, by) values (%s, 's', 'GBP', 1, 2, 'ada')",
        session,
    )
    assert "is being asked to pay. Wait until that is over" in refused(session, "--to", "east")
    main.sql("delete from payout")
    main.sql("update player set erase_wanted_at = now() where session_id = %s and label = 'P5'", session)
    assert "is just being erased" in refused(session, "--to", "east")
    main.sql("update player set erase_wanted_at = null")

    async def local(conn: Connection) -> None:
        await put_account(conn, "otto", "correct horse battery")

    east.do(local)
    theirs = a_closed_session(east)
    east.do(lambda conn: give(conn, theirs, "otto", "owner", "story"))
    assert "otto may see this session here, and has no account" in refused(theirs, "--to", "main")


def test_numbers_that_the_other_database_has_given_too_are_found_before_anything_is_copied(
    postgres: Postgres, tmp_path: Path
) -> None:
    with two_databases(postgres, tmp_path) as clusters:
        sessions = {name: a_closed_session(house) for name, house in clusters.houses.items()}
        name_both(clusters)
        mover = Mover(clusters)
        said = is_refused(mover.type("transfer", sessions["main"], "--to", "east"))
        assert "rows with the same numbers as this session" in said and "of player" in said
        assert clusters.main.sql(MARKED) == [(0,)] and not mover.rows_in("east", sessions["main"])
        later = a_closed_session(clusters.main)
        mover.moves(later, "east")
        assert mover.rows_in("east", later) and not mover.rows_in("main", later)


def test_one_that_is_away_is_named_and_nothing_is_moved(
    postgres: Postgres, own_postgres: Postgres, tmp_path: Path
) -> None:
    with two_postgres(postgres, own_postgres, own_postgres, tmp_path) as clusters:
        name_both(clusters)
        mover = Mover(clusters)
        staying, gone = a_closed_session(clusters.main), a_closed_session(clusters.east)
        mover.moves(gone, "main")
        clusters.east.leave()
        own_postgres.stop()
        assert "east does not answer, so nothing is moved there." in is_refused(
            mover.type("transfer", staying, "--to", "east")
        )
        assert mover.type("verify", gone).returncode == 0, "found where it is, though its id begins with east"
        own_postgres.start()
