"""Stories of `doctor`: each light seen as it should be, and as it is with the fault itself, with what helps then."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.config import read_config
from app.database.embedded import Postgres
from app.recruiters.recruitment import connect_with
from app.web.processes import free_port
from tests.house.database import SMALL, a_home, an_empty_database
from tests.house.front import HERE, Front
from tests.house.house import House
from tests.house.pooler import PROGRAM, a_pooler
from tests.house.prolific import STUDY_ID, TOKEN, FakeProlific
from tests.house.server import Server
from tests.house.shell import Shell, is_refused
from tests.house.studies import PAIR
from tests.house.waits import until

Lights = dict[str, tuple[str, str, str]]
KEY = "k" * 32
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a file system")


def lights(ended: subprocess.CompletedProcess[str]) -> Lights:
    """By name: state, what is said, the cure. The exit code tells whether one is wrong; what is not ok has a cure."""
    found: Lights = {
        one["name"]: (one["state"], one["said"], one["cure"]) for one in json.loads(ended.stdout)
    }
    assert ended.returncode == any(state == "wrong" for state, _, _ in found.values()), ended.stderr
    assert all(bool(cure) == (state != "ok") for state, _, cure in found.values()), found
    assert all(text.endswith((".", "")) for _, *texts in found.values() for text in texts)
    return found


@pytest.fixture
def front(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Front:
    return Front(server.port, tmp_path_factory.mktemp("front"))


def asked(shell: Shell, front: Front, url: str, **environ: str) -> Lights:
    told = {"NETWORKLAB_URL": url, "PORT": str(front.target), "SSL_CERT_FILE": front.authority}
    return lights(shell.type("doctor", "--json", **(told | environ)))


def test_a_server_that_is_as_it_should_be_is_told_so(shell: Shell, front: Front, tmp_path: Path) -> None:
    assert shell.type("backup", tmp_path / "backups").returncode == 0
    with front.running() as url:
        told = {
            "NETWORKLAB_URL": url,
            "PORT": str(front.target),
            "SSL_CERT_FILE": front.authority,
            "NETWORKLAB_KEY": KEY,
            "NETWORKLAB_PLAY_URL": f"http://127.0.0.1:{front.target}",
        }
        ended = shell.type("doctor", "--backups", tmp_path / "backups", **told)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    others = [line for line in ended.stdout.splitlines() if not line.startswith("ok ")]
    # Only of the stories' Postgres: it is small, and its superuser's.
    looks = [line.removeprefix("LOOK ").strip().split("  ")[0] for line in others if line.startswith("LOOK")]
    assert looks == ["memory of Postgres", "role"], others
    assert sum(line.strip().startswith("→") for line in others) == 2
    assert ended.stdout.count("\nok ") >= 15, ended.stdout
    assert "no folder" in is_refused(shell.type("doctor", "--backups", tmp_path / "nowhere"))


def test_a_proxy_that_holds_streams_back_or_tells_nothing_or_lies_is_found_out(
    shell: Shell, front: Front
) -> None:
    front.buffers, front.tells, front.date = True, False, "Mon, 30 Nov 2020 00:00:00 GMT"
    with front.running() as url:
        found = asked(shell, front, url)
        assert found["live pages"][0] == "wrong" and "all at once" in found["live pages"][1]
        assert (
            found["word of the proxy"][0] == "wrong"
            and "FORWARDED_ALLOW_IPS" in found["word of the proxy"][2]
        )
        assert (
            found["clock of the proxy"][0] == "look"
            and "behind this machine’s" in found["clock of the proxy"][1]
        )
        # And whoever does not know who has signed its certificate.
        untrusted = asked(shell, front, url, SSL_CERT_FILE="")
        assert untrusted["TLS"][0] == "wrong" and "does not hold" in untrusted["TLS"][1]
    front.target = free_port()
    with front.running() as url:
        found = asked(shell, front, url)
        assert found["server"][0] == "wrong" and "the server behind it does not" in found["server"][1]
        assert found[f"port {front.target}"][0] == "look"
    front.days = 3
    with front.running() as url:
        assert asked(shell, front, url)["server"][0] == "wrong"
    nobody = asked(shell, front, f"http://{HERE}:{free_port()}", HOST="192.0.2.1")
    assert nobody["server"][0] == "wrong" and "gives no answer" in nobody["server"][1]
    assert nobody["TLS"][0] == "wrong" and "is not encrypted" in nobody["TLS"][1]
    assert nobody["scripts"][0] == "look" and nobody[f"port {front.target}"][0] == "wrong"


def test_a_certificate_that_is_not_renewed_is_seen_before_it_ends(shell: Shell, front: Front) -> None:
    front.days = 3
    with front.running() as url:
        found = asked(shell, front, url, NETWORKLAB_PLAY_URL=f"http://127.0.0.1:{free_port()}")
    assert found["TLS"][0] == "look" and "ends on" in found["TLS"][1]
    assert found["live pages"][0] == found["word of the proxy"][0] == found["server"][0] == "ok"
    assert found["scripts"][0] == "wrong" and "does not lead here" in found["scripts"][1]


@pytest.fixture
def few(database: str) -> Iterator[str]:
    """The address of a database as a role that may have five connections, and whose clock is an hour late."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("create role few login connection limit 5")
        conn.execute(
            "create schema late; grant usage on schema late to few; grant select on migration to few"
        )
        conn.execute(
            "create function late.clock_timestamp() returns timestamptz language sql"
            " as $$ select pg_catalog.clock_timestamp() - interval '1 hour' $$"
        )
        conn.execute("alter role few set search_path = late, pg_catalog, public")
        yield f"{database} user=few"
        conn.execute("drop owned by few; drop role few")


