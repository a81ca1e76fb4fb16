"""Stories of the words on a player's pages: in the study's language, with the author's own texts and own pages."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from gettext import c2py

import httpx
import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from jinja2 import Environment, nodes

from app.config import PROJECT
from app.study.languages.catalogues import LANGUAGES, known_texts, read_catalogue, was_read
from app.study.languages.plurals import counted, rule_of
from app.study.languages.texts import places, texts_in
from app.study.pages import FILTERS, GLOBALS
from app.study.reading import check, parse
from app.web.auth import PLAYER_COOKIE
from app.web.templates import environment_of, render
from tests.house.guests import Guest, seated
from tests.house.house import House, Opened
from tests.house.studies import PAGE
from tests.tools.catalogues import extracted

HTML = {"Accept": "text/html"}
FROM_THE_RIGHT = {"ar", "fa", "he"}
COUNTS = {"ahead", "count", "lacking", "minutes", "num", "people", "points", "seconds", "shown"}
ENDS = ".…:。：।"  # of a sentence
NUMBERS = (*range(220), 1000, 1001, 1002, 1011, 12_345, 700_021, 999_999)
STUDY = """
title = "Sitzung"
{head}
[entry]
fields = [{{name = "age", ask = "?", kind = "integer", min = 18, max = 120}}]
[[room]]
name = "pair"
seats = {{any = 2}}
[lobby]
max_wait = "5m"
pay_per_minute = 0.15
[[step]]
page = "talk"
limit = "60s"
chat = "neighbours"
fields = [
    {{name = "belief", ask = "?", kind = "number", min = 0.5, max = 1000}},
    {{name = "why", ask = "?", kind = "text", required = false, max = 1500}},
]
{tail}
"""


def a_study(head: str = "", tail: str = "", **pages: str) -> dict[str, bytes]:
    written = {"talk": PAGE} | pages
    return {
        "study.toml": STUDY.format(head=head, tail=tail).encode(),
        **{f"pages/{name}.html": page.encode() for name, page in written.items()},
    }


@pytest.fixture
def visitor(shared: House) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shared.servers[0].base, timeout=30) as client:
        yield client


def a_session(house: House, files: dict[str, bytes], start: bool = True) -> tuple[Opened, list[Guest]]:
    session = house.open_files(files, {"person": 2}, start)
    return session, [house.guest(house.servers[0], session, label) for label in session.tokens]


# The catalogues


def test_the_list_of_texts_is_what_templates_and_code_say() -> None:
    listed = {message.id for message in read_catalogue("networklab.pot")}
    assert listed == {message.id for message in extracted()}, "run python -m tests.tools.catalogues"
    assert len(listed) > 100


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_catalogue_has_every_text_and_no_other(language: str) -> None:
    catalogue = _read(language)
    assert {message.id for message in catalogue} == {message.id for message in extracted()}
    assert not catalogue.obsolete and not list(catalogue.check())
    for message in catalogue:
        if message.id:
            assert not message.fuzzy, message.id
            for text, said, may_lack in _pairs(message, language):
                assert said.strip() == said != "", text
                assert places(text) - may_lack <= places(said) <= places(text), (text, said)
                assert not re.search('[<>&"]|%(?!\\(\\w+\\)s)', said), (text, said)
                if not {said[-2:], text[-2:]} & {")s"}:
                    assert (said[-1] in ENDS) == (text[-1] in ENDS), (text, said)


def _pairs(message: Message, language: str) -> Iterator[tuple[str, str, set[str]]]:
    """What is said, and for what; and what it may lack: a form for one number alone need not have that number."""
    texts, said = message.id, message.string
    if isinstance(texts, str):
        yield texts, str(said), set()
        return
    forms = _forms(language)
    assert isinstance(texts, tuple | list) and isinstance(said, tuple) and len(said) == len(forms), texts
    for form, one in enumerate(said):
        yield texts[1], one, COUNTS if len(forms[form]) == 1 else set()


@cache
def _read(language: str) -> Catalog:
    return read_catalogue(f"{language}.po")


@cache
def _forms(language: str) -> dict[int, list[int]]:
    """For which of some numbers each form of a text is, by the catalogue's header."""
    catalogue = _read(language)
    which, forms = c2py(catalogue.plural_expr), dict[int, list[int]]()
    for number in NUMBERS:
        forms.setdefault(which(number), []).append(number)
    assert sorted(forms) == list(range(catalogue.num_plurals))
    return forms


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_catalogue_counts_by_the_rules_of_its_language(language: str) -> None:
    catalogue = _read(language)
    assert f"nplurals={catalogue.num_plurals};" in rule_of(language)
    assert catalogue.plural_expr in rule_of(language)
    by_name: dict[str, list[int]] = {}
    for number in NUMBERS:
        by_name.setdefault(Locale.parse(language).plural_form(number), []).append(number)
    assert sorted(by_name.values()) == sorted(_forms(language).values())


