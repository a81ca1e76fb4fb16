"""Stories of the scripts that come with the data: they run as they are, and what they print is what one reckons."""

from __future__ import annotations

import asyncio
import csv
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import mean

import pytest

from app.config import PROJECT
from app.export.analysis import PYTHON, FirstLook, R, outcome_of, scripts
from app.export.export import write_folder
from app.export.round_columns import round_header
from app.study.reading import parse, read_folder
from tests.house.house import House
from tests.house.lively import a_lively_session
from tests.house.studies import TALK, as_files, changed

STUDIES = sorted(path.name for path in (PROJECT / "studies").iterdir() if path.is_dir())


def run(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-I", str(folder / PYTHON)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_script_prints_the_mean_of_each_round_as_one_reckons_it_and_draws_or_says_why_not(
    house: House,
) -> None:
    lively, who = a_lively_session(house)
    for number, belief in zip([*who.values()][2:6], ("10", "20", "30", "70"), strict=True):
        lively.answers(number, 1, belief=belief)
    folder = house.folder / "data"
    asyncio.run(write_folder(house.database, lively.session_id, lively.study, folder))
    told = run(folder)
    assert "belief: mean by kind and round, at step talk" in told
    with (folder / "records.csv").open(encoding="utf-8", newline="") as file:
        said = [one for one in csv.DictReader(file) if (one["field"], one["round"]) == ("belief", "1")]
    in_time = [float(one["value"]) for one in said if one["late"] == "false"]
    [line] = [one.split() for one in told.splitlines() if one.startswith("mixed ") and one.split()[1] == "1"]
    assert line[2:4] == [str(len(in_time)), f"{mean(in_time):.3f}"] and len({*in_time}) > 3, told
    drawn = (folder / "analysis.png").exists()
    assert drawn or "No picture: matplotlib is not installed" in told


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_in_r_it_is_the_same_from_any_folder(house: House, tmp_path: Path) -> None:
    lively, who = a_lively_session(house)
    for number, belief in zip([*who.values()][2:6], ("10", "20", "30", "70"), strict=True):
        lively.answers(number, 1, belief=belief)
    folder = house.folder / "the data, ü"
    asyncio.run(write_folder(house.database, lively.session_id, lively.study, folder))
    done = subprocess.run(
        ["Rscript", "--vanilla", str(folder / R)], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr

    def table(told: str) -> list[str]:
        return [line for line in told.splitlines() if "picture" not in line.lower()]

    assert table(done.stdout) == table(run(folder))
    assert (folder / "analysis.png").stat().st_size > 1000


ROWS = (
    ("blue", "1", "{first}", "answered"),
    ("blue", "1", "{other}", "answered"),
    ("blue", "1", "", "answered"),
    ("blue", "1", "{first}", "late"),
    ("blue", "2", "{other}", "answered"),
    ("red", "1", "{first}", "answered"),
    ("red", "1", "don’t know", "answered"),
)
OF_NUMBERS = 'kind = "integer", min = 0, max = 9'
OF_WORDS = 'kind = "choice", options = ["Yes", "No"]'


@pytest.mark.parametrize(("kind", "first", "other"), [(OF_NUMBERS, "2", "5"), (OF_WORDS, "Yes", "No")])
def test_by_hand_as_their_first_lines_say_the_means_are_the_same(
    tmp_path: Path, kind: str, first: str, other: str
) -> None:
    treated = '[[treatment]]\nname = "colour"\nlevels = ["blue", "red"]\nby = "room"\n[[step]]'
    toml = changed(changed(TALK, "[[step]]", treated), 'kind = "integer", min = 0, max = 100', kind)
    study = parse(as_files(toml))
    with (tmp_path / "rounds.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(
            file, ["session", "player", "treatment_colour", "round", "belief", "how", "step"]
        )
        rows.writeheader()
        for nth, (colour, round_, said, how) in enumerate(ROWS):
            text = said.format(first=first, other=other)
            rows.writerow(
                dict(zip(rows.fieldnames, ("s", nth, colour, round_, text, how, "talk"), strict=True))
            )
    for name, text in scripts(study).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    means = [(line.split()[0], line.split()[1], line.split()[3]) for line in run(tmp_path).splitlines()[4:7]]
    assert [one[:2] for one in means] == [("blue", "1"), ("blue", "2"), ("red", "1")]

    def by_hand(name: str) -> str:
        lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        names = [one for one in lines if one.startswith(("STEP", "COLUMN", "ANSWER", "GROUP"))]
        shown = [one.removeprefix("#").removeprefix("     ") for one in lines if one.startswith("#     ")]
        return "\n".join([*names, *shown[1:]])

    def told(*command: str) -> list[tuple[str, ...]]:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        found = [line.split()[-3:] for line in done.stdout.splitlines()]
        return sorted((one, nth, f"{float(value):.3f}") for one, nth, value in found if nth in ("1", "2"))

    *lines, last = by_hand(PYTHON).splitlines()
    shown = ["import pandas as pd", *lines, f"print(({last}).reset_index().to_string())"]
    assert told(sys.executable, "-c", "\n".join(shown)) == means
    if shutil.which("Rscript"):
        (tmp_path / "by hand.R").write_text(by_hand(R), encoding="utf-8")
        assert told("Rscript", "--vanilla", "by hand.R") == means


@pytest.mark.parametrize("name", STUDIES)
def test_each_study_that_ships_has_something_to_look_at(name: str) -> None:
    study = parse(read_folder(PROJECT / "studies" / name))
    outcome = outcome_of(study)
    assert outcome.column in round_header(study) and outcome.step in {step.name for step in study.all_steps}
    assert outcome.column != "how" or outcome == FirstLook(outcome.step, "how", "answered")
