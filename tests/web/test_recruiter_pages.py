"""Stories of the recruiter's pages: what they show, who may pay, and that two clicks pay once."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Iterator
from decimal import Decimal

import pytest

from app.database.connections import Connection
from app.players.door import Places
from app.rehearsal.browser import Browser
from app.web.access.accounts import put_account
from app.web.access.rights import give
from tests.house.guests import hidden_fields
from tests.house.house import House
from tests.house.pages import words
from tests.house.prolific import TOKEN, FakeProlific
from tests.house.recruited import TOML, by_label, recruited
from tests.house.server import Server
from tests.house.waits import until


@pytest.fixture
def fake() -> Iterator[FakeProlific]:
    with FakeProlific().running() as fake:
        yield fake


def test_a_session_is_connected_looked_at_and_paid_on_its_page(house: House, fake: FakeProlific) -> None:
    """By a server that keeps the token, and pays in the background; the second click of two pays nobody."""
    server = house.serve(
        PROLIFIC_URL=fake.base, NETWORKLAB_KEY="k" * 44, NETWORKLAB_URL="http://lab.example.org"
    )
    told = recruited(house, fake, ["1.25", "2"])
    later = house.open(TOML, {}, places=Places(20))
    house.sql("delete from submission")
    house.sql("delete from recruiting")
    owner = house.researcher(server)
    here = f"/admin/sessions/{told.id}/recruiter"

    async def story() -> None:
        assert "This session is closed" in (await owner.get(f"{here}/setup")).text
        setup = html.unescape((await owner.get(f"/admin/sessions/{later.id}/recruiter/setup")).text)
        assert f"http://lab.example.org/s/{later.id}?PROLIFIC_PID={{{{%PROLIFIC_PID%}}}}&STUDY_ID=" in setup
        assert setup.count("data-copy=") > 6
        assert "not connected with a study" in (await owner.get(here)).text
        assert (await owner.post(here, {"study": "", "token": TOKEN})).status == 303

        async def shows(what: str) -> str:
            async def there() -> str:
                text = (await owner.get(here)).text
                return text if what in text else ""

            return str(await until(there, what))

        text = await shows("awaiting review")
        assert TOKEN not in text and "things differ" in text
        before = (await owner.get(f"{here}/pay")).text
        assert "2 people, £3.25 in all" in before and before.count("£1.25") == 1
        form = hidden_fields(before, f"{here}/pay")
        unsure = await owner.post(f"{here}/pay", form)
        assert unsure.status == 409 and "tick that you have looked" in unsure.text
        form["sure"] = "yes"
        first, second = await owner.post(f"{here}/pay", form), await owner.post(f"{here}/pay", form)
        assert first.status == 303 and second.status == 303
        text = await shows("done <small>")
        assert "paid so far: 2 people" in text

    house.tell(story())
    assert by_label(fake.received(), 2) == {"P1": Decimal("1.25"), "P2": Decimal(2)}
    assert fake.asked["pay"] == 1
    log = server.log.read_text() + str(house.sql("select data::text from security_event"))
    assert TOKEN not in log and "paid" in log


def test_only_an_owner_pays_and_only_who_takes_files_sees_it(
    shared: House, server: Server, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, ["1.25"])

    async def staff(conn: Connection) -> None:
        for name, role, files in (
            ("olga", "owner", False),
            ("carl", "colleague", False),
            ("otto", "observer", False),
        ):
            await put_account(conn, name, "a long password")
            await give(conn, told.id, name, role, "story", files)  # type: ignore[arg-type]

    shared.do(staff)
    here = f"/admin/sessions/{told.id}/recruiter"

    async def statuses(browser: Browser) -> tuple[int, ...]:
        pages = [(await browser.get(one)).status for one in (here, f"{here}/pay", f"{here}/review")]
        return (*pages, (await browser.post(f"{here}/pay", {})).status)

    async def story() -> dict[str, tuple[int, ...]]:
        assert [name for name in browsers if await seen(name)] == ["olga", "carl"]
        return {name: await statuses(browser) for name, browser in browsers.items()}

    [(number,)] = shared.sql("select id from player where session_id = %s", told.id)

    async def seen(name: str) -> bool:
        text = (await browsers[name].get(f"/admin/sessions/{told.id}/players/{number}")).text
        return "awaiting review, handed in DONE1" in text

    browsers = {name: shared.researcher(server, name) for name in ("olga", "carl", "otto")}
    assert shared.tell(story()) == {
        "olga": (200, 200, 200, 409),
        "carl": (200, 403, 403, 403),
        "otto": (403, 403, 403, 403),
    }


def test_what_is_left_to_the_researcher_is_said_with_both_figures(
    shared: House, server: Server, fake: FakeProlific
) -> None:
    told = recruited(shared, fake, ["1.25"])
    told.confirm()
    fake.fail("pay", "cut_before")
    told.go_on(2)
    told.half_an_hour_later()
    told.go_on()
    owner, here = shared.researcher(server), f"/admin/sessions/{told.id}/recruiter"

    async def story() -> tuple[str, str]:
        text = (await owner.get(here)).text
        form = hidden_fields(text, f"{here}/settle")
        assert (await owner.post(f"{here}/settle", form | {"said": "not paid"})).status == 303
        return text, (await owner.get(f"{here}/pay")).text

    text, after = shared.tell(story())
    assert "unclear: it is yours to say" in text
    assert re.search(r"£1\.25</b> not known to be paid<br><small>they list £0\.00", text)
    assert "1 person, £1.25 in all" in after


def test_beside_the_payments_stands_how_many_the_recruiter_was_asked_to_pay_already(
    shared: House, server: Server, fake: FakeProlific
) -> None:
    """They are not taken off the file: who hands it in pays them twice."""
    told = recruited(shared, fake, ["1.25", "2"])
    owner = shared.researcher(server)

    async def shown() -> str:
        page = html.unescape((await owner.get(f"/admin/sessions/{told.id}")).text)
        assert f"/admin/sessions/{told.id}/payments.csv" in page
        return words(page)

    async def story() -> None:
        before = await shown()
        assert "What each is paid stands in the payments" in before and "paid from here" not in before
        assert "may come in" not in before, "its door is shut"
        await asyncio.to_thread(told.confirm)
        asked = await shown()
        assert "2 people were paid, or are being paid, by their recruiter from here." in asked
        assert "Payments of all, also the 2 paid from here" in asked

    shared.tell(story())


def test_the_set_up_has_the_texts_of_this_session_and_says_first_what_lacks(
    shared: House, server: Server
) -> None:
    toml = TOML + '[door]\nids = ["PROLIFIC_PID"]\n'
    told, alone = shared.open(toml, {}, places=Places(20)), shared.open(toml, {"any": 2})
    ada = shared.researcher(server)

    async def story() -> tuple[str, str, str]:
        pages = [
            await ada.get(f"/admin/sessions/{one.id}{part}")
            for one, part in ((told, "/recruiter/setup"), (told, ""), (alone, "/recruiter/setup"))
        ]
        return tuple(html.unescape(one.text) for one in pages)  # type: ignore[return-value]

    first, door, none = shared.tell(story())
    here = f"/admin/sessions/{told.id}/recruiter/setup"
    assert f'href="{here}"' in door
    assert f"Nobody else can open {server.base}/s/{told.id}" in first and "Study URL" not in first
    assert 'id="prolific" open' in first and first.count(" open><summary>") == 1
    assert "This session has no link for everybody" in none
    assert f'href="/admin/sessions/{alone.id}/again"' in none