@pytest.mark.parametrize(
    ("language", "count", "like"),
    [
        ("en", "1", 1),
        ("en", "1.5", 0),
        ("en", "2.0", 2),
        ("fr", "1.5", 0),
        ("da", "0.5", 1),
        ("ru", "1.5", 2),
        ("ar", "1.5", 100),
        ("ja", "0.5", 0),
    ],
)
def test_a_fraction_is_said_as_the_number_that_sounds_like_it(language: str, count: str, like: int) -> None:
    assert counted(language, Decimal(count)) == like


def test_names_and_amounts_are_listed_as_the_language_does_it() -> None:
    names = ["Ada", "Bob", "Cy"]
    said = {code: texts_in(code).listed(names) for code in LANGUAGES}
    assert (said["en"], said["de"], said["es"]) == ("Ada, Bob and Cy", "Ada, Bob und Cy", "Ada, Bob y Cy")
    assert texts_in("en").listed(names[:1]) == "Ada" and texts_in("de").list_comma == ", "


def test_check_says_which_languages_no_speaker_has_read() -> None:
    assert was_read("en") and not was_read("de")
    assert mistakes(a_study('language = "de"')) == [
        "note: study.toml:3:12: Nobody who speaks German has read yet what our pages say in it."
        " Let somebody who does look through the preview; [texts] replaces what is not right."
    ]
    assert mistakes(a_study('language = "en"')) == []


def test_no_word_in_a_players_templates_stands_outside_of_the_catalogues() -> None:
    environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    folder = PROJECT / "templates"
    paths = [*folder.glob("*.html"), *folder.glob("player/*.html")]
    assert len(paths) > 20
    for path in paths:
        tree = environment.parse(path.read_text())
        texts = (part for output in tree.find_all(nodes.Output) for part in output.nodes)
        markup = "".join(part.data if isinstance(part, nodes.TemplateData) else "…" for part in texts)
        words = re.sub("<[^>]*>", "", markup).replace("NetworkLab", "")
        assert not re.search("[A-Za-z]", words), (path, words)
        assert not re.search(
            r'(aria-label|placeholder|title|alt|data-empty|data-changed)="[^"]*[A-Za-z]', markup
        )
        for one in tree.find_all(nodes.Const):
            if isinstance(one.value, str) and re.search(r"[A-Za-z]{2} [A-Za-z]", one.value):
                assert one.value in known_texts(), (path, one.value)


def test_a_language_that_is_written_from_the_right_says_so() -> None:
    for code in LANGUAGES:
        direction = "rtl" if code in FROM_THE_RIGHT else "ltr"
        assert f'<html lang="{code}" dir="{direction}">' in render("front.html", texts_in(code))


def test_the_manual_names_the_languages_that_are_there() -> None:
    text = (PROJECT / "docs" / "languages.md").read_text().split("\n\n")[1]
    assert tuple(re.findall("`([a-z]+)`", text)) == tuple(sorted(LANGUAGES))


