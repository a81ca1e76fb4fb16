"""Stories of what all have said: pictures that hold treatments against each other, and a table to look through."""

from __future__ import annotations

import asyncio
import html
import re

import httpx
import pytest
from playwright.sync_api import expect

from app.database.connections import Connection
from app.study.reading import parse
from app.web.access.accounts import put_account
from app.web.access.rights import give
from app.web.monitor.courses import course_of
from tests.house.gifts import FILES, STUDY, all_answer
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.stage import DESK, Stage, log_in
from tests.house.waits import PATIENCE, apart


def client_of(house: House, server: Server, name: str) -> httpx.Client:
    return httpx.Client(base_url=server.base, cookies=house.researcher(server, name).cookies)


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def table(page: str) -> list[list[str]]:
    """Cells of each line: player, question, round, answer …"""
    lines = re.findall(r'<tr id="answer-.*?</tr>', page, re.S)
    return [[words(cell) for cell in re.findall(r"<t[hd][ >].*?</t[hd]>", line, re.S)] for line in lines]


@pytest.fixture
def session(hall: House, server: Server) -> Opened:
    return hall.open_study(parse(FILES), {"red": 2, "blue": 2})


def test_treatments_are_held_against_each_other_and_one_looks_through_the_table(
    hall: House, server: Server, session: Opened
) -> None:
    here = f"/admin/sessions/{session.id}"
    with client_of(hall, server, "ada") as ada:
        for page in ("answers", "data"):
            said = words(ada.get(f"{here}/{page}").text)
            assert "Nobody has answered yet It runs: answers stand here" in said and "rehearse STUDY" in said
        talks = all_answer(hall, server, session)
        plain = ada.get(f"{here}/answers").text
        gift = words(plain.partition('id="of-talk-gift"')[2].partition("</section>")[0])
        assert "8 answers · mean 4.00" in gift
        split = ada.get(f"{here}/answers?by=treatment_talk").text
        box = split.partition('id="of-talk-gift"')[2].partition("</section>")[0]
        assert "with 4 answers · mean 7.00 without 4 answers · mean 1.00" in words(box)
        assert "with: 8.00 in round 1, 6.00 in round 2; without: 2.00 in round 1, 0.00 in round 2" in box
        mood = split.partition('id="of-talk-mood"')[2].partition("</section>")[0]
        assert "good 100% 0% bad 0% 100%" in words(mood) and "<polyline" not in mood
        second = ada.get(f"{here}/answers?by=treatment_talk&round=2", headers={"hx-request": "true"}).text
        assert "with 2 answers · mean 6.00 without 2 answers · mean 0.00" in words(second)
        assert "because" not in split

        every = ada.get(f"{here}/data").text
        assert "1–20 of 20 answers that count" in words(every) and len(table(every)) == 20
        found = table(ada.get(f"{here}/data?question=talk.gift&treatment_talk=with&round=1&sort=player").text)
        givers = sorted(label for label, talk in talks.items() if talk == "with")
        assert [line[0] for line in found] == givers and {line[3] for line in found} == {"8"}
        by_value = table(ada.get(f"{here}/data?question=talk.gift&sort=-value").text)
        assert [line[3] for line in by_value] == ["8", "8", "6", "6", "2", "2", "0", "0"]
        wording = ada.get(f"{here}/data?question=talk.why").text
        assert "because R1 &lt;b&gt;" in wording
        assert "No answer is like that" in words(ada.get(f"{here}/data?room=pair-9").text)
        odd = "question=a.b&round=99999&treatment_talk=x&role=x&type=x&sort=x&page=999999"
        assert "1–20 of 20" in words(ada.get(f"{here}/data?{odd}").text)
        assert "1–20 of 20" in words(ada.get(f"{here}/data?page=7").text)


def test_who_watches_without_the_files_sees_pictures_and_no_table(
    hall: House, server: Server, session: Opened
) -> None:
    async def staff(conn: Connection) -> None:
        await put_account(conn, "otto", "a long password")
        await give(conn, session.id, "ada", "owner", "story")
        await give(conn, session.id, "otto", "observer", "story")

    with client_of(hall, server, "ada"):
        hall.do(staff)
    with client_of(hall, server, "otto") as otto:
        assert otto.get(f"/admin/sessions/{session.id}/answers").status_code == 200
        assert otto.get(f"/admin/sessions/{session.id}/data").status_code == 403


@pytest.mark.browser
def test_what_one_looks_for_stands_in_the_address_and_back_takes_it_back(stage: Stage) -> None:
    session = apart(lambda: stage.house.open_study(parse(FILES), {"red": 1, "blue": 1}))
    desk = stage.page(DESK)
    log_in(stage, desk)
    for view, name, level in (
        ("answers", "Held against each other", "treatment_talk"),
        ("data", "Treatment talk", "with"),
    ):
        here = f"{stage.server.base}/admin/sessions/{session.id}/{view}"
        desk.goto(here)
        chosen = desk.get_by_label(name)
        chosen.select_option(level)
        expect(desk).to_have_url(re.compile(rf"/{view}\?\w+={level}$"))
        desk.get_by_label("Round").select_option("2")
        expect(desk).to_have_url(re.compile(r"&round=2$|\?round=2&"))
        desk.reload()
        expect(chosen).to_have_value(level)
        desk.go_back()
        expect(desk.get_by_label("Round")).to_have_value("")
        expect(chosen).to_have_value(level)
        desk.go_back()
        expect(chosen).to_have_value("")
        expect(desk).to_have_url(here)


def test_a_course_needs_two_rounds_and_stands_within_its_edges() -> None:
    assert course_of({"": {1: (3, 4.0)}}, 10, (None, None)) is None
    course = course_of({"a": {1: (3, 4.0), 2: (1, 4.0)}, "b": {}}, 3, (None, None))
    assert course and [line.name for line in course.lines] == ["a"]
    [line] = course.lines
    assert [one.says for one in line.dots] == ["round 1: 4.00, 3 answers", "round 2: 4.00, 1 answer"]
    assert all(0 <= one.x <= 320 and 0 <= one.y <= 120 for one in line.dots)


def test_answers_that_take_too_long_are_not_waited_for(hall: House, server: Server, session: Opened) -> None:
    here = f"/admin/sessions/{session.id}"
    with client_of(hall, server, "ada") as ada:

        async def looks(conn: Connection) -> list[httpx.Response]:
            async with conn.transaction():
                await conn.execute("lock table public.record in access exclusive mode")
                return [
                    await asyncio.to_thread(ada.get, f"{here}/{one}", headers=said, timeout=PATIENCE)
                    for one, said in (("answers", {}), ("data", {"hx-request": "true"}))
                ]

        found = hall.do(looks)
    assert [one.status_code for one in found] == [503, 200], "a piece of a page takes the place of another"
    for one in found:
        assert "could not be read within three seconds" in one.text and "Nobody" not in one.text, one.text
    assert 'id="again"' in found[1].text, "it asks again"


def test_of_more_treatments_than_colours_the_page_says_how_many_it_shows(hall: House, server: Server) -> None:
    many = STUDY.replace('levels = ["with", "without"]', 'levels = ["a", "b", "c", "d", "e", "f"]')
    session = hall.open_study(parse({**FILES, "study.toml": many.encode()}), {"red": 1, "blue": 1})
    all_answer(hall, server, session)
    with client_of(hall, server, "ada") as ada:
        split = words(ada.get(f"/admin/sessions/{session.id}/answers?by=treatment_talk").text)
    assert "The first 4 of 6 are shown, in the order of the study." in split, split
