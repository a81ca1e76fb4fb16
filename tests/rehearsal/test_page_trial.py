"""Stories of pages that are tried before anybody has come. docs/mistakes.md has what is told of them."""

from __future__ import annotations

import re

import pytest

from app.config import PROJECT
from app.rehearsal.page_trial import try_pages
from app.study.reading import parse, read_folder
from tests.house.studies import changed

STUDY = """
title = "Two kinds"
types = ["red", "blue"]
[[room]]
name = "mixed"
seats = {red = 1, blue = 1}
[[treatment]]
name = "said"
levels = ["much", "little"]
[[step]]
page = "first"
repeat = 3
limit = "20s"
fields = [{name = "belief", ask = "?", kind = "integer", min = 0, max = 9}]
[[step]]
page = "second"
limit = "20s"
show = [{field = "belief", of = "neighbours", round = "last"}]
[pay]
base = 1.00
currency = "EUR"
"""
PAGE = '{%% extends "player/_step_opened.html" %%}{%% block before %%}\n%s\n{%% endblock %%}'


def told(page: str, name: str = "first") -> list[tuple[str, int, bool]]:
    files = {f"pages/{one}.html": PAGE % "" for one in ("first", "second")} | {"study.toml": STUDY}
    files[f"pages/{name}.html"] = PAGE % page
    study = parse({path: text.replace("%%", "%").encode() for path, text in files.items()})
    return [(one.file, one.spot.line, one.grave) for one in try_pages(study) if one.spot]


@pytest.mark.parametrize("folder", sorted((PROJECT / "studies").iterdir()), ids=lambda one: one.name)
def test_the_studies_that_come_along_break_nowhere(folder: object) -> None:
    assert try_pages(parse(read_folder(PROJECT / "studies" / str(folder)))) == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ place.points }}",
        "{{ place.values.belief }}",  # before anybody answered
        "{% if place.saved %}{{ place.nothing }}{% endif %}",  # after
        '{% if treatment.said == "little" %}{{ place.nothing }}{% endif %}',  # in one treatment
        '{% if place.me.type == "blue" %}{{ place.nothing }}{% endif %}',  # for some
        "{% if place.gone %}{{ place.gone[0].name }}{% endif %}",  # after somebody left
        "{% if place.position.round == 3 %}{{ place.nothing }}{% endif %}",  # in the last round
        "{{ 1 // place.saved }}",
    ],
)
def test_a_page_that_would_break_at_some_moment_is_told_with_its_line(text: str) -> None:
    assert told("<p>right</p>") == []
    assert told(text) == [("pages/first.html", 2, True)]


def test_what_others_said_is_there_as_in_a_room_and_a_silent_one_is_worth_a_note() -> None:
    assert told("{% if place.shown %}{{ place.shown[0].lines | length }}{% endif %}", "second") == []
    assert told("{{ place.shown[0].lines | length }}", "second") == [("pages/second.html", 2, False)]
    assert told("{{ place.shown[1].lines | length }}", "second") == [("pages/second.html", 2, True)]


ALONE = """
title = "Alone, too"
[[treatment]]
name = "frame"
levels = ["gain", "loss"]
at = "door"
[[before]]
page = "first"
name = "quiz"
attempts = 2
fields = [{name = "size", ask = "?", kind = "choice", options = ["2", "4"], correct = "2", hint = "Two."}]
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
limit = "20s"
fields = [{name = "belief", ask = "?", kind = "integer", min = 0, max = 9}]
[[after]]
page = "second"
also = ["lobby"]
show = [{field = "belief", of = "me"}]
fields = [{name = "mood", ask = "?", kind = "integer", min = 0, max = 9}]
"""


def told_alone(page: str, name: str) -> list[str]:
    files = {f"pages/{one}.html": PAGE % "" for one in ("first", "talk", "second")} | {"study.toml": ALONE}
    files[f"pages/{name}.html"] = PAGE % page
    study = parse({path: text.replace("%%", "%").encode() for path, text in files.items()})
    return [one.sentence for one in try_pages(study)]


@pytest.mark.parametrize(
    ("page", "name", "where"),
    [
        ("{{ place.points }}", "first", "as quiz 1 opens in [[before]]"),
        ("{% if place.errors %}{{ place.nothing }}{% endif %}", "first", "as quiz 2 opens in [[before]]"),
        ('{% if treatment.frame == "loss" %}{{ place.nothing }}{% endif %}', "first", "in [[before]]"),
        (
            '{% if place.player.outcome == "lobby" %}{{ place.nothing }}{% endif %}',
            "second",
            "after `lobby` opens",
        ),
        ("{% if place.view.seats | length > 1 %}{{ place.nothing }}{% endif %}", "second", ""),
        ("{% if place.view.seats | length == 1 %}{{ place.nothing }}{% endif %}", "talk", ""),
        ("{% if place.is_solo %}{{ place.nothing }}{% endif %}", "talk", ""),
    ],
)
def test_pages_of_solo_steps_are_drawn_for_somebody_alone(page: str, name: str, where: str) -> None:
    found = told_alone(page, name)
    assert len(found) == bool(where) and all(where in one for one in found), found


def test_what_the_manual_says_that_pages_of_solo_steps_may_print_can_be_printed_there() -> None:
    manual = (PROJECT / "docs" / "pages.md").read_text(encoding="utf-8")
    examples = dict(re.findall(r"`(pages/\w+\.html)`[^\n]*:\n\n```html\n(.*?)```", manual, re.DOTALL))
    [show] = re.findall(r"`(show = .*?)`:", manual)
    files = read_folder(PROJECT / "studies" / "survey-game")
    toml = changed(files["study.toml"].decode(), 'also = ["lobby"]', f'also = ["lobby"]\n{show}')
    own = files | {name: page.encode() for name, page in examples.items()} | {"study.toml": toml.encode()}
    assert len(examples) == 3 and own.keys() == files.keys()
    study = parse(own)
    assert try_pages(study) == []
    _, alone = manual.split("## What a page of solo steps may print")
    names = re.findall(r"`(.*?)`", "".join(re.findall(r"^\| (`.*`) \| ", alone, re.MULTILINE)))
    every = PAGE % "".join(f"{{{{ {name} }}}}" for name in names if not name.endswith(".NAME"))
    assert every.count("place.") == 12
    all_print = {f"pages/{step.page}.html": every.encode() for step in (*study.before, *study.after)}
    assert try_pages(parse(own | all_print)) == []
