"""Stories of the manual as the server shows it: to everybody, whole, and with links that lead somewhere."""

from __future__ import annotations

import re
from html import unescape

import httpx

from app.config import PROJECT
from app.web import manual
from tests.house.server import Server


def test_the_contents_name_each_chapter_once() -> None:
    named = [name for group in manual.groups() for name, _ in group.chapters]
    assert len(named) > 25 and len(named) == len({*named})
    assert {*manual.chapters()} - {*named} == {manual.BEGINS}
    for name in named:
        assert manual.chapter(name).title


def test_each_link_and_picture_of_the_manual_leads_to_what_there_is() -> None:
    drawn = {name: str(manual.chapter(name).html) for name in manual.chapters()}
    anchors = {
        name: {manual.chapter(name).anchor, *re.findall(r'<h\d id="([^"]+)"', html)}
        for name, html in drawn.items()
    }
    links = 0
    for name, html in drawn.items():
        for link in map(unescape, re.findall(r'href="([^"]+)"', html)):
            if link.startswith(("http", "mailto")):
                continue
            chapter, _, anchor = link.removeprefix(f"{manual.AT}/").partition("#")
            assert (chapter or name) in drawn, f"{name}: {link}"
            assert not anchor or anchor in anchors[chapter or name], f"{name}: {link}"
            links += 1
        for picture in re.findall(r'<img src="([^"]+)"', html):
            assert (manual.PICTURES / picture.removeprefix(f"{manual.AT}/pictures/")).exists(), picture
    assert links > 60


def test_what_is_searched_for_is_found_where_its_words_stand_together() -> None:
    assert manual.search("one link for everybody")[0].address == f"{manual.AT}/people#one-link-for-everybody"
    first = manual.search("PROLIFIC bonus")[0]
    assert first.chapter == "People from Prolific" and "<mark>" in str(first.excerpt)
    assert (
        "&lt;img" in (told := " ".join(str(hit.excerpt) for hit in manual.search("<img")))
        and "<img" not in told
    )
    assert manual.search("  ") == manual.search("no chapter has zzyzx") == []
    late = [hit.chapter for hit in manual.search("channel")]
    assert late.index("What check tells") > late.index("The study file"), "what is likely comes first"


def test_whoever_asks_reads_it_searches_it_and_is_told_what_there_is_not(server: Server) -> None:
    with httpx.Client(base_url=server.base) as nobody:
        begins = nobody.get("/admin/manual")
        assert begins.status_code == 200 and ">The manual</h1>" in begins.text
        study = nobody.get("/admin/manual/study")
        assert study.status_code == 200 and 'id="networks"' in study.text
        assert "script-src 'self'" in study.headers["content-security-policy"]
        found = nobody.get("/admin/manual", params={"q": "<b>bots</b> after"})
        assert found.status_code == 200 and "&lt;b&gt;bots" in found.text and "<b>bots" not in found.text
        none = nobody.get("/admin/manual", params={"q": "zzyzx"})
        assert "No chapter has this word." in none.text
        for address in ("/admin/manual/nope", "/admin/manual/pictures/..%2f..%2fpyproject.toml"):
            lost = nobody.get(address)
            assert lost.status_code == 404 and "There is no " in lost.text, address
        picture = nobody.get("/admin/manual/pictures/lobby-phone.png")
        assert picture.headers["content-type"] == "image/png"
        assert picture.content == (PROJECT / "docs" / "pictures" / "lobby-phone.png").read_bytes()
