"""docs/mistakes.md has a mistake in every study but one, and each sentence in it is what `check` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.wrong_studies import Wrong, told, wrong_studies

WRONG = wrong_studies()


def test_the_study_that_all_others_are_made_from_is_right(tmp_path: Path) -> None:
    Wrong("", "study.toml", "", "").make(tmp_path)
    assert told(tmp_path) == ""
    assert len({wrong.title for wrong in WRONG}) == len(WRONG) > 70


@pytest.mark.parametrize("wrong", WRONG, ids=[wrong.title for wrong in WRONG])
def test_a_mistake_is_told_with_its_place_and_a_cure(tmp_path: Path, wrong: Wrong) -> None:
    wrong.make(tmp_path)
    assert told(tmp_path) == wrong.told
