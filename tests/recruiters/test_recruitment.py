"""Stories of the token: kept by a key that is not in the database, told to nobody, and sent to one host."""

from __future__ import annotations

import pytest

from app.config import ConfigError, read_config
from app.database.connections import Connection
from app.recruiters.bonuses import settle
from app.recruiters.keeping import locked, opened
from app.recruiters.recruiter import RecruitingError
from app.recruiters.recruitment import connect_with, forget, the_recruitment
from tests.house.house import House
from tests.house.prolific import STUDY_ID, TOKEN, FakeProlific
from tests.house.recruited import recruited

KEY = "a key that nobody guesses, 44 letters".replace(" ", "-")


def test_what_is_kept_opens_by_its_key_for_its_session_alone() -> None:
    kept = locked(KEY, "s1", TOKEN)
    assert TOKEN.encode() not in kept and locked(KEY, "s1", TOKEN) != kept
    assert opened(KEY, "s1", kept) == TOKEN
    assert opened(KEY, "s2", kept) is None and opened(KEY[::-1], "s1", kept) is None


def test_a_token_of_a_session_is_kept_used_and_forgotten(shared: House, fake: FakeProlific) -> None:
    told = recruited(shared, fake, ["0"])
    with_key = read_config({"PROLIFIC_URL": fake.base, "NETWORKLAB_KEY": KEY})
    without = read_config({"PROLIFIC_URL": fake.base})
    shared.do(lambda conn: connect_with(conn, with_key, told.id, "", TOKEN))
    kept = str(
        shared.sql("select r::text, encode(token, 'escape') from recruiting r where session_id = %s", told.id)
    )
    assert TOKEN not in kept and KEY not in kept and TOKEN not in repr(with_key) + repr(told.config)

    async def made(conn: Connection) -> None:
        found = await the_recruitment(conn, told.id)
        assert found.study_id == STUDY_ID, "which people's links named"
        assert TOKEN not in repr(found)
        found.made(with_key)
        with pytest.raises(RecruitingError, match="NETWORKLAB_KEY, which is not set"):
            found.made(without)
        await forget(conn, told.id)
        with pytest.raises(RecruitingError, match="There is no token of Prolific"):
            (await the_recruitment(conn, told.id)).made(with_key)

    shared.do(made)
    with pytest.raises(RecruitingError, match="can only be kept where NETWORKLAB_KEY is set"):
        shared.do(lambda conn: connect_with(conn, without, told.id, "", TOKEN))
    with pytest.raises(RecruitingError, match="“nothing” is no study of Prolific: its id has 24"):
        shared.do(lambda conn: connect_with(conn, with_key, told.id, "nothing", ""))


def test_another_study_is_taken_where_bonuses_came_to_nothing(shared: House, fake: FakeProlific) -> None:
    told = recruited(shared, fake, ["1.25"])
    [number] = told.confirm()
    fake.submissions.clear()
    told.go_on()
    assert told.states() == {"P1": "held"} and told.payouts()[0].state == "settled"
    with pytest.raises(RecruitingError, match="by another study already, or may have been"):
        shared.do(lambda conn: connect_with(conn, told.config, told.id, "a" * 24, ""))
    shared.do(lambda conn: settle(conn, told.id, number, None, False, "story"))
    shared.do(lambda conn: connect_with(conn, told.config, told.id, "a" * 24, ""))


@pytest.mark.parametrize(
    ("setting", "text", "sentence"),
    [
        ("PROLIFIC_URL", "http://api.prolific.com", "must begin with https://"),
        ("PROLIFIC_URL", "https://user:secret@api.prolific.com", "must begin with https://"),
        ("PROLIFIC_TOKEN", "with a space", "must have 10 letters or more"),
        ("NETWORKLAB_KEY", "short", "must have 32 letters or more"),
    ],
)
def test_a_setting_that_would_give_the_token_away_is_refused(setting: str, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as refused:
        read_config({setting: text})
    assert setting.endswith("URL") or text not in str(refused.value)
