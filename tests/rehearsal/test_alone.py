"""Stories of rehearsals with solo steps: who declines, fails or goes on to what comes after ends as they were to."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.rehearsal.alone import Solo
from app.rehearsal.bots import Bot
from app.rehearsal.cast import open_rehearsal
from app.rehearsal.counts import Counts
from app.rehearsal.diary import Diary
from app.rehearsal.ends import SeatOf, SoloPart, ends_of
from app.rehearsal.habits import Habits
from app.rehearsal.play import Setting, longest, play
from app.rehearsal.verdict import Verdict, judge
from app.study.estimate import estimate_of
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.house import House
from tests.house.rehearsing import broken
from tests.house.server import Server
from tests.house.studies import as_files, changed

BEFORE = """
[[before]]
page = "talk"
name = "consent"
fields = [{name = "agree", ask = "I want to take part.", kind = "tick"}]
decline = "declined"
[[before]]
page = "talk"
name = "read"
[[before]]
page = "talk"
name = "quiz"
attempts = 2
then = "failed_check"
fields = [{name = "size", ask = "How many?", kind = "choice", options = ["2", "4"], correct = "2"}]
"""
ALSO = 'also = ["partner_left", "lobby"]\n'
AFTER = f"""
[[after]]
page = "talk"
name = "about"
{ALSO}\
fields = [{{name = "mood", ask = "How was it?", kind = "integer", min = 1, max = 7}}]
"""
ROOM = """
[[room]]
name = "pair"
seats = {any = 2}
[lobby]
max_wait = "4s"
[[step]]
page = "talk"
limit = "5s"
chat = "room"
fields = [{name = "belief", ask = "How sure?", kind = "integer", min = 0, max = 100}]
[dropout]
then = ["end_room"]
"""
STUDY = f'title = "By themselves"\n[door]\nids = ["WHO"]\n{BEFORE}{ROOM}{AFTER}'
SURVEY = f'title = "A survey"\n{BEFORE}{changed(AFTER, ALSO)}'
SEED = 24  # with which somebody declines, and somebody leaves on the way
FAST = Setting(over=0.0, drop=0.0, flaky=0.0, speed=float("inf"), patience=30.0, moment=30.0, at_most=45.0)


def rehearsed(house: House, folder: Path, toml: str, plan: Setting) -> Verdict:
    (folder / "pages").mkdir(parents=True)
    for name, body in as_files(toml).items():
        (folder / name).write_bytes(body)

    async def story() -> Verdict:
        cast = await open_rehearsal(house.database, str(folder), plan.players)
        return await judge(await play(cast, plan, house.servers[0].base, house.database))

    return asyncio.run(story())


def ended(house: House, session: str) -> dict[str, int]:
    found = house.sql("select outcome, count(*) from player where session_id = %s group by 1", session)
    return dict(found)


def study() -> Study:
    return parse(as_files(STUDY))


def test_some_decline_and_some_get_it_wrong_until_they_are_out() -> None:
    own, consent, quiz = study(), study().before[0], study().before[2]
    diaries = [Diary(f"P{seed}") for seed in range(400)]
    people = [Solo(own, diary, random.Random(diary.label), True) for diary in diaries]
    assert 5 <= sum(one.declines(consent) for one in people) <= 40
    assert not any(one.declines(quiz) for one in people)
    for one in people:
        for position in own.plan[2:4]:
            slip = one.slip(quiz)
            assert slip in ({}, {"size": "4"})
            one.sends(position, {"size": "2"} | slip)
            if not slip or one.diary.meant:
                break
    meant = [diary.meant for diary in diaries]
    assert 4 <= meant.count("failed_check") <= 40 and meant.count("declined") >= 5
    steady = [Solo(own, Diary("P"), random.Random(seed), False) for seed in range(100)]
    assert not any(one.declines(consent) or one.slip(quiz) for one in steady)


MONDAY = datetime(2026, 11, 30, 9, tzinfo=UTC)


def told(outcome: str, *parts: SoloPart, diary: Diary | None = None, sat: bool = True) -> str:
    """What is wrong with somebody who ended like this."""
    since, out = MONDAY if sat else None, MONDAY + timedelta(seconds=30)
    seat = SeatOf("P1", "", "left", outcome, "C", 9, "pair-1", 1, "talk", 1, MONDAY, since, out)
    ends = ends_of(study(), [seat], [], [diary or Diary("P1")], False, parts)
    return " ".join(one.sentence for one in ends.wrongs)


def part(during: str, outcome: str | None = "complete", step: str = "about") -> SoloPart:
    return SoloPart("P1", 7, during, outcome, step, 1, MONDAY, MONDAY)


def test_who_is_not_through_with_what_comes_before_or_after_has_not_come_to_their_end() -> None:
    before, after = part("before"), part("after")
    assert told("complete", before, after) == ""
    assert told("complete", before) == "P1 ended as `complete` and was never shown [[after]]"
    assert told("complete", after) == "P1 ended as `complete` and was never shown [[before]]"
    closed = "P1 had not come to the end when the session was closed, at"
    assert told("complete", before, part("after", "closed")) == f"{closed} `about` 1 in [[after]]"
    stuck = part("before", "closed", "quiz")
    assert told("lobby", stuck, sat=False) == f"{closed} `quiz` 1 in [[before]]"
    # Whoever leaves on the way need not.
    gone = Diary("P1", gone=True)
    assert told("complete", before, part("after", "closed"), diary=gone) == ""
    assert told("withdrawn", before, diary=Diary("P1", mischief={"withdrew": 1})) == ""


def test_who_is_out_before_the_lobby_has_done_what_somebody_does_who_is_to_be_out() -> None:
    fell = part("before", "failed_check", "quiz")
    assert told("failed_check", fell, diary=Diary("P1", meant="failed_check"), sat=False) == ""
    assert (
        told("failed_check", fell, sat=False)
        == "P1 ended as `failed_check`, though what they answered lets them in"
    )
    assert (
        told("complete", part("before"), part("after"), diary=Diary("P1", meant="declined"))
        == "P1 was to be out before the lobby as `declined`, and ended as `complete`"
    )


def test_a_page_whose_time_was_up_is_one_that_nobody_had_right() -> None:
    own = parse(as_files(changed(STUDY, "attempts = 2", 'attempts = 2\nlimit = "20s"')))
    seat = SeatOf(
        *("P1", "", "left", "failed_check", "C"), None, None, None, None, None, MONDAY, None, MONDAY
    )

    def wrongs(shown: set[int]) -> int:
        diary = Diary("P1", shown=dict.fromkeys(shown, 0.0))
        return len(ends_of(own, [seat], [], [diary], False, [part("before", "failed_check")]).wrongs)

    assert wrongs({0, 1, 2, 3}) == 0 and wrongs({0, 1}) == 1


def test_pages_without_a_limit_take_as_long_as_a_slow_one_of_these_does() -> None:
    own, plan = study(), replace(FAST, over=10.0)
    assert longest(own, plan) == 4.0 + 5.0 + 5 * plan.patience + 30.0
    assert longest(own, replace(plan, speed=10.0)) == longest(own, plan) + 1.0 + 5 * 6.0
    assert longest(parse(as_files(SURVEY)), plan) == 5 * plan.patience + 30.0


def test_forms_that_each_fills_alone_are_counted_apart_as_many_as_the_study_was_reckoned_to_have(
    shared: House, server: Server
) -> None:
    own, counts = parse(as_files(changed(STUDY, '[door]\nids = ["WHO"]\n'))), Counts()
    session = shared.open_study(own, {"x": 2})
    steady = Habits(think=(0.0, 0.0), talk=0, fallible=False)
    bots = [
        Bot(server.base, token, own, steady, label, speed=10_000, seed=label, counts=counts)
        for label, token in session.tokens.items()
    ]

    async def story() -> None:
        async with asyncio.timeout(30):
            await asyncio.gather(*(bot.play() for bot in bots))

    shared.tell(story())
    assert ended(shared, session.id) == {"complete": 2}
    # Consent, rules, a quiz that both have right at once, and how it was; in the room how sure they are.
    assert (counts.acts["alone"], counts.acts["records"]) == (2 * 4, 2 * 5)
    assert counts.acts["alone"] == 2 * estimate_of(own, 2, 1.0).acts["alone"]
    assert (counts.playing, counts.alone, counts.done) == (0, 0, 2), "nobody is there any more"


def test_a_study_with_consent_a_quiz_rooms_and_a_questionnaire_is_played_by_its_link(
    hall: House, tmp_path: Path
) -> None:
    plan = replace(FAST, players=12, drop=0.15, seed=SEED)
    verdict = rehearsed(hall, tmp_path / "study", STUDY, plan)
    assert broken(verdict) == {} and not verdict.stops and not verdict.failed, str(verdict)
    ends = ended(hall, verdict.session_id)
    assert verdict.ends.counts == ends and {"complete", "declined", "withdrawn"} <= set(ends), ends
    assert verdict.answered.in_time is not None and verdict.answered.in_time > 30
    # Whoever completed, and did not leave without a word, has been asked how it was.
    about = hall.sql(
        "select count(*) from record where session_id = %s and step = 'about'", verdict.session_id
    )
    assert about[0][0] >= ends["complete"] - verdict.ends.gone
    assert "declined" in " ".join(verdict.notes)


def test_a_survey_without_rooms_is_rehearsed(hall: House, tmp_path: Path) -> None:
    """With a third attempt, which nobody gets who had all right at the first."""
    toml = changed(SURVEY, "attempts = 2", "attempts = 3")
    verdict = rehearsed(hall, tmp_path / "study", toml, replace(FAST, players=12, seed=SEED))
    assert broken(verdict) == {} and not verdict.failed, str(verdict)
    ends = ended(hall, verdict.session_id)
    assert verdict.ends.counts == ends and {"complete", "declined"} <= set(ends)
    assert "players seated" not in verdict.figures and "players signed in" in verdict.figures
