"""Stories of hundreds of pages that come anew at once, as a host of the server ends: what each costs, who waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from jinja2 import meta
from markupsafe import Markup

from app.database.connections import connect, open_pool
from app.study.languages.texts import texts_in
from app.study.model.fields import Field
from app.study.model.steps import Step
from app.study.reading import parse
from app.study.stored import Studies
from app.web.fragments import beat
from app.web.live.feeds import Live
from app.web.live.page import Page
from app.web.signing import read_keys
from app.web.templates import FIELD, MOST_ASKED, environment_of, read_all
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
    belief, comment = step.fields
    assert comment.kind.is_words and not belief.kind.is_words
    private = replace(belief, private=True)

    def drawn(step: Step, one: Field, value: str, error: str = "", stem: str = "p0") -> int:
        """How often, for ten people: their pages import the macro each for itself."""
        found = [asked(own_field(), step, one, value, error, stem) for _ in range(10)]
        assert {str(text) for text in found} == {str(own_field()(one, value, error, stem))}
        return len({id(text) for text in found})

    for value in ("", "7", "8"):
        assert drawn(step, belief, value) == drawn(step, belief, value, stem="p1") == 1
    assert drawn(step, comment, "") == drawn(step, private, "") == 1
    assert drawn(step, belief, "7", "too much") == drawn(shuffled, shuffled.fields[0], "a") == 10
    assert drawn(step, belief, "7" * 101) == 10
    assert drawn(step, comment, "it was fun") == drawn(step, private, "7") == 10, (
        "it would outlive its erasure"
    )


def test_a_macro_of_a_studys_own_page_writes_for_each_who_asks() -> None:
    step = parse({"study.toml": TALK.encode(), "pages/talk.html": PAGE.encode()}).steps[0]
    page = environment_of(texts_in()).from_string(
        "{% macro own(one, value, error, stem) %}{{ value }}, {{ who }}{% endmacro %}"
        "{{ asked(own, step, step.fields[0], '7', '', 'p0') }}"
    )
    asked(own_field(), step, step.fields[0], "7", "", "p0")
    assert [page.render(step=step, who=who) for who in ("Ann", "Ben")] == ["7, Ann", "7, Ben"]


def test_of_questions_that_were_drawn_few_stay() -> None:
    step = parse({"study.toml": TALK.encode(), "pages/talk.html": PAGE.encode()}).steps[0]
    first = asked(own_field(), step, step.fields[0], "1", "", "p0")
    assert asked(own_field(), step, step.fields[0], "1", "", "p0") is first
    for nth in range(MOST_ASKED):
        asked(own_field(), step, step.fields[0], f"{nth}", "", "p2")
    assert asked(own_field(), step, step.fields[0], "1", "", "p0") is not first


def asked(*given: object) -> Markup:
    """As pages call it."""
    call = environment_of(texts_in()).globals["asked"]
    assert callable(call)
    found = call(*given)
    assert isinstance(found, Markup)
    return found


def own_field() -> Callable[..., Markup]:
    """As a page imports it."""
    found: Callable[..., Markup] = vars(environment_of(texts_in()).get_template(FIELD).make_module({}))[
        "field"
    ]
    return found


def test_a_page_is_as_of_when_its_turn_came(house: House) -> None:
    """One from before it would be refused as old, and its page would come once more, at the end of the line."""
    session = house.open()
    come(house, session, *session.tokens)

    async def story() -> None:
        async with open_pool(house.database, POOL) as pool:
            async with pool.connection() as conn:
                live = Live(house.database, pool, await read_keys(conn), Studies(pool))
            [(player,)] = house.sql("select min(id) from player")
            turns = POOL // 2
            for _ in range(turns):
                await live.turns.acquire()
            coming = asyncio.create_task(live.snapshot(Page(player, session.id)))
            await until(live.turns.locked, "the line")
            await until(lambda: live.turns._waiters, "the page in it")
            turn_came = int(beat().split()[3])
            await until(lambda: int(beat().split()[3]) > turn_came, "another millisecond")
            for _ in range(turns):
                live.turns.release()
            assert int((await coming).split()[3]) > turn_came

    house.tell(story())


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
