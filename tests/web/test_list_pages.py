"""Stories of lists on the dashboard: people are added from a file or by pasting, and links are taken again."""

from __future__ import annotations

import base64
import html
import io
import re
import zipfile

import httpx
import pytest
from playwright.sync_api import expect

from app.database.connections import Connection
from app.players.people import Person
from app.web.access.accounts import put_account
from app.web.access.rights import give
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.stage import PAIR, PHONE, Stage, log_in
from tests.house.studies import TALK, changed
from tests.house.workbooks import saved, workbook

TYPED = changed(TALK, "[[room]]", 'types = ["red", "blue"]\n[[room]]')
LIST = "label,type,wave\nlate-1,red,2\nlate-2,blue,\n"


def key(nth: int) -> dict[str, str]:
    return {"form_key": f"{nth:012}"}


def client_of(house: House, server: Server, name: str) -> httpx.Client:
    return httpx.Client(base_url=server.base, cookies=house.researcher(server, name).cookies)


def labels(house: House, session: Opened) -> list[str]:
    found = house.sql("select label from player where session_id = %s order by id", session.id)
    return [label for (label,) in found]


def links_on(page: str) -> list[str]:
    found = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]*)"', page)
    assert found, page
    return base64.b64decode(html.unescape(found[1])).decode().splitlines()


def test_people_are_added_from_a_file_or_by_pasting_and_their_links_are_there_once(
    shared: House, server: Server
) -> None:
    session = shared.open(TYPED, [Person("", "Ana", "red")], start=False)
    here = f"/admin/sessions/{session.id}"
    book = saved(workbook(People=[["label", "type"], ["Bo", "red"], [17.0, "blue"]]))
    with client_of(shared, server, "ada") as ada:
        assert 'enctype="multipart/form-data"' in ada.get(here).text
        pasted = ada.post(
            f"{here}/people", files={"list": ("", b"")}, data=key(1) | {"pasted": LIST.replace(",", "\t")}
        )
        assert pasted.status_code == 200, pasted.text
        assert "2 people were added." in pasted.text
        assert "What was pasted was read with tabs between the cells." in html.unescape(pasted.text)
        header, first, _ = links_on(pasted.text)
        assert header == "token,label,type,link" and "These links begin with http://127.0.0.1" in pasted.text
        token = first.split(",")[0]
        assert ada.get(f"/join/{token}").status_code == 200
        twice = ada.post(f"{here}/people", data=key(1) | {"pasted": LIST.replace(",", "\t")})
        assert links_on(twice.text) == links_on(pasted.text), "a double click adds once, and shows it again"
        more = {"list": ("C:\\temp\\more.xlsx", book)}
        sent = ada.post(f"{here}/people", files=more, data=key(1))
        assert [line.split(",")[1] for line in links_on(sent.text)[1:]] == ["Bo", "17"]
        again = ada.get(f"{here}/links.csv")
        assert again.headers["content-disposition"] == f'attachment; filename="links-{session.id}.csv"'
        assert again.text.splitlines()[1:3] == [again.text.splitlines()[1], first]
    assert labels(shared, session) == ["Ana", "late-1", "late-2", "Bo", "17"]
    by = "select distinct data->>'by' from event where name = 'people_added' and session_id = %s"
    assert shared.sql(by, session.id) == [("ada",)]
    taken = "select data->>'file' from public.security_event where what = 'exported' and session_id = %s order by id"
    assert [file for (file,) in shared.sql(taken, session.id)] == ["links of those added"] * 3 + ["links"]


