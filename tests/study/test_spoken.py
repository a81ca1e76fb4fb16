"""Stories of a study in several languages: everybody reads their own, and what is stored is the same."""

from __future__ import annotations

import asyncio
import hashlib
import html

import httpx
import pytest

from app.export import codebook
from app.rehearsal.trial import try_study
from app.study.reading import check, parse
from tests.house.guests import seated
from tests.house.house import House

STUDY = """
title = "Shapes"
language = "en"
languages = ["de", "ar"]
[entry]
fields = [{name = "eyes", ask = "Your eyes?", kind = "choice", options = ["blue", "brown"]}]
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
limit = "600s"
repeat = 2
chat = "room"
button = "Save it"
show = [{field = "colour", as = "count", of = "room", round = "last"}]
fields = [
    {name = "colour", ask = "Which colour?", kind = "choice", options = ["red", "green"]},
    {name = "price", ask = "Your price?", kind = "number", min = 0.5, max = 10},
    {name = "mood", ask = "Rows?", kind = "matrix", rows = ["Talk", "Pay"], options = ["good", "bad"]},
]
"""
ONE = STUDY.replace('languages = ["de", "ar"]', "")
DOUBTS = STUDY.replace('"red", "green"]', '"red", "green"], dont_know = true')
DOUBTS_GERMAN = (
    DOUBTS.replace('"en"', '"de"').replace('["de", "ar"]', '["ar"]').replace('"red"', '"ich weiß es nicht"')
)
PAGE = """{% extends "player/_step_opened.html" %}
{% block before %}<p>{{ _("Look at it.") }}</p>{% endblock %}
"""
GERMAN = """
"Shapes" = "Formen"
"Your eyes?" = "Ihre Augen?"
"blue" = "blau"
"brown" = "braun"
"Save it" = "Festhalten"
"Which colour?" = "Welche Farbe?"
"red" = "rot"
"green" = "grün"
"Your price?" = "Ihr Preis?"
"Rows?" = "Zeilen?"
"Talk" = "Gespräch"
"Pay" = "Lohn"
"good" = "gut"
"bad" = "schlecht"
"Look at it." = "Sehen Sie es an."
"Come in" = "Los"
"""
ARABIC = GERMAN.replace('"Formen"', '"أشكال"').replace('"Sehen Sie es an."', '"انظروا إليه."')


def a_study(toml: str = STUDY, **changed: str) -> dict[str, bytes]:
    files = {"study.toml": toml, "pages/talk.html": PAGE}
    files |= {"languages/de.toml": GERMAN, "languages/ar.toml": ARABIC}
    files |= {name.replace("__", "/").replace("_dot_", "."): text for name, text in changed.items()}
    return {name: text.encode() for name, text in files.items() if text}


def told(files: dict[str, bytes]) -> list[str]:
    """But for that no speaker has read our own texts."""
    found = [f"{'' if one.grave else 'note: '}{one}" for one in check(files)]
    return [one for one in found if "Nobody who speaks" not in one]


def test_a_study_is_read_in_each_of_its_languages_and_stores_the_same() -> None:
    study = parse(a_study())
    assert list(study.spoken) == ["en", "de", "ar"] and study.said_in("fr") is study.said_in("") is study
    german = study.said_in("de")
    assert (german.language, german.title, german.sha256) == ("de", "Formen", study.sha256)
    assert german.spoken is study.spoken and german.said_in("en") is study
    colour, price, mood = german.steps[0].fields
    assert colour.ask == "Welche Farbe?" and colour.options == ("red", "green")
    assert colour.read(["red"]) == "red" and colour.shown("red") == "rot"
    assert price.read(["3,5"]) == "3.5" and study.steps[0].fields[1].read(["3.5"]) == "3.5"
    said = mood.read(["1 good", "2 bad"])
    assert said == '{"Talk":"good","Pay":"bad"}' and mood.shown(said) == "Gespräch: gut, Lohn: schlecht"
    assert study.steps[0].fields[2].shown(said) == "Talk: good, Pay: bad"


def test_a_page_of_a_language_stands_in_place_of_the_other() -> None:
    files = a_study(pages__talk_dot_de_dot_html=PAGE.replace("Look at it.", "Deutsch"))
    study = parse(files)
    assert b"Deutsch" in study.said_in("de").files["pages/talk.html"]
    assert b"Deutsch" not in study.said_in("ar").files["pages/talk.html"]


