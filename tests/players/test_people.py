"""The list of people: what is read, and the sentence that everything else gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.players.lists import PeopleError
from app.players.people import Listed, Person, read_people
from app.study.model.study import Study
from app.study.reading import parse, read_folder
from tests.house.studies import RUMOUR

STUDY = parse(read_folder(RUMOUR))
ANNA, BEN = Person("anna-1", "P001", "red"), Person("ben_2", "Ben, the second", "blue")
LIST = 'token,label,type\nanna-1,P001,red\nben_2,"Ben, the second",blue\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def listed_in(path: Path, content: str | bytes, study: Study = STUDY) -> Listed:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_people(path, study)


def read(path: Path, content: str | bytes, study: Study = STUDY) -> tuple[Person, ...]:
    return listed_in(path, content, study).people


def of_anybody() -> Study:
    """It names no types."""
    room, step = '[[room]]\nname = "r"\nseats = {any = 4}\n', '[[step]]\npage = "talk"\nlimit = 5\n'
    return parse({"study.toml": f'title = "T"\n{room}{step}'.encode(), "pages/talk.html": b""})


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
        "sep=,\n" + LIST,
        "\n \n" + LIST,
        LIST.replace("P001", '"P001\x07"').replace("red", "red\u200b"),
        LIST.replace("Ben, the", "Ben,\xa0the"),
        LIST.replace("P001", '"P\n001"').replace("P\n", "P") + ",,,,\n",
    ],
)
def test_a_list_is_read_however_it_was_saved(path: Path, content: str | bytes) -> None:
    assert read(path, content) == (ANNA, BEN)


def test_an_empty_token_stays_to_be_made_and_an_empty_label_is(path: Path) -> None:
    people = read(path, "token,label,type\n,,red\n,P001,red\nben_2,,blue\n,,red\n")
    assert [person.label for person in people] == ["P002", "P001", "P003", "P004"]
    assert [person.token for person in people] == ["", "", "ben_2", ""]


def test_any_of_the_columns_will_do_and_cells_may_lack_at_a_line_s_end(path: Path) -> None:
    ana = ("", "Ana Silva", "red")
    for content, expected in (
        ("type\nred\n", ("", "P001", "red")),
        ("label,type\nAna Silva,red\n", ana),
        ("type,token,label\nred,,Ana Silva\n", ana),
        ("label,type,token\nAna Silva,red\n", ana),
        ("type,label,token,wave,note\nred,Ana Silva\n", ana),
    ):
        [one] = read(path, content)
        assert (one.token, one.label, one.type) == expected, content
    [alone] = read(path, "label\nAna Silva\n", of_anybody())
    assert alone == Person("", "Ana Silva", "")
    many = read(path, "label\nSilva, Ana\nSouza, João\n", of_anybody())
    assert [one.label for one in many] == ["Silva, Ana", "Souza, João"], "one column has no separator"


def test_further_columns_are_kept_by_names_that_hooks_can_write(path: Path) -> None:
    listed = listed_in(path, "E-mail , label,type,Größe (cm),wave,\na@b.org,Ana,red, 171 ,2\n,Ben,blue\n")
    assert [dict(one.given) for one in listed.people] == [
        {"E_mail": "a@b.org", "Größe_cm": "171", "wave": "2"},
        {"E_mail": "", "Größe_cm": "", "wave": ""},
    ]
    assert listed.notes == ("people.csv: kept of each person as `given`: E_mail, Größe_cm, wave",)
    links = "token,label,type,link\nanna-1,Ana,red,https://lab.example.org/join/anna-1\n"
    assert read(path, links)[0].given == {}, "our own list is read back as it was"
    own = read(path, links.replace("/join/anna-1", "/ana"))
    assert own[0].given == {"link": "https://lab.example.org/ana"}
    told = read(path, 'label,type,said\nAna,red,"=1+1\x01\n\x1b[2J“one”\r\ntwo"\n')
    assert told[0].given == {"said": "=1+1\n[2J“one”\ntwo"}


def test_two_people_of_one_name_are_told_apart_and_that_is_said(path: Path) -> None:
    listed = listed_in(
        path, "label,type\nAna Silva,red\nAna Silva 2,red\nBen,blue\nAna Silva,blue\nana silva,red\n"
    )
    assert [one.label for one in listed.people] == [
        "Ana Silva",
        "Ana Silva 2",
        "Ben",
        "Ana Silva 3",
        "ana silva",
    ]
    assert listed.notes == (
        "people.csv: line 5 is “Ana Silva 3” here, since line 2 is “Ana Silva”."
        " Take a line out if it is one person twice",
    )
    [note] = listed_in(path, "label,type\n" + "Ana,red\n" * 9).notes
    assert "line 5 is “Ana 4” here, since line 2 is “Ana”, and 5 more. Take" in note


def test_any_type_goes_where_the_study_names_none(path: Path) -> None:
    study = of_anybody()
    assert read(path, "token,label,type\na,A,ultraviolet\n", study) == (Person("a", "A", "ultraviolet"),)
    with pytest.raises(PeopleError, match=r"“any”, .* every type; leave the cell empty"):
        read(path, "token,label,type\na,A,any\n", study)


REFUSED = [
    ("", "people.csv is empty; start it with the line token,label,type and add a line per player."),
    (" \r\n,,\n", "people.csv is empty; start it with the line token,label,type and add a line per player."),
    (
        "token,label,type\n\n",
        "people.csv has a header but no players; add one line per player below line 1 and try again.",
    ),
    # its header
    (
        LIST.replace("type", "group"),
        "people.csv line 1 is the header and has no column type, by which this study seats; "
        "add one, and in each line write one of red, blue and green.",
    ),
    (
        LIST.replace("token", "tokens"),
        "people.csv line 1 is the header and has no column token; rename its column tokens to token.",
    ),
    (
        LIST.split("\n", 1)[1],
        "people.csv line 1 is no header: it has none of the columns token, label and type; "
        "put the names of the columns above it, token,label,type or some of these.",
    ),
    (
        LIST.replace("label", "type"),
        "people.csv line 1 names the column type twice; remove or rename one of them.",
    ),
    (
        "label,type,Wave 1,wave-1\nAna,red,1,1\n",
        "people.csv line 1 names the column wave_1 twice; remove or rename one of them.",
    ),
    (
        "label,type" + ",x" * 99 + "\n",
        "people.csv line 1 has 101 cells; use 100 columns at the most.",
    ),
    # its lines
    (
        "label,type,\nAna,red\nBen,blue,late\n",
        "people.csv line 3 has “late” in a column without a name; name the 3. column in the header, or empty it.",
    ),
    (
        f"label,type,said\nAna,red,{'x' * 2001}\n",
        "people.csv line 2 has a cell of 2,001 characters; use 2,000 at the most.",
    ),
    (
        LIST.replace('"', ""),
        "people.csv line 3 has 4 cells where the header has 3; "
        "correct it, with quotation marks around a cell that has a separator in it.",
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
    (
        LIST.replace("red", "any"),
        "people.csv line 2 has the type “any”, which is the word for a seat that takes every type; "
        "write one of red, blue and green.",
    ),
    (LIST.replace("red", ""), "people.csv line 2 has no type; write one of red, blue and green."),
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
        f"people.csv line 2 has a label that is too long, “{'P' * 39}…”; use up to 100 characters.",
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
            people = read_people(path, STUDY).people
        except PeopleError as error:
            assert str(error).startswith("people.csv ")  # noqa: PT017
        else:
            assert all(person.label and person.type in STUDY.types for person in people)


def test_a_list_without_what_the_way_back_needs_is_taken_with_a_note(path: Path) -> None:
    files = dict(STUDY.files)
    toml = files["study.toml"].decode()
    files["study.toml"] = toml.replace("cc={code}", "cc={code}&r={rid}&w={wave}&l={label}").encode()
    told = listed_in(path, "label,type,rid\nAna,red,7\nBo,blue,\n", parse(files)).notes
    assert told[-2:] == (
        "people.csv: 1 of 2 people lack rid, which `redirect` needs; they are shown their code to copy",
        "people.csv: nobody here has wave, which `redirect` needs; they are shown their code to copy",
    )
