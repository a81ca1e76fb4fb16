"""Stories of a walk through a study: what is drawn for people who are made up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.config import PROJECT
from app.rehearsal.walk import Look, pages_at, stops_of, treatments_of
from app.study.model.study import Study
from app.study.reading import parse, read_folder
from app.web import templates


@pytest.fixture
def broken() -> Iterator[list[str]]:
    """What players would get our page in place of."""
    heard = list[str]()

    def tell(study: Study, path: str, error: Exception) -> None:
        heard.append(f"{path}: {error}")

    templates.told_of_broken.append(tell)
    yield heard
    templates.told_of_broken.remove(tell)


@pytest.mark.parametrize("folder", sorted((PROJECT / "studies").iterdir()), ids=lambda one: one.name)
def test_a_study_that_comes_along_is_drawn_at_one_place_of_each_sort(
    folder: object, broken: list[str]
) -> None:
    study = parse(read_folder(PROJECT / "studies" / str(folder)))
    stops = stops_of(study)
    first = {one.part: nth for nth, one in reversed(list(enumerate(stops)))}
    assert stops[0].part == "door" and stops[-1].part == "end"
    last = len(treatments_of(study)) - 1
    for at in first.values():
        for look in (Look(at), Look(at, answered=True, treatment=last, seat=2)):
            pages = pages_at(study, look)
            assert 1 <= len(pages) <= 4
            assert all(one.title and "</html>" in one.document for one in pages), stops[at]
    assert broken == []


def test_what_is_not_there_is_the_first_there_is(broken: list[str]) -> None:
    study = parse(read_folder(PROJECT / "studies" / "widgets"))
    beyond = pages_at(study, Look(999, "no such room", 999, 999, language="xx"))
    assert [one.title for one in beyond] == [one.title for one in pages_at(study, Look())]
    assert broken == []
