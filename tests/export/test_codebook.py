"""What the codebook says of each question, who saw the answers included."""

from __future__ import annotations

from app.export import codebook
from app.study.model.study import Study
from app.study.reading import parse
from tests.house.studies import PAGE, as_files

STUDY = """\
title = "T"
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer", min = 18, help = "In years"}]
[[room]]
name = "r"
seats = {any = 3}
[[step]]
page = "talk"
name = "guess"
repeat = 4
limit = "30s"
chat = "neighbours"
fields = [
    {name = "guess", ask = "How many?", kind = "slider", min = 0, max = 9, low = "few", high = "many"},
    {name = "colour", ask = "Which?", kind = "choice", options = ["a", "b"]},
    {name = "why", ask = "Why?", kind = "text", required = false},
    {name = "trust", ask = "Whom do you trust?", kind = "each", options = ["yes", "no"], about = "why"},
]
show = [{field = "guess", as = "mean"}, {field = "colour", of = "room", round = "now"}]
[[step]]
page = "talk"
name = "end"
limit = "30s"
show = [{field = "guess", of = "me", round = "all"}, {field = "guess", of = "room", as = "picture"}]
"""


def lines(study: Study) -> list[dict[str, str]]:
    return [dict(zip(codebook.HEADER, row, strict=True)) for row in codebook.rows(study)]


def told(file: str, column: str, field: str = "") -> dict[str, str]:
    study = parse(as_files(STUDY))
    (line,) = [
        one for one in lines(study) if (one["file"], one["column"], one["field"]) == (file, column, field)
    ]
    return line


def test_a_question_stands_there_as_it_was_asked() -> None:
    age = told("players.csv", "age", "age")
    assert (age["asked"], age["help"], age["kind"], age["min"]) == ("Your age", "In years", "integer", "18")
    guess = told("records.csv", "value", "guess")
    assert (guess["step"], guess["low"], guess["high"], guess["required"]) == ("guess", "few", "many", "true")
    assert told("records.csv", "value", "colour")["options"] == "a | b"


def test_what_came_with_people_has_a_column_that_no_question_has() -> None:
    study = parse(as_files(STUDY.replace('"age"', '"given_wave"')))
    header = codebook.player_header(study, ["PANEL", "wave"])
    assert header[12:] == ["given_wave", "given_PANEL", "given_wave_given", "outcome", "session"]
    told = {line[1]: line[4] for line in codebook.rows(study, ["PANEL", "wave"]) if line[0] == "players.csv"}
    assert [*told] == header and told["given_PANEL"].startswith("PANEL, as it came with")


def test_who_saw_an_answer_is_who_a_step_showed_it() -> None:
    assert told("records.csv", "value", "guess")["seen_by"] == (
        "the player; who sees the player at step guess (the answer before, as part of a mean); "
        "the player again at step end (every answer before); "
        "everybody in the room at step end (the answer before, as a dot in a picture)"
    )
    assert told("records.csv", "value", "colour")["seen_by"] == (
        "the player; everybody in the room at step guess (as it is given)"
    )
    assert told("records.csv", "value", "why")["seen_by"] == (
        "the player; who is asked about the player at step guess (the answer before)"
    )
    assert told("records.csv", "value", "trust")["seen_by"] == "the player"
    assert told("players.csv", "age", "age")["seen_by"] == "the player"
    assert told("players.csv", "status")["seen_by"] == ""


def test_who_saw_the_answers_of_one_round_is_told_with_the_rounds_that_showed_them() -> None:
    assert told("records_wide.csv", "guess_1_guess", "guess")["seen_by"] == (
        "the player; who sees the player at guess 2, as part of a mean; the player again at end 1"
    )
    assert told("records_wide.csv", "guess_4_guess", "guess")["seen_by"] == (
        "the player; the player again at end 1; everybody in the room at end 1, as a dot in a picture"
    )
    assert told("records_wide.csv", "guess_3_why", "why")["seen_by"] == (
        "the player; who is asked about the player at guess 4"
    )
    assert told("records_wide.csv", "guess_3_colour", "colour")["seen_by"] == (
        "the player; everybody in the room at guess 3"
    )


def test_who_heard_a_message_is_whom_the_step_let_hear_it() -> None:
    assert told("messages.csv", "body")["seen_by"] == (
        "the writer; who sees the writer at step guess (where `to` is empty; else that slot)"
    )


def test_a_thousand_rounds_are_told_in_a_moment() -> None:
    many = parse(
        {
            "study.toml": STUDY.replace("repeat = 4", "repeat = 1000").encode(),
            "pages/talk.html": PAGE.encode(),
        }
    )
    (line,) = [one for one in lines(many) if one["column"] == "guess_999_guess"]
    assert "the player again at end 1" in line["seen_by"]
