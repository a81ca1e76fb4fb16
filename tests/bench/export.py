"""The export of ten million records, beside psql's \\copy of the same rows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from app.config import PROJECT
from app.export.labelled import FOLDER, MOST_CELLS
from app.export.tables import SQL
from tests.bench.figure import Chapter, WrongAnswer, plain, under
from tests.bench.plot import Plot
from tests.bench.stage import Stage, memory
from tests.house.house import House
from tests.house.studies import RUMOUR

PEOPLE = 64_520  # in rooms of four, each with 155 records
EACH = 155
TABLES = ("players", "rooms", "ties", "records", "history", "records_wide", "messages", "events")
AT_MOST = 900  # seconds
AS_TEXT = ("records", "history")  # by far the largest, and the same text in both
HOW = """{people} players in rooms of four, each with the 150 answers of `studies/rumour` and five of them given twice,
are written straight into the tables with their logs, since it would take hours over HTTP; then `networklab export
SESSION --to FOLDER` runs as a program of its own. Beside it, in the same run and with the same settings, {psql} copies
what each of the export's queries finds with `\\copy (…) to … (format csv, header)`, one file after the other. Both
write the same {size:,.0f} MB of history.csv and records.csv; *alone* are these two files, in the export from the end
of the file before to their own. The export also turns the answers into the columns of records_wide.csv, which psql
leaves as JSON, digests every byte, and writes the codebook and the manifest. What psql has no query for stands apart:
rounds.csv, which is joined as it is read, and labelled/, for SPSS and Stata, which a process of its own writes of each
table that has at most {cells:,} cells ({labelled}). A file took from the end of the one before to its own. Memory is
the most that a program ever kept resident; the lines of history.csv and records.csv are compared with psql's, byte by
byte but for the ends of the lines."""
# As the export asks for them.
SETTINGS = (
    "set enable_nestloop = off; set jit = off; set work_mem = '64MB'; set enable_seqscan = off; "
    "set enable_mergejoin = off; set seq_page_cost = 0.05; set random_page_cost = 0.2; set cursor_tuple_fraction = 1"
)
ROWS = """
insert into room (session_id, kind, number, reason, seed, step, round, ends_when_answered, deadline, status,
    ended_at, outcome)
select %(id)s, 'mixed', n, '4 people were waiting (2 red, 2 blue)', n, 'talk', 30, true, now(),
    'ended', now(), 'complete'
from generate_series(1, %(rooms)s) n;
insert into log (session_id, room_id, last_seq, records)
select session_id, id, 120, 620 from room where session_id = %(id)s;
insert into opened_step (session_id, room_id, position, pages)
select session_id, id, n - 1, array['talk ' || n] from room, generate_series(1, 30) n where session_id = %(id)s;
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
insert into record (session_id, player_id, room_id, step, round, field, value, version, late, form)
select session_id, player_id, room_id, step, round, field, '7', 2, player_id %% 2 = 0, md5(form || 'again')::uuid
from record where session_id = %(id)s and round = 30;
insert into event (log_id, seq, session_id, name, player_id, data)
select l.id, (r - 1) * 4 + p.slot, p.session_id, 'player_answered', p.id,
    jsonb_build_object('step', 'talk', 'round', r, 'late', false)