def test_a_database_with_few_connections_a_wrong_clock_or_another_version_is_told(
    house: House, few: str, tmp_path: Path
) -> None:
    shell = Shell(house, tmp_path)
    (tmp_path / "nothing").mkdir()
    # A pooler that loses what is listened to does no less than this: it leads elsewhere.
    elsewhere = f"{house.database} dbname=postgres"
    house.sql("insert into migration (name) values ('9999_later')")
    told = dict(
        DATABASE_URL=few, NETWORKLAB_LISTENER_URL=elsewhere, NETWORKLAB_PG_BIN=str(tmp_path / "nothing")
    )
    found = lights(shell.type("doctor", "--json", **told))
    assert found["connections"][0] == "wrong" and "may have 5" in found["connections"][1]
    assert found["clock"][0] == "wrong" and "3,600 s behind" in found["clock"][1]
    assert found["tables"][0] == "wrong" and "newer version, 9999_later" in found["tables"][1]
    assert found["news"][0] == "wrong" and "NETWORKLAB_LISTENER_URL" in found["news"][2]
    assert found["pg_dump"][0] == "look" and found["role"][0] == "ok"
    house.sql("alter role few connection limit 21")
    told |= dict(NETWORKLAB_PROCESSES="1", NETWORKLAB_POOL_SIZE="3")
    with psycopg.connect(few):
        others = lights(shell.type("doctor", "--json", **told))["connections"]
    assert others[:2] == ("look", "1 process may take 21; this account may have 21, of which others have 1.")
    assert others[2].startswith(
        "`alter role few connection limit 22` allows that. Until then `serve` starts 1 process"
    )
    house.sql("delete from migration where name like '9999%%' or name like '0001%%'")
    house.sql(
        "delete from migration where name = (select max(name) from migration where name not like 'trigg%%')"
    )
    assert lights(shell.type("doctor", "--json"))["tables"][0] == "look"


def test_a_database_that_is_empty_or_away_or_has_no_account_is_told(
    database: str, postgres: Postgres, shell: Shell
) -> None:
    with an_empty_database(postgres) as url:
        assert lights(shell.type("doctor", "--json", DATABASE_URL=url))["tables"][0] == "look"
    found = lights(shell.type("doctor", "--json", DATABASE_URL=url))
    assert found["database"][0] == "wrong" and "can’t be reached" in found["database"][1]
    found = lights(shell.type("doctor", "--json", DATABASE_URL=database, NETWORKLAB_URL=""))
    assert found["accounts"][0] == "look" and "networklab admin add" in found["accounts"][2]
    assert found["recruiter"][0] == "look" and "NETWORKLAB_KEY" in found["recruiter"][1]
    assert found["address"][0] == "look" and "this machine alone" in found["address"][1]


