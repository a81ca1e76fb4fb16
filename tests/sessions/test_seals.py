"""Stories of seals: what a session is to be, said before it runs, and what did not stay so."""

from __future__ import annotations

import hashlib
import json
import zipfile
from decimal import Decimal

import psycopg
import pytest

from app.players.door import Places
from app.players.people import Person
from app.sessions import actions, mending, places, seals
from app.sessions.inviting import add_people
from app.study.reading import parse
from tests.house.house import House
from tests.house.shell import Shell, is_refused
from tests.house.studies import PAGE, TALK

FILES = {"study.toml": TALK.encode(), "pages/talk.html": PAGE.encode()}
ANALYSIS = {"analysis.R": hashlib.sha256(b"mean(x)").hexdigest()}


def test_what_differs_is_named_piece_by_piece(house: House) -> None:
    session = house.open(places=Places(20, Decimal("0.1")), start=False)
    sealed = house.do(lambda conn: seals.seal(conn, session.id, ANALYSIS, "ada"))
    assert sealed.before == "before anybody came in" and sealed.by == "ada"
    assert sealed.digest == hashlib.sha256(sealed.document.encode()).hexdigest()
    assert house.do(lambda conn: seals.seal(conn, session.id, ANALYSIS, "bo")) == sealed

    def differs(analysis: dict[str, str] | None = None) -> list[str]:
        return house.do(lambda conn: seals.differences(conn, session.id, sealed, analysis))

    assert differs() == differs(ANALYSIS) == []
    house.do(lambda conn: actions.start(conn, session.id, "ada"))
    assert differs() == []
    assert differs({"analysis.R": "0" * 64, "more.R": "1" * 64}) == [
        "The analysis’s file analysis.R is not the one that was sealed.",
        "The analysis’s file more.R is there, and was not sealed.",
    ]
    assert differs({}) == ["The analysis’s file analysis.R was sealed, and is not there."]

    house.do(lambda conn: places.change_places(conn, session.id, Places(30, Decimal("0.1")), "bo"))
    more = [Person("a token of a list", "late", "red")]
    house.do(lambda conn: add_people(conn, session.id, more, "bo", "form-1"))
    assert differs() == [
        "People on the list: blue 2, red 2 when it was sealed, blue 2, red 3 now.",
        "Places at the door: extra 0.1, most 20 when it was sealed, extra 0.1, most 30 now.",
    ]


def test_a_study_that_was_changed_and_changed_back_is_told_too(house: House) -> None:
    session = house.open_files(FILES, {"red": 4})
    sealed = house.do(lambda conn: seals.seal(conn, session.id, {}, "ada"))
    other = FILES | {"pages/talk.html": FILES["pages/talk.html"] + b"\n<p>Think twice.</p>"}
    house.do(lambda conn: actions.pause(conn, session.id, "ada"))
    house.do(lambda conn: mending.mend(conn, session.id, parse(other), "bo"))
    first, second = house.do(lambda conn: seals.differences(conn, session.id, sealed))
    assert first == "The study’s file pages/talk.html is not the one that was sealed."
    assert second.startswith("pages/talk.html was changed by bo, 20")
    house.do(lambda conn: mending.mend(conn, session.id, parse(FILES), "bo"))
    again = house.do(lambda conn: seals.differences(conn, session.id, sealed))
    assert len(again) == 2 and all("was changed by bo" in one for one in again)


def test_the_database_takes_no_digest_but_its_own(house: House) -> None:
    session = house.open()
    house.do(lambda conn: seals.seal(conn, session.id, {}, "ada"))
    with pytest.raises(psycopg.errors.CheckViolation, match="a_digest_is_that_of_its_document"):
        house.sql("update seal set document = replace(document, 'red', 'blue')")


def test_the_command_seals_and_checks_and_says_so_with_its_exit_code(house: House) -> None:
    session, shell = house.open(), Shell(house, house.folder)
    script = house.folder / "analysis.R"
    script.write_text("mean(x)")
    assert "was never sealed" in is_refused(shell.type("seal", session.id, "--check"))
    sealed = shell.type("seal", session.id, "--analysis", script, "--json")
    assert sealed.returncode == 0, sealed.stderr
    told = json.loads(sealed.stdout)
    assert told["sealed"]["analysis"] == ANALYSIS and told["came"] == 0 and told["differs"] is None

    ready, unread, wrong, missing = shell.type_all(
        [
            (["seal", session.id, "--check", told["digest"][:8], "--analysis", str(script)], {}),
            (["seal", session.id, "--check"], {}),
            (["seal", session.id, "--check", "abc-def"], {}),
            (["seal", session.id, "--analysis", "nothing.R"], {}),
        ]
    )
    assert (
        ready.returncode == 0
        and "What ran is what was sealed: study, analysis, sizes and rules." in ready.stdout
    )
    assert (
        unread.returncode == 0
        and "Nobody looked at the analysis: --analysis gives analysis.R." in unread.stdout
    )
    assert "has no seal abc-def" in is_refused(wrong)
    assert "nothing.R can't be read: No such file or directory." in is_refused(missing)
    script.write_text("median(x)")
    changed = shell.type("seal", session.id, "--check", "--analysis", script)
    assert changed.returncode == 1
    assert changed.stdout.splitlines()[-1] == "The analysis’s file analysis.R is not the one that was sealed."

    shell.type("export", session.id, "--to", "out.zip")
    with zipfile.ZipFile(house.folder / "out.zip") as packed:
        [seal] = json.loads(packed.read("manifest.json"))["seals"]
    assert hashlib.sha256(seal["document"].encode()).hexdigest() == seal["digest"] == told["digest"]