from player p join log l on l.room_id = p.room_id, generate_series(1, 30) r where p.session_id = %(id)s;
"""


@dataclass(frozen=True, slots=True)
class Export:
    took: float  # seconds
    alone: float  # seconds, records.csv and history.csv
    rounds: float  # seconds, rounds.csv
    labelled: float  # seconds, all that is in labelled/
    tables: list[str]  # in labelled/
    peak: float  # megabytes, of the exporting program
    beside: float  # and of the larger of it and the one that writes labelled/
    resident: list[tuple[float, float]]  # seconds, megabytes


def run(stage: Stage) -> Chapter:
    people = 4000 if stage.quick else PEOPLE
    with stage.house("export") as house:
        session = house.open_folder(RUMOUR, {"red": 1}).id
        records = _fill(house, session, people)
        copied = {noun: _copy(stage, house, session, noun) for noun in TABLES}
        export = _export(house, session)
        size = sum(_compare(house, noun) for noun in AS_TEXT)
        rounds = _lines(house.folder / "data" / "rounds.csv")
    if rounds != people * 30:
        raise WrongAnswer(f"rounds.csv has {rounds:,} rows, not {people * 30:,}")
    what = f"{records:,} records"
    alone = sum(copied[noun] for noun in AS_TEXT)
    everything = sum(copied.values())
    apart = export.took - export.rounds - export.labelled
    figures = (
        plain(f"{what}: the whole export", [export.took], "s"),
        plain(f"{what}: psql's \\copy of the same queries", [everything], "s"),
        under(
            "but for rounds.csv and labelled/: the export against \\copy", [apart / everything], "times", 1.5
        ),
        plain("history.csv and records.csv alone: the export", [export.alone], "s"),
        plain("history.csv and records.csv alone: psql's \\copy", [alone], "s"),
        under("history.csv and records.csv alone, against \\copy", [export.alone / alone], "times", 1.5),
        plain(f"rounds.csv alone, {rounds:,} rows of it", [export.rounds], "s"),
        plain("labelled/ alone", [export.labelled], "s"),
        under("memory of the exporting program, most", [export.peak], "MB", 200),
        plain("memory of it or of the one that writes labelled/, most", [export.beside], "MB"),
    )
    plot = Plot(
        "export-memory", "Memory of the exporting program", "MB", "seconds", {"resident": export.resident}
    )
    how = HOW.format(
        people=f"{people:,}",
        psql=_version(stage),
        size=size / 1e6,
        cells=MOST_CELLS,
        labelled=", ".join(export.tables),
    )
    return Chapter("Export", figures, how, (plot,))


def _fill(house: House, session: str, people: int) -> int:
    fields = ["belief", "trust", "passed_on", "source", "agree"]
    with psycopg.connect(house.database, autocommit=True) as conn:
        # No triggers and no foreign keys: what they would say is written here.
        conn.execute("set session_replication_role = replica")
        for statement in filter(str.strip, ROWS.split(";\n")):
            conn.execute(statement.encode(), dict(id=session, rooms=people // 4, fields=fields))
        conn.execute("vacuum analyze")
    count: int = house.sql("select count(*) from record")[0][0]
    if count != people * EACH:
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
        timeout=AT_MOST,
    )
    return time.perf_counter() - started


def _export(house: House, session: str) -> Export:
    target = house.folder / "data"
    resident: list[tuple[float, float]] = []
    started = time.perf_counter()
    program = subprocess.Popen(
        [sys.executable, "-m", "app", "export", session, "--to", str(target)],
        env=os.environ | {"DATABASE_URL": house.database, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.DEVNULL,
    )
    try:
        while not (ended := os.wait4(program.pid, os.WNOHANG))[0]:
            at, held = time.perf_counter() - started, memory(program.pid)
            resident += [(at, held)] if held > 1 else []  # nearly none as it begins and after it ends
            if at > AT_MOST:
                raise WrongAnswer(f"the export takes more than {AT_MOST:,} seconds")
            time.sleep(0.05)  # so often its memory is looked at
    except BaseException:
        program.kill()
        raise
    took = time.perf_counter() - started
    program.returncode = os.waitstatus_to_exitcode(ended[1])
    if program.returncode:
        raise WrongAnswer(f"the export ended with {program.returncode}")
    peak = max(held for _, held in resident)
    beside = ended[2].ru_maxrss / 1000  # with what it waited for
    times = _times(target)
    labelled = {name: spent for name, spent in times.items() if name.startswith(f"{FOLDER}/")}
    tables = sorted({Path(name).stem for name in labelled})
    return Export(
        took,
        sum(times[f"{noun}.csv"] for noun in AS_TEXT),
        times["rounds.csv"],
        sum(labelled.values()),
        tables,
        peak,
        beside,
        _thinned(resident),
    )


def _times(target: Path) -> dict[str, float]:
    """Seconds that each file took: they are written one after the other."""
    ends = sorted(
        (path.stat().st_mtime, str(path.relative_to(target))) for path in target.rglob("*") if path.is_file()
    )
    return {name: end - before for (before, _), (end, name) in pairwise(ends)}


def _lines(path: Path) -> int:
    """Under the header."""
    with path.open("rb") as file:
        return sum(1 for _ in file) - 1


def _thinned(resident: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return resident[:: max(1, len(resident) // 200)]


def _compare(house: House, noun: str) -> int:
    """Bytes of the export's file. Raises WrongAnswer if it does not say what psql's says."""
    exported, copied = house.folder / "data" / f"{noun}.csv", house.folder / f"{noun}.csv"
    with exported.open("rb") as ours, copied.open("rb") as theirs:
        for own, other in zip_longest(ours, theirs):
            if own is None or other is None or own.rstrip(b"\r\n") != other.rstrip(b"\n"):
                raise WrongAnswer(f"{noun}.csv: the export has {own!r} where psql has {other!r}")
    return exported.stat().st_size


def _version(stage: Stage) -> str:
    """Which psql: the one that belongs to the server, of the wheel or of the system."""
    program = [str(stage.postgres.bin / "psql"), "--version"]
    found = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    return f"{found.strip().replace(' (PostgreSQL)', '')}, of the same programs as the server,"
