"""Stories of what a page asked for and did not get: the researcher is told, and nobody can fill their page with it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from app.web.monitor.broken import MOST
from tests.house.desk import desk
from tests.house.house import House
from tests.house.pictures import PAGE, with_files
from tests.house.server import Server
from tests.house.stage import DESK, Stage, log_in
from tests.house.waits import apart

PEOPLE = {"player": 2}
HTMX = {"HX-Request": "true"}


def test_what_pages_did_not_get_is_told_a_few_times_at_most(
    shared: House, server: Server, tmp_path: Path
) -> None:
    session = shared.open_folder(with_files(tmp_path), PEOPLE)
    served = f"{server.base}/play/files/{'0' * 64}"
    ada = desk(shared, server, session)
    with httpx.Client(base_url=server.base, headers=HTMX) as page:

        def tell(what: str, why: str = "load") -> httpx.Response:
            return page.post("/play/unloaded", data={"what": what, "why": why})

        assert tell("inline").status_code == 403  # nobody's
        page.post(f"/join/{session.tokens['P1']}")
        for what, why in (
            (f"{served}/faces/sad.png", "load"),
            (f"{served}/tone.wav", "load"),
            (f"{served}/flag.svg", "load"),
            (f"{served}/flag.svg", "load"),  # by one person alone: their connection
            ("https://example.org:8000/a?b=secret", "policy"),
            ("inline", "policy"),
            ("<script>", "load"),
            (f"{served}/tone.wav", "because"),
            (f"{served}/<b>.png", "load"),
            ("http://[", "load"),
        ):
            assert tell(what, why).status_code == 204

        with httpx.Client(base_url=server.base, headers=HTMX) as other:
            other.post(f"/join/{session.tokens['P2']}")
            other.post("/play/unloaded", data={"what": f"{served}/tone.wav", "why": "load"})

        async def told() -> str:
            await ada.shows("a style or script within a page")
            return await ada.shows("did not load in several browsers")

        shown = shared.tell(told())
        for line in (
            "files/faces/sad.png is not there",
            "files/tone.wav did not load in several browsers",
            "https://example.org:8000 was kept from loading by our policy",
            "own files 4 missing or failing",
        ):
            assert line in shown
        assert "secret" not in shown and "flag" not in shown and "broken pages" not in shown
        for nth in range(MOST + 5):
            tell(f"{served}/{nth}.png")

        async def all_told() -> str:
            return await ada.shows(f"own files {MOST} missing or failing")

        shared.tell(all_told())


@pytest.mark.browser
def test_a_browser_tells_of_a_picture_that_is_not_there(stage: Stage, tmp_path: Path) -> None:
    for said in ("status of 404", "Failed to decode", "OTS parsing", "Blocked script"):
        stage.bear(said)
    page_file = with_files(tmp_path) / "pages" / "face.html"
    page_file.write_text(PAGE.replace('"kind"', '"un" ~ "kind"'))
    session = apart(lambda: stage.house.open_folder(tmp_path, PEOPLE))
    for label in ("P1", "P2"):
        page = stage.page()
        page.goto(stage.link(session, label))
        page.get_by_role("button", name="Come in").click()
    expect(page.get_by_text("Look at this face.")).to_be_visible()
    ada = stage.page(DESK)
    log_in(stage, ada)
    ada.goto(f"{stage.server.base}/admin/sessions/{session.id}")
    expect(
        ada.get_by_role("heading", name="Something that pages ask for is missing or fails")
    ).to_be_visible()
    expect(ada.get_by_text("files/faces/unkind.png")).to_be_visible()
