"""The one link for everybody: whoever comes by it is one person, however often, and a broken link says what to do."""

from __future__ import annotations

import asyncio
import html
import re
from decimal import Decimal

from app.export.verify import verify
from app.players.door import Places
from app.rehearsal.browser import Browser, Reply
from app.replay.check import check as replay_check
from app.study.reading import parse
from app.web.drawn import qr_picture
from tests.house.desk import desk
from tests.house.guests import hidden_fields, watching
from tests.house.house import House, Opened
from tests.house.server import Server
from tests.house.studies import as_files
from tests.house.waits import apart, until

STUDY = """
title = "Everybody"
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer", min = 18, max = 99}]
[[room]]
name = "pair"
seats = {red = 1, blue = 1}
[[step]]
page = "talk"
limit = "1h"
fields = [{name = "belief", ask = "How sure?", kind = "integer", min = 0, max = 100}]
[finish.redirect]
full = "https://panel.example.org/full/{PROLIFIC_PID}?c={code}"
"""
NO_LINE = STUDY + '[door]\nmax_wait = "0s"\n'
ANONYMOUS = STUDY + "[door]\nanonymous = true\n"
AGE = {"age": "30"}
ALL = Places()


def pid(nth: int) -> str:
    return f"{nth:024x}"


def link(session: Opened, query: str = "") -> str:
    return f"/s/{session.id}?{query}" if query else f"/s/{session.id}"


def of(session: Opened, nth: int) -> str:
    return link(session, f"PROLIFIC_PID={pid(nth)}&STUDY_ID=s1")


def opened(house: House, toml: str = STUDY, places: Places = ALL, start: bool = False) -> Opened:
    return house.open(toml, people={}, start=start, places=places)


def browser(house: House, server: Server) -> Browser:
    one = Browser(server.base)
    house.browsers.append(one)
    return one


def people(house: House, session: Opened) -> list[tuple[str, str, str]]:
    return house.sql(
        "select label, type, status::text from player where session_id = %s order by by_door", session.id
    )


def kept(house: House, session: Opened, toml: str = STUDY) -> None:
    """What holds of any session."""
    assert house.contradictions(session) == []
    assert house.read(lambda conn: replay_check(conn, session.id)).differences == []
    verdict = asyncio.run(verify(house.database, session.id, parse(as_files(toml))))
    assert verdict.ok, str(verdict)


def test_the_form_changes_nothing_and_one_id_is_one_person_wherever_they_come(
    shared: House, server: Server, other_server: Server
) -> None:
    house, session = shared, opened(shared)
    here, there = browser(house, server), browser(house, other_server)
    mine = of(session, 1)

    async def story() -> None:
        form = await here.get(mine)
        assert form.status == 200 and f'action="{mine.replace("&", "&amp;")}"' in form.text
        assert people(house, session) == []
        wrong = await here.post(mine, {"age": "9"})
        assert wrong.status == 422 and people(house, session) == []

        # At the same moment through two processes, each twice
        answers = await asyncio.gather(*(one.post(mine, AGE) for one in (here, there, here, there)))
        assert {(one.status, one.headers["location"]) for one in answers} == {(303, "/play")}
        assert people(house, session) == [("d-1", "red", "waiting")]
        assert [("You’re in." in (await one.get("/play")).text) for one in (here, there)] == [True, True]

        again = await browser(house, server).get(mine)
        assert "You signed in before." in again.text and 'name="age"' not in again.text
        assert (await browser(house, server).post(of(session, 2), AGE)).status == 303
        assert people(house, session)[1:] == [("d-2", "blue", "waiting")]

    house.tell(story())
    given = house.sql("select given, door_id from player where session_id = %s order by id", session.id)
    assert given[0] == ({"PROLIFIC_PID": pid(1), "STUDY_ID": "s1"}, pid(1))
    house.act("start", session)
    kept(house, session)


def test_whoever_comes_again_with_another_task_hands_that_one_in(shared: House, server: Server) -> None:
    house, session = shared, opened(shared)
    first, second = (
        link(session, f"workerId=A1&assignmentId={task}&turkSubmitTo=https://www.mturk.com&pool={task}")
        for task in ("3FIRST", "3SECOND")
    )

    async def story() -> None:
        one, other = browser(house, server), browser(house, server)
        for who, where in ((one, first), (other, second), (one, second)):
            assert (await who.post(where, AGE)).status == 303
        await one.post("/play/leave", hidden_fields((await one.get("/play")).text, "/play/leave"))
        for who in (one, other):
            assert hidden_fields(
                (await who.get("/play")).text, "https://www.mturk.com/mturk/externalSubmit"
            ) == {
                "assignmentId": "3SECOND",
                "code": "WITHDRAWN",
            }
        assert (await one.post(first, {})).status == 303, "and again, for whoever is out"
        assert 'value="3FIRST"' in (await one.get("/play")).text

    house.tell(story())
    [(given,)] = house.sql("select given from player where session_id = %s", session.id)
    assert given["workerId"] == "A1" and given["pool"] == "3FIRST", (
        "what else came with the link stays as it was"
    )
    kept(house, session)