def test_what_stands_above_the_form_has_one_digest_whatever_it_is_read_in() -> None:
    asked = STUDY.replace("[entry]", '[entry]\npage = "consent"')
    plain = {**a_study(asked), "pages/consent.html": b"<p>Yes?</p>"}
    one = parse(plain)
    assert one.entry_page == hashlib.sha256(b"<p>Yes?</p>").hexdigest() == one.said_in("de").entry_page
    both = parse({**plain, "pages/consent.de.html": b"<p>Ja?</p>"})
    assert (
        both.entry_page
        == hashlib.sha256(b"<p>Yes?</p><p>Ja?</p>").hexdigest()
        == both.said_in("ar").entry_page
    )
    assert both.said_in("de").as_written is both and one.as_written is one


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (a_study(), ""),
        (
            a_study(languages__de_dot_toml=GERMAN.replace('"red" = "rot"\n', "")),
            "note: languages/de.toml: It lacks a text: `red`. Who reads German gets it as it is."
            ' Add "red" = "…".',
        ),
        (
            a_study(languages__de_dot_toml=GERMAN.replace('"bad" = "schlecht"', '"bad" = "gut"')),
            "languages/de.toml:15:9: `good` and `bad` of `mood` read the same here: nobody can tell them apart.",
        ),
        (
            a_study(DOUBTS, languages__de_dot_toml=GERMAN.replace('"rot"', '"ich Weiß es nicht"')),
            "languages/de.toml:8:9: `dont_know` and `red` of `colour` read the same here",
        ),
        (
            a_study(DOUBTS_GERMAN, languages__de_dot_toml=""),
            "study.toml:18:117: `Ich weiß es nicht` is an option, too: the two could not be told apart.",
        ),
        (
            a_study(languages__de_dot_toml=GERMAN.replace('"Pay" =', '"Pays" =')),
            "note: languages/de.toml:13:1: Nothing here says `Pays`, so this is read nowhere. Did you mean `Pay`?",
        ),
        (
            a_study(languages__de_dot_toml=""),
            "study.toml:4:13: There is no languages/de.toml, so nothing of this study is in German.",
        ),
        (
            a_study(languages__fr_dot_toml='"Shapes" = "Formes"'),
            "note: languages/fr.toml: study.toml names no such language, so nobody reads this.",
        ),
        (
            a_study(languages__de_dot_toml=f'{GERMAN}"You wait at most %(time)s more." = "%(tim)s"'),
            "languages/de.toml:18:37: `%(tim)s` can't be filled in here. Only `%(time)s` can be here.",
        ),
        (
            a_study(pages__talk_dot_html=PAGE.replace('{{ _("Look at it.") }}', "Look at it.")),
            "note: pages/talk.html: It has words of its own, and there is no pages/talk.de.html.",
        ),
        (
            a_study(STUDY.replace('["de", "ar"]', '["de", "xx"]'), languages__ar_dot_toml=""),
            "study.toml:4:20: There is `xx`, which we have no texts in.",
        ),
        (
            a_study(STUDY.replace('["de", "ar"]', '["de", "en"]'), languages__ar_dot_toml=""),
            "study.toml:4:20: `en` is there twice. Name each further language once.",
        ),
    ],
)
def test_check_says_what_is_missing_in_which_language(files: dict[str, bytes], sentence: str) -> None:
    found = told(files)
    assert any(one.startswith(sentence) for one in found) if sentence else found == []


def test_who_does_not_know_says_so_in_the_studys_own_words() -> None:
    toml = DOUBTS + '[texts]\n"I don’t know" = "At 100 % a loss"'
    files = a_study(toml, languages__de_dot_toml=GERMAN + '"I don’t know" = "Bin zu 100 % ratlos"')
    said = [parse(files).said_in(language).steps[0].fields[0].dont_know for language in ("en", "de", "ar")]
    assert said == ["At 100 % a loss", "Bin zu 100 % ratlos", "لا أعرف"]


def test_check_draws_the_pages_of_each_language() -> None:
    broken = PAGE.replace('{{ _("Look at it.") }}', "{{ place.no_such }}")
    files = a_study(pages__talk_dot_de_dot_html=broken, pages__talk_dot_ar_dot_html=PAGE)
    [mistake] = asyncio.run(try_study(parse(files)))
    assert str(mistake).startswith("pages/talk.de.html:2:") and "no_such" in mistake.sentence


