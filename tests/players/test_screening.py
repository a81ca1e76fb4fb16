"""Who leaves at the door, by an answer or since they will not take part: thanked, told why, and in nobody's way."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import zipfile

import pytest

from app.database.connections import open_pool
from app.export.verify import verify
from app.players.screening import screens_of
from app.replay.check import check as replay_check
from app.sessions.arrivals import EntryForm, sign_in
from app.study.reading import check, parse
from app.study.stored import Studies
from tests.house.desk import desk
from tests.house.house import House, Opened
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import as_files, changed

STUDY = """
title = "Panel"
[entry]
page = "consent"
decline = "declined"
fields = [
    {name = "consent", ask = "I have read this and want to take part.", kind = "tick"},
    {name = "age", ask = "Your age", kind = "integer", min = 10, max = 99},
    {name = "media", ask = "You use", kind = "choices", options = ["Radio", "Paper"], required = false},
]
[[screen_out]]
field = "age"
max = 17
[[screen_out]]
field = "media"
is = "Paper"
[[quota]]
field = "age"
min = 16
max = 29
most = 30
[[room]]
name = "four"
seats = {any = 4}
[pay]
base = 4.00
outcomes = {full = 0.20, screened_out = 0.10}
[finish]
codes = {screened_out = "NOT-YOU", declined = "NO-THANKS"}
[[step]]
page = "talk"
limit = "60s"
"""
CONSENT = '<h2>{{ study.title }}</h2>\n<p>Read <a href="https://example.org/more">more</a>.</p>\n'
YOUNG = {"consent": ["yes"], "age": ["20"]}


def study(toml: str = STUDY, consent: str = CONSENT) -> dict[str, bytes]:
    return {**as_files(toml), "pages/consent.html": consent.encode()}


def contradicted(house: House, session: Opened) -> list[str]:
    """What `verify` says of the door."""
    found = house.tell(verify(house.database, session.id, parse(study())))
    names = ("screens_are_drawn_again", "no_quota_was_exceeded")
    return [row for one in found.checks if one.name in names for row in one.rows]


@pytest.mark.parametrize(
    ("entry", "screens"),
    [
        ({"age": "17", "media": '["Radio","Paper"]'}, (0, 1)),
        ({"age": "18", "media": '["Radio"]'}, ()),
        ({"age": "10", "media": ""}, (0,)),
        ({}, ()),
    ],
)
def test_whoever_answers_so_falls_under_these(entry: dict[str, str], screens: tuple[int, ...]) -> None:
    assert screens_of(parse(study()), entry) == screens


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("max = 17\n", "max = 99\n", "Nobody comes in: whatever somebody answers to `age`, they are screened"),
        ("max = 17\n", "max = 40\n[[screen_out]]\nfield = \"age\"\nmin = 41\n", "Nobody comes in: whatever"),
        ("max = 17\n", "max = 29\n", "Everybody who counts in this is screened out before."),
        ("max = 17\n", "max = 9\n", "`age` is at least 10, so this screens nobody out."),
        ("max = 17\n", "max = 17\nmost = 0\n", "None of those who are screened out comes in, so there is no `most`."),
        ("max = 17\n", "", "This does not say which numbers it screens out."),
        ('is = "Paper"', 'is = "Papier"', "`Papier` is no answer to `media`, so this screens nobody out. Did you"),
        ('field = "media"', 'field = "medium"', "The entry form does not ask `medium`. Did you mean `media`?"),
        ("most = 30", "most = 0", "so nobody who answers so comes in. Write [[screen_out]] in place of [[quota]]"),
        (", screened_out = 0.10", "", "Whoever is screened out has filled in the form and is paid nothing."),
        ('decline = "declined"', 'decline = "complete"', "`decline` is \"complete\", which is not known."),
        ('page = "consent"', 'page = "consents"', "The page pages/consents.html is missing. Did you mean `consent`?"),
        ('page = "consent"', 'page = "done"', "pages/done.html stands in place of a page of ours"),
        ("outcomes = {", "outcomes = {declined = 1, ", ""),
        ('decline = "declined"', "", ""),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_told_before(old: str, new: str, sentence: str) -> None:
    assert check(study()) == []

    assert sentence in " ".join(map(str, check(study(changed(STUDY, old, new)))))


def test_a_page_above_the_form_is_markup_alone() -> None:
    [wrong] = check(study(consent='{% extends "player/join.html" %}'))
    assert "This page stands above the form at the door, within our page, and extends another." in str(wrong)
    [wrong] = check(study(consent="<p>{{ studdy.title }}</p>"))
    assert "There is no `studdy` to be shown here. Did you mean `study`?" in str(wrong)


def test_of_200_who_come_at_once_through_eight_processes_the_screened_take_no_place(house: House) -> None:
    session = house.open_files(study(), {"any": 200})
    kinds = (
        YOUNG,
        YOUNG | {"age": ["16"]},
        YOUNG | {"media": ["Paper"]},
        {"entry-decline": ["yes"], "age": ["20"]},
    )
    forms = [EntryForm(token, kinds[nth % 4]) for nth, token in enumerate(session.tokens.values())]

    async def story() -> None:
        async with open_pool(house.database, 9) as pool:
            studies = Studies(pool)

            async def process(nth: int) -> None:
                async with pool.connection() as conn:
                    own = [*forms[nth::8], *forms[nth::8]]  # each clicks twice
                    for at in range(0, len(own), 7):
                        await sign_in(studies, conn, own[at : at + 7])

            await asyncio.gather(*map(process, range(8)))

    house.tell(story())
    seen = house.sql(
        "select outcome, code, count(*) from player where session_id = %s group by 1, 2 order by 1",
        session.id,
    )
    assert seen == [
        ("declined", "NO-THANKS", 50), ("full", "FULL", 20), ("screened_out", "NOT-YOU", 100), (None, None, 30),
    ]  # fmt: skip
    assert house.sql("select distinct entry from player where outcome = 'declined'") == [({},)]
    assert house.contradictions(session) == []
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []
    assert contradicted(house, session) == []

    house.sql('update player set entry = entry || \'{"age": "16"}\' where code is null')
    told, *_ = contradicted(house, session)
    assert "stored under no screen, but what they said falls under screen 1" in told


def test_at_the_door_one_reads_what_one_agrees_to_and_may_decline(shared: House, server: Server) -> None:
    house, session = shared, shared.open_files(study(), {"any": 4})
    stays, declines, child, late = (house.guest(server, session, label) for label in session.tokens)
    ada = desk(house, server, session)
    version = hashlib.sha256(CONSENT.encode()).hexdigest()

    async def story() -> bytes:
        door = (await stays.browser.get(f"/join/{stays.token}")).text
        assert "<h2>Panel</h2>" in door and 'href="https://example.org/more"' in door
        assert door.index("</h2>") < door.index('type="checkbox"') < door.index('name="entry-decline"')
        hidden = {"entry-page": version}
        assert f'name="entry-page" value="{version}"' in door
        unticked = await stays.sign_in(hidden | {"age": "20"})
        assert unticked.status == 422 and "Please tick this box to go on." in unticked.text
        changed_since = await stays.sign_in({"entry-page": "0" * 64, "consent": "yes", "age": "20"})
        assert changed_since.status == 409 and "has changed since you opened it" in changed_since.text
        assert house.sql(
            "select count(*) from player where session_id = %s and status <> 'invited'", session.id
        ) == [(0,)]
        assert (await stays.sign_in(hidden | {"consent": "yes", "age": "20"})).status == 303

        answer = await declines.sign_in({"entry-decline": "yes", "age": "44", "consent": "yes"})
        assert (answer.status, answer.headers["location"]) == (303, "/play")
        page = await declines.page()
        assert "You do not take part in this study." in page and "NO-THANKS" in page
        assert (await declines.sign_in(hidden | {"consent": "yes", "age": "20"})).status == 303
        assert "NO-THANKS" in await declines.page(), "coming again changes nothing"

        await child.sign_in(hidden | {"consent": "yes", "age": "16"})
        page = await child.page()
        assert "With your answers you can’t take part" in page and "NOT-YOU" in page and "0.10" in page
        told = "At the door: 0 found it full, 1 screened out, 1 declined"
        assert told in await ada.shows("At the door:") and told in words(await ada.page("/replay"))
        await late.sign_in({"consent": "yes", "age": "20"})
        return (await ada.browser.get(f"{ada.here}/export.zip")).body

    packed = house.tell(story())
    with zipfile.ZipFile(io.BytesIO(packed)) as out:
        people, codebook = (
            list(csv.DictReader(io.StringIO(out.read(name).decode())))
            for name in ("players.csv", "codebook.csv")
        )
    assert [(one["status"], one["outcome"], one["age"], one["entry_page"]) for one in people] == [
        ("waiting", "", "20", version), ("left", "declined", "", version),
        ("left", "screened_out", "16", version), ("waiting", "", "20", version),
    ]  # fmt: skip
    [line] = [one for one in codebook if one["column"] == "entry_page"]
    assert line["meaning"].startswith(
        "The SHA-256 of study/pages/consent.html as it stood above the entry form"
    )
    assert contradicted(house, session) == []