def test_each_broken_link_says_what_to_do_and_is_counted(shared: House, server: Server) -> None:
    house, session, listed = shared, opened(shared), shared.open(STUDY)
    one = browser(house, server)
    said = {
        "PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}": (
            "Whoever sent you here has not put into the link who you are.",
            "PROLIFIC_PID is still a placeholder, {{%PROLIFIC_PID%}}:",
        ),
        "PROLIFIC_PID=%7B%7B%25PROLIFIC_PID%25%7D%7D": (
            "Whoever sent you here has not",
            "still a placeholder",
        ),
        "": ("This link does not say who you are.", "The link must bring an id, such as PROLIFIC_PID"),
        "PROLIFIC_PID=": ("This link does not say who you are.", "PROLIFIC_PID is empty in this link."),
        "PROLIFIC_PID=A&PROLIFIC_PID=B": ("This link says in two ways who you are.", "more than once."),
        "PROLIFIC_PID=Ada": ("What this link says of who you are can’t be right.", "like [0-9a-f]{24}."),
    }

    async def story() -> None:
        for query, sentences in said.items():
            for answer in (await one.get(link(session, query)), await one.post(link(session, query), AGE)):
                page = html.unescape(re.sub("</?bdi[^>]*>", "", answer.text))
                assert answer.status == 400 and all(one in page for one in sentences), (query, page[-1500:])
        preview = await one.get(
            link(session, "workerId=A1B2C3&assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE&hitId=3X")
        )
        assert preview.status == 200 and "This is a preview" in preview.text and "Your age" in preview.text
        assert "<button" not in preview.text and "Keep this link" not in preview.text
        framed = {"Sec-Fetch-Dest": "iframe"}
        for asked, theirs in (
            ("workerId=A1&assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE", True),
            ("workerId=A1", False),
        ):
            answer = await one.get(link(session, asked), framed)
            policy = answer.headers["content-security-policy"]
            assert ("This is a preview" in answer.text) == theirs
            assert ("frame-ancestors https://www.mturk.com https://worker.mturk.com" in policy) == theirs
            assert theirs or "needs a tab of its own" in answer.text, "nothing that acts is shown in a frame"
        assert (await one.get("/s/nowhere1")).status == 404
        without = await one.get(link(listed, f"PROLIFIC_PID={pid(1)}"))
        assert without.status == 404 and "no link for everybody" in without.text

        def counted() -> bool:
            found = house.sql(
                "select why, parameter, times from door_count where session_id = %s order by 1, 2", session.id
            )
            return found == [
                ("empty", "PROLIFIC_PID", 2),
                ("missing", "", 2),
                ("placeholder", "PROLIFIC_PID", 4),
                ("twice", "PROLIFIC_PID", 2),
                ("unlike", "PROLIFIC_PID", 2),
            ]

        await until(counted, "the counts of all that went wrong")

    house.tell(story())
    assert people(house, session) == []


def test_without_ids_each_browser_is_a_new_person_whom_its_cookie_finds_again(
    shared: House, server: Server, other_server: Server
) -> None:
    house, session = shared, opened(shared, ANONYMOUS)
    ada, bob = browser(house, server), browser(house, other_server)

    async def story() -> None:
        form = AGE | hidden_fields((await ada.get(link(session))).text, link(session))
        # The double click: neither of the two has a cookie yet
        second = browser(house, other_server)
        answers = await asyncio.gather(ada.post(link(session), form), second.post(link(session), form))
        assert [one.status for one in answers] == [303, 303] and len(people(house, session)) == 1
        assert "You signed in before." in (await ada.get(link(session))).text
        assert (await ada.post(link(session), AGE)).status == 303
        assert len(people(house, session)) == 1
        assert (await bob.post(link(session, "seat=7"), AGE)).status == 303
        assert [label for label, *_ in people(house, session)] == ["d-1", "d-2"]

    house.tell(story())
    assert house.sql("select given from player where session_id = %s order by id", session.id) == [
        ({},),
        ({"seat": "7"},),
    ]
    house.act("start", session)
    kept(house, session, ANONYMOUS)


