"""Several talks at one step: who writes and reads in which, on every way to a page, and what `verify` makes of it."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from functools import partial

from app.database.connections import Connection
from app.export.verify import verify
from app.rooms import messages
from app.rooms.messages import SHOWN, Written, read_message
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.guests import Stream, seated, sign_everyone_in
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import as_files, changed

CHANNELS = """
title = "Channels"
[[room]]
name = "four"
seats = {red = 2, blue = 2}
[role]
deal = {buyer = 2, seller = 2}
[[step]]
page = "talk"
limit = "1h"
chat = [
    {name = "all", title = "Everybody"},
    {name = "reds", title = "Your team", types = ["red"], mediator = "mediate"},
    {name = "board", slots = [1, 4], read = "room"},
    {name = "sellers", role = "seller"},
    {name = "picked", hook = "picked"},
    {name = "two", of = "direct"},
]
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
HOOKS = """
def mediate(room):
    return {slot: f"A word for {slot} alone" for slot in room.slots if slot != 4}

def picked(room):
    return {slot: slot in (2, 3) for slot in room.slots}
"""
LIMITS = """
title = "Limits"
[[room]]
name = "pair"
seats = {any = 2}
[words]
list = ["idiot*", "fool"]
[[step]]
page = "talk"
limit = "1h"
chat = [{name = "few", most = 2, longest = 10}, {name = "slow", every = "1h"}]
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
INSIDE = {"all": {1, 2, 3, 4}, "board": {1, 4}, "picked": {2, 3}}
LABELS = ("R1", "R2", "B1", "B2")


def test_everybody_reads_what_is_for_them_live_and_after_a_reload_and_nobody_else_does(
    shared: House, server: Server
) -> None:
    study = parse(as_files(CHANNELS, HOOKS))
    session = shared.open_study(study, {"red": 2, "blue": 2})
    guests = {label: shared.guest(server, session, label) for label in LABELS}

    async def story() -> None:
        await sign_everyone_in(list(guests.values()))
        await asyncio.gather(*(seated(guest) for guest in guests.values()))
        slots = dict(shared.sql("select label, slot from player where session_id = %s", session.id))
        by_slot = {slot: guests[label] for label, slot in slots.items()}
        inside = _inside(shared, session)
        async with AsyncExitStack() as stack:
            pages = {
                slot: await stack.enter_async_context(guest.watching()) for slot, guest in by_slot.items()
            }
            readers = {}
            for name, members in inside.items():
                for slot, guest in by_slot.items():
                    body = f"{name} from {slot}"
                    answer = await guest.say(body, channel=name)
                    assert (answer.status == 200) == (slot in members), (body, answer.text[-300:])
                    if slot in members:
                        readers[body] = {1, 2, 3, 4} if name == "board" else members
            assert (await by_slot[1].say("for 3 alone", channel="two:3")).status == 200
            readers["for 3 alone"] = {1, 3}
            for wrong in ("two", "nowhere", "", "reds:2", "two:9", "two:1"):
                assert (await by_slot[1].say("for nobody", channel=wrong)).status in (409, 422), wrong
            for slot, page in pages.items():
                mine = sorted(body for body, whom in readers.items() if slot in whom)
                await page.until(partial(_has, page, mine), f"{mine} for {slot}")
        for slot, guest in by_slot.items():
            text = await guest.page()
            mediated = {f"{slot}"} if slot in inside["reds"] - {4} else set[str]()
            assert set(re.findall(r"A word for (\d) alone", text)) == mediated
            assert {body for body in readers if f">{body}<" in text} == {
                body for body, whom in readers.items() if slot in whom
            }
        # However much is said in one talk, it drives nothing out of another.
        await asyncio.to_thread(_flood, shared, session)
        text = await by_slot[1].page()
        assert text.count(">much in all<") == text.count(">much for 2<") == SHOWN
        assert all(f">{body}<" in text for body, whom in readers.items() if 1 in whom and body[:3] != "all")
        await asyncio.to_thread(shared.do, partial(_reads_the_same, session, study))

    shared.tell(story())
    assert shared.contradictions(session) == []
    verdict = asyncio.run(verify(shared.database, session.id, study))
    assert verdict.ok, str(verdict)
    # Who is in no channel of this name can't be stored there but by hand; then it is told.
    (by, room, slot) = shared.sql(
        "select id, room_id, slot from player where session_id = %s and slot = 2", session.id
    )[0]
    shared.sql(
        """insert into message (session_id, room_id, player_id, slot, channel, position, step, round, body,
            form, readers)
        values (%s, %s, %s, %s, 'board', 0, 'talk', 1, 'planted', gen_random_uuid(), '{1,2,3,4}')""",
        *(session.id, room, by, slot),
    )
    verdict = asyncio.run(verify(shared.database, session.id, study))
    told = [row for check in verdict.checks if not check.ok for row in check.rows]
    assert len(told) == 1 and "slot 2 is not in channel board at step talk, round 1" in told[0], told


def _flood(house: House, session: Opened) -> None:
    for channel, to, readers, body in (
        ("all", None, [1, 2, 3, 4], "much in all"),
        ("two", 2, [1, 2], "much for 2"),
    ):
        house.sql(
            "insert into message (session_id, room_id, player_id, slot, to_slot, channel, position, step, round, body,"
            " form, readers) select p.session_id, p.room_id, p.id, 1, %s, %s, 0, 'talk', 1, %s, gen_random_uuid(), %s"
            " from player p, generate_series(0, %s) where p.session_id = %s and p.slot = 1",
            *(to, channel, body, readers, SHOWN, session.id),
        )


async def _reads_the_same(session: Opened, study: Study, conn: Connection) -> None:
    """Whether it is read for one page or for all of the room."""
    found = await conn.execute(
        "select room_id, slot, seated_at from player where session_id = %s", [session.id]
    )
    for room_id, slot, since in await found.fetchall():
        heard = await messages.heard_in(conn, room_id, study, 0)
        assert heard and heard[slot] == await messages.seen_by(conn, room_id, slot, since, study, 0)


def test_a_channel_limits_how_many_how_long_and_how_soon_and_words_are_sent_back(
    shared: House, server: Server
) -> None:
    session = shared.open_files(as_files(LIMITS), {"p": 2})
    one, other = (shared.guest(server, session, label) for label in ("P1", "P2"))

    async def story() -> None:
        await sign_everyone_in([one, other])
        await asyncio.gather(seated(one), seated(other))
        answers = [await one.say("12345678901", channel="few"), await one.say("first", channel="few")]
        answers += await asyncio.gather(one.say("second", channel="few"), one.say("third", channel="few"))
        too_long, first, *later = (answer.status for answer in answers)
        assert (too_long, first, sorted(later)) == (422, 200, [200, 422])
        assert "all for this part" in max(answers[2:], key=lambda answer: answer.status).text
        assert (await other.say("others count for themselves"[:10], channel="few")).status == 200
        assert (await one.say("now", channel="slow")).status == 200
        soon = await one.say("and now", channel="slow")
        assert soon.status == 429 and 3500 < int(soon.headers["retry-after"]) <= 3600
        back = await other.say("What an IDIOTIC idea", channel="slow")
        assert back.status == 422 and "A word in this message is not written here" in back.text
        assert (await other.say("An idiom is fine", channel="slow")).status == 200

    shared.tell(story())
    assert shared.contradictions(session) == []


def test_where_words_are_masked_a_message_is_taken_with_dots_in_their_place() -> None:
    study = parse(
        as_files(changed(LIMITS, 'list = ["idiot*", "fool"]', 'list = ["idiot*", "fool"]\nthen = "mask"'))
    )
    written = read_message({"body": ["Such a Fool"], "channel": ["slow"]}, study.steps[0], study.words)
    assert isinstance(written, Written) and written.body == "Such a ••••"


def _inside(house: House, session: Opened) -> dict[str, set[int]]:
    reds = house.sql("select slot from player where session_id = %s and type = 'red'", session.id)
    sellers = house.sql(
        "select slot from result where session_id = %s and name = 'role' and value = 'seller'", session.id
    )
    return INSIDE | {"reds": {slot for (slot,) in reds}, "sellers": {slot for (slot,) in sellers}}


def _has(page: Stream, said: list[str], _: str) -> bool:
    return sorted(page.talk) == said
