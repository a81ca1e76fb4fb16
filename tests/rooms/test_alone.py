"""What becomes of somebody at a solo step, by what they answered, when, and how often."""

from __future__ import annotations

from tests.house.guests import Guest
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import PAGE, changed

STUDY = """
title = "By oneself"
[[before]]
page = "consent"
fields = [{name = "remark", ask = "Anything to say first?", kind = "text", required = false}]
decline = "declined"
[[before]]
page = "quiz"
attempts = 2
fields = [{name = "size", ask = "How many are in a group?", kind = "integer", correct = "4", hint = "Read again."}]
[[before]]
page = "bye"
fields = [{name = "mood", ask = "How are you?", kind = "integer", min = 1, max = 7}]
"""
TIMED = changed(
    changed(STUDY, "attempts = 2", 'attempts = 2\nlimit = "1h"'), "decline", 'limit = "1h"\ndecline'
)


def opened(house: House, toml: str = STUDY, people: int = 2) -> Opened:
    pages = {f"pages/{name}.html": PAGE.encode() for name in ("consent", "quiz", "bye")}
    return house.open_files({"study.toml": toml.encode()} | pages, {"red": people})


def time_is_up(house: House, session: Opened) -> None:
    house.sql("update room set deadline = clock_timestamp() where session_id = %s", session.id)


def test_whoever_goes_on_with_nothing_filled_in_has_not_declined_and_whose_time_is_up_has(
    shared: House, server: Server
) -> None:
    filled = changed(STUDY, 'kind = "text", required = false}]', 'kind = "integer", required = false}]')
    by_default = changed(filled, "decline", 'limit = "1h"\non_timeout = "default:7"\ndecline')
    for toml in (STUDY, TIMED, by_default):
        session = opened(shared, toml)
        ann, ben = (shared.guest(server, session, label) for label in session.tokens)

        async def story(
            session: Opened = session, toml: str = toml, ann: Guest = ann, ben: Guest = ben
        ) -> None:
            await ann.sign_in()
            assert (await ann.answer({"remark": ""})).status == 200
            await ann.shows("How many are in a group?")
            if toml != STUDY:
                await ben.sign_in()
                await ben.shows("does not take part")
                time_is_up(shared, session)
                await ben.shows("DECLINED")

        shared.tell(story())
        assert shared.sql("select value from record where session_id = %s", session.id) == [("",)]
        filled_in = shared.sql("select value from result where session_id = %s", session.id)
        assert filled_in == ([("7",)] if toml == by_default else []), (
            "for who said nothing, and for nobody else"
        )


def test_a_page_that_was_answered_tells_nobody_whether_another_answer_would_have_been_right(
    shared: House, server: Server
) -> None:
    session = opened(shared)
    ann = shared.guest(server, session, "R1")

    async def story() -> None:
        await ann.sign_in()
        await ann.answer({"remark": "So."})
        await ann.shows("How many are in a group?")
        first = await ann.form()
        await ann.answer({"size": "3"}, first)
        page = await ann.shows("That is not right. Read again.")
        assert "This is your last attempt." in page and 'value="3"' in page
        for guess in ("5", "4"):  # in a second tab, with the page as it was
            reply = await ann.answer({"size": guess}, first)
            assert "marked as late" in reply.text
            page = await ann.page()
            assert "That is not right. Read again." in page and f'value="{guess}"' not in page
        await ann.answer({"size": "5"})
        await ann.shows("FAILED-CHECK")

    shared.tell(story())


def test_where_time_was_up_before_there_was_an_answer_none_is_said_to_be_wrong(
    shared: House, server: Server
) -> None:
    session = opened(shared, TIMED)
    ann = shared.guest(server, session, "R1")

    async def story() -> None:
        await ann.sign_in()
        await ann.answer({"remark": "So."})
        await ann.shows("How many are in a group?")
        time_is_up(shared, session)
        page = await ann.shows("This is your last attempt.")
        assert "That is not right" not in page and "marked below" not in page
        await ann.answer({"size": "3"})
        await ann.shows("FAILED-CHECK")

    shared.tell(story())


def test_where_no_clock_is_shown_no_answer_is_late(shared: House, server: Server) -> None:
    """Nobody has yet looked who is still there: here because the room waits for the researcher."""
    session = opened(shared)
    ann = shared.guest(server, session, "R1")
    stopped = "update room set stopped = '{}', deadline = now() - interval '1 minute' where session_id = %s"

    async def story() -> None:
        await ann.sign_in()
        await ann.shows("Anything to say first?")
        form = await ann.form()
        shared.sql(stopped, session.id)
        reply = await ann.answer({"remark": "So."}, form)
        assert reply.headers["receipt"] and "late" not in reply.text
        shared.sql("update room set stopped = null where session_id = %s", session.id)
        await ann.shows("How many are in a group?")

    shared.tell(story())
    assert shared.sql("select late from record where session_id = %s", session.id) == [(False,)]