def test_each_reads_their_own_language_from_the_door_to_the_code(shared: House) -> None:
    session = shared.open_files(a_study(), {"person": 2})
    one, two = (shared.guest(shared.servers[0], session, label) for label in session.tokens)

    async def story() -> None:
        door = f"/join/{one.token}"
        english = (await one.browser.get(door)).text
        assert '<html lang="en" dir="ltr">' in english and "Your eyes?" in english
        asked = await one.browser.get(door, {"Accept-Language": "de-AT, en;q=0.5"})
        assert '<html lang="de" dir="ltr">' in asked.text and "Ihre Augen?" in asked.text
        page = (await one.browser.get(f"{door}?lang=de", {"Accept-Language": "ar"})).text
        assert "Ihre Augen?" in page and 'value="blue"' in page and '<span dir="auto">blau</span>' in page
        assert f'href="{door}?lang=ar" lang="ar"' in page and ">Los</button>" in page
        hidden = {"form-language": "de"}
        refused = await one.browser.post(door, {**hidden, "eyes": "grey"})
        assert refused.status == 422 and "Bitte wählen Sie eine der Antworten." in refused.text
        assert (await one.browser.post(door, {**hidden, "eyes": "blue"})).status == 303
        await two.browser.post(f"/join/{two.token}", {"form-language": "ar", "eyes": "brown"})
        for guest, language, words in ((one, "de", "Sehen Sie es an."), (two, "ar", "انظروا إليه.")):
            page = await seated(guest)
            assert f'<html lang="{language}"' in (await guest.browser.get("/play")).text
            assert words in page and 'value="red"' in page and '<span dir="auto">rot</span>' in page
        assert "Willkommen zurück." in (await one.browser.get(door)).text
        answer = {"colour": "red", "mood-1": "good", "mood-2": "bad"}
        async with one.watching() as german, two.watching() as arabic:
            wrong = await one.answer({**answer, "price": "0,1"})
            assert wrong.status == 422 and "Bitte geben Sie eine Zahl von 0,5 bis 10 an." in html.unescape(
                wrong.text
            )
            assert "Gespeichert." in (await one.answer({**answer, "price": "2,5"})).text
            await arabic.until(lambda text: "1 من 1" in text, "that the other has answered, in Arabic")
            await two.say("hi")
            await two.answer({**answer, "price": "2.5"})
            for stream in (german, arabic):
                await stream.until(
                    lambda text: '<th scope="row" dir="auto" class="me">rot' in text, "it shown"
                )
            assert "Willkommen" not in arabic.text
        no_page = await one.browser.get("/no/such/page")
        assert "Diese Seite gibt es nicht." in no_page.text
        chosen = await one.browser.post("/play/language", {"form-language": "en"})
        assert chosen.status == 303
        page = (await one.browser.get("/play")).text
        assert '<html lang="en"' in page and '<span dir="auto">red</span>' in page and "Look at it." in page

    shared.tell(story())
    assert shared.sql("select count(*), count(distinct value) from record where field = 'colour'") == [(2, 1)]
    by_field = dict(
        shared.sql("select field, min(value) from record group by field having count(distinct value) = 1")
    )
    assert by_field == {"colour": "red", "price": "2.5", "mood": '{"Talk":"good","Pay":"bad"}'}
    assert sorted(shared.sql("select language from player where session_id = %s", session.id)) == [
        ("ar",),
        ("en",),
    ]


def test_a_column_of_players_csv_says_who_read_what() -> None:
    assert codebook.player_header(parse(a_study()))[-2:] == ["language", "session"]
    assert "language" not in codebook.player_header(parse(a_study(ONE)))


def test_a_study_of_one_language_has_nothing_of_it_on_its_pages(shared: House) -> None:
    files = a_study(
        STUDY.replace('languages = ["de", "ar"]', ""), languages__de_dot_toml="", languages__ar_dot_toml=""
    )
    session = shared.open_files(files, {"person": 1})
    with httpx.Client(base_url=shared.servers[0].base) as client:
        page = client.get(f"/join/{session.tokens['P1']}?lang=de", headers={"Accept-Language": "de"}).text
    assert '<html lang="en"' in page and "form-language" not in page and "languages" not in page
