"""Stories of commands where there are several databases: each finds the one that it is about."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import ConfigError, read_config
from app.database.embedded import Postgres
from tests.house.clusters import Clusters, several, two_databases
from tests.house.database import an_empty_database
from tests.house.shell import Shell, is_refused
from tests.house.studies import RUMOUR

URL = "postgresql://networklab:hunter2@db/networklab"


@pytest.fixture
def clusters(postgres: Postgres, tmp_path: Path) -> Iterator[Clusters]:
    with two_databases(postgres, tmp_path) as found:
        yield found


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[str]:
    with an_empty_database(postgres) as found:
        yield found


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"DATABASE_URLS": URL}, "DATABASE_URLS names each database before its address"),
        ({"DATABASE_URLS": f"main={URL} East={URL}"}, "number 2 of it is not so"),
        ({"DATABASE_URLS": f"main={URL} main={URL}2"}, "has main twice"),
        ({"DATABASE_URLS": f"main={URL} east={URL}"}, "gives east the address of another"),
        (
            {"DATABASE_URLS": "main=postgresql://lab:hunter2@1@db/x"},
            "has for main what is no address of a Postgres",
        ),
        ({"DATABASE_URLS": f"main={URL}", "DATABASE_URL": URL}, "DATABASE_URL is of one database"),
        (
            {"DATABASE_URLS": f"main={URL}", "NETWORKLAB_LISTENER_URLS": f"east={URL}"},
            "NETWORKLAB_LISTENER_URLS names east, which DATABASE_URLS does not",
        ),
    ],
)
def test_what_several_databases_can_not_be_is_said_without_a_password(
    environ: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        read_config(environ)
    assert sentence in str(refused.value) and "hunter2" not in str(refused.value)


def test_each_has_its_own_address_and_what_leads_past_its_pooler() -> None:
    config = read_config(
        {"DATABASE_URLS": f"main={URL}\n east={URL}2", "NETWORKLAB_LISTENER_URLS": f"east={URL}3"}
    )
    assert (config.cluster, config.database_url, config.past_pooler(URL)) == ("main", URL, URL)
    east = config.of("east")
    assert (east.database_url, east.past_pooler(f"{URL}2")) == (f"{URL}2", f"{URL}3")
    assert "hunter2" not in repr(config)


def test_a_session_is_opened_where_most_room_is_or_where_one_says_and_found_by_its_id(
    clusters: Clusters,
) -> None:
    shell = Shell(clusters.main, clusters.main.folder)
    people = shell.people("label,type\nann,red\nben,blue\n")

    def typed(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return shell.type(*arguments, **clusters.environ)

    def opened(*more: str | Path) -> str:
        ended = typed("open", RUMOUR, "--players", people, "--json", *more)
        assert ended.returncode == 0, ended.stderr
        return str(json.loads(ended.stdout)["session"])

    links = shell.folder / "links.csv"
    first, second = opened(), opened("--links", links)
    assert (first.partition("-")[0], second.partition("-")[0]) == ("main", "east")
    assert all(line.endswith(f"?in={second}") for line in links.read_text().split()[1:])
    assert opened("--cluster", "east").startswith("east-")
    assert "no database called “west”" in is_refused(
        typed("open", RUMOUR, "--players", people, "--cluster", "west")
    )
    for session in (first, second):
        assert typed("start", session).returncode == 0
        assert typed("close", session).returncode == 0
        assert typed("verify", session).returncode == 0
    assert clusters.east.sql("select status::text from session where id = %s", second) == [("closed",)]
    listed = json.loads(typed("sessions", "--json").stdout)
    assert {one["session"] for one in listed} >= {first, second} and len(listed) == 3
    sides = json.loads(typed("compare", second, first, "--json").stdout)
    assert [one["session"] for one in sides["sessions"]] == [second, first]
    assert "Both ran the same study" in sides["verdict"]
    assert "no session “east-nothing”" in is_refused(typed("compare", first, "east-nothing"))
    assert "no session “nothing”" in is_refused(typed("start", "nothing"))

    assert "Say of which database: --cluster main or --cluster east." in is_refused(
        typed("backup", shell.folder / "b")
    )
    told = typed("backup", shell.folder / "b", "--cluster", "east", "--json")
    assert json.loads(told.stdout)["rows"]["session"] == 2


def test_two_addresses_in_each_others_place_are_refused(clusters: Clusters) -> None:
    shell = Shell(clusters.main, clusters.main.folder)
    assert shell.type("sessions", **clusters.environ).returncode == 0
    turned = several(main=clusters.east.database, east=clusters.main.database)
    assert re.search(
        r"that DATABASE_URLS calls (main|east) is (main|east)\.", is_refused(shell.type("sessions", **turned))
    )


def test_another_order_is_refused_once_accounts_hang_on_it_and_a_new_database_comes_behind(
    clusters: Clusters, empty_database: str
) -> None:
    shell = Shell(clusters.main, clusters.main.folder)
    main, east = clusters.main.database, clusters.east.database
    turned = several(east=east, main=main)
    assert shell.type("sessions", **clusters.environ).returncode == 0
    assert shell.type("sessions", **turned).returncode == 0, "there are no accounts: nothing hangs on it"
    assert shell.type("sessions", **clusters.environ).returncode == 0
    assert (
        shell.type("admin", "add", "grace", "--password", "correct horse", **clusters.environ).returncode == 0
    )

    told = "DATABASE_URLS names east first, but accounts live in main, as main knows. Write main=… before all others"
    for command in (("sessions",), ("serve", "--port", "1"), ("admin", "remove", "grace")):
        assert told in is_refused(shell.type(*command, **turned)), command
    in_front = several(west=empty_database, main=main, east=east)
    assert "names west first, but accounts live in main, as main knows" in is_refused(
        shell.type("sessions", **in_front)
    )
    behind = several(main=main, west=empty_database, east=east)
    assert shell.type("sessions", **behind).returncode == 0, "what was refused has left nothing behind"
    assert clusters.main.sql("select first, password_hash <> '' from cluster, account") == [("main", True)]

    opened = shell.people("label,type\nann,red\nben,blue\n")
    asked = ("open", RUMOUR, "--players", opened, "--cluster", "east", "--owner", "grace")
    assert shell.type(*asked, **clusters.environ).returncode == 0
    assert "but accounts live in main, as east knows" in is_refused(
        shell.type("sessions", **several(east=east))
    )


def test_what_was_named_before_it_knew_who_is_first_finds_out(clusters: Clusters) -> None:
    shell = Shell(clusters.main, clusters.main.folder)
    assert (
        shell.type("admin", "add", "grace", "--password", "correct horse", **clusters.environ).returncode == 0
    )
    people = shell.people("label,type\nann,red\nben,blue\n")
    asked = ("open", RUMOUR, "--players", people, "--cluster", "east", "--owner", "grace")
    assert shell.type(*asked, **clusters.environ).returncode == 0
    for house in clusters.houses.values():
        house.sql("alter table cluster drop column first")
        house.sql("delete from migration where name = '0090_first_of_several'")
    turned = several(east=clusters.east.database, main=clusters.main.database)
    assert "names east first, but accounts live in another: east has copies" in is_refused(
        shell.type("admin", "list", **turned)
    )
    assert shell.type("sessions", **clusters.environ).returncode == 0
    assert [house.sql("select first from cluster") for house in clusters.houses.values()] == [[("main",)]] * 2


def test_what_was_noted_and_who_was_on_what_is_told_of_all(clusters: Clusters) -> None:
    shell = Shell(clusters.main, clusters.main.folder)
    people = shell.people("label,type\nann,red\nben,blue\n")

    def typed(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return shell.type(*arguments, **clusters.environ)

    assert typed("admin", "add", "grace", "--password", "correct horse").returncode == 0
    opened = [
        json.loads(typed("open", RUMOUR, "--players", people, "--owner", "grace", "--json").stdout)["session"]
        for _ in range(2)
    ]
    assert [one.partition("-")[0] for one in opened] == ["main", "east"], "accounts were copied for it"
    log = [json.loads(line) for line in typed("admin", "log", "--json").stdout.splitlines()]
    assert [(one["what"], one["database"]) for one in log] == [
        ("right_given", "east"),
        ("right_given", "main"),
        ("account_added", "main"),
    ]
    assert len(typed("admin", "log", "--most", "2").stdout.splitlines()) == 2
    assert "database east" in typed("admin", "log").stdout.splitlines()[0]
    [own] = [
        json.loads(one) for one in typed("admin", "log", "--session", opened[1], "--json").stdout.splitlines()
    ]
    assert own["session_id"] == opened[1]
    told = typed("admin", "remove", "grace").stdout
    assert all(f"Session {one} has no owner now" in told for one in opened)
    assert clusters.east.sql("select from account") == []


def test_the_doctor_looks_at_all_of_them_and_says_what_each_is(clusters: Clusters) -> None:
    shell = Shell(clusters.main, clusters.main.folder)

    def lights(environ: dict[str, str], *more: str) -> dict[str, tuple[str, str]]:
        told = shell.type("doctor", "--json", *more, **environ).stdout
        return {one["name"]: (one["state"], one["said"]) for one in json.loads(told)}

    assert shell.type("sessions", **clusters.environ).returncode == 0
    assert (
        shell.type("admin", "add", "grace", "--password", "correct horse", **clusters.environ).returncode == 0
    )
    found = lights(clusters.environ)
    assert found["east: name"] == ("ok", "It is east, and knows that accounts live in main.")
    assert found["main: accounts"][0] == "ok" and "east: accounts" not in found
    assert found["main: database"][0] == found["east: database"][0] == "ok"
    assert not any(name.startswith("main") for name in lights(clusters.environ, "--cluster", "east"))
    turned = lights(several(east=clusters.east.database, main=clusters.main.database))
    assert turned["main: name"] == (
        "wrong",
        "DATABASE_URLS names east first, but accounts live in main, as main knows.",
    )
    away = several(main=clusters.main.database, east="host=/nowhere dbname=east")
    nowhere = lights(away)
    assert nowhere["east: database"][0] == "wrong" and nowhere["main: database"][0] == "ok"
    refused = is_refused(shell.type("admin", "log", "--session", "east-abcdefgh", **away))
    assert refused.startswith("The database east refused: ") and "Check DATABASE_URLS and" in refused
    server = clusters.serve()
    at = {"NETWORKLAB_URL": server.base}
    assert lights(clusters.environ | at)["server"] == (
        "ok",
        f"{server.base} leads to a server that is ready.",
    )
    server.stop()
    half = clusters.main.serve(1, None, **(clusters.environ | away))
    said = f"{half.base} leads to a server that does not reach east: what is there waits."
    assert lights(away | {"NETWORKLAB_URL": half.base})["server"] == ("wrong", said)


def test_what_only_some_databases_tell_is_no_whole_answer(clusters: Clusters) -> None:
    """For whoever reads and for a program: what lacks is named, and the exit code is not that of a whole one."""
    shell, away = Shell(clusters.main, clusters.main.folder), "host=/nowhere dbname=east"
    half = several(main=clusters.main.database, east=away)
    assert shell.type("sessions", **clusters.environ).stdout.startswith("There is no session yet; ")
    assert shell.type("admin", "log", **clusters.environ).stdout == "Nothing has happened yet.\n"
    listed = shell.type("sessions", **half)
    assert (listed.returncode, listed.stdout) == (1, "No session is in the databases that answer.\n")
    logged = shell.type("admin", "log", **half)
    assert (logged.returncode, logged.stdout) == (1, "Nothing was noted in the databases that answer.\n")
    people = shell.people("label,type\nann,red\nben,blue\n")
    asked = ("open", RUMOUR, "--players", people, "--json", "--cluster", "main")
    session = json.loads(shell.type(*asked, **clusters.environ).stdout)["session"]
    archived = shell.type("sessions", "--archived", **half)
    assert archived.stdout == "No session is archived in the databases that answer.\n"
    sought = shell.type("sessions", "--find", "wave2", **half)
    assert sought.stdout == "No session in the databases that answer matches “wave2”.\n"
    listed = shell.type("sessions", "--json", **half)
    assert [one["session"] for one in json.loads(listed.stdout)] == [session] and listed.returncode == 1
    assert listed.stderr == "note: east does not answer, so its sessions are not among these.\n"
    nobody = several(main=away.replace("east", "main"), east=away)
    for words in (("sessions", "--json"), ("admin", "log")):
        assert "None of the databases of DATABASE_URLS answers." in is_refused(shell.type(*words, **nobody))


def test_a_session_before_says_where_the_next_wave_is(clusters: Clusters) -> None:
    shell = Shell(clusters.main, clusters.main.folder)
    people = shell.people("label,type\nann,red\nben,blue\n")
    first = shell.type("open", RUMOUR, "--players", people, "--json", "--cluster", "east", **clusters.environ)
    before = json.loads(first.stdout)["session"]
    refused = is_refused(shell.type("open", RUMOUR, "--from", before, **clusters.environ))
    assert "no session" not in refused, "it is sought where it is, and nobody has come to its end"
