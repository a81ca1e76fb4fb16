"""What a study will take, computed by hand."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from app.study.estimate import BENCHMARKS, estimate_of, measured_records
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.market import market
from tests.house.studies import PAGE

STUDY = """\
title = "T"
[[room]]
name = "r"
seats = {any = 2}
[lobby]
max_wait = "4m"
pay_per_minute = 0.30
[pay]
base = 2.00
currency = "EUR"
[[step]]
page = "talk"
name = "read"
limit = "20s"
[[step]]
page = "talk"
repeat = 4
limit = "30s"
fields = [{name = "a", ask = "?", kind = "text"}, {name = "b", ask = "?", kind = "text"}]
"""
HOOKS = b"def payoff(room):\n    return {}\n\n\ndef ask(room):\n    return True\n"


def study(toml: str = STUDY) -> Study:
    return parse({"study.toml": toml.encode(), "pages/talk.html": PAGE.encode(), "hooks.py": HOOKS})


def test_minutes_records_and_writes_are_those_of_the_plan() -> None:
    told = estimate_of(study(), people=600, over=30.0)
    # 20 s to read, which nobody can shorten; then four rounds of 10 s, or of 30 s.
    assert (told.shortest, told.longest, told.lobby) == (60, 140, 240)
    assert told.records == (8, 8)
    # They come within 30 s and take 60 s, so all 600 are in at once: 8 records and 4 forms each in that time.
    assert (told.records_a_second, told.forms_a_second) == (80, 40)
    # Where they take 10 minutes to come, no more than one a second comes, and as many go.
    told = estimate_of(study(), people=600, over=600.0)
    assert (told.records_a_second, told.forms_a_second) == (8, 4)


def test_a_room_fills_when_enough_of_its_slowest_type_have_come() -> None:
    typed = STUDY.replace("seats = {any = 2}", "seats = {red = 1, any = 2}")
    assert estimate_of(study(), 60, 120.0).fills == {"r": 2}  # one comes every two seconds
    # Ten red ones within 120 s: one every 12 s, where the first of all came after 3 s.
    assert estimate_of(study(typed), Counter(red=10, blue=30), 120.0).fills == {"r": 9}
    alone = STUDY.replace("seats = {any = 2}", "seats = {any = 1}")
    assert estimate_of(study(alone), 4, 300.0).fills == {"r": 0}, "whoever comes has nobody to wait for"
    assert estimate_of(study(typed), 60, 120.0).fills == {}  # of which types they are, nobody has said
    assert estimate_of(study(typed), Counter(blue=30), 120.0).fills == {}


def test_a_step_that_may_be_skipped_counts_for_the_most_only() -> None:
    told = estimate_of(study(STUDY.replace("repeat = 4", 'repeat = 4\nwhen = "ask"')), 600, 30.0)
    assert (told.shortest, told.longest, told.records) == (20, 140, (0, 8))


def test_a_treatment_counts_with_the_steps_that_are_for_it() -> None:
    factor = '[[treatment]]\nname = "reads"\nlevels = ["yes", "no"]\nby = "%s"\n'
    only = STUDY.replace('name = "read"', 'name = "read"\nonly = {reads = "yes"}')
    told = estimate_of(study(only + factor % "room"), 600, 30.0)
    assert (told.shortest, told.longest, told.records) == (
        40,
        140,
        (8, 8),
    )  # without 20 s of reading, and with them
    told = estimate_of(study(only + factor % "player"), 600, 30.0)
    assert (told.shortest, told.longest) == (60, 140)  # the others of the room wait for who reads
    asks = only.replace('limit = "20s"', 'limit = "20s"\nfields = [{name = "c", ask = "?", kind = "text"}]')
    assert estimate_of(study(asks + factor % "player"), 600, 30.0).records == (8, 9)


def test_pay_goes_from_finishing_at_once_to_the_longest_wait_and_the_best_score() -> None:
    def paid(toml: str) -> tuple[Decimal, Decimal | None] | None:
        return estimate_of(study(toml), 1, 1.0).pay

    scored = STUDY.replace("repeat = 4", 'repeat = 4\nscore = "payoff"')
    assert paid(STUDY) == (Decimal("2.00"), Decimal("3.20"))  # four minutes in the lobby bring 1.20
    assert paid(scored) == (Decimal("2.00"), None)
    bounded = scored.replace("base = 2.00", "base = 2.00\nleast = -0.50\nmost = 5.00")
    assert paid(bounded) == (Decimal("1.50"), Decimal("8.20"))
    assert paid(bounded.replace("least = -0.50", "least = -9.00")) == (Decimal(0), Decimal("8.20"))
    assert paid(STUDY.replace("pay_per_minute = 0.30", "").replace("base = 2.00", "")) is None


def test_what_the_server_holds_is_read_from_the_benchmarks_and_never_made_up() -> None:
    measured = measured_records()
    assert measured is not None and f"| {measured:,} records/s |" in BENCHMARKS.read_text(encoding="utf-8")


ALONE = """
[[before]]
page = "talk"
name = "consent"
decline = "declined"
fields = [{name = "agree", ask = "I want to take part.", kind = "tick"}]
[[before]]
page = "quiz"
attempts = 3
fields = [{name = "size", ask = "?", kind = "choice", options = ["2", "4"], correct = "2"}]
[[after]]
page = "talk"
name = "bye"
limit = "2s"
"""


def test_what_people_do_alone_takes_as_long_as_reading_it_and_some_are_out() -> None:
    quiz = f"{PAGE}{{% block before %}}{{# {'no word ' * 400} #}}<p>{'word ' * 397}</p>{{% endblock %}}"
    files = {
        "study.toml": (STUDY + ALONE).encode(),
        "pages/talk.html": PAGE.encode(),
        "pages/quiz.html": quiz.encode(),
    }
    told = estimate_of(parse(files), people=600, over=30.0)
    # Five words and a tick, 398 words and a choice; at 200 words a minute.
    assert told.before == (60 * 5 / 200 + 6) + (60 * 398 / 200 + 6)
    assert told.after == 2, "no longer than its limit"
    assert (told.shortest, told.longest, told.pages) == (60, 140, 5), "those of a room, as without them"
    # A tick, a choice and a click; or the choice three times.
    assert told.records == (11, 13)
    assert told.acts["alone"] == 3, "of the attempts, which almost nobody needs, one"
    assert told.stay == 0.95 * (1 - 0.2**3) and told.come_in == 1


def test_a_survey_waits_for_nobody_and_pays_nobody_for_it() -> None:
    toml = 'title = "T"\n[pay]\nbase = 2\n' + ALONE
    files = {"study.toml": toml.encode(), "pages/talk.html": PAGE.encode(), "pages/quiz.html": PAGE.encode()}
    told = estimate_of(parse(files), people=600, over=30.0)
    assert (told.lobby, told.pages, told.longest) == (0, 0, 0) and not told.fills and not told.early
    assert told.pay == (Decimal(2), Decimal(2))


def test_a_step_with_moves_takes_its_whole_time_and_four_moves_a_minute() -> None:
    told = estimate_of(market(), 30, 60)  # of its two steps of an hour the first has moves
    assert told.records == (0, 240)
    assert (told.shortest, told.longest) == (7200, 7200)
    assert told.records_a_second == told.forms_a_second == 1