def test_what_can_t_be_added_gets_a_sentence_and_nobody_is(shared: House, server: Server) -> None:
    session = shared.open(TYPED, [Person("a-token-of-its-own-4f", "Ana", "red")], start=False)
    here = f"/admin/sessions/{session.id}"
    large = io.BytesIO()
    with zipfile.ZipFile(large, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("xl/workbook.xml", bytes(21_000_000))
    tries: list[tuple[bytes, int, str]] = [
        (b"", 422, "The form has no list; choose a file, or paste the list"),
        (b"label,type\nBo,bleu\n", 422, "more.csv line 2 has the type “bleu”"),
        (
            b"label,type\nBo,red\nAna,red\n",
            422,
            "more.csv line 3 has the label “Ana”, as somebody in the session has",
        ),
        (
            b"token,type\na-token-of-its-own-4f,red\n",
            409,
            "“Ana” is in Story already, by label or by token",
        ),
        (b"token,type\nt1,red\n", 422, "has a token that somebody could guess, “t1” for example"),
        (
            b"label,type\n" + b"x,red\n" * 5001,
            422,
            "has more than 5,000 players (line 5002); add 5,000 at a time",
        ),
        (large.getvalue(), 422, "is larger than 20 MB unpacked"),
        (b"\xd0\xcf\x11\xe0", 422, "is an old workbook (.xls), or one with a password"),
        (b"x" * 2_100_000, 413, ""),
    ]
    with client_of(shared, server, "ada") as ada:
        for content, status, sentence in tries:
            answer = ada.post(f"{here}/people", files={"list": ("more.csv", content)}, data=key(2))
            assert (answer.status_code, sentence in html.unescape(answer.text)) == (status, True), answer.text
        for type_, body in (
            ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; name=list"),
            ("multipart/form-data", b"--"),
            (
                "multipart/form-data; boundary=b",
                b'--b\r\nContent-Disposition: form-data; name="pasted"\r\n'
                b"Content-Type: text/plain; charset=none\r\n\r\nx\r\n--b--\r\n",
            ),
            ("application/json", b"{}"),
            ("application/x-www-form-urlencoded", b"pasted=label%0AAna&form_key=x"),
        ):
            answer = ada.post(f"{here}/people", content=body, headers={"Content-Type": type_})
            assert answer.status_code in (400, 422) and "Traceback" not in answer.text, (type_, answer.text)
        other = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
        assert ada.post(f"{here}/people", data={"pasted": LIST}, headers=other).status_code == 403
        refused = ada.get(f"{here}/links.csv")
        assert refused.status_code == 409 and "No link of Story can be made again" in html.unescape(
            refused.text
        )
        shared.act("close", session)
        assert (
            "is closed: nobody comes in any more"
            in ada.post(f"{here}/people", data=key(3) | {"pasted": LIST}).text
        )
        assert 'id="add"' not in ada.get(here).text
    assert labels(shared, session) == ["Ana"]


def test_a_colleague_adds_people_an_observer_does_not_and_links_are_for_owners(
    shared: House, server: Server
) -> None:
    session = shared.open(TYPED, [Person("", "Ana", "red")], start=False)
    here = f"/admin/sessions/{session.id}"

    async def staff(conn: Connection) -> None:
        for name, role in (("olga", "owner"), ("carl", "colleague"), ("otto", "observer")):
            await put_account(conn, name, "a long password")
            await give(conn, session.id, name, role, "story", takes_files=True)  # type: ignore[arg-type]

    shared.do(staff)
    may: dict[str, tuple[bool, bool]] = {}
    for n, name in enumerate(("olga", "carl", "otto")):
        with client_of(shared, server, name) as who:
            added = who.post(f"{here}/people", data=key(4) | {"pasted": f"label,type\nlate-{n},red\n"})
            taken = who.get(f"{here}/links.csv")
            may[name] = added.status_code < 300, taken.status_code < 300
    assert may == {"olga": (True, True), "carl": (True, False), "otto": (False, False)}


@pytest.mark.browser
def test_in_a_browser_a_list_is_pasted_and_its_links_are_downloaded(stage: Stage) -> None:
    session = stage.open(PAIR, 2)
    page = stage.page(PHONE)
    page.goto(f"{stage.server.base}/admin/login")
    log_in(stage, page)
    page.goto(f"{stage.server.base}/admin/sessions/{session.id}")
    page.locator("#add summary").click()
    page.locator("#add textarea").fill("label\ttype\nlate-1\tplayer\n")
    page.get_by_role("button", name="Add them").click()
    expect(page.locator(".ask[role=status]")).to_have_text("1 person was added.")
    with page.expect_download() as download:
        page.get_by_text("Download their links").click()
    with download.value.path().open(encoding="utf-8") as file:
        assert "late-1,player,http" in file.read()
    assert download.value.suggested_filename == f"links-{session.id}-added.csv"
