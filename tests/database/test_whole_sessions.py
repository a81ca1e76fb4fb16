from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.house.history import copy_session
from tests.house.house import House, Opened
from tests.house.lively import a_lively_session
from tests.house.shell import networklab

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


@contextmanager
def reading(house: House, found: dict[str, dict[str, tuple[int, int]]], what: str) -> Iterator[None]:
    """Notes of each table how often all of it was read meanwhile, and how many of its rows were."""
    before = {table: counts for table, *counts in house.sql(READ)}
    yield
    found[what] = {
        table: (scans - before[table][0], rows - before[table][1])
        for table, scans, rows in house.sql(READ)
        if table in TABLES
    }