def test_a_place_under_an_id_that_can_be_guessed_is_not_taken_while_its_page_is_there(
    shared: House, server: Server
) -> None:
    house, session = shared, opened(shared, start=True)
    ada, eve = browser(house, server), browser(house, server)
    code = link(session, "survey_code=4711")

    async def told() -> list[tuple[object, ...]]:
        """Whoever comes once more, a moment after she did, is in the log."""
        answer = await browser(house, server).post(code, AGE)
        if answer.status != 303:
            return []
        return house.sql(
            "select 1 from event where session_id = %s and name = 'player_came_again'", session.id
        )

    async def story() -> None:
        assert (await ada.post(code, AGE)).status == 303
        async with watching(ada, "/play/live"):
            await until(lambda: _is_connected(house, session), "ada's page")
            kept_out = await eve.get(code)
            assert kept_out.status == 409 and "Somebody is in by this link already" in kept_out.text
            assert (await eve.post(code, AGE)).status == 409
            assert (await ada.post(code, AGE)).status == 303, "her own browser is hers"
            agrees = hidden_fields((await ada.get("/play")).text, "/play/yield")
            assert "Open your link in the other browser now." in (await ada.post("/play/yield", agrees)).text
            assert (await browser(house, server).post(code, AGE)).status == 303, "her page agreed"
        assert await until(told, "a place whose page is silent, and a word in the log")
        door = await eve.get(code)
        assert door.status == 200 and "Welcome. A few" in door.text, "whether it is somebody's is not told"
        form = hidden_fields((await ada.get("/play")).text, "/play/leave")
        assert (await ada.post("/play/leave", form)).status == 303
        for answer in (await eve.get(code), await eve.post(code, AGE)):
            assert answer.status == 409 and "is done. If that was you" in answer.text
            assert "WITHDRAWN" not in answer.text and "set-cookie" not in answer.headers
        assert "WITHDRAWN" in (await ada.get("/play")).text

    house.tell(story())
    assert len(people(house, session)) == 1
    kept(house, session)


def test_places_are_taken_to_the_last_and_come_back_and_late_ones_get_a_code(
    shared: House, server: Server, other_server: Server
) -> None:
    house, session = shared, opened(shared, NO_LINE, Places(4))
    servers = (server, other_server)

    async def story() -> None:
        guests = [browser(house, servers[nth % 2]) for nth in range(12)]
        came = await asyncio.gather(*(one.post(of(session, nth), AGE) for nth, one in enumerate(guests, 1)))
        inside = [guest for guest, answer in zip(guests, came, strict=True) if answer.status == 303]
        full = [answer.text for answer in came if answer.status == 410]
        assert len(inside) == 4 and len(full) == 8 and all(">FULL<" in page for page in full)
        assert all(["You’re in." in (await one.get("/play")).text for one in inside])
        form = hidden_fields((await inside[0].get("/play")).text, "/play/leave")
        assert (await inside[0].post("/play/leave", form)).status == 303
        more = [await browser(house, server).post(of(session, 20 + nth), AGE) for nth in range(2)]
        assert [one.status for one in more] == [303, 410]

        apart(lambda: house.act("close", session))
        late = await browser(house, server).get(of(session, 30))
        assert late.status == 410 and ">FULL<" in late.text
        assert f'href="https://panel.example.org/full/{pid(30)}?c=FULL"' in late.text
        turk = link(session, "workerId=A1&assignmentId=3A&turkSubmitTo=https://www.mturk.com")
        late = await browser(house, server).get(turk)
        assert late.status == 410 and 'action="https://www.mturk.com/mturk/externalSubmit"' in late.text
        assert "form-action https://www.mturk.com https://worker" in late.headers["content-security-policy"]
        assert (await browser(house, server).post(of(session, 30), AGE)).status == 410
        came = [await browser(house, server).post(of(session, nth), AGE) for nth in range(1, 13)]
        assert [one.status for one in came].count(303) == 4, "who had come sees the end"

    house.tell(story())
    kept(house, session, NO_LINE)


