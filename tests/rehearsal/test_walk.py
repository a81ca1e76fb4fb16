"""Stories of a walk through a study: what is drawn for people who are made up."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import PROJECT
from app.rehearsal.walk import Look, Walk, walk
from app.study.model.study import Study
from app.study.reading import parse, read_folder
from app.web import templates

PAGE = b'{% extends "player/_step_opened.html" %}'
PAIRS = """
title = "Pairs"
[[room]]
name = "four"
seats = {any = 4}
[network]
kind = "pairs"
each_round = "new"
[role]
deal = {writer = 1, reader = 1}
change = "each_round"
[[step]]
page = "talk"
name = "write"
repeat = 3
limit = "60s"
only = {role = "writer"}
show = [{field = "role", of = "me"}]
fields = [{name = "idea", ask = "Your idea?", kind = "text"}]
"""
ORDERS = """
title = "Orders"
types = ["a", "b", "c", "d", "e"]
[[room]]
name = "six"
seats = {any = 6}
[[treatment]]
name = "order"
levels = ["early", "late"]
by = "room"
[[treatment]]
name = "own"
levels = ["plain", "paid"]
by = "player"
[[step]]
page = "talk"
name = "first"
limit = "60s"
only = {order = "early"}
fields = [{name = "before", ask = "What was before?", kind = "choice", options = ["sun", "sun again"]}]
[[step]]
page = "talk"
name = "middle"
limit = "60s"
show = [{field = "before", of = "me"}]
fields = [{name = "now", ask = "And now?", kind = "yes_no"}]
[[step]]
page = "talk"
name = "paid"
limit = "60s"
only = {own = "paid"}
button = "Next"
[[after]]
page = "talk"
name = "late_only"
only = {order = "late"}
button = "Next"
"""
GERMAN = """
title = "Languages"
language = "en"
languages = ["de"]
[[before]]
page = "talk"
name = "colour"
fields = [{name = "colour", ask = "Which colour?", kind = "text"}]
"""


@pytest.fixture
def broken() -> Iterator[list[str]]:
    """What players would get our page in place of."""
    heard = list[str]()

    def tell(study: Study, path: str, error: Exception) -> None:
        heard.append(f"{path}: {error}")

    templates.told_of_broken.append(tell)
    yield heard
    templates.told_of_broken.remove(tell)


def study_of(toml: str, **files: bytes) -> Study:
    return parse({"study.toml": toml.encode(), "pages/talk.html": PAGE, **files})


def at(study: Study, name: str, **how: object) -> Walk:
    """Where the way through it comes to the place with this name."""
    [nth] = [one.at for one in walk(study, Look(**how)).stops if one.name == name]  # type: ignore[arg-type]
    return walk(study, Look(nth, **how))  # type: ignore[arg-type]


def names(walked: Walk) -> list[str]:
    return [one.name for one in walked.stops if one.part in ("before", "room", "after")]


def words(document: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", document)).split())


@pytest.mark.parametrize("folder", sorted((PROJECT / "studies").iterdir()), ids=lambda one: one.name)
def test_a_study_that_comes_along_is_drawn_at_one_place_of_each_sort(folder: Path, broken: list[str]) -> None:
    study = parse(read_folder(folder))
    stops = walk(study, Look()).stops
    assert stops[0].part == "door" and stops[-1].part == "end"
    last = {one.name: one.levels[-1] for one in study.treatments}
    for first in {one.part: one.at for one in reversed(stops)}.values():
        for look in (Look(first), Look(first, answered=True, treatment=last)):
            walked = walk(study, look)
            assert len(walked.pages) == min(walked.people, 4)
            assert all(one.title and "</html>" in one.document for one in walked.pages), look
    assert broken == []


def test_roles_are_dealt_among_those_who_are_tied_together_and_change_with_them(broken: list[str]) -> None:
    study = study_of(PAIRS)
    for name, roles in (
        ("write 1", "writer writer reader reader"),
        ("write 3", "writer reader writer reader"),
    ):
        walked = at(study, name)
        nth = int(name[-1])
        ties = study.network_of("four").ties(4, 1, ["", "", "", ""], "four", nth)
        dealt = [one.title.split(" · ")[-1] for one in walked.pages]
        assert dealt == roles.split() and all(dealt[one - 1] != dealt[other - 1] for one, other, _ in ties)
        for role, page in zip(dealt, walked.pages, strict=True):
            seen = (
                "Your role now writer Your idea?"
                if role == "writer"
                else "This part is for others in your group."
            )
            assert seen in words(page.document)
            assert page.note == ("" if role == "writer" else "Waits while others are asked.")
    assert broken == []


def test_nobody_is_led_to_a_page_that_nobody_in_their_room_gets(broken: list[str]) -> None:
    study = study_of(ORDERS)
    assert names(walk(study, Look())) == ["first", "middle", "paid"]
    late = {"order": "late"}
    assert names(walk(study, Look(treatment=late))) == ["middle", "paid", "late_only"]
    assert at(study, "paid").pages[0].note == "Waits while others are asked.", (
        "who got another level than these"
    )
    assert at(study, "paid", treatment={"own": "paid"}).pages[0].note == ""
    for treatment, is_said in (({}, True), (late, False)):
        assert ("sun" in words(at(study, "middle", treatment=treatment).pages[0].document)) == is_said
    passed = at(study, "first").look.at
    there = walk(study, Look(passed, treatment=late))
    assert there.look.at == at(study, "middle", treatment=late).look.at, "the next that there is"
    assert broken == []


def test_of_many_four_are_drawn_at_a_time(broken: list[str]) -> None:
    study = study_of(ORDERS)
    for seat, first, last in ((1, 1, 4), (5, 5, 6), (6, 5, 6), (7, 1, 4)):
        walked = at(study, "middle", seat=seat)
        assert (walked.people, walked.look.seat) == (6, first)
        assert [one.title for one in walked.pages] == [f"Player {nth} · a" for nth in range(first, last + 1)]
    waits = at(study, "The lobby", seat=5)
    assert (waits.people, [one.title for one in waits.pages]) == (5, ["Somebody who waits as e"])
    assert broken == []


def test_pages_are_read_in_the_language_that_is_chosen(broken: list[str]) -> None:
    study = study_of(GERMAN, **{"languages/de.toml": b'"Which colour?" = "Welche Farbe?"'})
    for language, question in (("", "Which colour?"), ("de", "Welche Farbe?"), ("xx", "Which colour?")):
        [page] = at(study, "colour", language=language).pages
        assert question in words(page.document)
        assert f'<html lang="{"de" if language == "de" else "en"}"' in page.document
    assert broken == []


def test_what_is_not_there_is_the_first_there_is(broken: list[str]) -> None:
    study = parse(read_folder(PROJECT / "studies" / "commons"))
    beyond = walk(study, Look(999, "no such room", {"order": "never", "x": "y"}, 999, language="xx"))
    assert beyond.look == walk(study, Look()).look == Look(0, "group", {"order": "without_first"})
    assert [one.title for one in beyond.pages] == ["Somebody who comes"]
    assert broken == []
