"""What people do alone: [[before]] and [[after]] as they are read, and each mistake in them with its line and cure."""

from __future__ import annotations

import pytest

from app.study.model.study import Study
from app.study.reading import check, parse
from tests.house.studies import as_files, changed

CONSENT = """
[[before]]
page = "talk"
name = "consent"
fields = [{name = "agree", ask = "I want to take part.", kind = "tick"}]
decline = "declined"
"""
READ = """
[[before]]
page = "talk"
name = "read"
"""
QUIZ = """
[[before]]
page = "talk"
name = "quiz"
attempts = 2
then = "screened_out"
fields = [{name = "size", ask = "How many?", kind = "choice", options = ["2", "4"], correct = "2", hint = "Two."}]
"""
ABOUT = """
[[after]]
page = "talk"
name = "about"
also = ["partner_left", "lobby"]
fields = [{name = "mood", ask = "How was it?", kind = "integer", min = 1, max = 7}]
"""
ROOM = """
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
limit = "60s"
repeat = 2
fields = [{name = "belief", ask = "How sure?", kind = "integer", min = 0, max = 100}]
[dropout]
silent = "45s"
then = ["end_room"]
"""
TITLE = 'title = "Alone"\n'
STUDY = TITLE + CONSENT + READ + QUIZ + ROOM + ABOUT
SURVEY = TITLE + CONSENT + QUIZ + changed(ABOUT, 'also = ["partner_left", "lobby"]\n')
FACTOR = '[[treatment]]\nname = "frame"\nlevels = ["gain", "loss"]\n'
HOOKS = "def some(room):\n    return room.slots\n"


def study(toml: str = STUDY) -> Study:
    return parse(as_files(toml))


def told(toml: str, hooks: str = "") -> list[str]:
    return [str(one) for one in check(as_files(toml, hooks))]


def test_what_people_do_alone_comes_before_and_after_what_they_do_together() -> None:
    own = study()
    assert told(STUDY) == told(SURVEY) == []
    plan = " ".join(f"{one.step.name}{one.round}" for one in own.plan)
    assert plan == "consent1 read1 quiz1 quiz2 talk1 talk2 about1"
    assert [step.during for step in own.all_steps] == ["before"] * 3 + ["playing", "after"]
    consent, read, quiz = own.before
    assert (consent.decline, quiz.attempts, quiz.fails, quiz.repeat) == ("declined", 2, "screened_out", 2)
    assert (consent.timed, consent.limit, read.fields[0].name, read.fields[0].kind) == (
        *(False, 1800.0),
        *("clicked", "click"),
    )
    [about] = own.after
    assert about.also == ("partner_left", "lobby") and about.follows("lobby") and not about.follows("standby")
    assert own.opens_at == 4 and own.begins == "before" and own.ends_at_door == {"declined", "screened_out"}
    assert not quiz.wrong_in({"size": "2"}) and quiz.wrong_in({"size": "4"}) == quiz.wrong_in({}) == ("size",)


def test_attempts_take_turns_with_nothing() -> None:
    """Pages with the same `repeat` do; a second try at one page comes at once."""
    twice = changed(READ, 'name = "read"', 'name = "read"\nrepeat = 2')
    own = study(TITLE + twice + changed(READ, '"read"', '"more"\nrepeat = 2') + QUIZ + ROOM)
    plan = " ".join(f"{one.step.name}{one.round}" for one in own.plan)
    assert plan == "read1 more1 read2 more2 quiz1 quiz2 talk1 talk2"


def test_a_study_without_rooms_is_what_each_goes_through_alone() -> None:
    own = study(SURVEY)
    assert (own.rooms, own.steps) == ((), ()) and own.begins == "before" and own.largest_room == 0
    assert study(TITLE + changed(ABOUT, 'also = ["partner_left", "lobby"]\n')).begins == "after"
    assert told('types = ["red"]\n' + SURVEY) == []  # nobody is seated by them


