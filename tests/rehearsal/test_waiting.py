"""Stories of a rehearsal that waits, and of one that is ended before it is over: both say so."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from contextlib import closing, suppress
from io import FileIO
from pathlib import Path

import psycopg
import pytest

from app.config import PROJECT
from app.database.embedded import Postgres
from app.players.people import Person
from app.rehearsal.cast import open_rehearsal
from app.rehearsal.play import Setting
from app.rehearsal.rehearse import rehearse
from app.rehearsal.waiting import foreseen
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.database import a_home
from tests.house.house import House
from tests.house.rehearsing import SHORT, write_short
from tests.house.server import Server
from tests.house.studies import PAGE

THREES = """
title = "Threes"
[[room]]
name = "three"
seats = {any = 3}
[lobby]
max_wait = "4s"
[network]
kind = "complete"
[[step]]
page = "talk"
limit = "2s"
fields = [{name = "belief", ask = "How sure are you?", kind = "slider", min = 0, max = 100}]
"""


def threes(folder: Path) -> Path:
    (folder / "pages").mkdir()
    (folder / "study.toml").write_text(THREES)
    (folder / "pages" / "talk.html").write_text(PAGE)
    return folder


def test_whoever_is_left_over_is_waited_for_in_words(hall: House, server: Server, tmp_path: Path) -> None:
    plan, said = Setting(players=5, over=0.0, drop=0.0, flaky=0.0, speed=20.0), list[str]()

    async def story() -> None:
        cast = await open_rehearsal(hall.database, str(threes(tmp_path)), plan.players)
        await rehearse(cast, plan, server.base, hall.database, said.append)

    asyncio.run(story())
    assert said[0] == (
        "Of 5 players in rooms of 3, 2 are left over, who wait for others up to 0:04 (`max_wait` in [lobby]), and this"
        " rehearsal with them."
    )
    waiting = [line for line in said if re.search(r" · 2 wait for a room, at most 0:0[0-4] longer$", line)]
    assert any(" 5 of 5 came · 0 play · 3 at their end" in line for line in waiting), said
    assert not said[-2].endswith("longer"), "everybody has left"


def study_of(toml: str) -> Study:
    return parse({"study.toml": toml.encode(), "pages/talk.html": PAGE.encode()})


@pytest.mark.parametrize(
    ("toml", "types", "over"),
    [
        (THREES, {"any": 6}, 0),
        (THREES, {"any": 7}, 1),
        (THREES.replace("seats =", "count = 1\nseats ="), {"any": 7}, 4),
        (SHORT, {"red": 4, "blue": 2}, 0),  # four of both colours, then two of any
        (SHORT, {"red": 5, "blue": 2}, 1),
    ],
)
def test_who_is_left_over_is_foreseen_from_the_rooms(toml: str, types: dict[str, int], over: int) -> None:
    people = [Person("", f"P{n}", type_) for type_, count in types.items() for n in range(count)]
    words = foreseen(study_of(toml), people)
    assert words.count("left over") == bool(over)
    assert re.search(rf"\b{over} (is|are) left over", words) or not over, words


@pytest.mark.parametrize(
    "ending",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_a_rehearsal_that_is_ended_closes_its_session_and_stops_what_it_started(
    tmp_path: Path, ending: signal.Signals
) -> None:
    ours, theirs = os.openpty()
    with a_home() as home, closing(os.fdopen(ours, "rb", buffering=0)) as terminal:
        rehearsing = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "app",
                "rehearse",
                "--session",
                str(write_short(tmp_path)),
                "--over",
                "60s",
            ],
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "DATABASE_URL": "", "NETWORKLAB_HOME": str(home)},
        )
        os.close(theirs)
        seen = b""
        while not re.search(rb"[1-9]\d* play ", seen):  # somebody is in the midst of it
            seen += terminal.read(10_000)
        assert [*home.rglob("postmaster.pid")], "it has a Postgres of its own"
        os.killpg(rehearsing.pid, ending)  # as a terminal sends it: to all of them
        said = read_on(terminal)
        assert rehearsing.wait() == 128 + ending, said
        assert not [*home.rglob("postmaster.pid")], "which is stopped"
        found = re.search(
            r"Stopped at \d+:\d\d  \d+ of 100 came .* Its session (\w+) is closed; [^\r\n]*\r\n", said
        )
        assert found and "Traceback" not in said, said
        with Postgres(home) as postgres, psycopg.connect(postgres.dsn) as conn:
            assert conn.execute("select id, status::text from session").fetchall() == [(found[1], "closed")]
            out = "select count(*) from player where status in ('waiting', 'playing')"
            assert conn.execute(out).fetchall() == [(0,)]


def read_on(terminal: FileIO) -> str:
    said = b""
    with suppress(OSError):  # nobody writes there any more
        while part := terminal.read(10_000):
            said += part
    return said.decode()
