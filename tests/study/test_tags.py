"""Stories of where the tags of a page stand, and of pages that would take anybody long to read."""

from __future__ import annotations

import time

import pytest

from app.study.markup import addressed, markup_mistakes
from app.study.reading import check
from app.study.tags import replaced, tags
from tests.house.classics import files_of

HEAD = '{% extends "player/_step_opened.html" %}\n{% block before %}'


def found(page: str) -> list[str]:
    return [page[start:end] for start, end in tags(page)]


def told(body: str) -> list[str]:
    page = f"{HEAD}{body}{{% endblock %}}"
    return [str(one) for one in check(files_of("prisoner") | {"pages/end.html": page.encode()})]


def test_a_tag_of_html_has_those_of_jinja_in_it_and_what_they_close_with() -> None:
    assert found("a <p title=\"{{ 9 > b }}\" lang='>'>{{ mine.sent }}{# <b> #}</p><br>") == [
        "<p title=\"{{ 9 > b }}\" lang='>'>",
        "{{ mine.sent }}",
        "{# <b> #}",
        "<br>",
    ]
    assert found("{{{ '}' }} if x <y then {% if a < b %}'") == ["{{{ '}' }}", "{% if a < b %}"]
    assert found("{% raw %}{{ {{ <a {% endraw %}<a '> b") == ["{% raw %}", "{% endraw %}"]
    assert replaced("a{{ b }}<c>", str.upper) == "a{{ B }}<C>"
    assert replaced("a{{ b }}<c>", str.upper, html=False) == "a{{ B }}<c>"


@pytest.mark.parametrize(
    "body",
    [
        f"x <y {'{{ mine.choice }}' * 60}",
        "<a " * 20_000,
        "<a b='" * 20_000,
        "<a b='{{ 1 }}" * 900,
        "<!-- " * 20_000,
        f"{{% raw %}}{'{{ ' * 20_000}{{% endraw %}}",
    ],
    ids=lambda body: body[:12],
)
def test_what_nothing_closes_is_read_in_one_go(body: str) -> None:
    before = time.process_time()
    list(markup_mistakes("pages/end.html", body))
    assert addressed(f'{body}<img src="files/a.png">', "d1") is not None
    assert time.process_time() - before < 1


def test_a_page_of_more_than_anybody_reads_is_refused_at_once_where_it_is_too_much() -> None:
    before = time.process_time()
    [tagged] = told("{{ mine.choice }}\n" * 20_000)
    assert tagged.startswith(
        "pages/end.html:2000:1: From here on it is too much for a page, which has at most 2,000 tags"
    )
    [long] = told("word " * 100_000)
    assert long.startswith("pages/end.html:2:") and "at most 300,000 characters" in long
    assert time.process_time() - before < 3


def test_of_a_page_with_many_unknown_names_the_first_fifty_are_told() -> None:
    assert len(told("".join(f"{{{{ name{nth} }}}}" for nth in range(300)))) == 50