def test_pages_from_the_right_are_those_from_the_left_mirrored() -> None:
    found = {path.name: path.read_text() for path in (PROJECT / "static" / "css").glob("*.css")}
    assert len(found) > 10
    for name, css in found.items():
        assert not re.search(
            r"(margin|padding|border)-(left|right)|: (left|right);|\n *(left|right):", css
        ), name


def test_a_number_below_nothing_has_its_sign_before_it_from_the_right_too() -> None:
    assert [texts_in(code).number(Decimal("-3.5")) for code in ("en", "de", "he")] == [
        "-3.5",
        "-3,5",
        "\u200e-3.5",
    ]


def test_in_a_sentence_from_the_right_each_name_keeps_its_own_order() -> None:
    names = environment_of(texts_in("he")).from_string('{{ ["Ada 1", "Bob"] | listed }}').render()
    assert names == "<bdi>Ada 1</bdi> ו<bdi>Bob</bdi>"
    assert (
        environment_of(texts_in("en")).from_string('{{ ["<b>", "Bob"] | listed }}').render()
        == "&lt;b&gt; and Bob"
    )


# From the door to the code


SAID = {
    "de": {
        "door": (
            "Willkommen. Zuerst ein paar Fragen.",
            "höchstens 5 Minuten, sobald es begonnen hat, und zwar bezahlt",
            "Hereinkommen",
        ),
        "wrong entry": (
            "Bitte sehen Sie sich die markierte Antwort an. Alles andere ist noch da.",
            "Bitte geben Sie eine ganze Zahl von 18 bis 120 an.",
        ),
        "lobby": ("1 von 2", "Es fehlt noch eine Person.", "0,15 pro Minute", "Ich brauche Hilfe"),
        "room": (
            "Meine Antworten speichern",
            "0 von 1 Nachbarn hat geantwortet.",
            'data-empty="Noch keine Nachricht."',
            'placeholder="An Ihre Nachbarn schreiben"',
            'data-changed="Geändert und noch nicht gespeichert."',
            'aria-label="Verbleibende Zeit"',
        ),
        "wrong answer": (
            "Bitte sehen Sie sich die markierten Antworten an.",
            "Bitte geben Sie eine Zahl von 0,5 bis 1000 an.",
            "Bitte kürzen Sie den Text auf 1.500 Zeichen; jetzt hat er 1.600.",
        ),
        "saved": ("Gespeichert. Sie können Ihre Antworten ändern, bis es weitergeht.",),
        "empty message": ("Bitte beantworten Sie diese Frage.",),
        "live": ("1 von 1 Nachbarn hat geantwortet.",),
        "done": (
            "Vielen Dank. Sie sind fertig.",
            "sicher abgelegt: 2 Antworten und 1 Nachricht.",
            "Ihr Code",
        ),
        "again": ("Willkommen zurück.", "Sie waren schon hier und sind fertig."),
        "stale": ("Sie sind inzwischen weiter als diese Seite.",),
        "elsewhere": ("Diese Seite gibt es nicht.",),
        "closed": ("Diese Sitzung ist geschlossen",),
    },
    "es": {
        "door": (
            "Le damos la bienvenida. Primero, unas preguntas.",
            "como máximo 5 minutos una vez que haya empezado; la espera se paga",
            "Entrar",
        ),
        "wrong entry": (
            "Revise la respuesta marcada abajo, por favor. Todo lo demás se conserva.",
            "Indique un número entero de 18 a 120, por favor.",
        ),
        "lobby": ("1 de 2", "Falta una persona más.", "0,15 por minuto", "Necesito ayuda"),
        "room": (
            "Guardar mis respuestas",
            "Ha respondido 0 de 1 vecino.",
            'data-empty="Aún no hay mensajes."',
            'placeholder="Escriba a sus vecinos"',
            'data-changed="Hay cambios sin guardar."',
            'aria-label="Tiempo restante"',
        ),
        "wrong answer": (
            "Revise las respuestas marcadas abajo, por favor.",
            "Indique un número de 0,5 a 1000, por favor.",
            "Acorte el texto a 1.500 caracteres, por favor; ahora tiene 1.600.",
        ),
        "saved": ("Guardado. Puede cambiar sus respuestas hasta que se pase a lo siguiente.",),
        "empty message": ("Responda a esta pregunta, por favor.",),
        "live": ("Ha respondido 1 de 1 vecino.",),
        "done": ("Gracias. Ha terminado.", "está a salvo: 2 respuestas y 1 mensaje.", "Su código"),
        "again": ("Nos alegra que vuelva.", "Ya estuvo aquí y ha terminado."),
        "stale": ("Esta página ya no es la suya.",),
        "elsewhere": ("Esta página no existe.",),
        "closed": ("Esta sesión está cerrada",),
    },
}


