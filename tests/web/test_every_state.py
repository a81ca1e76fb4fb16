"""Every state that a player can be in, drawn from made-up places: what their page says there, and what it must not."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from app.players.waiting_list import WayIn
from app.recruiters.ways_back import WayBack
from app.rooms.prospects import QueuePlace
from app.study.model.networks import Tie
from app.study.model.outcomes import Finish
from app.study.reading import parse
from tests.house.pages import words
from tests.house.solo import PAID as SOLO_PAID
from tests.house.solo import SOLO, SURVEY, TIMED, solo_files
from tests.house.states import ASKED, IN_LINE, NOW, State, a_player, alone, done, door, line, lobby, room
from tests.house.studies import as_files, changed

GROUP = """
title = "Words"
types = ["red"]
[[room]]
name = "four"
seats = {red = 4}
count = 1
[lobby]
max_wait = "5m"
[network]
kind = "complete"
[[step]]
page = "talk"
limit = "60s"
chat = "neighbours"
fields = [{name = "belief", ask = "How sure?", kind = "integer", min = 0, max = 100}]
"""
PAID = GROUP + "[pay]\nbase = 2\n"
WAITING_PAID = changed(GROUP, 'max_wait = "5m"', 'max_wait = "5m"\npay_per_minute = 0.10')
LONE = changed(changed(GROUP, "red = 4", "red = 1"), 'chat = "neighbours"', 'chat = "none"')
PAIR = changed(GROUP, "red = 4", "red = 2")
ROOM_CHAT = changed(GROUP, 'chat = "neighbours"', 'chat = "room"')
DEADLINE = GROUP + 'ends = "deadline"\n'
ENOUGH = GROUP + "wait_for = 0.5\n"
ENOUGH_READ = ENOUGH[: ENOUGH.index("fields = ")] + 'button = "Next"\nwait_for = 0.5\n'
MOVES = (
    GROUP[: GROUP.index("fields = ")]
    + 'on_move = "trade"\n[[step.move]]\nname = "take"\nbutton = "Take it"\n'
)
QUIET = changed(MOVES, "on_move", 'quiet = "15s"\non_move')
HOOKS = "from networklab import Accept\n\ndef trade(room, move):\n    return Accept(end=True)\n"
TO_THE_END, AT_THE_LATEST = "goes on when the time is up.", "It goes on when the time is up at the latest."
OWN_PACE = changed(GROUP, 'chat = "neighbours"', 'wait_for = "none"')
READY = changed(GROUP, 'max_wait = "5m"', 'max_wait = "5m"\nready = "20s"')
STANDBY = GROUP + '[standby]\nplaces = 2\nuntil = "4m"\n'
REDIRECT = GROUP + '[finish]\nredirect = "https://example.org/done?cc={code}"\n'
SCREENED = (
    GROUP
    + '[entry]\nfields = [{name = "age", ask = "Age", kind = "integer"}]\n[[screen_out]]\nfield = "age"\nmax = 17\n'
)
FIXED = (
    GROUP
    + '[finish]\nredirect = {complete = "https://example.org/done", lobby = "https://example.org/home"}\n'
)
BY_ID = GROUP + '[finish]\nredirect = "https://example.org/done?survey_code={survey_code}"\n'
OWN = GROUP + "[finish]\nper_person = true\n"
TURK = {"turkSubmitTo": "https://www.mturk.com", "assignmentId": "3AB"}
BACK = "The button sends you back to the people who invited you"
BY_HAND = "take a picture of it, and hand it in to the people who invited you."
EVERYBODY = "as soon as everybody has answered"
HAS_ENDED = "The researchers have ended your part in the study."

LEFT, BOT, NOT_ASKED, ANSWERED = (
    {"status": "left"},
    {"status": "left", "bot": True},
    {"asked": False},
    {"answered": True},
)
CONSENT, RULES, QUIZ, ABOUT, BYE = (
    0,
    1,
    2,
    5,
    6,
)  # indices in the plan of SOLO, where the quiz has two attempts
TOGETHER = ("group", "neighbour", "everybody", "waits", "waiting", "Your code comes")
SEATED: dict[str, Any] = dict(room_id=1, slot=1, seated_at=NOW)
STATES = {
    # At the door
    "at the door": State(GROUP, door("join"), ("Come in", "at most 5 minutes"), ("paid",)),
    "at the door, paid for waiting": State(WAITING_PAID, door("join"), ("paid",)),
    "again": State(GROUP, door("join_again", player=a_player()), ("Your place is kept.",), ("you are done",)),
    "again, out": State(
        GROUP,
        door("join_again", player=a_player(status="left")),
        ("Welcome back.", "you are done"),
        ("place is kept",),
    ),
    "at the door, where one may decline": State(
        GROUP + '[entry]\ndecline = "declined"\n',
        door("join"),
        ("I do not want to take part", "can’t come back in"),
    ),
    "at the door, whose text has changed": State(
        GROUP, door("join", outdated=True), ("has changed since you opened it",), ("I do not want",)
    ),
    "at a full door": State(
        GROUP,
        door("join", way_in=WayIn(0, 5, 2), code="C-9", way=WayBack()),
        (
            "All places are taken just now.",
            "2 people are before you.",
            "at most 10 minutes",
            "Wait in line",
            "C-9",
        ),
        ("You can come in now.", "for your group", "Come in"),
    ),
    "again, in line": State(
        GROUP,
        door("join_again", player=a_player(**IN_LINE)),
        ("You are in line.", "see which"),
        ("Your place is kept", "You signed in before"),
    ),
    "no place": State(
        GROUP,
        door("door_closed", why="full", code="C-9", way=WayBack(), again=""),
        ("All places are taken just now.", "open your link again later", "C-9"),
        ("closed", "Have you been here before"),
    ),
    "no place any more": State(
        PAID,
        door("door_closed", why="over", code="C-9", way=WayBack(), again="/s/x"),
        ("No place is left", "C-9", "Have you been here before"),
        ("later", "closed", "paid"),
    ),
    "closed for everybody": State(
        GROUP,
        door("door_closed", why="closed", code="C-9", way=WayBack(), again=""),
        ("This session is closed", "C-9"),
        ("later", "taken"),
    ),
    # In line before the door
    "in line": State(
        GROUP,
        line(2, 5),
        ("3 is your place in line: 2 people are before you.", "You wait at most", "show my code"),
        ("the next", "paused"),
    ),
    "in line, the next, unpaid": State(
        PAID,
        line(0, 1),
        ("1 is your place in line: you are the next.", "Waiting in line is not paid."),
        ("before you",),
    ),
    "in line, paid": State(
        changed(PAID, "base = 2", 'base = 2\ncurrency = "EUR"\noutcomes = {full = 0.5}'),
        line(1, 2),
        ("one person is before you.", "Whoever gets no place is paid €0.50"),
    ),
    "in line, paused": State(
        GROUP,
        line(0, 1, session_status="paused"),
        ("Your waiting time stands still", "You wait at most 10:00"),
        (" more.",),
    ),
    "out of the line": State(
        PAID, done("full", **IN_LINE | dict(status="left")), ("No place was free.", "C-7"), ("Enough people",)
    ),
    "at the door of a study with pages before the lobby": State(
        SOLO,
        door("join"),
        ("Next comes a part that you go through by yourself. Then you wait for your group",),
    ),
    "at the door of a survey": State(
        SURVEY, door("join"), ("Next comes the study itself.",), ("wait", "group")
    ),
    # Alone, before the lobby and after the room
    "consent": State(
        SOLO,
        alone(CONSENT),
        ("page 1 of 3", "Continue", "I do not want to take part", "You get a code", "Take your time."),
        (*TOGETHER, "Leave the study", "stays stored", "Time left", "until it goes on", "earn"),
    ),
    "rules": State(
        SOLO,
        alone(RULES),
        ("page 2 of 3", "Leave the study", "30 minutes"),
        (*TOGETHER, "take part", "attempt"),
    ),
    "before the start, reading": State(SOLO, alone(RULES, status="open"), ("page 2 of 3",), TOGETHER),
    "reading, paused": State(
        SOLO, alone(RULES, status="paused"), ("What you type is kept.",), (*TOGETHER, "clock")
    ),
    "through with a page, paused": State(
        SOLO,
        alone(RULES, status="paused", saved=1),
        ("You go on as soon as it does.",),
        (*TOGETHER, "You can change"),
    ),
    "rules, timed": State(
        TIMED,
        alone(RULES),
        ("It goes on by itself when the time is up.",),
        (*TOGETHER, "Take your time", "left empty"),
    ),
    "consent, timed": State(
        changed(SOLO, 'page = "consent"', 'page = "consent"\nlimit = "2m"'),
        alone(CONSENT),
        ("Whoever has not answered when the time is up does not take part.",),
        (*TOGETHER, "Take your time", "left empty"),
    ),
    "a question, timed": State(
        changed(SOLO, 'page = "quiz"', 'page = "quiz"\nlimit = "2m"'),
        alone(QUIZ),
        ("This attempt is over as soon as you have answered", "left empty"),
        (*TOGETHER, "Take your time", "It goes on as soon"),
    ),
    "a timed page, paused": State(
        TIMED, alone(RULES, status="paused"), ("The clock stands still",), (*TOGETHER,)
    ),
    "quiz": State(
        SOLO,
        alone(QUIZ),
        ("page 3 of 3", "have a right answer. You can try 2 times."),
        (*TOGETHER, "last attempt"),
    ),
    "quiz, one attempt": State(
        changed(SOLO, "attempts = 2", "attempts = 1"), alone(QUIZ), ("You can try once.",), ("last attempt",)
    ),
    "quiz, the last attempt": State(
        SOLO,
        alone(QUIZ + 1, wrong={"size": "That is not right. Two hats."}),
        ("page 3 of 3", "This is your last attempt.", "That is not right. Two hats."),
        (*TOGETHER, "You can try"),
    ),
    "quiz, wrong": State(
        changed(SOLO, "attempts = 2", "attempts = 3"),
        alone(QUIZ + 1, wrong={"size": "That is not right."}),
        ("You can try 2 more times.",),
        ("have a right answer",),
    ),
    "stopped alone": State(
        SOLO,
        alone(RULES, stopped=True),
        ("You can’t go on just yet.", "Leave the study"),
        (*TOGETHER, "Continue"),
    ),
    "about to open alone": State(SOLO, alone(CONSENT, opening=True), ("is about to open",), TOGETHER),
    "asked for help alone": State(
        TIMED, alone(CONSENT, notices=ASKED), ("They have your question.",), TOGETHER
    ),
    "after the room": State(
        SOLO,
        alone(ABOUT, outcome="complete"),
        ("page 1 of 2", "Your group is done.", "These last pages are for you alone", "the same code"),
        ("neighbours", "everybody", "no group", "left, so", "take part", "waits for you to"),
    ),
    "the last page": State(
        SOLO,
        alone(BYE, outcome="complete"),
        ("page 2 of 2", "This last page is for you alone"),
        ("These last",),
    ),
    "after a partner left": State(
        SOLO,
        alone(ABOUT, outcome="partner_left"),
        ("Somebody in your group left", "This last page"),
        ("is done",),
    ),
    "after the lobby": State(
        SOLO,
        alone(ABOUT, outcome="lobby"),
        ("There was no group for you in time.",),
        ("is done", "Your group"),
    ),
    "after the room, paid": State(
        SOLO_PAID, alone(ABOUT, outcome="complete"), ("2.00 for finishing",), ("for taking part",)
    ),
    "after a partner left, paid": State(
        SOLO_PAID, alone(ABOUT, outcome="partner_left"), ("for taking part",), ("for finishing",)
    ),
    "a survey": State(SURVEY, alone(0), ("page 1 of 3", "Continue"), (*TOGETHER, "lobby", "room")),
    "a survey's last page": State(
        SURVEY, alone(2, outcome="complete"), ("page 3 of 3",), (*TOGETHER, "lobby", "These last")
    ),
    "a survey is done": State(
        SURVEY, done("complete", records=3), ("You are done.", "3 answers"), (*TOGETHER, "researchers have")
    ),
    "a survey was closed": State(
        SURVEY, done("closed", status="left"), ("ended by the researchers",), (*TOGETHER, "waiting")
    ),
    "closed while they were reading": State(
        SOLO, done("lobby", status="left"), ("ended before you could be in a group.",), ("waiting", "waited")
    ),
    "waited after reading": State(
        SOLO, done("lobby", status="left", queued_from=NOW), ("Thank you for waiting.",), ("could be in",)
    ),
    "taken out while they were reading": State(
        SOLO, done("withdrawn", True, status="left"), (HAS_ENDED,), ("You have left",)
    ),
    "failed the quiz": State(
        SOLO, done("failed_check", status="left"), ("Not all of your answers were right",), ("You are done",)
    ),
    # In the lobby
    "others are on their way": State(
        SOLO,
        lobby(1, before=7, queued_from=NOW),
        ("One more person is needed.", "7 more people are on their way."),
    ),
    "one is on the way": State(
        SOLO,
        lobby(3, before=1, session_status="open", queued_from=NOW),
        ("people are waiting.", "One more person is on the way."),
    ),
    "nobody is on the way": State(SOLO, lobby(1, queued_from=NOW), ("is needed.",), ("on the",)),
    "before the start": State(
        GROUP,
        lobby(3, session_status="open"),
        ("It has not begun yet.", "people are waiting", "you leave with a code."),
        ("forming", "earned", "only one"),
    ),
    "before the start, paid": State(
        WAITING_PAID, lobby(session_status="open"), ("a code for what you earned", "only one waiting")
    ),
    "before a start that is known": State(
        GROUP,
        lobby(session_status="open", start_at=NOW + timedelta(seconds=600)),
        ("begins in", "It starts in"),
    ),
    "waiting": State(
        GROUP,
        lobby(3),
        ("Your group is forming.", "3 of 4", "One more person is needed."),
        ("code for what",),
    ),
    "next in the queue": State(
        GROUP,
        lobby(6, turn=QueuePlace(0, False, True)),
        ("Your group is forming.", "You are next"),
        ("before you",),
    ),
    "second in the queue": State(
        GROUP,
        lobby(6, turn=QueuePlace(1, False, False)),
        ("A group is forming.", "One person before you waits for the same place."),
        ("Your group", "You start as soon", "You are next"),
    ),
    "far back in the queue": State(
        GROUP,
        lobby(60, turn=QueuePlace(40, True, False)),
        ("More than 40 people before you wait",),
        ("You are next",),
    ),
    "waiting for several": State(GROUP, lobby(1), ("3 more people are needed.",)),
    "waiting where only who finishes is paid": State(
        PAID, lobby(), ("for finishing", "you either play or leave with a code."), ("for what you earned",)
    ),
    "waiting, paid": State(WAITING_PAID, lobby(), ("a code for what you earned",)),
    "all groups are full": State(
        GROUP, lobby(1, made=1), ("You’re in, and waiting.", "are full"), ("forming", "needed")
    ),
    "paused in the lobby": State(
        GROUP, lobby(session_status="paused"), ("The session is paused.", "at most 5:00 in all"), ("more.",)
    ),
    "standby": State(
        STANDBY,
        lobby(made=1, standby_until=NOW + timedelta(seconds=240)),
        ("You are on standby.", "somebody on standby takes the place", "you leave sooner"),
        ("you take their place", "forming"),
    ),
    "asked whether ready": State(
        READY, lobby(4, asked_until=NOW + timedelta(seconds=20)), ("Are you ready?", "I’m ready")
    ),
    "ready": State(
        READY,
        lobby(4, asked_until=NOW + timedelta(seconds=20), ready_at=NOW),
        ("You’re ready.",),
        ("Are you ready?",),
    ),
    "missed it": State(
        READY, lobby(3, queued_at=NOW), ("You were put last", "forming"), ("waiting, as the last",)
    ),
    "asked for help in the lobby": State(
        GROUP, lobby(notices=ASKED), ("They have your question.",), ("clock keeps", "Go on")
    ),
    # In a room
    "a step": State(
        GROUP,
        room(),
        (EVERYBODY, "0 of 3 neighbours have answered.", "You talk with Name2, Name3 and Name4", "left empty"),
    ),
    "answered": State(
        GROUP,
        room({1: ANSWERED, 2: ANSWERED}, saved=1),
        ("change your answer until it goes on", "1 of 3"),
        ("until the time",),
    ),
    "a pair": State(PAIR, room(), ("0 of 1 neighbour has", "You talk with Name2"), ("neighbours has",)),
    "talk of the whole room": State(
        ROOM_CHAT, room({2: BOT}), ("1 of 3 others have answered.",), ("people",)
    ),
    "alone from the start": State(
        LONE, room(), ("as soon as you have answered",), (EVERYBODY, "r group", "neighbour has")
    ),
    "connected with nobody": State(
        GROUP, room(ties=()), (EVERYBODY, "Nobody is connected with you"), ("still here",)
    ),
    "ends at the deadline": State(DEADLINE, room(), ("It goes on when the time is up.",), (EVERYBODY,)),
    "moves": State(MOVES, room(), (AT_THE_LATEST,), (TO_THE_END, EVERYBODY, "left empty")),
    "moves of others": State(MOVES, room({1: NOT_ASKED}), (AT_THE_LATEST,), (TO_THE_END, "they are done")),
    "moves, to a quiet end": State(
        QUIET, room(), ("sets the clock to 0:15", AT_THE_LATEST), (TO_THE_END, EVERYBODY, "left empty")
    ),
    "not asked, enough have read": State(
        ENOUGH_READ, room({1: NOT_ASKED}), ("as soon as enough have clicked",), ("answered, and",)
    ),
    "enough is enough": State(ENOUGH, room(), ("as soon as enough have answered",), (EVERYBODY,)),
    "own pace": State(OWN_PACE, room(), ("Your group goes on when all are through",), (EVERYBODY,)),
    "own pace, alone": State(LONE + 'wait_for = "none"\n', room(), ("You go on by yourself",), ("r group",)),
    "asked alone": State(
        PAIR,
        room({2: NOT_ASKED}),
        ("as soon as you have answered", "Nobody you are connected with is in this part"),
        (EVERYBODY, "still here"),
    ),
    "not asked": State(
        PAIR, room({1: NOT_ASKED}), ("This part is for others", "when they are done", "0 of 1 neighbour has")
    ),
    "not asked, to the deadline": State(
        DEADLINE, room({1: NOT_ASKED}), (AT_THE_LATEST,), (TO_THE_END, "they are done")
    ),
    "not asked, enough is enough": State(
        ENOUGH, room({1: NOT_ASKED}), ("as soon as enough have",), ("they are done",)
    ),
    "somebody left": State(
        GROUP,
        room({2: LEFT}),
        ("Name2 has left; the group goes on.", "You talk with Name3 and Name4", "0 of 2"),
        ("alone",),
    ),
    "all others left": State(
        GROUP,
        room({2: LEFT, 3: LEFT, 4: LEFT}),
        (
            "Name2, Name3 and Name4 have left; you go on alone.",
            "Nobody you were connected with is still here.",
            "as soon as you",
        ),
        ("the group", EVERYBODY, "You talk with"),
    ),
    "a bot plays on": State(
        PAIR, room({2: BOT}), ("1 of 1 neighbour has answered.",), ("has left", "alone", "still here", "bot")
    ),
    "a newcomer": State(
        GROUP, room({2: {"refilled": True}}), ("Name2 had left; somebody else goes on",), ("Name2 has left",)
    ),
    "a newcomer in their own place": State(GROUP, room({1: {"refilled": True}}), (EVERYBODY,), ("had left",)),
    "ties in one direction": State(
        PAIR,
        room(ties=(Tie(1, 2, 1.0),)),
        ("Whose messages you read: Name2. Nobody reads what you write.",),
        ("these people",),
    ),
    "nudged": State(GROUP, room(nudged=True), ("Are you still there?", "Your group waits for you.")),
    "nudged, alone": State(
        LONE, room(nudged=True), ("Are you still there?", "Go on, or press the button."), ("r group",)
    ),
    "paused": State(GROUP, room(status="paused"), ("The clock stands still",), ("keeps running",)),
    "stopped": State(
        GROUP, room(stopped=True), ("Your group can’t go on just yet.",), ("has answered", "Time left")
    ),
    "stopped, alone": State(LONE, room(stopped=True), ("You can’t go on just yet.",), ("r group",)),
    "about to open": State(GROUP, room(opening=True), ("is about to open",), ("has answered", EVERYBODY)),
    "asked for help": State(GROUP, room(notices=ASKED), ("Go on meanwhile: the clock keeps running.",)),
    "asked for help while paused": State(
        GROUP, room(status="paused", notices=ASKED), ("They have your question.",), ("keeps running",)
    ),
    "asked for help while stopped": State(
        GROUP, room(stopped=True, notices=ASKED), ("They have your question.",), ("keeps running",)
    ),
    # Done
    "complete": State(
        GROUP,
        done("complete", records=1, messages=2, **SEATED),
        ("You are done.", "1 answer and 2 messages.", "C-7", BY_HAND),
        (BACK, "No button", "for you alone"),
    ),
    "complete, paid": State(
        PAID, done("complete", **SEATED), ("Your pay: 2.00", "For finishing"), ("All that you saved",)
    ),
    "lobby": State(
        GROUP, done("lobby", status="left"), ("There was no group for you in time.",), ("paid", "complete")
    ),
    "lobby, paid": State(
        WAITING_PAID,
        done("lobby", status="left"),
        ("the time you waited, which is paid", "Waiting, 30 seconds"),
    ),
    "standby is over": State(
        STANDBY, done("standby", status="left"), ("No group needs you any more.",), ("paid",)
    ),
    "screened out": State(
        SCREENED,
        done("screened_out", status="left", signed_in_at=NOW),
        ("With your answers you can’t take part", "people with other answers"),
        ("You are done", "given you a code", "how your session ended"),
    ),
    "failed the check": State(
        GROUP,
        done("failed_check", status="left", signed_in_at=NOW),
        ("Not all of your answers were right", "did not have all answers right"),
        ("You are done", "given you a code", "how your session ended"),
    ),
    "declined": State(
        GROUP,
        done("declined", status="left", signed_in_at=NOW),
        ("You do not take part in this study.", "did not want to take part"),
        ("You are done", "given you a code", "how your session ended"),
    ),
    "full": State(
        GROUP,
        done("full", status="left", signed_in_at=NOW),
        ("That is not your fault.",),
        ("given you a code",),
    ),
    "withdrawn": State(
        GROUP, done("withdrawn", status="left", **SEATED), ("You have left the study.",), (HAS_ENDED,)
    ),
    "partner left": State(GROUP, done("partner_left", **SEATED), ("Somebody in your group left",)),
    "dropped": State(
        GROUP, done("dropped", status="left", **SEATED), ("your place was given up",), ("You have left",)
    ),
    "closed": State(GROUP, done("closed", **SEATED), ("ended by the researchers",)),
    "taken out": State(
        GROUP, done("withdrawn", True, status="left", **SEATED), (HAS_ENDED,), ("You have left",)
    ),
    "taken out of a room with the code for waiting": State(
        GROUP, done("lobby", True, status="left", **SEATED), (HAS_ENDED,), ("Thank you for waiting",)
    ),
    "never came, and was given a code": State(
        GROUP,
        done("withdrawn", status="left", signed_in_at=NOW),
        ("given you a code", "C-7"),
        ("You have left",),
    ),
    "erased": State(
        GROUP,
        done("complete", records=1, erased_at=NOW, **SEATED),
        ("Still counted: 1 answer.", "Nobody can tell any more what was yours."),
        ("there were", "All that you saved", BY_HAND),
    ),
    "on to the recruiter": State(
        REDIRECT, done("complete", **SEATED), ("Hand in the code", f"{BACK}, with your code."), (BY_HAND,)
    ),
    **{
        f"on to the recruiter: {outcome}": State(
            REDIRECT, done(outcome, status="left"), (f"{BACK}, with your code.",), (BY_HAND, "No button")
        )
        for outcome in Finish().codes
        if outcome != "complete"
    },
    "back to an address that takes no code": State(
        FIXED,
        done("complete", **SEATED),
        (f"{BACK}. Keep the code", "Go back"),
        ("Hand in", "with your code"),
    ),
    "back by another address": State(FIXED, done("lobby", status="left"), ("Go back",), (BY_HAND,)),
    "an outcome without an address": State(
        FIXED,
        done("withdrawn", status="left", **SEATED),
        (BY_HAND,),
        (BACK, "No button"),
    ),
    "back by what came with the link": State(
        BY_ID, done("complete", given={"survey_code": "42"}, **SEATED), (f"{BACK}. Keep the code",)
    ),
    "nothing came with the link": State(
        BY_ID, done("complete", **SEATED), ("No button can send you back", BY_HAND), (BACK, "Go back")
    ),
    "erased, with what came with the link": State(
        BY_ID, done("complete", erased_at=NOW, **SEATED), ("Nobody can tell",), (BACK, "No button", BY_HAND)
    ),
    "from MTurk": State(
        BY_ID,
        done("complete", given=TURK, **SEATED),
        ("Hand in the code", "hands your code in at MTurk."),
        (BACK, "No button", BY_HAND),
    ),
    "a code of one's own": State(OWN, done("complete", **SEATED), ("It was made for you alone.",)),
    "a code of one's own, erased": State(
        OWN, done("complete", erased_at=NOW, **SEATED), ("C-7",), ("for you alone",)
    ),
    "asked for help when done": State(
        GROUP, done("complete", notices=ASKED, **SEATED), ("They have your question.",), ("keeps running",)
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_what_a_page_says_is_true_in_this_state(name: str) -> None:
    state = STATES[name]
    hooks = HOOKS if "on_move" in state.toml else ""
    study = parse(as_files(state.toml, hooks) | solo_files(state.toml))
    page = words(state.at(study))
    for sentence in state.says:
        assert sentence in page
    for sentence in state.never:
        assert sentence not in page
    assert not re.search(r"\bNone\b|\b1 (people|neighbours|others|answers|messages|seconds|minutes)\b", page)
    if not study.pays:
        assert not re.search(r"\bearn|\bpay:|\bbonus|is paid", page, re.IGNORECASE), "nothing is paid here"
