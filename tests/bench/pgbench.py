"""What Postgres alone does with rows of the same shape: pgbench, on the same server, in the same run."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.bench.stage import Stage
from tests.house.house import House

CLIENTS, THREADS = 32, 2
INSERT = """\\set n :n + 1
{before}insert into pgbench_record (session_id, player_id, room_id, step, round, field, value, version, late, form)
values ('bench', :client_id, :client_id / 4, 'talk', 1, 'belief', :n::text, :n, false, gen_random_uuid()){after};
"""
SHAPES = {
    "plain": INSERT.format(before="", after=""),
    "notify": INSERT.format(
        before="with written as (",
        after=" returning room_id) select pg_notify('pgbench', room_id::text) from written",
    ),
}


def rate(stage: Stage, house: House, shape: str, seconds: int) -> float:
    """Commits a second of one row each into a copy of `record` with its indexes and without its trigger."""
    with psycopg.connect(house.database, autocommit=True) as conn:
        conn.execute("create table if not exists pgbench_record (like record including all)")
        conn.execute("truncate pgbench_record")
    script = house.folder / f"{shape}.sql"
    script.write_text(SHAPES[shape])
    where = conninfo_to_dict(house.database)
    environ = {name: text for name, text in os.environ.items() if not name.startswith("PG")}
    command = [
        *(str(_program(stage.postgres.bin)), "--no-vacuum", "--protocol=prepared", "--define=n=0"),
        *(f"--client={CLIENTS}", f"--jobs={THREADS}", f"--time={seconds}", f"--file={script}"),
    ]
    done = subprocess.run(
        command,
        env=environ
        | {"PGHOST": str(where["host"]), "PGUSER": str(where["user"]), "PGDATABASE": str(where["dbname"])},
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=True,
    )
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    failed = re.search(r"^number of failed transactions: (\d+)", done.stdout, re.MULTILINE)
    assert found and (failed is None or failed[1] == "0"), done.stdout
    return float(found[1])


def _program(folder: Path) -> Path:
    program = folder / "pgbench"
    if not program.exists():
        raise FileNotFoundError(f"pgbench is not in {folder}: install Postgres's own client programs.")
    return program
