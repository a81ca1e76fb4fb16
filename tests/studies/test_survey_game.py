"""Stories of the game with a questionnaire that ships: what a guess is worth, and who gets to which end."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from app.config import PROJECT
from app.rehearsal.cast import open_rehearsal
from app.rehearsal.play import Setting, play
from app.rehearsal.verdict import Verdict, judge
from app.study.hooks.networklab import Room, Said, Seat
from app.study.reading import parse, read_folder
from app.study.stored import read_study
from tests.house.files import tables_of
from tests.house.hooks import call_hook
from tests.house.house import House
from tests.house.rehearsing import broken, told_of_one_that_held
from tests.house.rounds import unlike_joins
from tests.house.server import Server
from tests.house.studies import changed

STUDY = PROJECT / "studies" / "survey-game"
ENDS = {"complete": 8, "declined": 3, "screened_out": 1}  # of these people
CODES = {"complete": "DONE4", "declined": "NO4", "screened_out": "AGE4"}
BASE = {"complete": "2.50", "declined": "0.00", "screened_out": "0.10"}
FAST = Setting(
    players=12,
    over=0.0,
    drop=0.0,
    flaky=0.0,
    speed=float("inf"),
    patience=30.0,
    moment=30.0,
    at_most=45.0,
    seed=487,
)


def test_a_guess_wins_that_is_off_by_a_tenth_at_most() -> None:
    guesses = dict(enumerate((2565, 2564, 3135, 3136, 2850), 1))
    said = tuple(Said("again", 1, slot, "final", guess) for slot, guess in guesses.items())
    seats = tuple(Seat(slot, "", "any") for slot in range(1, 6))

    room = Room("four-1", "four", 1, 7, "again", 1, 1, seats, all_said=said)
    found = call_hook(parse(read_folder(STUDY)), "prize", room)
    assert found == dict.fromkeys((1, 3, 5), Decimal("1.00"))


def test_it_runs_from_the_one_link_to_the_payments(hall: House, server: Server, tmp_path: Path) -> None:
    """With two minutes of talk made two seconds, and ids, by which the same people come each time."""
    folder = tmp_path / "game"
    (folder / "pages").mkdir(parents=True)
    for name, body in read_folder(STUDY).items():
        (folder / name).write_bytes(body)
    toml = (folder / "study.toml").read_text(encoding="utf-8")
    for old, new in (('limit = "2m"', 'limit = "2s"'), ("anonymous = true", 'ids = ["PROLIFIC_PID"]')):
        toml = changed(toml, old, new)
    (folder / "study.toml").write_text(toml, encoding="utf-8")

    async def story() -> Verdict:
        cast = await open_rehearsal(hall.database, str(folder), FAST.players)
        return await judge(await play(cast, FAST, server.base, hall.database))

    verdict = asyncio.run(story())
    assert broken(verdict) == {} and not verdict.stops and not verdict.failed, str(verdict)
    files: dict[str, list[dict[str, str]]] = {}

    async def export() -> None:
        files.update(await tables_of(hall, verdict.session_id, "players", "rooms", "payments", "records"))

    hall.tell(export())
    assert verdict.ends.counts == ENDS
    assert (
        unlike_joins(hall, verdict.session_id, hall.do(lambda conn: read_study(conn, verdict.session_id)))
        == []
    )
    assert Counter(one["code"] for one in files["players"]) == {
        CODES[end]: many for end, many in ENDS.items()
    }
    assert {one["treatment_talk"] for one in files["rooms"]} == {"yes", "no"}
    final = {one["player"]: int(one["value"]) for one in files["records"] if one["field"] == "final"}
    for one in files["payments"]:
        wins = abs(final.get(one["player"], 0) - 2850) <= 285
        assert one["base"] == BASE[one["outcome"]] and Decimal(one["earned"]) == wins, one
    asked = {one["player"] for one in files["records"] if one["field"] == "mood"}
    assert asked == {one["player"] for one in files["players"] if one["code"] == "DONE4"}


def in_its_own_time(house: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As long as people take: minutes."""
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        env=os.environ | {"DATABASE_URL": house.database, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=1500,
    )


@pytest.mark.slow
def test_three_hundred_come_by_the_one_link_and_each_gets_to_their_end(house: House) -> None:
    many = ("--players", "300", "--over", "3m", "--json")
    found = told_of_one_that_held(in_its_own_time(house, "rehearse", "--session", str(STUDY), *many))
    assert found["outcomes"]["complete"] > 200 and found["answers"]["forms"] == found["answers"]["in_time"]


@pytest.mark.slow
def test_of_three_hundred_nobody_loses_anything_while_processes_and_postgres_are_killed(house: House) -> None:
    """In the middle of it: whoever still plays after the last kill comes to their end, as without any."""
    kills = ("--only", "a server process was killed", "--only", "Postgres was killed", "--faults", "16")
    many = ("--players", "300", "--to-the-end", "--json")
    done = in_its_own_time(house, "drill", str(STUDY), *kills, *many)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert len(found["faults"]) == 16 and [
        one["outcomes"]["complete"] > 200 for one in found["sessions"]
    ] == [True]