def test_sixty_behind_one_address_come_by_it_at_once_each_twice_and_a_tenth_with_a_broken_link(
    shared: House, server: Server, other_server: Server
) -> None:
    house, session, many = shared, opened(shared, start=True), 60
    servers = (server, other_server)
    broken = (link(session), link(session, "PROLIFIC_PID={{%PROLIFIC_PID%}}"), link(session, "PROLIFIC_PID="))

    async def come(nth: int, twice: int) -> Reply:
        return await browser(house, servers[twice]).post(of(session, nth), AGE)

    async def story() -> None:
        astray = [browser(house, servers[nth % 2]).get(broken[nth % 3]) for nth in range(many // 10)]
        both = [come(nth, twice) for nth in range(many) for twice in (0, 1)]
        answers = await asyncio.gather(*astray, *both)
        assert [one.status for one in answers] == [400] * len(astray) + [303] * (2 * many)
        assert all("For the researcher" in one.text for one in answers[: len(astray)])

    house.tell(story())
    found = people(house, session)
    assert len(found) == many and {label for label, *_ in found} == {f"d-{nth}" for nth in range(1, many + 1)}
    assert {status for *_, status in found} <= {"waiting", "playing"}
    kept(house, session)


def test_by_it_too_one_may_decline_or_be_screened_out_or_try_for_right_answers(
    shared: House, server: Server
) -> None:
    asked = (
        '[entry]\nattempts = 2\ndecline = "declined"\nfields = [\n'
        '{name = "q", ask = "How many?", kind = "choice", options = ["2", "4"], correct = "4", hint = "Look again."},\n'
        '{name = "age", ask = "Age", kind = "integer"},\n]\n[[screen_out]]\nfield = "age"\nmax = 17\n'
    )
    house, session = (
        shared,
        opened(shared, STUDY[: STUDY.index("[entry]")] + asked + STUDY[STUDY.index("[[room]]") :]),
    )

    async def story() -> None:
        forms = {
            1: {"q": "4", "age": "30"},
            2: {"entry-decline": "yes"},
            3: {"q": "2", "age": "16"},
            4: {"q": "2", "age": "30", "entry-attempt": "1"},
        }
        for nth, form in forms.items():
            for _ in range(2):
                answer = await browser(house, server).post(of(session, nth), form)
                assert answer.status == (422 if nth == 4 else 303), answer.text
        page = await browser(house, server).get(of(session, 4))
        assert 'name="entry-attempt" value="2"' in page.text, "from another device"
        assert (
            await browser(house, server).post(of(session, 4), forms[4] | {"entry-attempt": "2"})
        ).status == 303
        text = await ada.shows("2 screened out")
        assert "At the door: " in text and "1 declined" in text.partition("At the door: ")[2]

    ada = desk(house, server, session)
    house.tell(story())
    assert house.sql(
        "select outcome, status::text, entry <> '{}' from player where session_id = %s order by by_door", session.id
    ) == [
        (None, "waiting", True), ("declined", "left", False), ("screened_out", "left", True),
        ("screened_out", "left", True),
    ]  # fmt: skip
    numbers = "select array_agg(nth order by nth) from door_attempt where session_id = %s group by player_id order by 1"
    assert house.sql(numbers, session.id) == [([1],), ([1, 2],)]


def test_researchers_see_the_link_who_came_by_it_and_why_not_and_change_the_places(
    shared: House, server: Server
) -> None:
    house, session = shared, opened(shared, places=Places(2, Decimal("0.5")))
    ada = desk(house, server, session)
    guests = [browser(house, server) for _ in range(4)]

    async def story() -> None:
        for nth, one in enumerate(guests, 1):
            assert (await one.post(of(session, nth), AGE)).status == 303
        for _ in range(2):
            await guests[0].get(link(session, "PROLIFIC_PID={{%PROLIFIC_PID%}}"))
        text = await ada.shows("2 visits by a link whose placeholder for PROLIFIC_PID was not filled in")
        assert "Door · 4 came · 3 in · 0 of 2 complete Full." in text
        page = await ada.page()
        [address] = re.findall(r'<a id="door-link" href="(http[^"]+)"', page)
        assert address.endswith(link(session)) and str(qr_picture(address)) in page
        assert str(qr_picture(address)) in await ada.page("?wall=true")

        said = await ada.do("/places", {"places": "4", "extra": ""})
        assert "4 of those who come by the link for everybody are to come to the end." in html.unescape(
            said.text
        )
        assert "already; nothing changed" in html.unescape((await ada.do("/places", {"places": "4"})).text)
        padded = await ada.do("/places", {"places": "0" * 5_000 + "4"})
        assert "already; nothing changed" in html.unescape(padded.text), "however many digits it has"
        assert (await ada.do("/places", {"places": "many"})).status == 409
        assert (await ada.do("/places", {"places": "0"})).status == 409
        late = browser(house, server)
        assert (await late.post(of(session, 5), AGE)).status == 303
        await ada.shows("Door · 5 came · 4 in · 0 of 4 complete")
        await late.post("/play/leave", hidden_fields((await late.get("/play")).text, "/play/leave"))
        paid = (await ada.browser.get(f"{ada.here}/payments.csv")).text.splitlines()
        assert [line.split(",")[0] for line in paid[1:]] == [pid(5)], (
            "who did not wait for a place, by the recruiter's id"
        )

    house.tell(story())
    assert house.sql(
        "select data from event where session_id = %s and name = 'places_changed'", session.id
    ) == [({"places": 4, "extra": 0, "by": "ada"},)]
    kept(house, session)


def _is_connected(house: House, session: Opened) -> bool:
    return bool(house.sql("select 1 from connected where session_id = %s", session.id))
