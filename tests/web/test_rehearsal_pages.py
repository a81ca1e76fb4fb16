"""Stories of a rehearsal from a button, with what came of it on the study's page."""

from __future__ import annotations

import html
import json
import time

import httpx
import pytest

from tests.house.guests import sign_everyone_in
from tests.house.house import House
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import FOR_ONE, PAGE, TALK, as_files
from tests.house.uploads import client_of, upload


def words_of(answer: httpx.Response) -> str:
    return html.unescape(answer.text)


def test_nobody_rehearses_while_people_play_nor_with_a_crowd(shared: House, server: Server) -> None:
    session = shared.open(start=False)
    shared.tell(sign_everyone_in([shared.guest(server, session, label) for label in session.tokens]))
    with client_of(shared, server, "ada") as ada:
        to = upload(ada, as_files(TALK), {"form_key": f"{81:012}"}).headers["location"]
        assert "Bots come, are seated" in words_of(ada.get(to))
        for players, status, sentence in (
            ("", 422, "write a number from 1 to 100"),
            ("9999999999", 422, "write a number from 1 to 100"),
            ("0000010000", 422, "write a number from 1 to 100"),
            ("000001" + "0" * 4_994, 422, "write a number from 1 to 100"),
            ("12", 409, "in sessions that are not closed. Rehearse when nobody is"),
        ):
            answer = ada.post(f"{to}/rehearse", data={"players": players})
            assert (answer.status_code, sentence in words(answer.text)) == (status, True), answer.text
        assert ada.get(f"{to}/rehearsal.html").status_code == 404
        broken = as_files(TALK.replace('"ring"', '"rong"'))
        cannot = upload(ada, broken, {"form_key": f"{82:012}"}).headers["location"]
        answer = ada.post(f"{cannot}/rehearse", data={"players": "12"})
        assert (answer.status_code, "can’t run yet" in answer.text) == (409, True)
        assert (
            "Rehearse"
            not in ada.get(cannot).text.partition('id="rehearsal"')[2].partition("</section>")[0][200:]
        )


def test_a_page_that_waits_for_a_rehearsal_asks_for_its_piece_alone(shared: House, server: Server) -> None:
    with client_of(shared, server, "ada") as ada:
        to = upload(ada, as_files(TALK), {"form_key": f"{84:012}"}).headers["location"]
        piece = ada.get(f"{to}/rehearsal")
        assert piece.text.startswith("<section") and "Bots come, are seated" in piece.text, piece.text
        assert "<main" not in piece.text and "In plain words" not in piece.text
        assert piece.text.strip() in ada.get(to).text, "as it stands on the page"


@pytest.mark.slow
def test_one_rehearsal_runs_and_its_verdict_stands_on_the_page(house: House) -> None:
    server = house.serve()
    with client_of(house, server, "ada") as ada:
        files = {"study.toml": FOR_ONE.encode(), "pages/talk.html": PAGE.encode()}
        to = upload(ada, files, {"form_key": f"{83:012}"}).headers["location"]
        begun = ada.post(f"{to}/rehearse", data={"players": "3"})
        assert (begun.status_code, begun.headers["location"]) == (303, f"{to}#rehearsal"), begun.text
        assert f'hx-get="{to}/rehearsal"' in ada.get(to).text
        assert "It runs." in ada.get(f"{to}/rehearsal").text
        again = ada.post(f"{to}/rehearse", data={"players": "3"})
        assert (again.status_code, "Another rehearsal runs." in again.text) == (409, True)
        until = time.monotonic() + 240
        while "It runs." in (page := words_of(ada.get(to))):
            assert time.monotonic() < until, page
            time.sleep(0.5)  # nothing tells of a study's page
        assert "Kept. What was acknowledged is stored" in page.replace("</b>", "").replace("<b>", ""), page
        report = ada.get(f"{to}/rehearsal.html")
        assert report.headers["content-disposition"].startswith("attachment") and "<svg" in report.text
        assert "It can run." in ada.get(ada.post(f"{to}/check").headers["location"]).text
        assert "Kept." in ada.get(to).text, "checked again, the rehearsal stays"
    [(told,)] = house.sql("select data from security_event where what = 'study_rehearsed'")
    assert told == {"title": "Alone", "version": 1, "players": 3}, json.dumps(told)
    assert house.sql("select count(*) from session") == [(0,)], "it had a database of its own"
