"""Stories of hundreds of pages that come anew at once, as a host of the server ends: what each costs, who waits."""

from __future__ import annotations

import asyncio
from collections import Counter

from jinja2 import meta
from markupsafe import Markup

from app.database.connections import connect, open_pool
from app.study.languages.texts import texts_in
from app.study.reading import parse
from app.study.stored import Studies
from app.web.live.feeds import Live
from app.web.live.page import Page
from app.web.signing import read_keys
from app.web.templates import environment_of, read_all
from tests.house.crowd import come, seat
from tests.house.house import House
from tests.house.studies import PAGE, TALK
from tests.house.waits import until

POOL = 4
WAITING = """select count(*) from pg_locks l join pg_stat_activity a using (pid)
    where not l.granted and a.datname = current_database()"""
SHUFFLED = TALK.replace(
    'kind = "integer"', 'kind = "choice", options = ["a", "b"], order = "random"'
).replace(", min = 0, max = 100", "")


def test_who_asks_for_anything_else_does_not_wait_behind_all_pages_that_come_anew(house: House) -> None:
    session = house.open(people={"red": 6, "blue": 6})
    come(house, session, *session.tokens)
    assert seat(house, session) == 12
    people = [player for (player,) in house.sql("select id from player order by id")]

    async def story() -> None:
        async with open_pool(house.database, POOL) as pool:
            async with pool.connection() as conn:
                live = Live(house.database, pool, await read_keys(conn), Studies(pool))
            await live.studies.of(session.id)
            other = await connect(house.database, "story")
            async with other.transaction():
                await other.execute("lock table draft in access exclusive mode")  # which each page reads
                pages = [asyncio.create_task(live.snapshot(Page(one, session.id))) for one in people]
                await until(lambda: house.sql(WAITING) == [(POOL // 2,)], "pages that wait for the lock")
                async with asyncio.timeout(5), pool.connection() as conn:
                    await conn.execute("select from player")
                assert not any(page.done() for page in pages)
            snapshots = await asyncio.gather(*pages)
            assert all(b"How sure are you?" in snapshot for snapshot in snapshots)
            await other.close()

    house.tell(story())


def test_a_question_is_drawn_once_for_all_who_have_said_the_same() -> None:
    step = parse({"study.toml": TALK.encode(), "pages/talk.html": PAGE.encode()}).steps[0]
    shuffled = parse({"study.toml": SHUFFLED.encode(), "pages/talk.html": PAGE.encode()}).steps[0]
    asked = environment_of(texts_in()).globals["asked"]
    assert callable(asked)
    drawn = Counter[str]()

    def draw(one: object, value: str, error: str, stem: str) -> Markup:
        drawn[f"{value} {error}".strip()] += 1
        return Markup(f"{value} at {stem}")

    for _ in range(700):
        assert asked(draw, step, step.fields[0], "", "", "p0") == " at p0"
        assert asked(draw, step, step.fields[0], "7", "", "p0") == "7 at p0"
    assert drawn == {"": 1, "7": 1}
    asked(draw, step, step.fields[0], "7", "", "p1")
    asked(draw, step, step.fields[1], "7", "", "p0")
    assert drawn["7"] == 3  # another round, and another question
    for _ in range(2):  # what is one's own is drawn for each
        asked(draw, step, step.fields[0], "7", "too much", "p0")
        asked(draw, shuffled, shuffled.fields[0], "a", "", "p0")
        asked(draw, step, step.fields[0], "7" * 101, "", "p0")
    assert drawn["7 too much"] == drawn["a"] == drawn["7" * 101] == 2


def test_no_question_is_drawn_of_anything_but_itself_and_what_was_said() -> None:
    """Else one person's would stand on another one's page. `each` asks about others, and is never kept."""
    own = {"one", "value", "error", "stem", "id", "about", "common", "group", "empty", "unknown"}
    words = {"_", "ngettext", "gettext", "language", "direction", "range", "caller"}
    more = {"player/fields/each.html": {"place"}, "player/fields/_measured.html": {"mode"}}  # its includer's
    reader = environment_of(texts_in())
    found = {name: text for name, text in read_all().items() if name.startswith("player/fields")}
    assert len(found) > 20
    for name, text in found.items():
        named = meta.find_undeclared_variables(reader.parse(text))
        assert named <= own | words | more.get(name, set()), (name, named)
