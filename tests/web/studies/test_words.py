"""Stories of a study that is read in words, by whoever reviews it."""

from __future__ import annotations

from app.study.reading import parse
from app.web.studies.words import parts
from tests.house.classics import files_of


def test_what_ends_a_step_before_its_limit_and_what_rises_and_falls_meanwhile_is_said() -> None:
    auction, *_ = parts(parse(files_of("english")))
    assert "over already 10 seconds after the last move that counts" in auction.more
    auction, *_ = parts(parse(files_of("dutch_clock")))
    assert "“The price” begins at 100, and -2 each 2 seconds, until 20" in auction.more
