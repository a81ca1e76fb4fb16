from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from tests.house.history import copy_session
from tests.house.house import House, Opened
from tests.house.lively import a_lively_session
from tests.house.shell import networklab
from tests.house.waits import until

BEFORE = 500  # sessions, each as large as the one that is asked for
# Of a session, or of its rooms, each has many rows.
TABLES = {
    *("record", "event", "message", "result", "earning"),
    *("opened_step", "tie", "slot", "network", "room", "log", "player"),
}
COMMANDS = (
    "verify {id}",
    "export {id} --to {folder}/out",
    "export {id} --to {folder}/anonymous.zip --anonymous",
    "replay {id} --check",
    "compare {id} {other}",
    "payments {id}",
    "seal {id}",
    "erase {id} --yes",
)
PAGES = ("", "/answers", "/data", "/data?step=talk&field=belief", "/replay", "/recruiter", "/payments.csv")
MANY = 20_000
LEFT_BEHIND = {"presence", "visit", "sign", "acknowledged"}
OTHERS = """
    insert into presence (player_id, session_id, process, since, until)
    select n, 's' || n / 50, 'host:1', now() - interval '1 year', now() - interval '1 year'
    from generate_series(1000000, 1000000 + {many}) n;
    insert into visit (player_id, session_id, opened_at)
    select n, 's' || n / 50, now() - interval '1 year' from generate_series(1000000, 1000000 + {many}) n;
    insert into sign (player_id, at)
    select n, now() - interval '1 year' from generate_series(1000000, 1000000 + {many}) n;
    insert into acknowledged (session_id, process, began, records)
    select 's' || n, 'host:1', now() - interval '1 year', 7 from generate_series(1, {many}) n"""
READ = "select relname, seq_scan, seq_tup_read + idx_tup_fetch from pg_stat_user_tables"


def test_whoever_asks_for_a_session_reads_none_of_those_before_it(house: House) -> None:
    lively, who = a_lively_session(house)
    session = Opened(lively.session_id, lively.tokens)
    house.act("close", session)
    house.hands.close()  # and that connection has told by now what it read while the tables were small
    copy_session(house.database, session.id, 1, BEFORE)
    [(records,)] = house.sql("select count(*) from record")
    [(other,)] = house.sql(
        "select id from session where id <> %s order by opened_at desc limit 1", session.id
    )
    assert records > 40_000
    found: dict[str, dict[str, tuple[int, int]]] = {}
    server = house.serve()
    with reading(house, found, "pages"):
        browser = house.researcher(server)
        pages = [*PAGES, f"/players/{min(who.values())}", f"/players/{min(who.values())}/export.zip"]

        async def look() -> list[int]:
            return [(await browser.get(f"/admin/sessions/{session.id}{page}")).status for page in pages]

        assert house.tell(look()) == [200] * len(pages)
        server.stop()  # and its connections have told what they read
    for command in COMMANDS:
        with reading(house, found, command):
            words = command.format(id=session.id, other=other, folder=house.folder).split()
            assert networklab(house, *words).returncode == 0
    through = {
        (what, table): scans for what, read in found.items() for table, (scans, _) in read.items() if scans
    }
    assert not through, f"read from one end to the other, so often: {through}"
    # Asks once for all records, and finds them where they are.
    assert 90 <= found["replay {id} --check"]["record"][1] < records / 4


def test_what_pages_of_others_have_left_behind_costs_a_session_nothing(house: House) -> None:
    """When they were connected, when their links were opened, when they gave a sign: nobody clears that away."""
    session = house.open()
    house.hands.close()
    house.sql(OTHERS.format(many=MANY))
    house.sql("analyze presence, visit, sign, acknowledged")
    found: dict[str, dict[str, tuple[int, int]]] = {}
    server = house.serve()
    with reading(house, found, "a session", LEFT_BEHIND):
        guest, browser = house.guest(server, session, "R1"), house.researcher(server)

        async def look() -> list[int]:
            await guest.sign_in()
            async with guest.watching():
                [(player,)] = house.sql("select id from player where label = 'R1'")
                await until(
                    lambda: house.sql("select 1 from presence where player_id = %s", player), "a spell"
                )
                pages = [
                    f"/admin/sessions/{session.id}{page}" for page in ("", "/players", f"/players/{player}")
                ]
                return [(await browser.get(page)).status for page in pages]

        assert house.tell(look()) == [200] * 3
        server.stop()
    assert {table for table, (scans, _) in found["a session"].items() if scans} == set()
    assert sum(rows for _, rows in found["a session"].values()) < MANY / 10


@contextmanager
def reading(
    house: House,
    found: dict[str, dict[str, tuple[int, int]]],
    what: str,
    tables: Collection[str] = TABLES,
) -> Iterator[None]:
    """Notes of each table how often all of it was read meanwhile, and how many of its rows were."""
    before = {table: counts for table, *counts in house.sql(READ)}
    yield
    found[what] = {
        table: (scans - before[table][0], rows - before[table][1])
        for table, scans, rows in house.sql(READ)
        if table in tables
    }
