"""Stories of answers that came late and say that they were sent before."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from app.database.connections import Connection
from app.export.export import write_folder
from app.rooms.late_claims import put_claim, read_claim
from tests.house.house import House
from tests.house.lively import open_lively


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("3.25", 3.25), ("0.001", 0.001), ("3600", 3600.0), ("12.", 12.0)]
    + [(text, None) for text in ("", "0", "-3", "3601", "1e3", "nan", "inf", "٣", "1.2.3", "3.x", "9" * 12)],
)
def test_a_claim_is_some_seconds_and_no_more_than_an_hour(said: str, seconds: float | None) -> None:
    assert read_claim(said) == seconds


def test_a_late_answer_is_exported_with_what_its_page_said_of_its_first_try(
    house: House, tmp_path: Path
) -> None:
    lively = open_lively(house)
    who = [lively.comes(label) for label in [*lively.tokens][:8]]
    assert lively.seat() == 8
    first, second = who[0], who[1]
    in_time = lively.answers(first, 1, why="in time")
    lively.moves_to(first, 2)
    lively.moves_to(second, 2)
    late, later = lively.answers(first, 1, why="late"), lively.answers(second, 1, why="later")
    assert late.late and later.late and not in_time.late

    def claims(player: int, records: tuple[int, ...], seconds: float) -> bool:
        async def work(conn: Connection) -> bool:
            return await put_claim(conn, player, records, 0, seconds)

        return house.do(work)

    assert claims(first, late.records, 600)
    assert claims(first, late.records, 0.0001), "the first word stays"
    assert not claims(second, later.records, 0.0001), "sent when the step was over"
    assert not claims(first, in_time.records, 600), "it was in time"
    assert not claims(second, late.records, 600), "somebody else's"
    assert house.sql("select count(*) from late_claim") == [(2,)]

    async def out(conn: Connection) -> None:
        await write_folder(house.database, lively.session_id, lively.study, tmp_path / "out")

    house.read(out)
    with (tmp_path / "out" / "history.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0])[-2:] == ["said_tried_at", "session"]
    said = {line["value"]: line for line in lines if line["field"] == "why"}
    assert said["in time"]["said_tried_at"] == ""
    for value in ("late", "later"):
        assert said[value]["late"] == "true" and "" < said[value]["said_tried_at"] < said[value]["at"]
