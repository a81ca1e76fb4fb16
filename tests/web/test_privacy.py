"""Stories of what a player is told of their data, and of who has it deleted by themselves."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence

import pytest

from app.database.connections import Connection
from app.rehearsal.browser import Reply
from app.study.reading import check, parse
from app.web.access.accounts import put_account
from app.web.access.rights import give
from tests.house.desk import numbers
from tests.house.guests import Guest, hidden_fields
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.solo import SURVEY, solo_files
from tests.house.studies import LONG, PAGE, changed
from tests.house.table import at_the_table
from tests.house.waits import until

NOTICE = '[privacy]\nnotice = "We keep it for ten years.\\n\\nAsk Prof. Doe."\nerase = true\n'
ENTRY = '[entry]\nfields = [{name = "town", ask = "Your town", kind = "text", required = false}]\n'
OPEN = changed(LONG, "[[room]]", f"{NOTICE}{ENTRY}[[room]]")


def test_everybody_reads_what_is_stored_about_them_wherever_they_are(shared: House, server: Server) -> None:
    session = shared.open(OPEN)

    async def story() -> None:
        stranger = shared.guest(server, session, "R1")
        given = """{"PANEL": "panel-7", "wave": "2"}"""
        shared.sql("update player set given = %s where session_id = %s", given, session.id)
        door = await stranger.browser.get(f"/join/{stranger.token}")
        assert f"/join/{stranger.token}/privacy" in door.text
        told = (await stranger.browser.get(f"/join/{stranger.token}/privacy")).text
        assert "We keep it for ten years.</p>" in told and "Ask Prof. Doe." in told
        assert "by which the researchers invited you" in told and "When you came in" not in told
        assert (await stranger.browser.get("/join/nobody/privacy")).status == 404
        assert (await stranger.browser.get("/play/privacy")).status == 403

        table = [*(await at_the_table(shared, server, session)).values()]
        first = table[0]
        assert 'href="/play/privacy"' in await first.page()
        async with first.watching():
            await first.answer({"belief": "5", "why": "because"})
            await first.say("hello")

            async def counted() -> bool:
                return "When your page was open: 1 time" in await about(first)

            await until(counted, "that the page was open")
        told = await about(first)
        for words in (
            "2 answers from your group",
            "2 details that came with your link",
            "1 message to your group",
            "kept for you alone",
        ):
            assert words in told, words
        assert "When you are done, or have left the study" in told and 'name="sure"' not in told
        assert first.label not in told and "1 answer from when you came in" in told
        shared.sql(
            "insert into submission (player_id, session_id, id, standing, code)"
            " select id, session_id, 'theirs', 'active', '' from player where session_id = %s and label = %s",
            *(session.id, first.label),
        )
        recruited = "What the site that invited you says of how you take part"
        assert recruited not in told and recruited in await about(first)

    shared.tell(story())


def test_who_is_done_has_it_deleted_as_soon_as_nobody_needs_it_and_reads_that(
    shared: House, server: Server
) -> None:
    session = shared.open(OPEN)

    async def story() -> None:
        first, *others = table = [*(await at_the_table(shared, server, session)).values()]
        await first.answer({"belief": "5", "why": "my aunt Philippa"})
        assert (await first.browser.post("/play/privacy", {"sure": "yes"})).status == 303
        assert wanted(shared, session) == []  # who plays wants nothing deleted yet
        await first.browser.post("/play/leave", {})
        assert "Hand in your code first" in await about(first)
        unsure = await first.browser.post("/play/privacy", {})
        assert (unsure.status, "tick that you are sure" in unsure.text) == (422, True)
        assert wanted(shared, session) == []
        assert (await first.browser.post("/play/privacy", {"sure": "yes"})).status == 303
        assert "You have asked for this" in await about(first)
        assert wanted(shared, session) == [first.label]
        assert "Philippa" in str(shared.sql("select array_agg(value) from record"))
        for guest in others:
            await guest.browser.post("/play/leave", {})

        async def deleted() -> bool:
            return "What was personal has been deleted" in await about(first)

        await until(deleted, "the deletion")
        assert "Philippa" not in str(shared.sql("select array_agg(value) from record"))
        assert first.label not in labels(shared, session) and others[0].label in labels(shared, session)
        told = "select by, why from erasure where session_id = %s"
        assert shared.sql(told, session.id) == [("the player", "asked for on their own page")]
        assert "What was personal has been deleted" in await first.page()
        assert len(table) == 4

    shared.tell(story())
    assert shared.contradictions(session) == []


def test_where_there_is_no_group_nobody_reads_that_one_is_waited_for(shared: House, server: Server) -> None:
    session = shared.open_files(solo_files(f"{SURVEY}[privacy]\nerase = true\n"), {"x": 1})
    guest = shared.guest(server, session, *session.tokens)
    asked = (
        "insert into review (session_id, player_id, submission_id, what, code, by)"
        " values (%s, %s, '', 'approve', '', 'ada')"
    )

    async def story() -> None:
        await guest.sign_in()
        for said in ({}, {"size": "3"}, {"mood": "5"}):
            await guest.answer(said)
        await guest.shows("COMPLETE")
        shared.sql(asked, session.id, *numbers(shared, session).values())  # so that it is not done yet
        form = hidden_fields((await guest.browser.get("/play/privacy")).text, "/play/privacy")
        await guest.browser.post("/play/privacy", {**form, "sure": "yes"})
        told = (await guest.browser.get("/play/privacy")).text
        assert "You have asked for this. It is done at once, or as soon as you have been paid" in told
        assert "group" not in told
        shared.sql("update review set state = 'done' where session_id = %s", session.id)

    shared.tell(story())


def test_a_study_that_does_not_allow_it_deletes_nothing(shared: House, server: Server) -> None:
    session = shared.open(LONG)

    async def story() -> None:
        first, *_ = (await at_the_table(shared, server, session)).values()
        await first.browser.post("/play/leave", {})
        told = await about(first)
        assert 'name="sure"' not in told and "What the researchers say" not in told
        refused = await first.browser.post("/play/privacy", {"sure": "yes"})
        assert (refused.status, "Ask the researchers" in refused.text) == (403, True)

    shared.tell(story())
    assert wanted(shared, session) == []


@pytest.mark.parametrize(
    ("notice", "wrong"),
    [
        ("pages/privacy.html", []),
        ("privacy.html", ["There is no page `privacy.html`.", "No step shows this page."]),
        ("pages/private.html", ["There is no page `pages/private.html`.", "No step shows this page."]),
        ("We keep it, see example.org/privacy.html", ["No step shows this page."]),
    ],
)
def test_a_notice_is_a_page_of_the_study_or_a_text(notice: str, wrong: Sequence[str]) -> None:
    toml = changed(OPEN, "We keep it for ten years.\\n\\nAsk Prof. Doe.", notice)
    files = {"study.toml": toml, "pages/talk.html": PAGE, "pages/privacy.html": "<p>For ten years.</p>"}
    found = [one.sentence for one in check({name: text.encode() for name, text in files.items()})]
    assert [one for one in found if one in (*wrong, "No step shows this page.")] == wrong


def test_the_study_s_own_page_is_shown_and_one_that_breaks_is_not(shared: House, server: Server) -> None:
    toml = changed(OPEN, "We keep it for ten years.\\n\\nAsk Prof. Doe.", "pages/privacy.html")
    files = {"study.toml": toml.encode(), "pages/talk.html": PAGE.encode()}
    shown = shared.open_study(
        parse(files | {"pages/privacy.html": b"<p>For {{ study.title }}: <b>ten years</b>.</p>"}), {"red": 1}
    )
    broken = shared.open_study(parse(files | {"pages/privacy.html": b"{{ study.none.of_it }}"}), {"red": 1})

    async def story() -> None:
        for session, words in ((shown, "For Story: <b>ten years</b>."), (broken, "be shown just now")):
            guest = shared.guest(server, session, "R1")
            page = await guest.browser.get(f"/join/{guest.token}/privacy")
            assert (page.status, words in page.text) == (200, True), page.text

    shared.tell(story())


def test_what_is_kept_about_one_person_is_a_link_on_their_page_for_who_may_take_files(
    shared: House, server: Server
) -> None:
    session, elsewhere = shared.open(OPEN), shared.open(OPEN)
    may = {"owen": True, "cleo": True, "vera": True, "hugo": False, "nils": False}
    answers = dict[str, Reply]()

    async def staff(conn: Connection) -> None:
        for name in may:
            await put_account(conn, name, "a long password")
        await give(conn, session.id, "owen", "owner", "story")
        await give(conn, session.id, "cleo", "colleague", "story")
        await give(conn, session.id, "vera", "observer", "story", takes_files=True)
        await give(conn, session.id, "hugo", "observer", "story")
        await give(conn, elsewhere.id, "nils", "owner", "story")

    async def story() -> None:
        first, second, *_ = (await at_the_table(shared, server, session)).values()
        number = numbers(shared, session)[first.label]
        page, link = f"/admin/sessions/{session.id}/players/{number}", f"players/{number}/export.zip"
        shared.sql("update player set given = %s where id = %s", """{"PANEL": "panel-7"}""", number)
        for name, shown in may.items():
            assert ("<dt>PANEL</dt>" in (await browsers[name].get(page)).text) == shown, name
            found = await browsers[name].get(f"/admin/sessions/{session.id}/players?find=panel-7")
            assert (f">{first.label}</a>" in found.text) == shown, "nor are they found by it"
        await first.answer({"belief": "5", "why": "my aunt Philippa"})
        await first.say("call me Phil")
        await second.answer({"belief": "6", "why": "my uncle Quentin"})
        await second.say("call me Quin")
        assert link not in (await browsers["owen"].get(page)).text, "they are still at it"
        await first.browser.post("/play/leave", {})
        assert f"{page}/export.zip" in (await browsers["owen"].get(page)).text
        for name, browser in browsers.items():
            answers[name] = await browser.get(f"{page}/export.zip")
        stranger = await browsers["nils"].get(f"/admin/sessions/{elsewhere.id}/{link}")
        assert (stranger.status, "no such player" in stranger.text) == (404, True)
        own = await first.browser.get(f"{page}/export.zip")
        assert own.status in (303, 403), "nor is it for the player’s own cookie"

    shared.do(staff)
    browsers = {name: shared.researcher(server, name) for name in may}
    shared.tell(story())
    assert {name: answer.status for name, answer in answers.items()} == {
        name: 200 if taken else 404 if name == "nils" else 403 for name, taken in may.items()
    }
    number = next(
        n for label, n in numbers(shared, session).items() if f"-player-{n}." in str(answers["owen"])
    )
    for name in (name for name, taken in may.items() if taken):
        files = read_zip(answers[name].body)
        assert "my aunt Philippa" in files["person.txt"] and "call me Phil" in files["messages.csv"]
        assert [file for file, text in files.items() if "Quentin" in text or "Quin" in text] == []
        for file in ("players.csv", "history.csv", "messages.csv"):
            lines = csv.DictReader(files[file].splitlines(keepends=True))
            assert {line["player"] for line in lines} == {str(number)}, file
    taken = (
        "select account from public.security_event where what = 'exported' and about = %s and session_id = %s"
    )
    assert sorted(name for (name,) in shared.sql(taken, str(number), session.id)) == ["cleo", "owen", "vera"]


def read_zip(body: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


async def about(guest: Guest) -> str:
    answer = await guest.browser.get("/play/privacy")
    assert answer.status == 200, answer.text
    return answer.text


def wanted(house: House, session: Opened) -> list[str]:
    query = "select label from player where session_id = %s and erase_wanted_at is not null"
    return [label for (label,) in house.sql(query, session.id)]


def labels(house: House, session: Opened) -> list[str]:
    return [label for (label,) in house.sql("select label from player where session_id = %s", session.id)]
