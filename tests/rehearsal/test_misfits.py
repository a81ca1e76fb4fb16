"""Whoever plays in a rehearsal types what does not fit, too: it is refused with a sentence, and not stored."""

from __future__ import annotations

import asyncio
import random

import pytest

from app.rehearsal.bots import Bot
from app.rehearsal.diary import Misfit
from app.rehearsal.habits import Habits, habits
from app.rehearsal.misfits import stored
from app.study.model.fields import FieldError
from app.study.model.kinds.click import clicked
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.house import House
from tests.house.questions import QUESTIONS, question_files
from tests.house.server import Server
from tests.house.studies import as_files

READ_ONLY = '[[after]]\npage = "read"\nbutton = "Next"\n'  # a click has nothing that does not fit
STUDY = parse(question_files(QUESTIONS + READ_ONLY))
HASTY = Habits(think=(0.0, 0.0), talk=0, fallible=False, misfits=1.0)


def played(house: House, server: Server, study: Study, theirs: Study) -> list[Bot]:
    """By three who type something wrong on each page; `theirs` is what they believe that the study is."""
    session = house.open_study(study, {"x": 3})
    bots = [
        Bot(server.base, token, theirs, HASTY, label, speed=10_000, seed=label)
        for label, token in session.tokens.items()
    ]

    async def story() -> None:
        await asyncio.gather(*(bot.play() for bot in bots))

    house.tell(story())
    return bots


def test_each_is_refused_with_a_sentence_and_nothing_of_it_is_stored(shared: House, server: Server) -> None:
    bots = played(shared, server, STUDY, STUDY)
    slips = [one for bot in bots for one in bot.diary.misfits]
    assert len(slips) == 2 * len(bots) and len({one.field for one in slips}) > 3
    assert all(bot.page.code and not bot.diary.wrongs for bot in bots)
    found = shared.sql(
        "select p.label, a.step, a.round, a.field, a.value from record a join player p on p.id = a.player_id"
        " where p.session_id = %s",
        shared.sql("select session_id from player order by id desc limit 1")[0][0],
    )
    assert found and list(stored(slips, found)) == []
    [label, step, round_, field, value] = found[0]
    [told] = stored([Misfit(label, step, round_, field, f" {value}")], found)
    assert told.promise == 9 and told.sentence.endswith("which was refused")


def test_what_is_taken_all_the_same_is_named(shared: House, server: Server) -> None:
    """They believe that five is the most; the server takes ten."""
    asked = '[{name = "many", ask = "How many?", kind = "integer", max = 10}]'
    pages = (f'[[before]]\npage = "talk"\nname = "page{nth}"\nfields = {asked}\n' for nth in range(4))
    toml = 'title = "Ten"\n' + "".join(pages)
    study, theirs = parse(as_files(toml)), parse(as_files(toml.replace("max = 10", "max = 5")))
    told = [one for bot in played(shared, server, study, theirs) for one in bot.diary.wrongs]
    assert told and all(one.promise == 9 and "`6` for `many`" in one.sentence for one in told)


def test_what_they_type_does_not_fit_and_whoever_only_clicks_types_nothing() -> None:
    asked = [clicked("I have read it"), *(one for place in STUDY.plan for one in place.step.fields)]
    typed = [(one, one.kind.slip(one, random.Random(nth))) for one in asked for nth in range(9)]
    assert len({one.name for one, text in typed if text}) > 3
    for one, text in typed:
        if text:
            with pytest.raises(FieldError):
                one.read([text])


def test_people_slip_now_and_then() -> None:
    assert all(0 < one.misfits < 0.1 for one in habits(20, 10.0, 0.0, 0.0, 0.0, seed=1))
