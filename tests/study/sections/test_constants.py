"""What a study says once: for its own file, its pages and its hooks."""

from __future__ import annotations

from decimal import Decimal

from app.study.hooks.networklab import Room, Seat
from app.study.reading import check, parse
from app.web import templates
from tests.house.hooks import call_hook
from tests.house.studies import as_files, changed

GIVE = """
title = "Give"
language = "de"
[constants]
endowment = 20
rate = 0.4
think = "90s"
rounds = 3
unit = "Taler"
payoffs = [[3, 0], [5, 1]]
by_role = {giver = 2, taker = 1}
[[room]]
name = "pair"
seats = {any = 2}
[[step]]
page = "talk"
repeat = "rounds"
limit = "think"
on_end = "share"
results = [{name = "income", ask = "Ihr Einkommen", kind = "number"}]
[[step.fields]]
name = "given"
ask = "Wie viele der {endowment} {unit} ({rate} {each})?"
kind = "integer"
min = 0
max = "endowment"
"""
HOOKS = """
def share(room):
    kept = room.constants["endowment"] - room.said("given").get(1, 0)
    return {"income": {1: kept * room.constants["rate"] + room.constants["payoffs"][1][0]}}
"""


def told(toml: str = GIVE, hooks: str = HOOKS, page: str = "") -> list[str]:
    files = as_files(toml, hooks)
    if page:
        files["pages/talk.html"] += f"{{% block before %}}{page}{{% endblock %}}".encode()
    known = ("Nobody who speaks German", "{each} in it")
    return [str(one) for one in check(files) if not any(note in one.sentence for note in known)]


def test_a_constant_stands_where_a_number_or_a_duration_belongs_and_in_the_words_of_a_question() -> None:
    assert told() == []
    [step] = parse(as_files(GIVE, HOOKS)).steps
    assert step.repeat == 3 and step.limit == 90.0 and step.fields[0].max == 20
    assert step.fields[0].ask == "Wie viele der 20 Taler (0,4 {each})?"  # what is none stays


def test_hooks_get_the_constants_of_their_study() -> None:
    study = parse(as_files(GIVE, HOOKS))
    room = Room("p-1", "pair", 1, 1, "talk", 1, 3, (Seat(1, "", ""),), constants=study.constants)
    assert call_hook(study, "share", room) == {"income": {1: Decimal("13.0")}}


def test_pages_print_them_as_their_language_writes_numbers_and_count_with_them() -> None:
    files = as_files(GIVE, HOOKS) | {
        "pages/extra.html": b"{{ constants.rate }}|{{ constants.rate * 2 > 0.7 }}|{{ constants.by_role.giver }}"
    }
    assert templates.render_page(parse(files), "pages/extra.html") == "0,4|True|2"


def test_check_names_constants_that_there_are_not() -> None:
    [told_of_file] = told(changed(GIVE, '"think"', '"thinks"'))
    assert told_of_file.endswith('not a duration. Write limit = "think", if you mean that constant.')
    [told_of_number] = told(changed(GIVE, 'max = "endowment"', 'max = "endowmnt"'))
    assert "Nothing is called `endowmnt` before this question" in told_of_number
    assert told_of_number.endswith("Did you mean `endowment`?")
    [told_of_hook] = told(hooks=HOOKS.replace('["rate"]', '["rates"]'))
    assert "hooks.py:4:50: There is no constant `rates`. Did you mean `rate`?" in told_of_hook
    [told_of_page] = told(page="{{ constants.endow }}")
    assert "There is no constant `endow`. Did you mean `endowment`?" in told_of_page


def test_check_names_constants_that_there_are_not_in_what_players_read() -> None:
    [wrong] = told(changed(GIVE, "{endowment}", "{endowmnt}"))
    assert "`ask` has {endowmnt} in it, and no number or text in [constants] is called so." in wrong
    assert wrong.endswith("Did you mean {endowment}?")
    [of_a_list] = told(changed(GIVE, "{endowment}", "{payoffs}"))
    assert "{payoffs} in it" in of_a_list and "Did you mean" not in of_a_list
    [note] = [one for one in check(as_files(GIVE, HOOKS)) if "{each} in it" in one.sentence]
    assert not note.grave and note.suggestion == "Players read it as it stands here, with its braces."


def test_check_refuses_what_no_constant_can_be_or_be_called() -> None:
    for old, new, sentence in (
        ("endowment = 20", "Endowment = 20", "can't be the name of a constant"),
        ('unit = "Taler"', 'items = "Taler"', "would get something of Python's"),
        ('unit = "Taler"', "unit = 2026-01-01", "nothing that a constant can be"),
        ('unit = "Taler"', 'given = "Taler"', "`given` is a field or a result already"),
    ):
        assert sentence in "\n".join(told(GIVE.replace(old, new)))


def test_what_is_said_in_words_of_ones_own_is_not_empty() -> None:
    for key in ("button", "rounds"):
        [wrong] = told(changed(GIVE, 'repeat = "rounds"', f'repeat = "rounds"\n{key} = " "'))
        assert wrong.endswith(f'`{key}` is empty. Write {key} = "…" with some text in it.')


def test_that_one_does_not_know_is_said_in_words_that_no_option_has() -> None:
    asked = 'kind = "choice"\noptions = ["Yes", "No idea"]\ndont_know = {}'
    for words, sentence in (
        ('"no idea"', "`no idea` is an option, too: the two could not be told apart."),
        ("3", "`dont_know` must be true, or the words in which people say so."),
        ('""', "`dont_know` is empty."),
    ):
        old = 'kind = "integer"\nmin = 0\nmax = "endowment"'
        [wrong] = told(changed(GIVE, old, asked.format(words)))
        assert sentence in wrong


def test_check_notes_constants_in_options_which_are_stored_as_they_stand_there() -> None:
    old = 'kind = "integer"\nmin = 0\nmax = "endowment"'
    new = 'kind = "choice"\noptions = ["All {endowment}", "{none}", "Nothing"]'
    [note] = told(changed(GIVE, old, new))
    assert "No constant stands in `options`: players read {endowment} with its braces." in note
