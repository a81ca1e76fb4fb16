"""Stories of what a browser would not show of a study's page. docs/mistakes.md has more of them, a mistake each."""

from __future__ import annotations

import time

import pytest

from app.study.markup import markup_mistakes


def told(page: str) -> list[tuple[int, int, str]]:
    """Line, column and the word below which the mark stands."""
    lines = page.split("\n")
    return [
        (spot.line, spot.column, lines[spot.line - 1][spot.column - 1 :][: spot.width])
        for mistake in markup_mistakes("pages/talk.html", page)
        if (spot := mistake.spot)
    ]


@pytest.mark.parametrize(
    "text",
    [
        '<img src="data:image/png;base64,AAAA" alt="a face">',
        '<img src="{{ asset("icon.svg") }}" alt="">',
        '<a href="https://example.org/" target="_blank">the rules</a> <a href="#step">below</a>',
        '<form action="/play/records" hx-post="/play/records"></form>',
        "{# <script>alert(1)</script> #}",
        '<p title="{{ "<style>" }}">{% if place.saved %}<b>saved</b>{% endif %}</p>',
        '<svg viewBox="0 0 1 1"><use href="#dot"/></svg>',
    ],
)
def test_what_a_browser_shows_is_no_mistake(text: str) -> None:
    assert told(text) == []


def test_each_mark_stands_below_the_word_that_asks_for_it() -> None:
    page = """<p>{{ place.me.alias }} and
{{ place.pages }}</p><img
  srcset="data:image/png;base64,AA 1x, img/two.png 2x,img/more.png 3x" src="//example.org/one.png">
<IMG SRC=three.png><input type="image" src="four.png"><video poster="five.png"></video><td background="six.png">
<a hx-on:click="go()" href="javascript:go()" hx-vals="js:{a: 1}" hx-get="/admin/sessions">go</a>
<script src="/static/js/no_such.js"></script><link rel="stylesheet" href="look.css"><base href="/x/">
<form action="answers" hx-post="https://example.org/"></form>"""
    assert told(page) == [
        (3, 77, "//example.org/one.png"),
        (3, 40, "img/two.png"),
        (3, 55, "img/more.png"),
        (4, 10, "three.png"),
        (4, 45, "four.png"),
        (4, 70, "five.png"),
        (4, 104, "six.png"),
        (5, 4, "hx-on:click"),
        (5, 29, "javascript:go()"),
        (5, 55, "js:{a: 1}"),
        (5, 74, "/admin/sessions"),
        (6, 1, "<script"),
        (6, 75, "look.css"),
        (6, 85, "<base"),
        (7, 15, "answers"),
        (7, 33, "https://example.org/"),
    ]


@pytest.mark.parametrize("filling", [",", " ", "a ", "a,", ", "])
def test_a_srcset_of_any_length_is_read_in_one_go(filling: str) -> None:
    page = f'<img srcset="files/a.png 1x, files/b.png 2x,{filling * 1000}">'
    before = time.process_time()
    found = [mistake.sentence for mistake in markup_mistakes("pages/talk.html", page)]
    assert "There is no `files/b.png`." in found
    assert time.process_time() - before < 1
