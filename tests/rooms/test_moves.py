"""Nobody makes more moves than can count, and what was stored is stored once however often it comes."""

from __future__ import annotations

import asyncio

from app.rooms import moves
from tests.house.burst import another_tab
from tests.house.house import House
from tests.house.market import give, handled, keys, market, move, slot_of, trading
from tests.house.server import Server


def test_who_is_faster_than_anybody_is_asked_to_wait_and_keeps_what_they_typed(
    shared: House, server: Server
) -> None:
    session = shared.open_study(market(), {"x": 3})
    guests = [shared.guest(server, session, label) for label in session.tokens]

    async def story() -> None:
        await trading(shared, session, guests)
        ann, me = guests[0], slot_of(shared, session, guests[0].label)
        key, to = (await keys(ann))["give"], me % 3 + 1
        tabs = [another_tab(shared, ann) for _ in range(moves.MOST + 5)]
        answers = await asyncio.gather(*(give(tab, 1 + nth, to, key) for nth, tab in enumerate(tabs)))
        taken = [nth for nth, answer in enumerate(answers) if answer.status == 200]
        assert len(taken) == moves.MOST == len(handled(shared, session))
        late = next(nth for nth in range(len(tabs)) if nth not in taken)
        wait = int(answers[late].headers["retry-after"])
        assert 2 <= wait <= 10 and f"Wait {wait} seconds, then do it again." in answers[late].text
        assert answers[late].status == 422 and f'value="{1 + late}"' in answers[late].text
        assert (await give(ann, 1 + taken[0], to, key)).headers["receipt"] == answers[taken[0]].headers[
            "receipt"
        ]
        assert (await give(guests[1], 1, me)).status == 200, "who does little is heard meanwhile"
        typed = {"amount": str(1 + late), "whom": str(to)}
        page = await move(ann, "give", typed, key, scripts=False)
        assert page.status == 422 and "then do it again." in page.text and f'value="{1 + late}"' in page.text
        shared.sql("update record set at = at - interval '10 seconds' where session_id = %s", session.id)
        assert (await give(ann, 1 + late, to, key)).status == 200
        assert len(handled(shared, session)) == moves.MOST + 2

    shared.tell(story())
