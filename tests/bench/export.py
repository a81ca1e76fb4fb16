"""The export of ten million records, beside psql's \\copy of the same rows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from app.config import PROJECT
from app.export import SQL
from tests.bench.figure import Chapter, WrongAnswer, plain, under
from tests.bench.game import RUMOUR
from tests.bench.stage import Stage
from tests.house import House

PEOPLE = 66_672  # in rooms of four, each with 150 records
COPIED = ("rooms", "ties", "records", "history", "messages", "events")
HOW = """{people} players in rooms of four, each with the {each} records of `studies/rumour`, are written straight into
the tables, with their logs; then `networklab export SESSION --to FOLDER` runs as a program of its own. Memory is the
most that this program ever kept resident. Beside it, in the same run, `psql` copies what the same queries find into
files with `\\copy … (format csv)`: rooms, ties, records, history, messages and events. The export also has players.csv,
records_wide.csv, the codebook and the manifest, and digests every byte."""
ROWS = """
insert into room (session_id, kind, number, reason, seed, step, round, ends_when_answered, deadline, status,
    ended_at, outcome)
select %(id)s, 'mixed', n, '2 red + 2 blue were waiting', n, 'talk', 30, true, now(), 'ended', now(), 'complete'
from generate_series(1, %(rooms)s) n;
insert into log (session_id, room_id, last_seq, records)
select session_id, id, 120, 600 from room where session_id = %(id)s;
insert into slot (session_id, room_id, slot, type, alias)
select session_id, id, s, 'any', 'Ash' from room, generate_series(1, 4) s where session_id = %(id)s;
insert into player (session_id, label, type, token_hash, status, entry, room_id, slot, signed_in_at, seated_at,
    finished_at, outcome, code)
select s.session_id, 'P' || s.room_id || '-' || s.slot, 'red', sha256((s.room_id || '/' || s.slot)::bytea), 'finished',
    '{"age": "34"}', s.room_id, s.slot, now(), now(), now(), 'complete', 'C1'
from slot s where s.session_id = %(id)s;
insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
select p.session_id, p.id, p.room_id, 'talk', r, f, (p.id * 7 + r) %% 101, 1, false,
    md5(p.id || '/' || r)::uuid
from player p, generate_series(1, 30) r, unnest(%(fields)s::text[]) f
where p.session_id = %(id)s and p.room_id is not null;
insert into event (log_id, seq, session_id, name, player_id, data)
select l.id, (r - 1) * 4 + p.slot, p.session_id, 'player_answered', p.id,
    jsonb_build_object('step', 'talk', 'round', r, 'late', false)
from player p join log l on l.room_id = p.room_id, generate_series(1, 30) r where p.session_id = %(id)s;
"""


def run(stage: Stage) -> Chapter:
    people = 4000 if stage.quick else PEOPLE
    with stage.house("export") as house:
        session = house.open_folder(RUMOUR, {"red": 1}).id
        records = _fill(house, session, people)
        copied = sum(_copy(stage, house, session, noun) for noun in COPIED)
        took, peak = _export(house, session, records)
    what = f"{records:,} records"
    figures = (
        plain(f"{what}: the whole export", [took], "s"),
        plain(f"{what}: psql's \\copy of the same rows", [copied], "s"),
        under(f"{what}: the export against \\copy", [took / copied], "times", 1.5),
        under(f"{what}: memory of the exporting program, most", [peak], "MB", 200),
    )
    return Chapter("Export", figures, HOW.format(people=f"{people:,}", each=150))


def _fill(house: House, session: str, people: int) -> int:
    fields = ["belief", "trust", "passed_on", "source", "agree"]
    with psycopg.connect(house.database, autocommit=True) as conn:
        # No triggers and no foreign keys: what they would say is written here.
        conn.execute("set session_replication_role = replica")
        for statement in filter(str.strip, ROWS.split(";\n")):
            conn.execute(statement.encode(), dict(id=session, rooms=people // 4, fields=fields))
        conn.execute("vacuum analyze")
    count: int = house.sql("select count(*) from record")[0][0]
    if count != people * 150:
        raise WrongAnswer(f"{count} records were written")
    return count


def _copy(stage: Stage, house: House, session: str, noun: str) -> float:
    """Seconds that psql takes to write one table."""
    query = re.sub(r"--.*", "", SQL[noun].decode().replace("%(session_id)s", f"'{session}'"))
    where = conninfo_to_dict(house.database)
    environ = {name: text for name, text in os.environ.items() if not name.startswith("PG")}
    target = house.folder / f"{noun}.csv"
    started = time.perf_counter()
    subprocess.run(
        [
            str(stage.postgres.bin / "psql"),
            *("-X", "-q", "-c", SETTINGS, "-c"),
            f"\\copy ({' '.join(query.split())}) to '{target}' (format csv, header)",
        ],
        env=environ
        | {"PGHOST": str(where["host"]), "PGUSER": str(where["user"]), "PGDATABASE": str(where["dbname"])},
        check=True,
        timeout=900,
    )
    took = time.perf_counter() - started
    target.unlink()
    return took


# As the export asks for them.
SETTINGS = "set enable_nestloop = off; set jit = off; set work_mem = '64MB'"


def _export(house: House, session: str, records: int) -> tuple[float, float]:
    """Seconds, and the most megabytes that the program had."""
    target = house.folder / "data"
    started = time.perf_counter()
    program = subprocess.Popen(
        [sys.executable, "-m", "app", "export", session, "--to", str(target)],
        env=os.environ | {"DATABASE_URL": house.database, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(program.pid, 0)
    took = time.perf_counter() - started
    program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode or _lines(target / "history.csv") != records + 1:
        raise WrongAnswer(f"the export ended with {program.returncode} or lacks records")
    shutil.rmtree(target)
    return took, usage.ru_maxrss / 1000


def _lines(file: Path) -> int:
    with file.open("rb") as blocks:
        return sum(block.count(b"\n") for block in iter(lambda: blocks.read(1 << 20), b""))
