"""Several players in one browser: nothing of one is taken for another's, and each page says who goes on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.house.guests import hidden_fields
from tests.house.house import House
from tests.house.server import Server
from tests.house.stage import PAIR, Stage, come_in, expect_round, expect_state, fill_in, save
from tests.house.studies import TALK, changed

PRIVATE = changed(TALK, "[[room]]", "[privacy]\nerase = true\n[[room]]")
TWO_PAIRS = PAIR.replace('name = "mixed"', 'name = "mixed"\ncount = 2')


def another_tab(page: Page) -> Page:
    tab = page.context.new_page()
    tab.set_viewport_size({"width": 390, "height": 844})
    return tab


@pytest.mark.browser
def test_the_page_of_who_was_here_first_says_that_another_goes_on_and_leads_back(stage: Stage) -> None:
    stage.bear(r"status of 409")
    session = stage.open(PAIR, 4)
    stage.guests(session, "P3")
    first = stage.player(session, "P1")
    expect_round(first, 1)
    fill_in(first, why="half a thought")
    second = another_tab(first)
    second.goto(stage.link(session, "P2"))
    expect(second.get_by_text("This browser is in already as another player.")).to_be_visible()
    come_in(second, stage.link(session, "P2"))
    expect(second.locator("#wait")).to_contain_text("1 of 2")

    expect(first.get_by_text("This browser goes on as another player now.")).to_be_visible()
    first.get_by_role("button", name="Go back to the player of this page").click()
    expect_round(first, 1)
    expect(first.get_by_label("Why?")).to_have_value("half a thought")
    expect_state(first, "Live")
    expect(second.get_by_text("This browser goes on as another player now.")).to_be_visible()
    fill_in(first, why="a whole one")
    save(first)
    expect(first.locator("#saved")).to_contain_text("Saved.")
    assert stage.versions(session, "P1", "why") == ["a whole one"]

    second.get_by_role("link", name="Go on as the other player").click()
    expect_round(second, 1)  # it shows the first one's page now, as it said
    third = another_tab(first)
    third.goto(stage.link(session, "P2"))
    expect(third.get_by_text("This browser is in already as another player.")).to_be_visible()
    third.get_by_role("link", name="Go on as the player who is in").click()
    expect_round(third, 1)


@pytest.mark.browser
def test_without_scripts_the_first_ones_leave_form_is_not_the_second_ones(stage: Stage) -> None:
    stage.bear(r"status of 409")
    session = stage.open(PAIR, 4)
    first = stage.page(java_script_enabled=False)
    come_in(first, stage.link(session, "P1"))
    first.goto(f"{stage.server.base}/play?plain=true")
    first.get_by_text("Leave the study").click()
    second = another_tab(first)
    come_in(second, stage.link(session, "P2"))
    first.locator("#leave button").click()
    expect(first.get_by_text("This browser goes on as another player now.")).to_be_visible()
    found = stage.house.sql(
        "select status from player where session_id = %s and label in ('P1', 'P2')", session.id
    )
    assert found != [] and {status for (status,) in found} <= {"waiting", "playing"}


def test_every_request_of_the_first_ones_page_is_refused_while_the_second_goes_on(
    shared: House, server: Server
) -> None:
    session = shared.open()

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        for guest in guests:
            await guest.sign_in()
        first, second, *_ = guests
        await second.shows('action="/play/records"')
        [(id_of_first,)] = shared.sql(
            "select id from player where session_id = %s and label = %s", session.id, first.label
        )
        page = (await first.browser.get("/play")).text
        answer_form = hidden_fields(page, "/play/records")
        message_form = hidden_fields(page, "/play/messages")
        first.browser.cookies = second.browser.cookies
        from_page = {"Player": str(id_of_first)}
        posts = [
            ("/play/records", {**answer_form, "belief": "50"}),
            ("/play/messages", {**message_form, "body": "Who am I?"}),
            ("/play/help", {**hidden_fields(page, "/play/help"), "body": "Help"}),
            ("/play/draft", {"draft": "answers", "draft_key": "x", "belief": "1"}),
            ("/play/here", {"nudged": "1"}),
            ("/play/leave", {}),
        ]
        for address, form in posts:
            for headers in (from_page, from_page | {"HX-Request": "true"}):
                answer = await first.browser.post(address, form, headers)
                assert answer.status == 409, address
                assert answer.headers.get("receipt") is None
        for address in ("/play", "/play/live"):
            assert (await first.browser.get(address, from_page | {"HX-Request": "true"})).status == 409
        # A browser without scripts sends no such header, but the keys of the forms are the first one's.
        for address, form in (*posts[:3], ("/play/leave", hidden_fields(page, "/play/leave"))):
            assert (await first.browser.post(address, form)).status == 409, address
        assert shared.sql("select count(*) from record where session_id = %s", session.id) == [(0,)]
        assert shared.sql("select count(*) from message where session_id = %s", session.id) == [(0,)]
        playing = "select count(*) from player where session_id = %s and status = 'playing'"
        assert shared.sql(playing, session.id) == [(4,)]
        # Nobody goes on as somebody who was never in here.
        wrong = await first.browser.post("/play/as", {"player": str(id_of_first)})
        assert wrong.status == 403
        assert (await first.browser.post("/play/as", {"player": "x"})).status == 403

    shared.tell(story())


def test_who_is_done_is_left_to_nobody_who_comes_after_in_the_same_browser(
    shared: House, server: Server
) -> None:
    """Neither their last page, which has the code, nor what they may have deleted."""
    session = shared.open(PRIVATE)

    async def story() -> None:
        guests = [shared.guest(server, session, label) for label in session.tokens]
        for guest in guests:
            await guest.sign_in()
        first, second, *_ = guests
        await second.shows('action="/play/records"')
        ids: dict[str, int] = dict(
            shared.sql("select label, id from player where session_id = %s", session.id)
        )
        # In the first one's browser the second one comes in, too.
        browser, of = first.browser, {"player": str(ids[first.label])}
        assert (await browser.post(f"/join/{second.token}", {})).status == 303
        assert (await browser.post("/play/as", of)).status == 303
        assert (await browser.post("/play/leave", of)).status == 303
        form = hidden_fields((await browser.get("/play/privacy")).text, "/play/privacy") | {"sure": "yes"}
        assert (await browser.post(f"/join/{second.token}", {})).status == 303
        assert 'action="/play/as"' not in (await browser.get(f"/play?of={of['player']}")).text
        assert (await browser.post("/play/as", of)).status == 403
        assert (await browser.post("/play/leave", {"player": str(ids[second.label])})).status == 303
        assert (await browser.post("/play/privacy", form)).status == 409
        wanted = "select label from player where session_id = %s and erase_wanted_at is not null"
        assert shared.sql(wanted, session.id) == []
        form["player"] = str(ids[second.label])
        assert (await browser.post("/play/privacy", form)).status == 303
        assert shared.sql(wanted, session.id) == [(second.label,)]

    shared.tell(story())
