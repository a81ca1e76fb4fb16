"""A little study that is rehearsed, and what was played of it, whole or with something broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from app.rehearsal.cast import open_rehearsal
from app.rehearsal.play import Played, Setting, play
from app.rehearsal.verdict import Verdict
from tests.house.database import BY_FILES
from tests.house.studies import PAGE

SHORT = """
title = "Short"
types = ["red", "blue"]
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer", min = 18, max = 99}]
[[room]]
name = "mixed"
seats = {red = 2, blue = 2}
[[room]]
name = "plain"
seats = {any = 2}
after = "2s"
[lobby]
max_wait = "6s"
[network]
kind = "ring"
[[step]]
page = "talk"
repeat = 4
limit = "4s"
chat = "neighbours"
fields = [
    {name = "belief", ask = "How sure are you?", kind = "slider", min = 0, max = 100},
    {name = "why", ask = "Why?", kind = "choice", options = ["A guess", "I was told"]},
]
"""
DASHBOARD = 6  # the number of its promise
PLAN = Setting(players=8, over=0.5, drop=0.0, flaky=0.0, speed=20.0, messages=6)


def write_short(folder: Path) -> Path:
    (folder / "pages").mkdir()
    (folder / "study.toml").write_text(SHORT)
    (folder / "pages" / "talk.html").write_text(PAGE)
    return folder


async def play_short(url: str, study: Path, base: str, plan: Setting = PLAN) -> Played:
    return await play(await open_rehearsal(url, str(study), plan.players), plan, base, url)


def broken(verdict: Verdict) -> dict[int, tuple[str, ...]]:
    """Promise → what was wrong, without the dashboard: while other stories need the machine it may well stand still."""
    return {one.number: one.wrongs for one in verdict.promises if not one.ok and one.number != DASHBOARD}


def told_of_one_that_held(done: CompletedProcess[str]) -> dict[str, Any]:
    """What `rehearse --json` said, where nothing was wrong but perhaps the dashboard, as in `broken`."""
    found: dict[str, Any] = json.loads(done.stdout)
    wrong = [one["number"] for one in found["promises"] if not one["ok"]]
    assert wrong in ([], [DASHBOARD]), done.stdout + done.stderr
    assert (done.returncode, found["ok"]) == ((1, False) if wrong else (0, True)), done.stderr
    return found


@contextmanager
def a_copy(played: Played) -> Iterator[Played]:
    """The same in a database of its own, in which things may be broken."""
    assert played.url is not None
    name = f"copy_{uuid4().hex[:12]}"
    original = str(conninfo_to_dict(played.url)["dbname"])
    with psycopg.connect(make_conninfo(played.url, dbname="postgres"), autocommit=True) as conn:
        conn.execute(f'create database "{name}" template "{original}" {BY_FILES}'.encode())
        try:
            yield replace(played, url=make_conninfo(played.url, dbname=name))
        finally:
            conn.execute(f'drop database "{name}" with (force)'.encode())
