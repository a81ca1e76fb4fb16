"""Stories of the sandbox of a study's own pages: what it refuses, it refuses however often a page asks."""

from __future__ import annotations

import pytest
from jinja2.exceptions import SecurityError

from app.web.sandbox import MOST, Sandbox


@pytest.mark.parametrize("reach", ["x.append(1)", "x.__class__.mro()", "f.__globals__.x", "''.__class__.mro"])
def test_what_is_refused_once_is_refused_again(reach: str) -> None:
    page, x = Sandbox().from_string("{{ " + reach + " }}"), [1]
    for _ in range(3):
        with pytest.raises(SecurityError):
            page.render(x=x, f=lambda: 1)
    assert x == [1]


def test_a_name_that_one_thing_may_give_is_still_refused_of_another() -> None:
    class Shelf:
        def clear(self) -> str:
            return "cleared"

    page = Sandbox().from_string("{{ x.clear() }}")
    assert page.render(x=Shelf()) == "cleared"
    with pytest.raises(SecurityError):
        page.render(x={1: 2})


def test_names_that_a_page_makes_up_are_not_kept_without_end() -> None:
    sandbox = Sandbox()
    sandbox.from_string("{% for n in range(9000) %}{{ ''[n ~ 'upper'] }}{% endfor %}").render()
    assert len(sandbox.found) <= MOST


def test_what_formats_a_text_stays_in_the_sandbox_whatever_stood_there_before() -> None:
    class Named:
        def __init__(self, says: object) -> None:
            self.says = says

    sandbox = Sandbox()
    assert sandbox.from_string("{{ x.says }}").render(x=Named("Ann")) == "Ann"
    for way, said in (("{0.says}", "Ben"), ("{0.__class__}", "")):
        assert sandbox.from_string("{{ x.says(y) }}").render(x=Named(way.format), y=Named("Ben")) == said
