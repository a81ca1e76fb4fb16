"""Stories of a room's pages as its next step opens: all get it, with what it shows, from one look at the room."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from app.web.live.moulds import Moulds
from tests.house.company import together
from tests.house.crowd import come, seat
from tests.house.house import House, Opened

STEPS = """
title = "Opening"
[[room]]
name = "all"
seats = {any = %d}
[network]
kind = "random_regular"
neighbours = %d
[[step]]
page = "talk"
name = "guess"
limit = "1h"
chat = "neighbours"
fields = [{name = "belief", ask = "How many?", kind = "integer", min = 0, max = 99999}]
show = [{field = "belief", of = "neighbours", round = "now"}]
[[step]]
page = "talk"
name = "alone"
limit = "1h"
fields = [{name = "sure", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
show = [{field = "belief", of = "neighbours"}]
[[step]]
page = "talk"
name = "again"
limit = "1h"
chat = "neighbours"
fields = [{name = "more", ask = "And now?", kind = "integer", min = 0, max = 100}]
"""

OWN_PACE = """
title = "At one's own pace"
[[room]]
name = "all"
seats = {any = 3}
[[step]]
page = "talk"
name = "guess"
wait_for = "none"
limit = "1h"
fields = [{name = "belief", ask = "How many?", kind = "integer", min = 0, max = 99999}]
[[step]]
page = "talk"
name = "then"
wait_for = "none"
limit = "1h"
fields = [{name = "sure", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""


def a_room(house: House, people: int, neighbours: int) -> Opened:
    session = house.open(STEPS % (people, neighbours), {"any": people})
    come(house, session, *session.tokens)
    assert seat(house, session) == people
    return session


def seen(house: House) -> dict[int, set[int]]:
    """Player → those whom they see."""
    found: dict[int, set[int]] = {}
    for one, other in house.sql(
        "select a.id, b.id from tie t join player a on a.room_id = t.room_id and a.slot = t.from_slot"
        " join player b on b.room_id = t.room_id and b.slot = t.to_slot"
    ):
        found.setdefault(one, set()).add(other)
    return found


def values(shown: str) -> Sequence[str]:
    return re.findall(r">(\d{5})</td>", shown)


def test_a_room_of_three_hundred_ends_its_step_on_every_page_from_one_look_at_it(house: House) -> None:
    session = a_room(house, 300, 4)
    sees = seen(house)

    async def story() -> None:
        async with together(house, session) as room:
            said = {player: str(10_000 + nth) for nth, player in enumerate(room.pages)}
            await room.answer(said)
            await room.advance(0)
            room.empty()
            looks = room.looks
            await room.hear()
            await room.drawn()
            assert room.looks - looks <= 2, "one at the step, and one at the answers of the step before"
            for player in room.pages:
                shown = room.shows(player)
                assert 'id="form-p1"' in shown and 'id="talk"' not in shown
                assert set(values(shown)) == {said[other] for other in sees[player]}

    house.tell(story())


def test_a_talk_that_comes_back_has_what_was_said_and_what_is_said_meanwhile_once(house: House) -> None:
    session = a_room(house, 4, 2)
    sees = seen(house)

    async def story() -> None:
        async with together(house, session) as room:
            ann, *_ = room.pages
            await room.say(ann, "Hello", "guess")
            await room.hear()
            await room.advance(0)
            await room.hear()
            await room.drawn()
            assert all("Hello" not in room.shows(player) for player in room.pages)
            await room.advance(1)
            opening = room.live.rooms[room.log_id].opening
            opening.task = asyncio.current_task()  # the pages wait
            await room.hear()
            read = await opening.read(2)
            # What they will show is read, and somebody is quick.
            await room.say(ann, "I am back", "again")
            await room.hear()
            for page in [*opening.waiting]:
                opening.open(page, read, Moulds())
            for player in room.pages:
                shown, hears = room.shows(player), player in {ann, *sees[ann]}
                assert 'id="form-p2"' in shown
                assert shown.count("Hello") == shown.count("I am back") == hears

    house.tell(story())


def test_only_those_who_see_somebody_are_sent_what_they_answer(house: House) -> None:
    session = a_room(house, 6, 2)
    sees = seen(house)

    async def story() -> None:
        async with together(house, session) as room:
            ann, ben, *_ = room.pages
            room.empty()
            for player, number in ((ann, "12345"), (ben, "54321")):
                await room.answer({player: number})
                await room.hear()
                await room.drawn()
            for player, page in room.pages.items():
                shown = room.shows(player)
                last = values(shown[shown.rfind('hx-target="#shown"') :])
                assert set(last) == {
                    number for other, number in ((ann, "12345"), (ben, "54321")) if other in sees[player]
                }
                assert bool(page.queue) == bool(last)

    house.tell(story())


def test_a_message_that_is_written_at_the_next_step_goes_with_its_key(house: House) -> None:
    """Where the talk goes on, the form of its messages stays on the page, and has the key of the step before."""
    session = house.open(
        (STEPS % (4, 2)).replace('limit = "1h"\nfields', 'limit = "1h"\nchat = "neighbours"\nfields'),
        {"any": 4},
    )
    come(house, session, *session.tokens)
    assert seat(house, session) == 4

    async def story() -> None:
        async with together(house, session) as room:
            room.empty()
            await room.advance(0)
            await room.hear()
            await room.drawn()
            for player in room.pages:
                shown = room.shows(player)
                assert 'hx-target="#page"' not in shown
                [key] = re.findall(r'id="message-key" name="form_key" value="([^"]+)"', shown)
                found = room.live.keys.read_form_key("message", player, key)
                assert found is not None and found.position == 1

    house.tell(story())


def test_whoever_goes_on_at_their_own_pace_gets_their_page_though_another_has_read_of_it_before(
    house: House,
) -> None:
    session = house.open(OWN_PACE, {"any": 3})
    come(house, session, *session.tokens)
    assert seat(house, session) == 3

    async def story() -> None:
        async with together(house, session) as room:
            feed, (one, other, _) = room.live.rooms[room.log_id], room.pages
            await room.answer({one: "10001"})
            await room.hear()
            await room.live.snapshot(room.pages[one])
            await room.answer({other: "10002"})
            await room.live.snapshot(room.pages[one])  # ahead of the hub
            feed.seated = {1, 2}
            feed.seats.work()
            assert not room.pages[other].stale
            await room.hear()
            assert room.pages[other].stale and not room.pages[one].stale

    house.tell(story())
