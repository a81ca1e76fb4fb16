"""Stories of studies that a program has rehearsed: begun, waited for, and its report read."""

from __future__ import annotations

import asyncio

import pytest

from tests.house.house import House
from tests.house.programs import program
from tests.house.studies import FOR_ONE, PAGE
from tests.house.uploads import zip_of
from tests.house.waits import until


@pytest.mark.slow
def test_a_program_has_a_study_rehearsed_waits_and_reads_the_report(house: House) -> None:
    server = house.serve()
    with program(house, server) as client:
        files = {"study.toml": FOR_ONE.encode(), "pages/talk.html": PAGE.encode()}
        study = client.post("/studies", files={"zip": ("alone.zip", zip_of(files))}).json()
        here = f"/studies/{study['study']}/versions/1/rehearsal"
        assert client.get(f"{here}.html").status_code == 404
        begun = client.post(here, json={"players": 3})
        assert begun.status_code == 202 and begun.json()["state"] == "running", begun.text
        again = client.post(here, json={"players": 3})
        assert again.status_code == 409 and "Another rehearsal runs" in again.json()["detail"]
        ended = asyncio.run(
            until(lambda: (now := client.get(here).json())["state"] != "running" and now, "its end", 240)
        )
        assert ended["state"] == "done" and ended["players"] == 3, ended
        promises = ended["report"]["promises"]
        assert promises and all(one["ok"] for one in promises), ended["report"]["verdict"]
        page = client.get(f"{here}.html")
        assert page.headers["content-type"].startswith("text/html") and "<svg" in page.text
    assert house.sql("select count(*) from session") == [(0,)], "it had a database of its own"
