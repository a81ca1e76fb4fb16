"""Stories of a study's own files as browsers get them: whole or in part, kept for ever, and never able to act."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.house.house import House, Opened
from tests.house.pictures import FLAG, picture, tone, with_files
from tests.house.stage import Stage
from tests.house.waits import apart

TONE = tone(40.0)


@pytest.fixture
def session(shared: House, tmp_path: Path) -> Opened:
    return shared.open_folder(with_files(tmp_path), {"player": 2})


@pytest.fixture
def served(shared: House, session: Opened) -> Iterator[httpx.Client]:
    """A client of the study's folder files/, as the page names it."""

    async def page() -> str:
        one, two = (shared.guest(shared.servers[0], session, label) for label in ("P1", "P2"))
        await one.sign_in({})
        await two.sign_in({})
        return (await one.browser.get("/play")).text

    shown = shared.tell(page())
    (digest,) = set(re.findall(r"/play/files/([0-9a-f]{64})/", shown))
    with httpx.Client(base_url=f"{shared.servers[0].base}/play/files/{digest}", timeout=30) as client:
        yield client


def test_a_file_comes_with_its_type_and_is_kept_for_ever(served: httpx.Client) -> None:
    answer = served.get("/faces/kind.png")
    assert answer.content == picture()
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = served.get("/faces/kind.png", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in again.headers["cache-control"]
    assert served.get("/tone.wav").content == TONE
    assert served.get("/empty.txt").content == b""
    assert served.head("/tone.wav").headers["content-length"] == str(len(TONE))


def test_a_style_comes_packed_to_whoever_can_unpack_it(served: httpx.Client) -> None:
    packed, plain = (
        served.get("/look.css", headers={"Accept-Encoding": how}) for how in ("gzip", "identity")
    )
    assert packed.content == plain.content and packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers and plain.headers["vary"] == "Accept-Encoding"
    again = served.get("/look.css", headers={"If-None-Match": packed.headers["etag"]})
    assert again.status_code == 304
    part = served.get("/look.css", headers={"Range": "bytes=0-4"})
    assert part.content == plain.content[:5] and "content-encoding" not in part.headers


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-99", 206, 0, 100),
        ("bytes=262140-262149", 206, 262_140, 262_150),  # over the edge of two pieces
        ("bytes=600000-", 206, 600_000, len(TONE)),
        ("bytes=-10", 206, len(TONE) - 10, len(TONE)),
        ("bytes=0-9999999", 206, 0, len(TONE)),
        ("bytes=0-1,5-6", 200, 0, len(TONE)),
        ("bytes=9-2", 200, 0, len(TONE)),
        ("lines=1-2", 200, 0, len(TONE)),
        ("bytes=640044-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
    ],
)
def test_a_part_of_a_sound_comes_alone(
    served: httpx.Client, asked: str, status: int, start: int, end: int
) -> None:
    answer = served.get("/tone.wav", headers={"Range": asked})
    whole = (start, end) == (0, len(TONE))
    assert (answer.status_code, answer.content) == (200 if whole else status, TONE[start:end])
    if answer.status_code == 206:
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(TONE)}"
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(TONE)}"


def test_a_part_of_another_version_is_not_sent(served: httpx.Client) -> None:
    asked = {"Range": "bytes=0-9", "If-Range": '"another"'}
    assert served.get("/tone.wav", headers=asked).status_code == 200


def test_what_is_not_there_or_not_served_is_a_page_that_nobody_keeps(
    shared: House, served: httpx.Client
) -> None:
    for path in ("/no.png", "/page.html", "/", "/../study.toml", "/%2e%2e/study.toml", "/a%00b"):
        answer = served.get(path)
        assert answer.status_code == 404, path
        assert "immutable" not in answer.headers["cache-control"], path
    base = shared.servers[0].base
    assert httpx.get(f"{base}/play/files/{'0' * 64}/faces/kind.png").status_code == 404
    assert httpx.get(f"{base}/play/files/x/faces/kind.png").status_code == 404


@pytest.mark.browser
def test_a_page_shows_its_picture_plays_its_sound_and_wears_its_style(stage: Stage, tmp_path: Path) -> None:
    for said in ("Failed to decode downloaded font", "OTS parsing error", "Blocked script execution"):
        stage.bear(said)
    session = apart(lambda: stage.house.open_folder(with_files(tmp_path), {"player": 2}))
    pages = [stage.page(), stage.page()]
    for page, label in zip(pages, ("P1", "P2"), strict=True):
        page.goto(stage.link(session, label))
        page.get_by_role("button", name="Come in").click()
    page = pages[0]
    expect(page.get_by_role("img", name="a kind face")).to_be_visible()
    assert page.locator("img").evaluate_all("all => all.map(one => one.naturalWidth > 0)") == [True, True]
    assert page.locator(".warm").evaluate("one => getComputedStyle(one).color") == "rgb(170, 60, 0)"
    page.wait_for_function("document.querySelector('audio').duration > 39")
    # Opened by its address it is a document of our origin: it shows, and does nothing.
    assert "<script>" in FLAG
    page.goto(stage.server.base + str(page.locator("img[alt='a flag']").get_attribute("src")))
    assert page.evaluate("document.documentElement.id") == ""
