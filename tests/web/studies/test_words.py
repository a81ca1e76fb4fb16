"""Stories of a study that is read in words, by whoever reviews it."""

from __future__ import annotations

from app.config import PROJECT
from app.study.model.kinds.known import KINDS
from app.study.reading import parse, read_folder
from app.web.studies.words import parts, sections
from tests.house.classics import files_of
from tests.house.studies import TALK, as_files, changed

STEPS = "without", "contribute", "points"


def test_what_ends_a_step_before_its_limit_and_what_rises_and_falls_meanwhile_is_said() -> None:
    auction, *_ = parts(parse(files_of("english")))
    assert "over already 10 seconds after the last move that counts" in auction.more
    auction, *_ = parts(parse(files_of("dutch_clock")))
    assert "“The price” begins at 100, and -2 each 2 seconds, until 20" in auction.more


def test_what_is_asked_and_shown_is_said_as_a_reviewer_would_say_it() -> None:
    study = parse(read_folder(PROJECT / "studies" / "commons"))
    without, contribute, points = (next(one for one in parts(study) if one.name == name) for name in STEPS)
    assert without.asked == (
        "`contribution`: “How much do you give to the project?” (a whole number from 0 to 20)",
    )
    assert "they see `contribution` of all in the room, as their mean, of the last round" in without.more
    assert "who has not answered in time: 0 counts" in without.more
    assert "they see `received` at `points` of oneself, of the last round" in contribute.more
    assert "they see what `others_gave` (hooks.py) says of oneself, as answers come" in points.more
    told = [said for one in sections(study) for said in one.sentences]
    assert any(
        said.startswith("`order` is drawn for each room: `without_first` or `with_first`;") for said in told
    )


def test_limits_are_said_of_what_they_count_and_dates_as_dates() -> None:
    fields = (
        '{name = "day", ask = "When?", kind = "date", min = 2026-01-01, max = 2026-12-31},'
        '{name = "some", ask = "Which?", kind = "choices", options = ["A", "B", "C"], min = 1, max = 2},'
        '{name = "how", ask = "How?", kind = "text", min = 3, required = false},'
    )
    toml = changed(TALK, "fields = [", f"fields = [{fields}")
    asked = parts(parse(as_files(toml)))[0].asked
    assert asked[:3] == (
        "`day`: “When?” (a day from 2026-01-01 to 2026-12-31)",
        "`some`: “Which?” (any of: A, B, C, from 1 to 2 of them)",
        "`how`: “How?” (in their own words, at least 3 characters; may be left out)",
    )


def test_each_kind_of_question_has_words_for_what_is_answered() -> None:
    assert all(kind.called and "_" not in kind.called for kind in KINDS.values())


def test_only_endings_that_there_may_be_are_said_with_their_codes() -> None:
    def ends(toml: str) -> str:
        *_, last = sections(parse(as_files(toml)))
        [said] = [one for one in last.sentences if one.startswith("Each ending has its code")]
        return said

    usual, stands_by = ends(TALK), ends(f"{TALK}[standby]\nplaces = 2\n")
    assert "`complete` (" in usual and "`full` (" in usual
    assert not any(f"`{one}`" in usual for one in ("screened_out", "failed_check", "declined", "standby"))
    assert "`standby` (" in stands_by