def test_a_page_of_one_part_shows_what_was_said_in_another() -> None:
    mine = changed(
        ABOUT, "fields", 'show = [{field = "belief", of = "me"}, {field = "size", of = "me"}]\nfields'
    )
    shown = study(TITLE + QUIZ + ROOM + mine).after[0].show
    assert [(one.step, one.of) for one in shown] == [("talk", "me"), ("quiz", "me")]
    here = changed(ROOM, 'limit = "60s"', 'limit = "60s"\nshow = [{field = "size", of = "me"}]')
    assert study(TITLE + QUIZ + here).steps[0].show[0].step == "quiz"


STEP = 'limit = "60s"\n'
C, R, Q, A = ('name = "consent"\n', 'name = "read"\n', 'name = "quiz"\n', 'name = "about"\n')


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (C, C + 'chat = "room"\n', "6:8: `chat` means nothing here: nobody is there to talk with. Remove it."),
        (C, C + 'wait_for = "none"\n', "`wait_for` means nothing here: nobody is waited for."),
        (C, C + 'ends = "deadline"\n', "`ends` means nothing here: it goes on with the answer."),
        (C, C + 'dropout = {silent = "9s"}\n', "`dropout` means nothing here: nobody is waited for."),
        ('"declined"', '"no"', '7:11: `decline` is "no", which is not known. Write `declined`.'),
        (A, A + 'decline = "declined"\n', "Only a page of [[before]] has `decline`. Remove it."),
        (C, C + 'also = ["lobby"]\n', "Only a page of [[after]] has `also`. Remove it."),
        ('"partner_left", "lobby"', '"complete"', "Whoever completes gets here anyway."),
        (
            '"partner_left", "lobby"',
            '"withdrawn"',
            "`withdrawn` can't be in `also`: whoever ends so is not there any more. Choose from partner_left,",
        ),
        ('"partner_left", "lobby"', '"standby"', "Nobody gets here as `standby`: there is no [standby]."),
        ('silent = "45s"\nthen = ["end_room"]', 'silent = "45s"', "Nobody gets here as `partner_left`: nobody who"),
        ('then = "screened_out"', 'then = "out"', '`then` is "out", which is not known. Write one of `screened_out`'),
        (', correct = "2", hint = "Two."', "", "No question here has a right answer, so `attempts` is never looked"),
        ("attempts = 2\n", "attempts = 0\n", "`attempts` is 0, but must be 1 or more."),
        ("attempts = 2\n", "", "Whoever does not have all right after 3 attempts is out. Write attempts = 3 here"),
        (Q, Q + "repeat = 3\n", "Each attempt is a round of this page, so it has no `repeat` beside `attempts`."),
        ('correct = "2"', 'correct = "3"', "`3` is no answer to `size`, so nobody could be right."),
        ('correct = "2"', 'correct = "2", attempts = 3', "stands in the step beside `fields`. Write attempts = 3"),
        (R, R + 'on_timeout = "keep"\n', "This page has no `limit`, so its time is never up. Add limit = "),
        (R, R + 'limit = "0s"\n', '`limit` is "0s", but must be longer than nothing.'),
        (R, R + f'button = "{"x" * 61}"\n', "`button` has 61 characters, and 60 is the most."),
        (R, R + "pages = 3\n", "`pages` is not a key of [[before]]. Did you mean `page`?"),
        (R, R + 'when = "others"\n', "hooks.py has no function `others`. Write `some`."),
        (R, R + 'results = [{name = "x", ask = "?", kind = "text"}]\n', "Nothing computes these results."),
        (A, 'name = "quiz"\n', "There are two steps named `quiz`. Give one of them another `name`."),
        (A, 'name = "talk"\n', "There are two steps named `talk`. Give one of them another `name`."),
        (STEP, STEP + "attempts = 2\n", "not a key of [[step]]. In a room nobody tries again: ask it in [[before]],"),
        (STEP, STEP + 'then = "failed_check"\n', "In a room nobody is out by a wrong answer: ask it in [[before]],"),
        (STEP, STEP + 'decline = "declined"\n', "Let people decline in [entry] or [[before]];"),
        (STEP, STEP + 'also = ["lobby"]\n', "Write it in [[after]], which comes when the room is over."),
        ('name = "pair"', 'name = "before"', "A room can't be named `before` beside [[before]]."),
        (A, A + 'show = [{field = "belief"}]\n', 'Nobody else is here whose answers could be shown. Write of = "me".'),
        (C, C + 'show = [{field = "mood", of = "me"}]\n', "`mood` has never been answered before this step"),
        ('kind = "integer", min = 1, max = 7', 'kind = "each"', "Nobody else is there whom a question could be"),
        ('kind = "integer", min = 1, max = 7', 'kind = "click"', "`kind` is `click`, which is not a kind of field."),
        (R, R + f'only = {{frame = "gain"}}\n{FACTOR}', "`frame` is drawn as rooms open, so nobody knows theirs here."),
        (R, R + 'only = {role = "a"}\n', "Roles are dealt in rooms, so nobody has one here."),
        (TITLE, f"{TITLE}[pay]\nbase = 3\n", "is paid nothing. Add outcomes = {screened_out = 0.20} to [pay]."),
        (
            TITLE,
            f"{TITLE}[pay]\nbase = 3\noutcomes = {{screened_out = 1, failed_check = 1}}\n",
            'Nobody ends as `failed_check`: there is no then = "failed_check" in [entry] or [[before]].',
        ),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_told_once(old: str, new: str, sentence: str) -> None:
    found = told(changed(STUDY, old, new), HOOKS if "when" in new else "")
    assert len(found) - ("attempts` is never" in sentence) == 1, found
    assert sentence in found[0]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            '[lobby]\nmax_wait = "1m"\n',
            "There is no [[room]], so [lobby] is never looked at. Remove it, or add",
        ),
        ('[network]\nkind = "ring"\n', "There is no [[room]], so [network] is never looked at."),
        ("[standby]\nplaces = 3\n", "There is no [[room]], so [standby] is never looked at."),
        (
            '[dropout]\nsilent = "45s"\nthen = ["bot"]\n',
            "There is no [[room]], so [dropout] is never looked at.",
        ),
        (FACTOR, '`frame` is drawn as rooms open, and there is no [[room]]. Write at = "door" here.'),
        (
            '[[step]]\npage = "talk"\nlimit = "5s"\n',
            "What people do alone is [[before]] or [[after]], not [[step]].",
        ),
        (
            ABOUT.replace('"about"', '"late"').replace('"partner_left", ', ""),
            "as `lobby`: there is no [[room]].",
        ),
    ],
)
def test_what_a_survey_leaves_out_is_told(more: str, sentence: str) -> None:
    assert sentence in " ".join(told(SURVEY + more))


def test_after_the_room_a_wrong_answer_takes_nobody_out() -> None:
    quiz = QUIZ.replace("[[before]]", "[[after]]")
    assert (
        "How it ended stands after the room: whoever still has it wrong goes on."
        in told(TITLE + ROOM + quiz)[0]
    )
    [own] = study(TITLE + ROOM + changed(quiz, 'then = "screened_out"\n')).after
    assert (own.attempts, own.fails) == (2, "")


def test_a_page_that_is_only_read_needs_a_form_to_go_on() -> None:
    files = as_files(TITLE + READ + ROOM) | {"pages/read.html": b"<p>Read this.</p>"}
    files["study.toml"] = files["study.toml"].replace(b'page = "talk"\nname = "read"', b'page = "read"')
    [mistake] = check(files)
    assert mistake.sentence == "This page has no form, so nobody can go on from it."
    own = b'{% extends "player/_step_opened.html" %}{% block ask %}<p>Read this.</p>{% endblock %}'
    assert check(files | {"pages/read.html": own}) == []
