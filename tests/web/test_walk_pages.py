"""Stories of a kept study whose pages a researcher looks at before anybody has come."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

import httpx

from app.web.access.accounts import put_account
from app.web.access.logins import log_in
from app.web.auth import ADMIN_COOKIE
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import TALK, as_files, changed
from tests.house.uploads import client_of, upload

TONE = '[[treatment]]\nname = "tone"\nlevels = ["kind", "rude"]\nby = "room"\n[[step]]'
FILES = as_files(changed(changed(TALK, "Story", "Walked through"), "[[step]]", TONE))


def test_pages_are_seen_in_frames_without_rights_and_nothing_is_stored(shared: House, server: Server) -> None:
    with client_of(shared, server, "ada") as ada:
        to = upload(ada, FILES, {"form_key": "walk00000001"}).headers["location"]
        before = stored(shared)
        assert f'href="{to}/pages"' in ada.get(to).text
        first = ada.get(f"{to}/pages")
        assert first.status_code == 200, first.text
        places = re.findall(r'<option value="(\d+)"[^>]*>([^<]+)', first.text)
        at = next(number for number, name in places if name.startswith("talk"))
        shown = ada.get(f"{to}/pages", params={"at": at, "answered": "yes"})
        assert shown.status_code == 200, shown.text
        frames = re.findall(r"<iframe[^>]*>", shown.text)
        assert len(frames) == 4 and all('sandbox=""' in one for one in frames)
        assert html.unescape(shown.text).count("How sure are you?") >= 4
        for odd in (
            {"at": "x", "seat": "-1", "kind": "<b>", "language": "xx", "treatment_tone": "<b>"},
            {"at": "999", "seat": "999", "treatment_<b>": "<b>"},
        ):
            seen = ada.get(f"{to}/pages", params=odd)
            assert seen.status_code == 200 and "At the door" in seen.text, "the first there is"
            assert chosen(seen) == ["The door", "mixed", "kind"] and "&lt;b&gt;" not in seen.text
        rude = ada.get(f"{to}/pages", params={"at": at, "kind": "plain", "treatment_tone": "rude"})
        assert chosen(rude)[1:] == ["plain", "rude"]
        on = [
            urlsplit(html.unescape(one))
            for one in re.findall(r'rel="(?:prev|next)" href="([^"]*)"', rude.text)
        ]
        assert [parse_qs(one.query) for one in on] == [
            {"at": [str(int(at) + by)], "kind": ["plain"], "treatment_tone": ["rude"]} for by in (-1, 1)
        ], "from there to its neighbours, as whom one looks at"
        assert ada.get(f"{to}9/pages").status_code == 404
        assert stored(shared) == before
    shared.do(lambda conn: put_account(conn, "wilma", "a long password", observes=True))
    cookies = {ADMIN_COOKIE: shared.do(lambda conn: log_in(conn, "wilma"))}
    with httpx.Client(base_url=server.base, cookies=cookies) as wilma:
        assert wilma.get(f"{to}/pages").status_code == 403


def chosen(answer: httpx.Response) -> list[str]:
    return re.findall(r'<option value="[^"]*" selected>([^<]+)', answer.text)


def stored(house: House) -> list[object]:
    return [
        house.sql("select t::text from public.kept_study t order by 1"),
        house.sql("select t::text from public.kept_version t order by 1"),
        house.sql("select t::text from public.kept_file t order by 1"),
        house.sql("select count(*) from session"),
    ]
