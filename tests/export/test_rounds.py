"""Stories of rounds.csv: what each did in each round, as one would join it from the other files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.config import PROJECT
from app.export.export import write_zip
from app.export.verify import verify
from app.rehearsal.cast import open_rehearsal
from app.rehearsal.play import Played, Setting, play
from app.study.reading import read_folder
from tests.house.house import House
from tests.house.lively import Lively, a_lively_session, an_eventful_session
from tests.house.notebooks import run_notebook
from tests.house.rounds import other_rounds, read_tables, unlike_joins, unlike_merged
from tests.house.server import Server
from tests.house.studies import changed

SHORTER = {
    "rumour": {"repeat = 30": "repeat = 3", '"40s"': '"1s"', '"90s"': '"1s"', '"6m"': '"3s"'},
    # A round ends when all have answered: the limit is long enough for all on a busy machine, since a group in which
    # one alone did has no spread.
    "crowd": {'"60s"': '"9s"', '"2m"': '"1s"', '"6m"': '"3s"'},
    "colours": {'"3m"': '"2s"', '"5m"': '"3s"'},
}
TWELVE = Setting(players=12, over=0.2, drop=0.0, flaky=0.0, speed=40.0, messages=2)


def packed(lively: Lively) -> Path:
    path = lively.house.folder / "rounds.zip"
    asyncio.run(write_zip(lively.house.database, lively.session_id, lively.study, path))
    return path


@pytest.mark.parametrize("story", [a_lively_session, an_eventful_session])
def test_of_whatever_happened_it_is_what_joins_over_the_other_files_give(house: House, story: object) -> None:
    made = story(house)  # type: ignore[operator]
    lively: Lively = made[0] if isinstance(made, tuple) else made
    path = packed(lively)
    tables = read_tables(path)
    assert other_rounds(lively.study, tables) == []
    assert unlike_merged(lively.study, tables) == []
    spoiled = next(row for row in tables["rounds"] if row["belief"])
    spoiled["belief"] += "1"
    assert len(unlike_merged(lively.study, tables)) == 1, "it sees a single cell"
    assert len({row["how"] for row in tables["rounds"]}) > 2
    verdict = asyncio.run(verify(house.database, lively.session_id, lively.study, path))
    assert verdict.ok, str(verdict)


def test_no_study_that_ships_is_left_out() -> None:
    files = (PROJECT / "tests" / "studies").glob("test_*.py")
    told = {
        one.stem.removeprefix("test_").replace("_", "-")
        for one in files
        if "unlike_joins(" in one.read_text(encoding="utf-8")
    }
    ship = {one.name for one in (PROJECT / "studies").iterdir() if (one / "study.toml").exists()}
    assert len(ship) > 12 and ship - told - {*SHORTER} == set()


def test_of_each_study_that_ships_too(hall: House, server: Server, tmp_path: Path) -> None:
    """Of these nobody else tells from the link to the files; of the others tests/studies does."""

    def write(name: str) -> Path:
        for file, body in read_folder(PROJECT / "studies" / name).items():
            to = tmp_path / name / file
            to.parent.mkdir(parents=True, exist_ok=True)
            text = body.decode()
            if file == "study.toml":
                for old, new in SHORTER[name].items():
                    text = changed(text, old, new)
            to.write_text(text, encoding="utf-8")
        return tmp_path / name

    async def one(name: str) -> Played:
        cast = await open_rehearsal(hall.database, str(write(name)), TWELVE.players)
        return await play(cast, TWELVE, server.base, hall.database)

    async def all_of_them() -> list[Played]:
        return await asyncio.gather(*map(one, SHORTER))

    for played in asyncio.run(all_of_them()):
        assert unlike_joins(hall, played.session_id, played.study) == [], played.name
        if played.study.title == "Wisdom of crowds":
            folder = tmp_path / "notebook"
            printed = run_notebook("crowd", hall.database, played.session_id, played.study, folder)
            assert ["1", "1.000", "1.000"] in [line.split() for line in printed.splitlines()]
