"""Questions at the door that have a right answer: tried so often and no oftener, and each attempt is kept."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import zipfile
from collections.abc import Sequence

import pytest

from app.database.connections import open_pool
from app.export.verify import verify
from app.players.attempts import wrong_in
from app.sessions.arrivals import EntryForm, Outcome, Refused, sign_in
from app.study.model.fields import Form
from app.study.reading import check, parse
from app.study.stored import Studies
from tests.house.house import House, Opened
from tests.house.pages import words
from tests.house.server import Server
from tests.house.studies import as_files, changed

STUDY = """
title = "Quiz"
[entry]
attempts = 2
then = "failed_check"
fields = [
    {name = "q1", ask = "How many are in a group?", kind = "choice", options = ["2", "4"], correct = "4", hint = "Read it again."},
    {name = "q2", ask = "What is it about?", kind = "text", correct = ["trust", "confidence"]},
    {name = "q3", ask = "How long, in minutes?", kind = "integer", min = 0, correct = {min = 5, max = 10}},
    {name = "age", ask = "Your age", kind = "integer"},
]
[[room]]
name = "four"
seats = {any = 4}
[pay]
base = 4.00
outcomes = {failed_check = 0.10}
[[step]]
page = "talk"
limit = "60s"
"""  # noqa: E501
LIMIT = 'limit = "60s"'
Q1 = 'kind = "choice", options = ["2", "4"], correct = "4"'
RIGHT = {"q1": "4", "q2": " Trust", "q3": "7", "age": "30"}
WRONG = RIGHT | {"q1": "2"}


def study(toml: str = STUDY) -> dict[str, bytes]:
    return as_files(toml)


def posted(entry: dict[str, str], attempt: int = 0) -> Form:
    return {
        name: [text] for name, text in (entry | ({"entry-attempt": str(attempt)} if attempt else {})).items()
    }


def contradicted(house: House, session: Opened) -> list[str]:
    """What `verify` says of attempts."""
    found = house.tell(verify(house.database, session.id, parse(study())))
    [one] = [one for one in found.checks if one.name == "attempts_are_judged_again"]
    return list(one.rows)


@pytest.mark.parametrize(
    ("asked", "right", "wrong"),
    [
        ('kind = "choice", options = ["a", "b", "c"], correct = ["a", "b"]', ["a", "b"], ["c"]),
        ('kind = "choices", options = ["a", "b", "c"], correct = ["b", "a"]', ['["a","b"]'], ['["a"]']),
        ('kind = "ranking", options = ["a", "b"], correct = ["b", "a"]', ['["b","a"]'], ['["a","b"]']),
        ('kind = "integer", correct = 4', ["4", "04"], ["5"]),
        ('kind = "number", correct = 2.50', ["2.5", "2,5"], ["2"]),
        ('kind = "scale", min = 1, max = 7, correct = {min = 5}', ["5", "7"], ["4"]),
        ('kind = "yes_no", correct = true', ["yes"], ["no"]),
        ('kind = "text", correct = "New  York"', ["new york", " NEW YORK "], ["newyork", "York"]),
        ('kind = "text", correct = {pattern = "par(is|í)", example = "Paris"}', ["paris", "Parí"], ["paris?"]),
        ('kind = "text", required = false, correct = "a"', ["a"], [""]),
    ],
)  # fmt: skip
def test_what_is_right_is_right_however_it_is_written(asked: str, right: list[str], wrong: list[str]) -> None:
    own = parse(study(changed(STUDY, Q1, asked)))
    [field, *_] = own.entry
    for text in right:
        assert "q1" not in wrong_in(own, {"q1": field.read([text])}), text
    for text in wrong:
        assert "q1" in wrong_in(own, {"q1": field.read([text])}), text
    assert field.correct and field.is_right(field.read([field.correct.example]))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('correct = "4"', 'correct = "5"', "`5` is no answer to `q1`, so nobody could be right. Write one of `2`"),
        ('correct = "4"', "correct = 4", ""),
        ("{min = 5, max = 10}", "{min = 10, max = 5}", "From 10 to 5 there is no number."),
        ("{min = 5, max = 10}", "{max = -1}", "No answer to `q3` is between these, so nobody could be right."),
        ("{min = 5, max = 10}", "{}", "This does not say which answers are right."),
        ('["trust", "confidence"]', "{min = 1}", "`q2` is no number, so it has no min and max."),
        ('["trust", "confidence"]', '{pattern = "(", example = "("}', "This pattern can't be read:"),
        ('["trust", "confidence"]', '{pattern = "(a+)+", example = "a"}', "repeats something that can be read in sev"),
        ('["trust", "confidence"]', '{pattern = "a*b*c*d*", example = "a"}', "can turn in 4 places"),
        ('["trust", "confidence"]', '{pattern = "a+"}', "There is no example of what is right"),
        ('["trust", "confidence"]', '{pattern = "a+", example = "b"}', "`b` does not fit the pattern as a whole."),
        ("attempts = 2", "", "Whoever does not have all right after 3 attempts is out. Write attempts = 3 in [entry]"),
        ("attempts = 2", "attempts = 21", "`attempts` is 21, and 20 is the most."),
        ('then = "failed_check"', 'then = "complete"', '`then` is "complete", which is not known.'),
        ('correct = "4"', 'correct = "4", attempts = 2', "`attempts` is about the whole form, and stands in [entry]"),
        ('correct = "4", hint', "hint", "Nothing is right or wrong here, so this hint is never shown."),
        (Q1, 'kind = "tick", correct = true', "A field of kind tick has no answer that is right."),
        (LIMIT, 'limit = "60s"\\nfields = [{name = "f", ask = "?", kind = "integer", correct = 4}]', ""),
        (LIMIT, 'limit = "60s"\\nfields = [{name = "f", ask = "?", kind = "yes_no", correct = true, hint = "h"}]',
         "In a room nobody is told what is wrong, so this hint is never shown."),
        (LIMIT, 'limit = "60s"\\nfields = [{name = "f", ask = "?", kind = "integer", then = "declined"}]',
         "Only answers that somebody gives alone have `then`."),
        (LIMIT, 'limit = "60s"\\nattempts = 3', "`attempts` is not a key of [[step]]"),
    ],
)  # fmt: skip
def test_what_can_not_be_meant_is_told_before(old: str, new: str, sentence: str) -> None:
    assert check(study()) == []

    told = " ".join(map(str, check(study(changed(STUDY, old, new.replace("\\n", "\n"))))))

    assert sentence in told and (sentence or not told)


def test_without_a_right_answer_nothing_is_tried() -> None:
    bare = re.sub(r", (correct|hint) = (\"[^\"]*\"|\[[^]]*\]|\{[^}]*\})", "", STUDY)

    assert "No question here has a right answer, so `attempts` is never looked at." in str(
        check(study(bare))[0]
    )


def test_who_wrote_it_as_another_program_has_it_is_told_what_to_write() -> None:
    """Attempts at each question, and a quota of nobody: with what is named instead it runs."""
    asked = '{name = "q1", ask = "?", kind = "choice", options = ["2", "4"], correct = "4", attempts = 2}'
    agree = '{name = "consent", ask = "?", kind = "yes_no"}'
    quota = '[[quota]]\nfield = "consent"\nis = "no"\nmost = 0\n'
    room = '[[room]]\nname = "pair"\nseats = {any = 2}\n[[step]]\npage = "talk"\nlimit = "60s"\n'
    toml = f'title = "Quiz"\n[entry]\nfields = [\n{agree},\n{asked},\n]\n{quota}{room}'

    attempts, most = check(study(toml))
    assert attempts.spot and attempts.spot.line == 5 and "Write attempts = 2 there." in attempts.suggestion
    assert most.suggestion == "Write [[screen_out]] in place of [[quota]], and no `most`."
    mended = toml.replace(", attempts = 2}", "}").replace("[entry]", "[entry]\nattempts = 2")
    mended = mended.replace("[[quota]]", "[[screen_out]]").replace("most = 0\n", "")
    assert check(study(mended)) == []


async def come(house: House, forms: Sequence[Sequence[EntryForm]]) -> list[Outcome]:
    """Each sequence in a process of its own, one after the other; all at once."""
    async with open_pool(house.database, len(forms) + 1) as pool:
        studies = Studies(pool)

        async def process(own: Sequence[EntryForm]) -> list[Outcome]:
            async with pool.connection() as conn:
                return [(await sign_in(studies, conn, [form]))[0] for form in own]

        return [one for found in await asyncio.gather(*map(process, forms)) for one in found]


def test_a_form_that_comes_often_and_through_several_processes_is_one_attempt(house: House) -> None:
    session = house.open_files(study(), {"any": 40})
    tokens = list(session.tokens.values())
    first = [EntryForm(token, posted(WRONG, 1)) for token in tokens]

    async def story() -> None:
        async with open_pool(house.database, 2) as pool, pool.connection() as conn:
            twice = await sign_in(Studies(pool), conn, [first[0], first[0]])
            assert [one.tried.left for one in twice if isinstance(one, Refused) and one.tried] == [1, 1]
        found = await come(house, [first, first[::-1], first])
        assert all(isinstance(one, Refused) and one.tried and one.tried.left == 1 for one in found)
        assert house.sql("select count(*), max(nth) from door_attempt") == [(40, 1)]
        # The same wrong answers once more, on the page that came back, are another attempt; others at once are no more.
        await come(
            house,
            [
                [EntryForm(token, posted(WRONG, 2)) for token in tokens[:20]],
                [EntryForm(token, posted(WRONG | {"q3": "1"}, 2)) for token in tokens[:20]],
                [EntryForm(token, posted(RIGHT, 2)) for token in tokens[20:]] * 2,
            ],
        )

    house.tell(story())
    assert house.sql("select status::text, outcome, count(*) from player group by 1, 2 order by 1") == [
        ("left", "failed_check", 20), ("waiting", None, 20),
    ]  # fmt: skip
    assert house.sql("select count(*), max(nth) from door_attempt") == [(80, 2)]
    assert house.contradictions(session) == [] and contradicted(house, session) == []
    house.sql("delete from door_attempt where nth = 2 and wrong = '{}'")
    assert "has all right, and no attempt that says so" in contradicted(house, session)[0]
    house.sql("update player set entry = entry || '{\"q1\": \"2\"}' where status = 'waiting'")
    assert "came in, but has q1 wrong" in contradicted(house, session)[0]


def test_of_whoever_will_not_take_part_after_an_attempt_nothing_is_kept_that_they_filled_in(
    house: House,
) -> None:
    toml = changed(STUDY, "attempts = 2", 'attempts = 2\ndecline = "declined"')
    session = house.open_files(study(toml), {"any": 2})
    declines, fails = session.tokens.values()
    forms = [EntryForm(one, posted(WRONG, 1)) for one in (declines, fails)]
    forms += [EntryForm(declines, {"entry-decline": ["yes"]}), EntryForm(fails, posted(WRONG, 2))]

    house.tell(come(house, [forms]))

    assert house.sql("select label, outcome, entry = '{}' from player order by id") == [
        (label, outcome, outcome == "declined")
        for label, outcome in zip(session.tokens, ("declined", "failed_check"), strict=True)
    ]
    assert house.sql(
        "select label, count(*) from door_attempt a join player p on p.id = player_id group by 1"
    ) == [([*session.tokens][1], 2)]
    assert house.contradictions(session) == [] and contradicted(house, session) == []


def test_one_reads_what_was_wrong_beside_it_and_is_out_after_the_last_attempt(
    shared: House, server: Server
) -> None:
    house, session = shared, shared.open_files(study(), {"any": 4})
    learns, fails, *_ = (house.guest(server, session, label) for label in session.tokens)
    ada = house.researcher(server)

    async def story() -> bytes:
        door = (await learns.browser.get(f"/join/{learns.token}")).text
        assert 'name="entry-attempt" value="1"' in door and "You can try 2 times." in door
        missing = await learns.sign_in(WRONG | {"age": "", "entry-attempt": "1"})
        assert missing.status == 422 and 'name="entry-attempt" value="1"' in missing.text
        for _ in range(2):  # the second is a double click
            page = await learns.sign_in(WRONG | {"q3": "99", "entry-attempt": "1"})
            assert page.status == 422 and 'name="entry-attempt" value="2"' in page.text
            said = words(page.text)
            assert "That is not right. Read it again." in said and "You can try once more." in said
            assert said.count("That is not right.") == 2 and 'value="99"' in page.text
        assert 'value="2"' in (await learns.browser.get(f"/join/{learns.token}")).text, "from another device"
        assert (await learns.sign_in(RIGHT | {"entry-attempt": "2"})).status == 303
        assert "You’re in" in await learns.page()

        await fails.sign_in(WRONG | {"entry-attempt": "1"})
        assert (await fails.sign_in(WRONG | {"entry-attempt": "2"})).status == 303
        last = await fails.page()
        assert "Not all of your answers were right" in last and "FAILED-CHECK" in last and "0.10" in last
        assert "each of the 2 times that you tried" in (await fails.browser.get("/play/privacy")).text
        return (await ada.get(f"/admin/sessions/{session.id}/export.zip")).body

    packed = house.tell(story())
    with zipfile.ZipFile(io.BytesIO(packed)) as out:
        tried, codebook = (
            list(csv.DictReader(io.StringIO(out.read(name).decode())))
            for name in ("attempts.csv", "codebook.csv")
        )
    assert [(one["attempt"], one["field"], one["value"], one["right"]) for one in tried][:6] == [
        ("1", "q1", "2", "false"), ("1", "q2", "Trust", "true"), ("1", "q3", "99", "false"),
        ("2", "q1", "4", "true"), ("2", "q2", "Trust", "true"), ("2", "q3", "7", "true"),
    ]  # fmt: skip
    assert len(tried) == 12
    assert {one["correct"] for one in codebook if one["file"] == "players.csv"} == {
        "", "4", "trust | confidence", "5 to 10",
    }  # fmt: skip
    assert contradicted(house, session) == []