@pytest.mark.parametrize("language", SAID)
def test_a_player_reads_the_studys_language_from_the_door_to_the_code(shared: House, language: str) -> None:
    files = a_study(f'language = "{language}"')
    _, guests = a_session(shared, files)
    late, strangers = a_session(shared, files)
    one, two = guests
    heading = f'<html lang="{language}" dir="ltr">'

    def reads(place: str, page: str, whole: bool = True) -> None:
        page = html.unescape(page)
        for words in SAID[language][place]:
            assert words in page, (place, words, page)
        assert (heading in page) == whole, place
        for text in known_texts():
            if " " in text and not places(text):
                assert text not in page, (place, text)

    async def story() -> None:
        door = f"/join/{one.token}"
        reads("door", (await one.browser.get(door)).text)
        refused = await one.sign_in({"age": "7"})
        assert refused.status == 422
        reads("wrong entry", refused.text)
        await one.sign_in({"age": "40"})
        reads("lobby", (await one.browser.get("/play")).text)
        async with one.watching() as stream:
            reads("lobby", stream.messages[0], whole=False)
            await two.sign_in({"age": "50"})
            await stream.until(lambda text: 'action="/play/records"' in text, "the room")
            reads("room", stream.newest(), whole=False)
            reads("room", (await one.browser.get("/play")).text)
            hidden = await one.form()
            wrong = {**hidden, "belief": "1000.5", "why": "x" * 1600}
            reads("wrong answer", (await one.browser.post("/play/records", wrong)).text, whole=False)
            page = await one.browser.post("/play/records", wrong, headers=HTML)
            assert page.status == 422
            reads("wrong answer", page.text)
            reads("empty message", (await one.say(" ")).text)
            await one.say("hallo")
            await two.say("¡hola!")
            saved = await two.answer({"belief": "3,5"})
            reads("saved", saved.text, whole=False)
            assert 'value="3,5"' in (await two.browser.get("/play")).text
            refused = await two.answer({"belief": "1.500"})  # a thousand and a half, most likely
            assert refused.status == 422
            await stream.until(lambda text: SAID[language]["live"][0] in text, "that the other has answered")
            await one.answer({"belief": "1"})
            await stream.until(lambda text: 'id="code"' in text, "the code")
            reads("done", stream.newest(), whole=False)
        reads("done", (await one.browser.get("/play")).text)
        reads("again", (await one.browser.get(door)).text)
        reads("stale", (await one.browser.post("/play/records", {"form_key": "old"}, headers=HTML)).text)
        reads("elsewhere", (await one.browser.get("/no/such/page")).text)

    shared.tell(story())
    shared.act("close", late)
    with httpx.Client(base_url=shared.servers[0].base) as client:
        for answer in (client.get(f"/join/{strangers[0].token}"), client.post(f"/join/{strangers[0].token}")):
            assert answer.status_code == 410
            reads("closed", answer.text)


