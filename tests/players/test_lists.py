"""Lists as people have them: whatever a spreadsheet made of one reads as the same people, and it is said how."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.players.lists import PeopleError
from app.players.people import people_in
from app.study.reading import parse, read_folder
from tests.house.studies import RUMOUR

STUDY = parse(read_folder(RUMOUR))
LIST = "token,label,type\n,P001,red\n,P002,blue\n,Östl. Gruppe,red\n"
PEOPLE = [("P001", "red"), ("P002", "blue"), ("Östl. Gruppe", "red")]
SAVE_AGAIN = "save it as CSV UTF-8 (comma delimited) or as .xlsx and try again."
CP1252 = "Windows-1252 (Western European: “Östl.”)"


@pytest.mark.parametrize(
    ("separator", "encoding", "taken"),
    [
        (",", "utf-8", None),
        (",", "utf-8-sig", None),
        (";", "utf-8-sig", "people.csv was read with semicolons between the cells"),
        (";", "cp1252", f"people.csv was read as {CP1252} with semicolons between the cells"),
        (",", "latin-1", f"people.csv was read as {CP1252}"),
        ("\t", "utf-16", "people.csv was read as UTF-16 with tabs between the cells"),
        ("\t", "utf-16-le", "people.csv was read as UTF-16 with tabs between the cells"),
        (";", "utf-16-be", "people.csv was read as UTF-16 with semicolons between the cells"),
        (",", "utf-32", "people.csv was read as UTF-32"),
    ],
)
def test_separator_and_encoding_are_recognised_and_said(
    separator: str, encoding: str, taken: str | None
) -> None:
    for ends in ("\n", "\r\n", "\r"):
        text = LIST.replace(",", separator).replace("\n", ends)
        listed = people_in("people.csv", text.encode(encoding), STUDY)
        assert [(one.label, one.type) for one in listed.people] == PEOPLE
        assert listed.notes == ((taken,) if taken else ())
    hinted = f"sep={separator}\n{LIST.replace(',', separator)}".encode(encoding)
    assert [(one.label, one.type) for one in people_in("people.csv", hinted, STUDY).people] == PEOPLE


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        # Of other code pages, which nothing but its words tells from this one
        (
            LIST.replace("Östl.", "Müller").encode("mac-roman"),
            "line 4 is not UTF-8 text, and has “MŸller” if it is Win",
        ),
        (
            LIST.replace("Östl.", "Анна").encode("cp1251"),
            "line 4 is not UTF-8 text, and has “Àííà” if it is Windows-1252",
        ),
        (
            LIST.replace("Östl.", "Małgorzata").encode("cp1250"),
            "line 4 is not UTF-8 text, and has “Ma³gorzata” if it",
        ),
        (
            LIST.replace("Östl.", "Ѓорѓи").encode("cp1251"),
            "line 4 has bytes that are neither UTF-8 nor Windows-1252 text",
        ),
        *(
            (
                LIST.replace("Östl.", word).encode("cp850"),
                f"line 4 is not UTF-8 text, and has “{seen}” if it is Windows-1252",
            )
            for word, seen in (("Köln", "K”ln"), ("Zoë", "Zo‰"), ("Östl", "™stl"))
        ),
        (LIST.encode("utf-16")[:-1], "begins as UTF-16 text and does not go on as such"),
        (LIST.replace("P002", "P\0").encode(), "line 3 has a NUL byte in it; remove it, or save it as"),
        (
            b"sep=|\ntoken|label|type\n|P001|red\n",
            "line 1 is no header: it has none of the columns token, label and type",
        ),
    ],
)
def test_what_may_mean_two_things_is_refused_with_line_and_cure(content: bytes, sentence: str) -> None:
    with pytest.raises(PeopleError) as refused:
        people_in("people.csv", content, STUDY)
    assert str(refused.value).startswith(f"people.csv {sentence}"), refused.value
    assert "column" in str(refused.value) or str(refused.value).endswith(SAVE_AGAIN)


def test_lists_that_were_tried_are_read() -> None:
    cases = Path(__file__).parent / "lists"
    for path in sorted(cases.iterdir()):
        listed = people_in(path.name, path.read_bytes(), STUDY)
        labels = [one.label for one in listed.people]
        assert labels in (
            [f"L{number:03}" for number in range(1, 41)],
            ["P001", "P002", "Östl. Gruppe, 3", "P004"],
        ), path


LETTERS = st.characters(codec="cp1252", categories=["L", "N", "P", "S", "Zs"])
CELLS = st.text(LETTERS, max_size=12) | st.sampled_from(
    ["", "=1+1", "@x", "a;b", "a,b", "a\tb", '"', '"a" b', "a\nb", " x "]
)


@given(
    st.lists(st.tuples(CELLS, st.sampled_from(STUDY.types), CELLS), min_size=1, max_size=5),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_whatever_a_spreadsheet_writes_reads_back_as_the_same_people(
    people: list[tuple[str, str, str]], separator: str, encoding: str, quoting: int, ends: str, short: bool
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=ends)  # type: ignore[arg-type]
    writer.writerow(["type", "token", "label", "wave"])
    for label, type_, wave in people:
        row = [type_, "", label, wave]
        while short and row and not row[-1]:
            row.pop()
        writer.writerow(row)
    listed = people_in("people.csv", text.getvalue().encode(encoding), STUDY)
    plain = people_in("people.csv", _plainly(people), STUDY)
    assert listed.people == plain.people
    assert [one.type for one in listed.people] == [type_ for _, type_, _ in people]
    assert [one.given["wave"] for one in listed.people] == [wave.strip() for *_, wave in people]


def _plainly(people: list[tuple[str, str, str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("token", "label", "type", "wave"), *(("", *person) for person in people)])
    return text.getvalue().encode()
