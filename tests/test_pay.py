"""Stories of what a player is told that they earn, and of what they typed and did not save yet."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.pay import pay_of
from app.players import Player
from app.study import check, parse
from tests.house import PAGE, House, Server, seated

STUDY = """
title = "Paid"
[[room]]
name = "pair"
seats = {any = 2}
[lobby]
max_wait = "10m"
pay_per_minute = 0.15
[pay]
base = 4.50
currency = "EUR"
[[step]]
page = "talk"
limit = "60s"
chat = "neighbours"
fields = [{name = "belief", ask = "?", kind = "integer"}, {name = "why", ask = "?", kind = "text", required = false}]
"""
CAME = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_player(status: str, seated: int | None = None, out: int | None = None, outcome: str = "") -> Player:
    def after(seconds: int | None) -> datetime | None:
        return None if seconds is None else CAME + timedelta(seconds=seconds)

    return Player(
        token_hash=b"",
        id=1,
        session_id="s",
        label="R1",
        type="",
        status=status,
        room_id=None if seated is None else 1,
        slot=None if seated is None else 1,
        signed_in_at=None if status == "invited" else CAME,
        waiting_since=CAME,
        seated_at=after(seated),
        finished_at=after(out),
        outcome=outcome or None,
        code=None,
        session_status="running",
    )


@pytest.mark.parametrize(
    ("player", "base", "waiting"),
    [
        (a_player("waiting"), "4.50", "0.50"),  # 200 s at 0.15 a minute
        (a_player("playing", seated=61), "4.50", "0.15"),  # 0.1525
        (a_player("playing", seated=62), "4.50", "0.16"),  # 0.155: half a cent is a cent
        (a_player("playing", seated=0), "4.50", "0.00"),
        (a_player("finished", seated=40, out=900, outcome="complete"), "4.50", "0.10"),
        (a_player("finished", seated=40, out=900, outcome="partner_left"), "4.50", "0.10"),
        (a_player("left", seated=40, out=900, outcome="withdrawn"), "0", "0.10"),
        (a_player("left", out=600, outcome="lobby"), "0", "1.50"),
    ],
)
def test_waiting_is_paid_by_the_second_and_finishing_once(player: Player, base: str, waiting: str) -> None:
    study = parse({"study.toml": STUDY.encode(), "pages/talk.html": PAGE.encode()})
    pay = pay_of(study, player, CAME + timedelta(seconds=200))
    assert pay is not None
    assert (pay.base, pay.waiting, pay.total) == (Decimal(base), Decimal(waiting), pay.base + pay.waiting)
    assert (pay.since is not None) == (player.status == "waiting")
    unpaid = replace(study, pay=type(study.pay)(), lobby=replace(study.lobby, pay_per_minute=Decimal(0)))
    assert pay_of(unpaid, player, CAME) is None
    assert pay_of(study, a_player("invited"), CAME) is None


@pytest.mark.parametrize(("language", "amount"), [("en", "€4.50"), ("de", "4,50\xa0€"), ("es", "4,50\xa0€")])
def test_the_pay_stands_on_every_page_as_the_language_writes_it(
    shared: House, server: Server, language: str, amount: str
) -> None:
    session = shared.open(f'language = "{language}"\n' + STUDY.lstrip(), {"red": 2})

    async def story() -> None:
        one, other = (shared.guest(server, session, label) for label in session.tokens)
        await one.sign_in()
        lobby = await one.page()
        assert amount in lobby and 'data-pay="0.15"' in lobby and 'data-currency="EUR"' in lobby
        await other.sign_in()
        room = await seated(one)
        assert amount in room and "data-pay" not in room
        await one.browser.post("/play/leave", {})
        left = await one.page()
        assert amount not in left

    shared.tell(story())


def test_check_knows_money() -> None:
    def told(line: str) -> str:
        toml = re.sub(r"\[pay\]\nbase = 4.50\ncurrency = \"EUR\"", f"[pay]\n{line}", STUDY)
        return " ".join(map(str, check({"study.toml": toml.encode(), "pages/talk.html": PAGE.encode()})))

    assert told('base = 4.50\ncurrency = "EUR"') == ""
    assert "Did you mean `EUR`?" in told('currency = "eur"')
    assert "no code of a currency" in told('currency = "€"')
    assert "players don't pay" in told("base = -1")
    assert "bonus" in told("bonus = 3")


def test_what_is_typed_on_one_device_is_there_on_another(shared: House, server: Server) -> None:
    session = shared.open(STUDY, {"red": 2})

    async def story() -> None:
        one, other = (shared.guest(server, session, label) for label in session.tokens)
        await one.sign_in()
        await other.sign_in()
        await seated(one)
        key = (await one.form())["form_key"]
        draft = {"draft": "answers", "draft_key": key, "belief": "7", "why": 'so "be it"\n<b>'}
        for why in ("s", draft["why"]):  # the newest counts
            sent = await one.browser.post("/play/draft", draft | {"why": why})
            assert sent.status == 204
        page = (await one.browser.get("/play")).text
        [typed] = [json.loads(html.unescape(found)) for found in re.findall(r'data-typed="([^"]+)"', page)]
        assert typed["key"] == key
        assert sorted(typed["typed"]) == [["belief", "7"], ["why", draft["why"]]]
        assert 'data-typed="{' not in (await other.browser.get("/play")).text  # nobody else's
        async with one.watching() as stream:
            assert "so &#34;be it" not in stream.raw[0] and "be it" in stream.text  # as JSON in the attribute
        assert (await one.answer({"belief": "7"})).status == 200
        # It stays where it is, and belongs to a form that is no more.
        assert (await one.form())["form_key"] != key
        for wrong in ({"draft": "study"}, {}):
            assert (await one.browser.post("/play/draft", wrong)).status == 400
        stranger = shared.guest(server, session, next(iter(session.tokens)))
        assert (await stranger.browser.post("/play/draft", draft)).status == 403

    shared.tell(story())
    assert shared.sql("select count(*) from draft") == [(1,)]