# Who is nobody's player


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("la-VA, la;q=0.9, es;q=0.8, de;q=0.7, *;q=0.5", "es"),
        ("en;q=0.2, ES-mx;q=0.9", "es"),
        ("la", "en"),
        ("de;q=0", "en"),
        ("de;q=much, es", "es"),
        ("", "en"),
        (",;;q=,-" * 900, "en"),
    ],
)
def test_without_a_study_the_browser_says_in_which_language(
    visitor: httpx.Client, asked: str, language: str
) -> None:
    sentence = texts_in(language).gettext(
        "We don’t know who you are here. Open the link from your invitation again: your place is kept."
    )
    answer = visitor.get("/play", headers={"Accept-Language": asked})
    assert answer.status_code == 403
    assert f'<html lang="{language}"' in answer.text and sentence in html.unescape(answer.text)
    piece = visitor.get("/play", headers={"Accept-Language": asked, "HX-Request": "true"})
    assert sentence in html.unescape(piece.text)


def test_errors_of_every_kind_are_told_in_the_browsers_language(visitor: httpx.Client) -> None:
    visitor.headers["Accept-Language"] = "de"
    said = {
        "/": "öffnen Sie den Link aus Ihrer Einladung",
        "/join/unknown": "Dieser Link führt zu keiner Studie.",
        "/nowhere": "Diese Seite gibt es nicht.",
    }
    for address, sentence in said.items():
        assert sentence in visitor.get(address).text, address
    refused = visitor.post("/play/leave", headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403 and "kam von einer anderen Website" in refused.text
    assert "So lässt sich diese Adresse nicht aufrufen." in visitor.delete("/play").text


def test_the_researchers_side_is_english_whatever_the_browser_asks_for(visitor: httpx.Client) -> None:
    visitor.headers["Accept-Language"] = "de"
    for page in (visitor.get("/admin/login"), visitor.get("/admin/nowhere"), visitor.post("/admin/login")):
        assert '<html lang="en" dir="ltr">' in page.text
    assert "There is no such page." in visitor.get("/admin/nowhere").text


def test_a_players_study_comes_before_the_browsers_wish(shared: House, visitor: httpx.Client) -> None:
    _, guests = a_session(shared, a_study('language = "es"'))
    shared.tell(sign_everyone_in_with(guests))
    visitor.cookies.set(PLAYER_COOKIE, guests[0].browser.cookies[PLAYER_COOKIE])
    visitor.headers["Accept-Language"] = "de"
    assert "Esta página no existe." in visitor.get("/nowhere").text


async def sign_everyone_in_with(guests: list[Guest]) -> None:
    for guest in guests:
        assert (await guest.sign_in({"age": "30"})).status == 303


# The author's own words


OWN_TEXTS = """
[texts]
"Come in" = "Los & <weiter> \\"100 %\\""
"Please give a whole number from %(min)s to %(max)s." = "Zwischen %(min)s und %(max)s, 100 % ganz."
"%(answered)s of %(playing)s neighbour has answered." = "%(answered)s/%(playing)s"
"Saved. You can change your answers until it goes on." = "Notiert."
"Time left" = "Rest \\"der\\" Zeit"
"This text was there once." = "…"
"""


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_author_replaces_a_text_in_every_language(shared: House, language: str) -> None:
    _, (one, two) = a_session(shared, a_study(f'language = "{language}"', OWN_TEXTS))
    _, (other, _) = a_session(shared, a_study(f'language = "{language}"'))

    async def story() -> None:
        door = (await one.browser.get(f"/join/{one.token}")).text
        assert "Los &amp; &lt;weiter&gt; &#34;100 %&#34;</button>" in door
        assert "Los" not in (await other.browser.get(f"/join/{other.token}")).text
        assert "Zwischen 18 und 120, 100 % ganz." in (await one.sign_in({"age": "7"})).text
        await one.sign_in({"age": "20"})
        await two.sign_in({"age": "20"})
        room = await seated(one)
        assert "0/1" in room and 'aria-label="Rest "der" Zeit"' in room
        assert 'aria-label="Rest &#34;der&#34; Zeit"' in (await one.browser.get("/play")).text
        assert "Notiert." in (await one.answer({"belief": "1"})).text

    shared.tell(story())


def mistakes(files: dict[str, bytes]) -> list[str]:
    return [f"{'' if one.grave else 'note: '}{one}" for one in check(files)]


def test_check_says_which_of_the_authors_texts_cannot_be() -> None:
    assert mistakes(a_study()) == []
    lines = """[texts]
"come in" = "Start"
"Round 1" = "x"
"You wait at most %(time)s more." = "Only %(tim)s!"
"%(shown)s answers" = "many"
"Send" = 5
"Go on" = ""
"""
    found = mistakes(a_study(tail=lines))
    at = a_study(tail=lines)["study.toml"].decode().split("\n").index("[texts]") + 1
    assert found == [
        f"note: study.toml:{at + 1}:1: `come in` is none of our texts, so this replaces nothing."
        " Did you mean `Come in`?",
        f"note: study.toml:{at + 2}:1: `Round 1` is none of our texts, so this replaces nothing."
        " All of them are in app/study/languages/networklab.pot.",
        f"study.toml:{at + 3}:37: `%(tim)s` can't be filled in here. Only `%(time)s` can be here.",
        f"note: study.toml:{at + 4}:23: Players won't read `%(shown)s` there. Put it in unless that is meant.",
        f'study.toml:{at + 5}:10: `Send` is 5, which is a whole number, but must be text. Write Send = "5".',
        f'study.toml:{at + 6}:11: `Go on` is empty. Write "Go on" = "…" with some text in it.',
    ]


@pytest.mark.parametrize(
    ("written", "cure"),
    [
        ('"german"', "Did you mean `de`?"),
        ('"Español"', "Did you mean `es`?"),
        ('"de-AT"', "Did you mean `de`?"),
        ('"la"', "Write one of `en`, "),
        ("5", "must be text"),
    ],
)
def test_check_says_which_languages_there_are(written: str, cure: str) -> None:
    [mistake] = mistakes(a_study(f"language = {written}"))
    assert mistake.startswith("study.toml:3:12: `language` is ") and cure in mistake
    assert parse(a_study()).language == "en"


# The author's own pages


OWN = {
    "join": '{% extends "player/join.html" %}{% block welcome %}<h1>Our door: {{ study.title }}</h1>{% endblock %}'
    "{% block come_in %}Let me in{% endblock %}",
    "lobby": '{% extends "player/lobby.html" %}{% block before %}<p>Our lobby, {{ place.waiting }}</p>{% endblock %}',
    "room": '{% extends "player/room.html" %}{% block before %}<p>Our room, {{ step.name }}</p>{% endblock %}',
    "done": '{% extends "player/done.html" %}{% block thanks %}<h1>Our end</h1>{% endblock %}'
    "{% block after %}{{ super() }}<p>Bye</p>{% endblock %}",
}


def test_a_studys_own_pages_stand_in_place_of_ours(shared: House) -> None:
    files = a_study('language = "de"', **OWN)
    assert [one for one in mistakes(files) if "Nobody who speaks" not in one] == []
    _, (one, two) = a_session(shared, files)

    async def story() -> None:
        door = (await one.browser.get(f"/join/{one.token}")).text
        assert "Our door: Sitzung" in door and "Let me in</button>" in door and "Willkommen." not in door
        again = await one.sign_in({"age": "7"})
        assert "Our door" in again.text and "Bitte geben Sie eine ganze Zahl" in again.text
        await one.sign_in({"age": "40"})
        assert "Our lobby, 1" in await one.page()
        async with one.watching() as stream:
            assert "Our lobby, 1" in stream.text
            await two.sign_in({"age": "50"})
            await stream.until(lambda text: "Our room, talk" in text, "the study's own room")
            assert "Our room, talk" in await one.page()
            for guest in (one, two):
                assert (await guest.answer({"belief": "1"})).status == 200
            await stream.until(lambda text: "Our end" in text, "the study's own last page")
            assert 'id="code"' in stream.newest() and "<p>Bye</p>" in stream.newest()

    shared.tell(story())


def test_a_page_that_breaks_strands_nobody(shared: House) -> None:
    broken = {
        page: f'{{% extends "player/{page}.html" %}}{{% block {block} %}}{{{{ {name}.no.such }}}}{{% endblock %}}'
        for page, block, name in (
            ("join", "after", "study"),
            ("lobby", "before", "place"),
            ("room", "before", "place"),
            ("done", "thanks", "place"),
        )
    }
    broken["talk"] = PAGE + "{% block after %}{{ place.no.such }}{% endblock %}"
    files = a_study('language = "es"', **broken)
    assert not [one for one in mistakes(files) if "Nobody who speaks" not in one]  # nobody can know before
    _, (one, two) = a_session(shared, files)

    async def story() -> None:
        assert "Entrar</button>" in (await one.browser.get(f"/join/{one.token}")).text
        await one.sign_in({"age": "40"})
        assert "1 de 2" in await one.page()
        async with one.watching() as stream:
            await two.sign_in({"age": "50"})
            await stream.until(lambda text: 'name="belief"' in text, "our own room and step")
            for guest in (one, two):
                assert (await guest.answer({"belief": "1"})).status == 200
            await stream.until(lambda text: 'id="code"' in text, "our own last page")

    shared.tell(story())
    log = shared.servers[0].log.read_text()
    for page in broken:
        assert log.count(f"study “Sitzung”, pages/{page}.html is broken: ours is shown instead") == 1, page


def test_check_says_what_is_wrong_in_a_studys_own_pages() -> None:
    files = a_study(
        join="<p>Welcome</p>",
        lobby='{% extends "player/lobbi.html" %}',
        room='{% extends "player/room.html" %}\n\nHello\n{% block befor %}{{ plaze.room }}{% endblock %}',
        done='{% extends "player/done.html" %}\n{% block after %}{{ place.player.code | loud }}{% endblock %}',
        talk=PAGE
        + '\n{% block before %}{% include "player/_hello.html" %}{% trans %}Hi{% endtrans %}{% endblock %}',
    )
    assert mistakes(files) == [
        "pages/done.html:2:41: There is no filter `loud`."
        " There are Jinja's own, such as default, join, length and round.",
        "pages/join.html:1:1: This page does not extend player/join.html, so nobody could come in by it."
        ' Start it with {% extends "player/join.html" %}.',
        "pages/lobby.html:1:13: There is no template `player/lobbi.html`. Did you mean `player/lobby.html`?",
        "note: pages/room.html:3:1: What stands outside of blocks is not shown. Put it into a block.",
        "pages/room.html:4:10: `befor` is no block that a page can fill here. Did you mean `before`?",
        "pages/room.html:4:21: There is no `plaze` to be shown here. Did you mean `place`?",
        "pages/talk.html:2:31: There is no template `player/_hello.html`. Did you mean `player/_help.html`?",
    ]
    whole = a_study(join='{% extends "player/join.html" %}{% block body %}No form{% endblock %}')
    assert "`body` is no block" in mistakes(whole)[0]
    assert parse(files, opened=True).title == "Sitzung"  # nobody who plays it is left alone


def test_check_knows_what_a_page_can_use() -> None:
    plain, ours = Environment(autoescape=True, extensions=["jinja2.ext.i18n"]), environment_of(texts_in())
    assert set(ours.filters) - set(plain.filters) == set(FILTERS)
    assert set(ours.globals) - set(plain.globals) == set(GLOBALS)


@pytest.mark.parametrize("name", ["join", "lobby", "room", "done"])
def test_a_step_cannot_have_the_name_of_a_page_of_ours(name: str) -> None:
    files = a_study(**{name: f'{{% extends "player/{name}.html" %}}'})
    files["study.toml"] = files["study.toml"].replace(b'"talk"', f'"{name}"'.encode())
    [mistake] = [told for told in mistakes(files) if not told.startswith("note: ")]
    assert f"`{name}` can't be the page of a step: pages/{name}.html stands in place of our own." in mistake
