"""The list of people: what is read, and the sentence that everything else gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.players.people import TOKEN_LENGTH, TOKEN_LETTERS, PeopleError, Person, read_people
from app.study.model.study import Study
from app.study.reading import parse, read_folder
from tests.house.studies import RUMOUR

STUDY = parse(read_folder(RUMOUR))
ANNA, BEN = Person("anna-1", "P001", "red"), Person("ben_2", "Ben, the second", "blue")
LIST = 'token,label,type\nanna-1,P001,red\nben_2,"Ben, the second",blue\n'
SAVE_AGAIN = "save it as comma-separated CSV (in Excel: CSV UTF-8 (comma delimited)) and try again."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def read(path: Path, content: str | bytes, study: Study = STUDY) -> tuple[Person, ...]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_people(path, study)


def refusal(path: Path, content: str | bytes) -> str:
    with pytest.raises(PeopleError) as error:
        read(path, content)
    sentence = str(error.value)
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    return sentence


@pytest.mark.parametrize(
    "content",
    [
        LIST,
        LIST.rstrip("\n"),
        b"\xef\xbb\xbf" + LIST.encode(),
        LIST.replace("\n", "\r\n"),
        LIST.replace("\n", "\r"),
        LIST + "\n\n  \n,,\n",
        LIST.replace("anna-1,P001,red", " anna-1 , P001 , red "),
        LIST.replace("token,label,type", " Token ,LABEL,Type"),
        LIST.replace("anna-1,P001,red", '"anna-1","P001","red"'),
        'type,note,label,token\nred,,P001,anna-1\nblue,"two\nlines","Ben, the second",ben_2\n',
    ],
)
def test_a_list_is_read_however_it_was_saved(path: Path, content: str | bytes) -> None:
    assert read(path, content) == (ANNA, BEN)


def test_empty_tokens_and_labels_are_made(path: Path) -> None:
    people = read(path, "token,label,type\n,,red\n,P001,red\nben_2,,blue\n,,red\n")
    assert [person.label for person in people] == ["P002", "P001", "P003", "P004"]
    made = [person.token for person in people if person.token != "ben_2"]
    assert len(set(made)) == 3
    assert all(len(token) == TOKEN_LENGTH and set(token) <= set(TOKEN_LETTERS) for token in made)
    assert read(path, "token,label,type\n,,red\n") != read(path, "token,label,type\n,,red\n")


def test_any_type_goes_where_the_study_names_none(path: Path) -> None:
    page = {"pages/talk.html": b""}
    room, step = '[[room]]\nname = "r"\nseats = {any = 4}\n', '[[step]]\npage = "talk"\nlimit = 5\n'
    study = parse({"study.toml": f'title = "T"\n{room}{step}'.encode()} | page)
    assert read(path, "token,label,type\na,A,ultraviolet\n", study) == (Person("a", "A", "ultraviolet"),)
    with pytest.raises(PeopleError, match="“any”, which is the word for a seat that takes every type"):
        read(path, "token,label,type\na,A,any\n", study)


LATIN = LIST.replace("P001", "Zoë").encode("latin-1")
REFUSED = [
    # how it was saved
    (LIST.replace(",", ";"), "people.csv line 1 uses semicolons between the cells; " + SAVE_AGAIN),
    ("sep=;\n" + LIST, "people.csv line 1 uses semicolons between the cells; " + SAVE_AGAIN),
    (LIST.replace(",", "\t"), "people.csv line 1 uses tabs between the cells; " + SAVE_AGAIN),
    (LATIN, "people.csv line 2 is not UTF-8 text (Latin-1, perhaps); " + SAVE_AGAIN),
    (LIST.encode("utf-16"), "people.csv line 1 is UTF-16 text; " + SAVE_AGAIN),
    (LIST.encode("utf-16-le"), "people.csv line 1 is UTF-16 text; " + SAVE_AGAIN),
    (b"PK\x03\x04\x14\x00", "people.csv is a spreadsheet, not a CSV; " + SAVE_AGAIN),
    (LIST.replace("Ben", "B\0n"), "people.csv line 3 has a NUL byte in it; remove it, or " + SAVE_AGAIN),
    ("", "people.csv is empty; start it with the line token,label,type and add a line per player."),
    (" \r\n,,\n", "people.csv is empty; start it with the line token,label,type and add a line per player."),
    (
        "token,label,type\n\n",
        "people.csv has a header but no players; add one line per player below line 1 and try again.",
    ),
    # its header
    (
        LIST.replace("type", "group"),
        "people.csv line 1 is the header and has no column type; let it read token,label,type.",
    ),
    (
        LIST.replace("token", "tokens"),
        "people.csv line 1 is the header and has no column token; rename its column tokens to token.",
    ),
    (
        LIST.split("\n", 1)[1],
        "people.csv line 1 is the header and has no column token; let it read token,label,type.",
    ),
    (
        LIST.replace("label", "type"),
        "people.csv line 1 names the column type twice; remove or rename one of them.",
    ),
    # its lines
    (
        LIST.replace("P001,red", "P001"),
        "people.csv line 2 has 2 cells where the header has 3; "
        "correct it, with quotation marks around a cell that has a comma in it.",
    ),
    (
        LIST.replace('"', ""),
        "people.csv line 3 has 4 cells where the header has 3; "
        "correct it, with quotation marks around a cell that has a comma in it.",
    ),
    (
        LIST.replace('second"', "second"),
        "people.csv line 3 has a quotation mark out of place; "
        "close it, and write a quotation mark inside a cell twice.",
    ),
    (
        LIST.replace("P001", '"P"001'),
        "people.csv line 2 has a quotation mark out of place; "
        "close it, and write a quotation mark inside a cell twice.",
    ),
    (
        LIST + "\nanna-1,Anna again,red\n",
        "people.csv line 5 has the same token as line 2, “anna-1”; give each player a token of their own.",
    ),
    (
        LIST + "cleo,P001,red\n",
        "people.csv line 4 has the same label as line 2, “P001”; give each player a label of their own.",
    ),
    (
        LIST.replace("blue", "bleu"),
        "people.csv line 3 has the type “bleu”, which the study does not know; did you mean blue?",
    ),
    (
        LIST.replace("blue", "Blue"),
        "people.csv line 3 has the type “Blue”, which the study does not know; did you mean blue?",
    ),
    (
        LIST.replace("blue", "xyz"),
        "people.csv line 3 has the type “xyz”, which the study does not know; "
        "write one of red, blue and green.",
    ),
    (LIST.replace("red", ""), "people.csv line 2 has no type; write the type of this player."),
    *(
        (
            LIST.replace("anna-1", token),
            f"people.csv line 2 has a token that can't stand in a link, “{shown}”; "
            "use up to 128 letters, digits, - and _, or leave it empty to have one made.",
        )
        for token in ("anna 1", "a/b", "änna", "..", "a%20", "a?b", "x" * 129)
        for shown in [token if len(token) < 40 else token[:39] + "…"]
    ),
    (
        LIST.replace("P001", "P" * 101),
        f"people.csv line 2 has a label that can't be shown, “{'P' * 39}…”; use up to 100 plain characters.",
    ),
    (
        LIST.replace("P001", '"P\n1"'),
        "people.csv line 2 has a label that can't be shown, “P\ufffd1”; use up to 100 plain characters.",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), REFUSED)
def test_a_list_that_can_t_be_used_gets_one_sentence_with_line_and_cure(
    path: Path, content: str | bytes, sentence: str
) -> None:
    assert refusal(path, content) == sentence


def test_a_file_that_is_not_there_gets_a_sentence(path: Path) -> None:
    places = {path: "does not exist", path.parent: "is a folder", path / "\0": "can't be read"}
    for place, words in places.items():
        with pytest.raises(PeopleError, match=words):
            read_people(place, STUDY)


def test_a_hundred_thousand_people_are_the_most(path: Path) -> None:
    lines = "".join(f"t{number},,red\n" for number in range(100_000))
    people = read(path, "token,label,type\n" + lines)
    assert (len(people), people[0].label, people[-1].label) == (100_000, "P000001", "P100000")
    told = refusal(path, "token,label,type\n" + lines + ",,red\n")
    assert told == "people.csv has more than 100,000 players (line 100002); split it into sessions."


@given(st.binary(max_size=60) | st.text('tokenlabltypred,;"\n\r\t 1é\0', max_size=60).map(str.encode))
def test_whatever_the_file_holds_it_is_read_or_gets_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "people.csv"
    for whole in (content, b"token,label,type\n" + content):
        path.write_bytes(whole)
        try:
            people = read_people(path, STUDY)
        except PeopleError as error:
            assert str(error).startswith("people.csv ")  # noqa: PT017
        else:
            assert all(person.token and person.label and person.type in STUDY.types for person in people)
