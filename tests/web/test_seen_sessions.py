"""Stories of many sessions: the one that is meant is found by a few words."""

from __future__ import annotations

import html
import json
import re

import httpx

from tests.house.house import House, Opened
from tests.house.programs import program
from tests.house.shell import Shell
from tests.house.studies import TALK, changed

ANY = "No session matches"


def found(client: httpx.Client, words: str) -> list[str]:
    """Names, in their order."""
    page = client.get("/admin", params={"find": words}).text
    return [
        html.unescape(one) for one in re.findall(r'<li><span><a href="/admin/sessions/[^"]*">([^<]*)<', page)
    ]


def opened(house: House, name: str) -> Opened:
    return house.open(changed(TALK, '"Story"', json.dumps(name)))


def test_a_session_is_found_by_its_name_its_id_its_state_or_its_day(house: House) -> None:
    server = house.serve()
    pilot, *_ = (opened(house, name) for name in ("Monday pilot", "Monday, the real one", "<b>Tuesday"))
    shell = Shell(house, house.folder)
    with httpx.Client(base_url=server.base, cookies=house.researcher(server).cookies) as client:
        assert "search" not in client.get("/admin").text, "three are seen at a glance"
        for nth in range(6):
            opened(house, f"Another {nth}")
        assert 'type="search"' in client.get("/admin").text
        assert found(client, " monday ") == ["Monday, the real one", "Monday pilot"]
        assert found(client, "pilot MONDAY") == ["Monday pilot"]
        assert found(client, "<b>") == ["<b>Tuesday"] and "&lt;b&gt;" in client.get("/admin?find=<b>").text
        assert found(client, pilot.id) == ["Monday pilot"]
        (day,) = house.sql("select (opened_at at time zone 'UTC')::date::text from session limit 1")[0]
        assert len(found(client, day)) == 9 and not found(client, "1999-01-01")
        assert ANY in client.get("/admin?find=wednesday").text
        house.act("close", pilot)
        assert found(client, "closed") == ["Monday pilot"]
        shell.type("archive", pilot.id)
        assert found(client, "monday") == ["Monday, the real one", "Monday pilot"], "archived ones are behind"
        assert ", archived</small>" in client.get("/admin?find=pilot").text
        with program(house, server) as of_a_program:
            said = of_a_program.get("/sessions", params={"find": "monday"}).json()["sessions"]
        assert [one["name"] for one in said] == ["Monday, the real one"], "archived ones are asked for"
        listed = json.loads(shell.type("sessions", "--json", "--find", "monday", "--archived").stdout)
        assert [one["name"] for one in listed] == ["Monday pilot"]
        assert ANY in shell.type("sessions", "--find", "wednesday").stdout
