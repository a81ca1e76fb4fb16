"""Stories of links: made again from the server's secret, and which are of use to others."""

from __future__ import annotations

import pytest

from app.players.links import as_csv, links_again, warning_of, with_tokens
from app.players.people import Person, people_in
from app.players.tokens import TOKEN_LENGTH, TOKEN_LETTERS, made_token
from app.sessions.erasing import erase
from app.study.reading import parse
from tests.house.house import House
from tests.house.studies import TALK, as_files


def test_tokens_that_were_made_are_made_again_and_those_of_a_list_are_not(shared: House) -> None:
    people = [Person("", "Ana", "red"), Person("a-token-of-a-list", "Ben", "blue"), Person("", "Cid", "red")]
    session = shared.open(people=people)
    again = shared.read(lambda conn: links_again(conn, session.id))
    assert [one.label for one in again.people] == ["Ana", "Cid"] and again.others == ["Ben"]
    tokens = [one.token for one in with_tokens(people, again)]
    assert tokens[1] == "a-token-of-a-list" and len({*tokens}) == 3
    assert all(len(one) == TOKEN_LENGTH and {*one} <= {*TOKEN_LETTERS} for one in tokens[::2])
    stored = "select count(*) from player where session_id = %s and token_hash = sha256(%s)"
    assert shared.sql(stored, session.id, tokens[0].encode()) == [(1,)]
    everything = str(shared.sql("select player::text from player where session_id = %s", session.id))
    assert tokens[0] not in everything and tokens[0].encode().hex() not in everything

    shared.act("close", session)
    shared.do(lambda conn: erase(conn, session.id, "ada", "asked", label="Ana"))
    left = shared.read(lambda conn: links_again(conn, session.id))
    assert [one.label for one in left.people] == ["Cid"] and left.others == ["Ben"]


def test_a_list_of_links_has_no_formula_and_reads_back_as_it_was() -> None:
    people = [Person("a-token-4f", "=1+1", "-x"), Person("b-token-4f", "'@home", "red")]
    text = as_csv(people, "https://lab.example.org", "abcdefgh")
    assert "a-token-4f,'=1+1,'-x,https://lab.example.org/join/a-token-4f\r\n" in text
    study = parse(as_files(TALK))
    assert people_in("links.csv", text.encode(), study).people == tuple(people)
    others = text.replace("/join/", "/elsewhere/").encode()
    assert people_in("links.csv", others, study).people[0].label == "'=1+1", (
        "a list of one's own is left alone"
    )


def test_a_token_hangs_on_secret_number_and_label() -> None:
    of = [made_token(secret, number, label) for secret in (b"a", b"b") for number in (1, 2) for label in "xy"]
    assert len({*of}) == 8 and of[0] == made_token(b"a", 1, "x")


@pytest.mark.parametrize(
    ("url", "alone"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost", True),
        ("http://[::1]:8000", True),
        ("http://0.0.0.0:8000", True),
        ("https://lab.example.org", False),
        ("http://192.168.1.4:8000", False),
    ],
)
def test_links_that_open_on_this_machine_alone_are_known(url: str, alone: bool) -> None:
    assert ("NETWORKLAB_URL" in warning_of(url)) == alone
