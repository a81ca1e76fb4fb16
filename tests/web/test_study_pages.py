"""Stories of studies on the researcher's side: uploaded, checked, kept version by version, read in plain words."""

from __future__ import annotations

import html
import socket

import httpx
import pytest

from app.config import PROJECT
from app.study.reading import fingerprint, read_folder
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import TALK, as_files, changed
from tests.house.uploads import STUDIES, client_of, upload, zip_of

GOOD = as_files(changed(TALK, "Story", "Uploaded"))


def key(nth: int) -> dict[str, str]:
    return {"form_key": f"{nth:012}"}


@pytest.fixture
def ada(shared: House, server: Server) -> httpx.Client:
    return client_of(shared, server, "ada")


def words_of(answer: httpx.Response) -> str:
    return html.unescape(answer.text)


def test_a_study_is_uploaded_checked_and_kept_version_by_version(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    with ada:
        sent = upload(ada, GOOD, key(1))
        assert sent.status_code == 303, sent.text
        first = sent.headers["location"]
        assert upload(ada, GOOD, key(1)).headers["location"] == first, "a double click keeps one study"
        here = first.partition("/versions/")[0]
        page = words_of(ada.get(here))
        assert (
            "It can run." in page
            and "from the zip mine.zip. Uploaded by ada" in page
            and fingerprint(GOOD) in page
        )
        assert "A room <code>mixed</code> has 4 people: 2 red and 2 blue." in page
        assert "<code>belief</code>: “How sure are you?” (a whole number from 0 to 100)" in page
        again = upload(ada, GOOD, key(2), here)
        assert again.headers["location"] == first, "the very same files are no other version"
        broken = GOOD | {"study.toml": GOOD["study.toml"].replace(b'"ring"', b'"rong"')}
        second = upload(ada, broken, key(3), here).headers["location"]
        assert second == f"{here}/versions/2"
        page = words_of(ada.get(here))
        assert "It can’t run yet: 1 mistake" in page and "Did you mean <code>ring</code>?" in page
        assert 'kind = <mark>"rong"</mark>' in page, "with the line, and what is meant in it"
        assert "There is a newer one" in ada.get(first).text
        listed = ada.get(STUDIES).text
        assert f'href="{here}"' in listed and "can’t run yet" in listed
    told = "select data->>'version' from public.security_event where what = 'study_uploaded' and about = %s order by id"
    assert shared.sql(told, here.rpartition("/")[2]) == [("1",), ("2",)], "only what was kept"


def test_a_form_that_is_kept_open_brings_a_mended_study_by_the_same_name(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    broken = GOOD | {"study.toml": GOOD["study.toml"].replace(b'"ring"', b'"rong"')}
    with ada:
        first, mended = (upload(ada, files, key(41)).headers["location"] for files in (broken, GOOD))
        assert first != mended and "It can run." in ada.get(mended).text


def test_whoever_uploads_on_a_slow_line_keeps_nobody_else_from_it(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    cookie = "; ".join(f"{name}={said}" for name, said in ada.cookies.items())
    head = (
        f"POST {STUDIES} HTTP/1.1\r\nHost: here\r\nCookie: {cookie}\r\nContent-Length: 1000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nExpect: 100-continue\r\n\r\n"
    )
    with ada, socket.create_connection(("127.0.0.1", server.port), 60) as slow:
        slow.sendall(head.encode())
        assert slow.recv(100).startswith(b"HTTP/1.1 100 "), "it is waited for"
        assert upload(ada, GOOD, key(42)).status_code == 303
        slow.settimeout(0)
        with pytest.raises(BlockingIOError):
            slow.recv(100)


def test_a_folder_and_one_that_ships_are_taken_with_their_own_files(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    folder = PROJECT / "studies" / "widgets"
    sent = [
        ("folder", (f"widgets/{one.relative_to(folder)}", one.read_bytes()))
        for one in sorted(folder.rglob("*"))
        if one.is_file()
    ]
    with ada:
        by_folder = ada.post(STUDIES, files=sent, data=key(11))
        assert by_folder.status_code == 303, by_folder.text
        shipped = ada.post(STUDIES, data=key(12) | {"ships": "widgets"}, files={"zip": ("", b"")})
        assert shipped.status_code == 303, shipped.text
        sha256 = fingerprint(read_folder(folder))
        for one in (by_folder, shipped):
            assert sha256 in ada.get(one.headers["location"]).text
        to = shipped.headers["location"]
        checked = ada.post(f"{to}/check")
        assert (checked.status_code, checked.headers["location"]) == (303, to)
        assert "It can run." in ada.get(to).text, "checked again from what is kept"


def test_what_is_no_study_gets_a_sentence_and_nothing_is_kept(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    before = shared.sql("select count(*) from public.kept_study")
    with ada:
        for files, status, sentence in (
            ({"zip": ("x.zip", b"no")}, 422, "This is no zip, or not all of one."),
            ({"zip": ("x.zip", zip_of({"readme.txt": b""}))}, 422, "There is no study.toml in it."),
            ({"zip": ("x.zip", zip_of({"../study.toml": b""}))}, 422, "leads out of the folder"),
            ({"zip": ("", b"")}, 422, "The form has no study."),
            ([("folder", (f"a/{nth}", b"x")) for nth in range(1_001)], 422, "Make a zip of it"),
        ):
            answer = ada.post(STUDIES, files=files, data=key(21))
            assert (answer.status_code, sentence in words_of(answer)) == (status, True), answer.text
        unknown = ada.post(STUDIES, data=key(22) | {"ships": "../app"}, files={"zip": ("", b"")})
        assert (unknown.status_code, "No study of this name" in unknown.text) == (422, True)
        keyless = ada.post(STUDIES, files={"zip": ("x.zip", zip_of(GOOD))})
        assert keyless.status_code == 400
        assert ada.post(STUDIES, data={"ships": "crowd"}).status_code == 400, "no form of ours"
        assert ada.get(f"{STUDIES}/nothing").status_code == 404
        assert upload(ada, GOOD, key(23), f"{STUDIES}/nothing").status_code == 404
        headers = {"Sec-Fetch-Site": "cross-site"}
        crowd = {"data": key(24) | {"ships": "crowd"}, "files": {"zip": ("", b"")}}
        foreign = ada.post(STUDIES, headers=headers, **crowd)  # type: ignore[arg-type]
        assert foreign.status_code == 403
    assert shared.sql("select count(*) from public.kept_study") == before


def test_a_hook_of_an_upload_sees_nothing_of_the_server(
    shared: House, server: Server, ada: httpx.Client
) -> None:
    spies = "import os\ndef paid(room):\n    raise ValueError(str(dict(os.environ)))\n"
    toml = changed(TALK, 'limit = "60s"', 'limit = "60s"\nscore = "paid"')
    with ada:
        to = upload(ada, as_files(toml, spies), key(31)).headers["location"]
        page = words_of(ada.get(to))
    assert "It can’t run yet" in page and "paid" in page
    assert "DATABASE_URL" not in page and shared.database not in page
