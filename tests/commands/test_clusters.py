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
from tests.house.shell import Shell, is_refused
from tests.house.studies import RUMOUR

URL = "postgresql://networklab:hunter2@db/networklab"


@pytest.fixture
def clusters(postgres: Postgres, tmp_path: Path) -> Iterator[Clusters]:
    with two_databases(postgres, tmp_path) as found:
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
    assert "different databases" in is_refused(typed("compare", first, second))
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


def test_a_session_before_says_where_the_next_wave_is(clusters: Clusters) -> None:
    shell = Shell(clusters.main, clusters.main.folder)
    people = shell.people("label,type\nann,red\nben,blue\n")
    first = shell.type("open", RUMOUR, "--players", people, "--json", "--cluster", "east", **clusters.environ)
    before = json.loads(first.stdout)["session"]
    refused = is_refused(shell.type("open", RUMOUR, "--from", before, **clusters.environ))
    assert "no session" not in refused, "it is sought where it is, and nobody has come to its end"
