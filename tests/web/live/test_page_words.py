"""A study's page in its own words: what its reader said, what the room came to, what somebody else said."""

from __future__ import annotations

import asyncio

from app.rehearsal.trial import try_study
from app.study.page_words import asked_by
from app.study.reading import check, parse
from tests.house.house import House
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import as_files
from tests.house.table import at_the_table

GIVE = """
title = "Give"
language = "de"
[pay]
base = 1.00
currency = "EUR"
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
name = "give"
limit = "10m"
fields = [
    {name = "sent", ask = "Wie viel?", kind = "number", min = 0, max = 10},
    {name = "act", ask = "Was?", kind = "choice", options = ["A", "B"]},
]
on_end = "share"
results = [{name = "pot", ask = "Im Topf", kind = "number", of = "room"}]
[[step]]
page = "told"
limit = "10m"
button = "Weiter"
[[step]]
page = "talk"
name = "later"
limit = "10m"
fields = [{name = "later", ask = "Später?", kind = "yes_no"}]
[[after]]
page = "end"
"""
HOOKS = """
def share(room):
    return {"pot": sum(room.said("sent").values())}
"""
TOLD = """{% extends "player/_step_opened.html" %}
{% block before %}<p>Sie gaben {{ mine.sent }}, das andere {{ of(partner).sent }} und {{ of(partner).act }}:
{{ room.pot }}, {{ (room.pot / 2) | money }} für jeden. {% if mine.sent > of(partner).sent %}Mehr.{% endif %}
Alle: {{ room.sent | sort | join("+") }}, {{ mine.later }}, {{ room.act | sort }}.</p>{% endblock %}
"""
END = """{% extends "player/_step_opened.html" %}
{% block before %}<p>Damals {{ mine.sent }}.</p>{% endblock %}
"""


def files(told: str = TOLD, end: str = END) -> dict[str, bytes]:
    return as_files(GIVE, HOOKS) | {"pages/told.html": told.encode(), "pages/end.html": end.encode()}


def test_a_page_prints_what_was_said_as_its_language_writes_it(shared: House, server: Server) -> None:
    session = shared.open_study(parse(files()), {"x": 2})

    async def story() -> None:
        table = await at_the_table(shared, server, session)
        async with table[2].watching() as stream:
            await table[1].answer({"sent": "2,5", "act": "A"})
            await table[2].answer({"sent": "1", "act": "B"})
            await stream.until(lambda text: "Weiter" in text, "the next step")
            assert "Sie gaben 1, das andere 2,5 und A: 3,5, 1,75 € für jeden." in words(stream.raw[-1])
        page = words(await table[1].shows("Weiter"))
        assert "Sie gaben 2,5, das andere 1 und B: 3,5, 1,75 € für jeden. Mehr." in page.replace("\xa0", " ")
        assert "Alle: 1+2.5, –, A, B." in page
        for guest in table.values():
            await guest.answer({})
        for guest in table.values():
            await guest.shows("Später?")
            await guest.answer({"later": "yes"})
        assert "Damals 2,5." in await table[1].shows("Damals")

    shared.tell(story())


def test_check_draws_such_pages_and_names_what_nobody_says() -> None:
    unread, *others = check(files())
    assert "Nobody who speaks German has read" in unread.sentence
    assert others == [] == asyncio.run(try_study(parse(files())))
    study = parse(files())
    assert asked_by(study, study.steps[1]) >= {("mine", "sent"), ("of", "act"), ("room", "pot")}
    for told, end, sentence in (
        (TOLD.replace("mine.sent", "mine.send", 1), END, "No step asks or computes `send`"),
        (TOLD.replace("of(partner).act", 'of(partner)["acts"]'), END, "No step asks or computes `acts`"),
        (TOLD, END.replace("mine.sent", "room.sent"), "Nobody else is here whose answers could be printed."),
        (
            TOLD,
            END.replace("mine.sent", "mein.sent"),
            "There is no `mein` to be shown here. Did you mean `mine`?",
        ),
    ):
        assert sentence in str(check(files(told, end))[1])
