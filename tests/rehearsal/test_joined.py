"""Stories of a rehearsal that was played on several machines: their diaries are judged as those of one play."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.rehearsal.cast import RehearsalError
from app.rehearsal.joined import join_diaries, write_diaries
from app.rehearsal.play import Played
from app.rehearsal.verdict import judge
from tests.house.house import House
from tests.house.rehearsing import broken
from tests.house.shell import is_refused, networklab


def written(held: Played, folder: Path) -> list[Path]:
    """Every second of them played on another machine."""
    files = [folder / "one.json", folder / "two.json"]
    for which, file in enumerate(files):
        write_diaries(replace(held, diaries=held.diaries[which::2]), file)
    return files


def joined(files: list[Path], held: Played) -> Played:
    assert held.url
    return join_diaries(files, held.session_id, held.name, held.study, held.url)


def test_diaries_of_two_machines_say_what_those_of_one_do(held: Played, tmp_path: Path) -> None:
    found = joined(written(held, tmp_path), held)
    by_label = {diary.label: diary for diary in found.diaries}
    clock = found.started - held.started
    for diary in held.diaries:
        other = by_label[diary.label]
        assert [one[:3] for one in other.told] == [one[:3] for one in diary.told]
        assert [one.at for one in other.told] == pytest.approx(
            [one.at + clock for one in diary.told], abs=0.01
        )
        assert (other.code, other.shown, other.seen.keys()) == (diary.code, diary.shown, diary.seen.keys())
    verdict = asyncio.run(judge(found))
    assert not broken(verdict) and not verdict.failed
    assert [one.checked for one in verdict.promises] == [one.number != 6 for one in verdict.promises]
    assert verdict.figures["messages acknowledged"] > 0 and "dashboard, longest gap" not in verdict.figures


def test_what_went_wrong_on_one_machine_is_found_in_all(held: Played, tmp_path: Path) -> None:
    """A receipt of one was never stored, and what people wrote was seen by nobody."""
    files = written(held, tmp_path)
    one = json.loads(files[0].read_text())
    one["diaries"][0]["told"].append(["999999:" + 64 * "a", "a form", [["belief", "1"]], 1.0])
    files[0].write_text(json.dumps(one))
    for file in files:
        of_part = json.loads(file.read_text())
        for diary in of_part["diaries"]:
            diary["seen"] = {}
        file.write_text(json.dumps(of_part))
    found = joined(files, held)
    at_once = replace(found, plan=replace(found.plan, moment=0.0))  # however short the game was
    assert {1, 5} <= broken(asyncio.run(judge(at_once))).keys()


def test_what_is_no_diary_or_comes_twice_gets_a_sentence(held: Played, tmp_path: Path) -> None:
    files = written(held, tmp_path)
    with pytest.raises(RehearsalError, match="is in two of these: each machine takes another --part"):
        joined([files[0], *files], held)
    for wrong in ("", "[]", '{"version": 1}', '{"version": 1, "clock": "x"}'):
        (tmp_path / "wrong.json").write_text(wrong)
        with pytest.raises(RehearsalError, match="has no diaries of a rehearsal"):
            joined([tmp_path / "wrong.json"], held)
    files[0].write_text(files[0].read_text().replace('"version": 1', '"version": 9'))
    with pytest.raises(RehearsalError, match="is of another version"):
        joined(files, held)


def test_parts_and_joins_are_typed_as_they_are_meant(house: House, short: Path, tmp_path: Path) -> None:
    links = tmp_path / "links.csv"
    alone = is_refused(networklab(house, "rehearse", "--session", short, "--part", "1/2"))
    assert "--part goes with --links" in alone
    wrong = networklab(house, "rehearse", "--session", short, "--links", links, "--part", "3/2")
    assert wrong.returncode == 2 and "“3/2” is no part such as 1/3" in wrong.stderr
    lost = is_refused(networklab(house, "rehearse", "--session", "nowhere", "--join", tmp_path / "none.json"))
    assert "nowhere" in lost