def test_a_postgres_that_forgets_or_waits_or_fails_to_archive_is_told(shell: Shell) -> None:
    with (
        a_home() as home,
        Postgres(home, SMALL | {"archive_mode": "on", "archive_command": "false"}) as postgres,
    ):
        environ = {"DATABASE_URL": "", "NETWORKLAB_HOME": str(home)}
        with psycopg.connect(postgres.dsn, autocommit=True) as conn:
            conn.execute("select pg_switch_wal()")
            failed = "select failed_count > 0 from pg_stat_archiver"
            asyncio.run(
                until(lambda: conn.execute(failed).fetchone() == (True,), "an archive that fails", 30)
            )
            found = lights(shell.type("doctor", "--json", **environ))
            assert found["durability"][:2] == ("wrong", "Its WAL can’t be archived.")
            assert found["disk of the database"][0] == "ok" and "role" not in found
            conn.execute("alter system set synchronous_standby_names = 'nobody'")
            conn.execute("select pg_reload_conf()")
            waits = lights(shell.type("doctor", "--json", **environ))
            assert waits["durability"][0] == "wrong" and "Commits wait for nobody" in waits["durability"][1]
            conn.execute("alter system set full_page_writes = off")
            conn.execute("select pg_reload_conf()")
            asyncio.run(
                until(
                    lambda: conn.execute("show full_page_writes").fetchone() == ("off",), "what was set", 30
                )
            )
            off = lights(shell.type("doctor", "--json", **environ))
            assert off["durability"][0] == "wrong" and off["durability"][2] == "Set full_page_writes = on."


def test_a_recruiters_token_that_is_refused_or_kept_by_another_key_is_told(
    house: House, tmp_path: Path
) -> None:
    session, shell = house.open(PAIR, {"red": 1, "blue": 1}), Shell(house, tmp_path)
    with FakeProlific(study=dict(id=STUDY_ID, name="Pair")).running() as prolific:
        environ = {"NETWORKLAB_KEY": KEY, "PROLIFIC_URL": prolific.base}
        house.do(lambda conn: connect_with(conn, read_config(environ), session.id, STUDY_ID, TOKEN))
        name = f"recruiter of {session.id}"
        assert lights(shell.type("doctor", "--json", **environ))[name][0] == "ok"
        other = lights(shell.type("doctor", "--json", **environ | {"NETWORKLAB_KEY": "o" * 32}))
        assert other[name][0] == "wrong" and "NETWORKLAB_KEY is another" in other[name][1]
        prolific.fail("study", "401", 9)
        denied = lights(shell.type("doctor", "--json", **environ))
        assert denied[name][0] == "wrong" and "does not know this token" in denied[name][1]


@as_root
def test_few_open_files_a_full_disk_and_no_backup_are_told(shell: Shell, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", small], check=True)
    try:
        ended = subprocess.run(
            ["bash", "-c", f"ulimit -n 512; exec {sys.executable} -m app doctor --json --backups {small}"],
            env=shell.environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        subprocess.run(["umount", small], check=True)
    found = lights(ended)
    assert found["open files"][0] == "wrong" and "512" in found["open files"][1]
    assert found["disk of backups"][0] == "wrong" and "Make room" in found["disk of backups"][2]
    assert found["backups"][0] == "wrong" and "no whole backup" in found["backups"][1]


def test_a_backup_that_is_old_or_cut_is_told(shell: Shell, tmp_path: Path) -> None:
    made = json.loads(shell.type("backup", tmp_path, "--json").stdout)
    old = {key: said for key, said in made.items() if key != "backup"} | {
        "made_at": "2026-01-01T00:00:00+00:00"
    }
    (Path(made["backup"]) / "manifest.json").write_text(json.dumps(old))
    found = lights(shell.type("doctor", "--json", "--backups", tmp_path))
    assert found["backups"][0] == "look" and "days old" in found["backups"][1]
    os.truncate(Path(made["backup"]) / "database.dump", 1000)
    found = lights(shell.type("doctor", "--json", "--backups", tmp_path))
    assert found["backups"][0] == "wrong" and "has 1,000 bytes, and had" in found["backups"][1]


@pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")
def test_a_pooler_is_found_and_what_the_role_must_have_set_behind_it(house: House, tmp_path: Path) -> None:
    shell = Shell(house, tmp_path)
    with a_pooler(house.database) as pooler:
        told = dict(DATABASE_URL=pooler.url, NETWORKLAB_LISTENER_URL="")
        alone = lights(shell.type("doctor", "--json", **told))
        assert alone["pooler"][0] == "wrong" and "NETWORKLAB_LISTENER_URL" in alone["pooler"][2]
        assert alone["news"][0] == "wrong", "what is listened to is lost"
        told["NETWORKLAB_LISTENER_URL"] = pooler.past
        found = lights(shell.type("doctor", "--json", **told))
        assert found["news"][0] == "ok" and found["pooler"][0] == "wrong"
        assert f"`alter role {pooler.role} set lock_timeout = '8s'`" in found["pooler"][2]
        pooler.settle()
        found = lights(shell.type("doctor", "--json", **told))
        assert found["pooler"][:2] == ("ok", "There is one, to which the server opens up to 56 connections.")
