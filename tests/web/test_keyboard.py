"""With nothing but the keyboard: a player from the link to the code, a researcher from the log-in to the payments."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.house.house import Opened
from tests.house.stage import DESK, PAIR, Stage, expect_state, put_researcher, tab_to, ticks
from tests.house.studies import as_files

pytestmark = pytest.mark.browser

ASKS = PAIR.replace(
    """["Every day", "Never"]},""",
    """["Every day", "Never"]},
    {name = "mood", ask = "How are you today?", kind = "scale", min = 1, max = 7, low = "bad", high = "good"},
    {name = "hope", ask = "How hopeful are you?", kind = "slider", min = 0, max = 10},
    {name = "town", ask = "Where do you live?", kind = "text", max = 80},""",
)
ENTRY = {"age": "33", "news": "Never", "mood": "4", "hope": "5", "town": "Here"}


def test_a_player_comes_from_the_link_to_the_code_and_always_knows_where_they_are(stage: Stage) -> None:
    session = stage.open(ASKS, 2)
    page = stage.page(DESK)
    keys = page.keyboard
    page.goto(stage.link(session, "P1"))
    tab_to(page, page.get_by_label("Your age in years"))
    keys.type("33")
    tab_to(page, page.get_by_label("Every day"))
    keys.press("ArrowDown")
    expect(page.get_by_label("Never")).to_be_checked()
    tab_to(page, page.locator("[name=mood][value='1']"))
    for _ in range(4):
        keys.press("ArrowRight")
    tab_to(page, page.get_by_label("How hopeful are you?"))
    keys.press("ArrowLeft")
    keys.press("PageDown")
    tab_to(page, page.get_by_label("Where do you live?"))
    keys.type("Over the brigde")
    # Back to what was said before, and a word put right.
    tab_to(page, page.get_by_label("How hopeful are you?"), "Shift+Tab")
    keys.press("Home")
    tab_to(page, page.get_by_label("Where do you live?"))
    keys.type("Over the bridge")
    tab_to(page, page.get_by_role("button", name="Come in"))
    keys.press("Enter")

    # In the lobby: the way to help is open while the room opens, and where the focus was is gone with the lobby.
    expect(page.locator("#wait")).to_contain_text("1 of 2")
    expect_state(page, "Live")
    tab_to(page, page.get_by_text("I need help"))
    keys.press("Enter")
    tab_to(page, page.locator("#help-body"))
    keys.type("half a question")
    [ben] = stage.guests(session, "P2", entry=ENTRY)
    expect(page.locator("#where")).to_contain_text("round 1 of 2")
    expect(page.locator("#help-body")).to_have_value("half a question")
    stays(page, "help-body")
    for number in (1, 2):
        expect(page.locator("#where")).to_contain_text(f"round {number} of 2")
        assert focused(page) in ("help-body", "step"), "the step that opened"
        tab_to(page, page.get_by_label("How sure are you?"))
        keys.press("ArrowRight")
        stage.say(ben, f"look {number}")
        expect(page.locator("#talk")).to_contain_text(f"look {number}")
        assert focused(page).endswith("-belief"), "a message takes nothing away"
        tab_to(page, page.get_by_role("radio", name="1", exact=True))
        keys.press("ArrowRight")
        tab_to(page, page.get_by_label("Neighbours", exact=True))
        keys.press("Space")
        tab_to(page, page.get_by_label("Yes"))
        keys.press("Space")
        tab_to(page, page.get_by_label("How many agree?"))
        keys.type("7")
        tab_to(page, page.get_by_label("Message to your neighbours"))
        keys.type(f"round {number}")
        keys.press("Enter")
        expect(page.locator("#talk")).to_contain_text(f"round {number}")
        stays(page, "body")
        tab_to(page, page.get_by_role("button", name="Save my answers"), "Shift+Tab")
        keys.press("Enter")
        expect_state(page, "Live · saved")
        assert focused(page) == "Save my answers"
        stage.answer(ben)
    expect(page.locator("#code")).to_have_text("BRIDGE-DONE")
    assert focused(page) not in ("", "BODY"), "the code came, and the focus is at it"
    tab_to(page, page.get_by_role("link", name="Hand in the code and finish"))
    assert stage.versions(session, "P1", "belief") == ["51", "51"]
    assert stage.versions(session, "P1", "trust") == ["2", "2"]
    assert stage.house.sql("select entry from player where label = 'P1' and session_id = %s", session.id) == [
        ({"age": "33", "news": "Never", "mood": "5", "hope": "0", "town": "Over the bridge"},)
    ]


def test_a_researcher_gets_through_a_whole_day(stage: Stage, tmp_path: Path) -> None:
    """From the log-in to the payments; what changes by itself takes the focus from nothing."""
    put_researcher(stage)
    page = stage.page(DESK)
    keys = page.keyboard
    page.goto(f"{stage.server.base}/admin")
    tab_to(page, page.get_by_label("Name"))
    keys.type("ada")
    tab_to(page, page.get_by_label("Password"))
    keys.type("a long password")
    keys.press("Enter")
    uploads(page, tmp_path / "bridge")
    session = opens(page)
    assert stage.house.sessions is not None
    stage.house.sessions.append(session.id)
    stage.guests(session, "P1", "P2", "P3")
    presses(page, page.get_by_role("link", name="Go to the session"))
    runs(stage, page, session)
    closes_and_takes_what_there_is(page)


def presses(page: Page, target: Locator, key: str = "Tab", most: int = 100) -> None:
    tab_to(page, target, key, most)
    page.keyboard.press("Enter")


def uploads(page: Page, folder: Path) -> None:
    for name, body in as_files(PAIR).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    presses(page, page.get_by_role("navigation", name="Main").get_by_role("link", name="Studies"))
    with page.expect_file_chooser() as chooser:
        presses(page, page.locator("input[name=folder]"))
    chooser.value.set_files(folder)
    presses(page, page.get_by_role("button", name="Upload the folder"))
    report = page.get_by_text("It can run.")
    expect(report).to_be_visible(timeout=60_000)


def opens(page: Page) -> Opened:
    """For three people on a list, whose links are taken at once."""
    presses(page, page.get_by_role("link", name="Open a session"))
    tab_to(page, page.get_by_label("Or paste it"))
    page.keyboard.type("label\nP1\nP2\nP3")
    presses(page, page.get_by_role("button", name="Open the session"))
    with page.expect_download() as coming:
        presses(page, page.get_by_role("link", name="Download the links"))
    with coming.value.path().open(encoding="utf-8", newline="") as file:
        tokens = {row["label"]: row["token"] for row in csv.DictReader(file)}
    address = page.get_by_role("link", name="Go to the session").get_attribute("href")
    assert address and [*tokens] == ["P1", "P2", "P3"]
    return Opened(address.rpartition("/")[2], tokens)


def runs(stage: Stage, page: Page, session: Opened) -> None:
    start = page.get_by_role("button", name="Start seating")
    tab_to(page, start)
    ticks(page, 2)
    expect(start).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#count-playing")).to_contain_text("2")
    room = page.locator(".room a")
    tab_to(page, room, most=80)
    ticks(page, 2)
    expect(room).to_be_focused()
    page.keyboard.press("Enter")

    more = page.get_by_role("button", name="30 s more")
    presses(page, more)
    expect(page.locator("#said")).to_contain_text("30 seconds more")
    shown = page.locator("#story .facts [data-until]")
    expect(shown).to_have_attribute("data-until", str(deadline(stage, session.id)))
    expect(more).to_be_focused()
    presses(page, page.get_by_role("link", name="The session"), "Shift+Tab")

    presses(page, page.get_by_role("link", name="People", exact=True))
    find = page.locator("[name=find]")
    tab_to(page, find)
    page.keyboard.type("P3")
    expect(page.locator("#people tbody tr")).to_have_count(1)
    expect(find).to_be_focused()
    presses(page, page.get_by_role("link", name="P3"))
    tab_to(page, page.get_by_label("Write to P3"))
    page.keyboard.type("It goes on soon.")
    presses(page, page.locator(".acts").get_by_role("button", name="Send"))
    expect(page.locator("#said")).to_contain_text("on their page now")
    expect(page.locator("#story")).to_contain_text("It goes on soon.")
    assert focused(page) == "Send"
    assert stage.house.sql("select body from note where session_id = %s", session.id) == [
        ("It goes on soon.",)
    ]
    presses(page, page.get_by_role("link", name="The session"), "Shift+Tab")


def closes_and_takes_what_there_is(page: Page) -> None:
    presses(page, page.get_by_text("More…"))
    presses(page, page.get_by_text("Close…"))
    ticks(page, 2)
    expect(page.get_by_text("Close…")).to_be_focused()
    close = page.get_by_role("button", name="Close the session")
    expect(close).to_be_visible()
    page.keyboard.press("Enter")
    expect(close).to_be_hidden()
    page.keyboard.press("Enter")
    presses(page, close)
    expect(page.get_by_role("heading", name="It is over: what to do now")).to_be_visible()
    for name, ending in (("Download", ".zip"), ("Payments", ".csv")):
        with page.expect_download() as coming:
            presses(page, page.locator(".next").get_by_role("link", name=name, exact=True))
        assert coming.value.suggested_filename.endswith(ending)


def focused(page: Page) -> str:
    """What has the focus: its id, else what is written on it; BODY where nothing has."""
    return str(
        page.evaluate(
            """() => {
                const node = document.activeElement;
                return node === document.body ? "BODY" : node.id || node.textContent.trim() || node.tagName;
            }"""
        )
    )


def stays(page: Page, id_: str) -> None:
    expect(page.locator(f"#{id_}")).to_be_focused()


def deadline(stage: Stage, session_id: str) -> int:
    [(found,)] = stage.house.sql(
        "select round(1000 * extract(epoch from deadline))::bigint from room where session_id = %s",
        session_id,
    )
    return int(found)
