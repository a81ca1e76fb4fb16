"""A study's folder: what it means, and what its author is told when something is wrong."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.study.model.study import Study
from app.study.reading import check, fingerprint, parse, read_folder
from app.study.syntax.mistakes import StudyError
from tests.house.studies import PAIR, RUMOUR, as_files

PAGE = b'{% extends "player/_step_opened.html" %}\n'
EXAMPLE = """\
title = "Rumour"
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer", min = 18, max = 120}]
[[room]]                      # tried in order
name  = "mixed"
seats = {red = 2, blue = 2}
count = 10                    # at most so many of these
[[room]]
name  = "plain"               # the fallback
seats = {any = 4}
after = "90s"                 # opens to someone who has waited this long
[lobby]
max_wait = "6m"
then = "leave"                # paid, with its own code
pay_per_minute = 0.15
[network]
kind = "ring"                 # complete, ring, star, lattice, small_world, random_regular
[[step]]
page   = "talk"
repeat = 30
limit  = "40s"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
chat   = "neighbours"
on_timeout = "blank"          # or keep, default:VALUE, hook
[dropout]
silent = "45s"
then   = ["nudge", "bot"]     # or end_room, continue
[finish]
redirect = "https://example.org/complete?cc={code}"
codes = {complete = "C1", lobby = "C2", partner_left = "C3", withdrawn = "C4"}
"""


def files(text: str | bytes = EXAMPLE, **pages: bytes) -> dict[str, bytes]:
    content = text if isinstance(text, bytes) else text.encode()
    return {"study.toml": content, "pages/talk.html": PAGE} | {
        f"pages/{name}.html": page for name, page in pages.items()
    }


def changed(old: str, new: str) -> str:
    assert old in EXAMPLE
    return EXAMPLE.replace(old, new, 1)


def grave(text: str | bytes, people: Counter[str] | None = None) -> list[str]:
    return [str(mistake) for mistake in check(files(text), people) if mistake.grave]


def notes(text: str, people: Counter[str] | None = None) -> list[str]:
    return [str(mistake) for mistake in check(files(text), people) if not mistake.grave]


# What a study says


def test_the_example_says_what_it_says() -> None:
    study = parse(files())
    assert (study.title, study.types, study.largest_room, study.records_per_player) == ("Rumour", (), 4, 30)
    assert [field.name for field in study.entry] == ["age"]
    mixed, plain = study.rooms
    assert (mixed.name, list(mixed.seats.items())) == ("mixed", [("red", 2), ("blue", 2)])
    assert (mixed.count, mixed.after, plain.count, plain.after) == (10, 0, None, 90)
    assert (plain.name, dict(plain.seats)) == ("plain", {"any": 4})
    assert (study.lobby.max_wait, study.lobby.pay_per_minute) == (360, Decimal("0.15"))
    (step,) = study.steps
    assert (step.name, step.limit, step.chat, step.ends) == ("talk", 40, "neighbours", "answered")
    assert study.dropout.then == ("nudge", "bot")
    assert study.finish.codes["closed"] == study.finish.codes["complete"] == "C1"


def test_what_this_version_does_not_do_yet_is_a_note_and_no_mistake() -> None:
    text = changed('"blank" ', '"default:50" ')
    found = [str(mistake) for mistake in check(files(text) | {"hooks.py": b"def seat(): ..."})]
    assert [line.split(" is not")[0].split(", so")[0] for line in found] == [
        "hooks.py:1:1: study.toml names none of its functions",
    ]
    parse(files(text) | {"hooks.py": b"def seat(): ..."})


def test_the_rumour_study_seats_everyone_on_the_list() -> None:
    study_files = read_folder(RUMOUR)
    assert check(study_files, Counter(red=330, blue=290, green=80)) == []
    study = parse(study_files)
    assert study.types == ("red", "blue", "green")
    assert study.records_per_player == 150
    assert len({study.finish.codes[outcome] for outcome in study.finish.codes}) == 11


def test_what_is_left_out_has_a_sensible_value() -> None:
    room, step = '[[room]]\nname = "r"\nseats = {a = 2}\n', '[[step]]\npage = "talk"\nlimit = 60'
    study = parse(files('title = "T"\n' + room + step))
    assert study.types == ("a",)
    assert (study.lobby.max_wait, study.lobby.pay_per_minute) == (600, Decimal(0))
    assert (study.networks[0].kind, study.steps[0].name, study.steps[0].repeat) == ("complete", "talk", 1)
    assert (study.steps[0].ends, study.dropout.silent, study.finish.redirects) == ("deadline", None, {})
    assert len(set(study.finish.codes.values())) == 9


def test_every_type_is_welcome_where_a_seat_takes_any_and_no_types_are_named() -> None:
    assert parse(files()).types == ()
    assert parse(files('types = ["red", "blue", "green"]\n' + EXAMPLE)).types == ("red", "blue", "green")


def test_steps_with_the_same_repeat_take_turns() -> None:
    steps = [("intro", 1), ("ask", 2), ("talk", 2), ("again", 3), ("end", 1)]
    text = EXAMPLE.split("[[step]]")[0] + "".join(
        f'[[step]]\nname = "{name}"\npage = "talk"\nlimit = 9\nrepeat = {repeat}\n' for name, repeat in steps
    )
    plan = parse(files(text)).plan
    assert [position.index for position in plan] == list(range(9))
    assert " ".join(f"{position.step.name}{position.round}" for position in plan) == (
        "intro1 ask1 talk1 ask2 talk2 again1 again2 again3 end1"
    )


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ('"6m"', 360),
        ('"1h"', 3600),
        ('"1m30s"', 90),
        ('"1h 1s"', 3601),
        ('"1.5 h"', 5400),
        ("45", 45),
        ("0.5", 0.5),
    ],
)
def test_durations_are_read_as_seconds(written: str, seconds: float) -> None:
    assert parse(files(changed('"40s"', written))).steps[0].limit == seconds


def test_a_byte_order_mark_and_windows_line_ends_change_no_meaning() -> None:
    text = b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode()
    assert parse(files(text)).plan == parse(files()).plan


# Its files


def test_only_the_study_s_own_files_are_read(tmp_path: Path) -> None:
    wanted = ["README.md", "hooks.py", "pages/parts/foot.html", "pages/talk.html", "study.toml", "ties.csv"]
    others = [".git/study.toml", "pages/.talk.html.swp", "pages/__pycache__/x", "notes.txt", "a/study.toml"]
    for name in [*wanted, *others]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("from,to\n1,2\n")
    assert list(read_folder(tmp_path)) == wanted


@pytest.mark.parametrize("header", ["token,label,type", "\ufeffLabel; Token", '"token",link'])
def test_a_list_of_people_never_becomes_part_of_the_study(tmp_path: Path, header: str) -> None:
    (tmp_path / "study.toml").write_text(EXAMPLE)
    (tmp_path / "people.csv").write_text(f"{header}\nsecret,P1,red\n", encoding="utf-8")
    assert list(read_folder(tmp_path)) == ["study.toml"]


def test_a_folder_that_is_none_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(EXAMPLE)
    with pytest.raises(StudyError, match=r"nowhere: There is no such folder\."):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(StudyError, match="no such folder"):
        read_folder(tmp_path / "study.toml")
    (tmp_path / "study.toml").unlink()
    with pytest.raises(StudyError, match=r"It has no study\.toml"):
        read_folder(tmp_path)


def test_the_fingerprint_changes_with_each_name_and_byte_but_not_with_the_order() -> None:
    first = fingerprint({"a": b"1", "b": b"2"})
    assert first == fingerprint({"b": b"2", "a": b"1"}) == str(first)
    others = [{"a": b"1", "b": b"3"}, {"a": b"1", "c": b"2"}, {"a": b"1b2"}, {"a": b"", "1b": b"2"}, {}]
    assert len({first, *map(fingerprint, others)}) == 6
    assert parse(files()).sha256 == fingerprint(files())


# What its author is told

TITLE = 'title = "Rumour"'
ANY = "seats = {any = 4}"
RING = 'kind = "ring" '
FIELD = 'kind = "integer", min = 0, max = 100'
BELIEF = f'fields = [{{name = "belief", ask = "How sure are you?", {FIELD}}}]'
MISTAKES = [
    # the file and its top
    (TITLE, "title = Rumour", 1, "not TOML", "quotation marks"),
    (TITLE, "title = “Rumour”", 1, "not TOML: this quotation mark is a curly one", "a straight one"),
    (TITLE, 'title = "Rumour', 1, "not TOML: this quotation mark is not closed", "where the text ends"),
    (TITLE, 'title = "R"\ntitle = "S"', 2, "not TOML", "written twice"),
    ("[[room]]  ", "[room]  ", 8, "not TOML", "[[room]]"),
    ('title = "Rumour"\n', "", 1, "`title` is missing", 'Add title = "…"'),
    (TITLE, "title = 7", 1, "`title` is 7, which is a whole number, but must be text", '"7"'),
    (TITLE, 'title = " "', 1, "`title` is empty", "some text"),
    (TITLE, f'title = "{201 * "x"}"', 1, "201 characters, and 200 is the most", "Shorten"),
    (TITLE, r'title = "R\u0000"', 1, "control character", "Remove it"),
    (TITLE, 'titel = "Rumour"', 1, "`titel` is not a key of a study", "mean `title`?"),
    ("[lobby]", "[looby]", 12, "`looby` is not a key of a study", "mean `lobby`?"),
    ("[lobby]", "[[lobby]]", 12, "`lobby` is […], which is a list, but must be a table", "single brackets"),
    (TITLE, 'title = "R"\nlobby.max_wit = 3', 13, "not TOML: there is a `lobby` before this", "only one"),
    # types
    (TITLE, TITLE + '\ntypes = []', 2, "`types` is empty", "remove the line"),
    (TITLE, TITLE + '\ntypes = "red"', 2, '`types` is "red", which is text', 'types = ["red"]'),
    (TITLE, TITLE + '\ntypes = ["red", "blue",\n 3]', 3, "3 in it, which is a whole number", '"3"'),
    (TITLE, TITLE + '\ntypes = ["red", "blue", " "]', 2, "is blank", "plain words"),
    (TITLE, TITLE + '\ntypes = ["red", "blue",\n "red"]', 3, '"red" twice', "Remove one"),
    (TITLE, TITLE + '\ntypes = ["red", "blue", "any"]', 2, "`any` can't be a type", "Rename"),
    (TITLE, TITLE + '\ntypes = ["red", "blu"]', 7, "`mixed` can never fill: `blue` is not", "`blu`?"),
    # rooms
    ("[[room]]                      #", "[[rooms]] #", 4, "`rooms` is not a key", "mean `room`?"),
    ('name  = "mixed"\n', "", 4, "`name` is missing", 'Add name = "…"'),
    ('"plain"', '"mixed"', 9, "two rooms named `mixed`", "another `name`"),
    ('"plain"', '"plain room"', 9, "`plain room` can't be the name of a room", "without spaces"),
    ("seats = {any = 4}\n", "", 8, "no `seats`", "seats = {any = 4}"),
    (ANY, "seets = {any = 4}", 10, "`seets` is not a key of [[room]]", "mean `seats`?"),
    (ANY, "seats = {}", 10, "has no seats", "seats = {any = 4}"),
    (ANY, "seats = 4", 10, "`seats` is 4", "seats = {any = 4}"),
    (ANY, "seats = {any = 0}", 10, "`any` is 0, but must be 1 or more", "any = 1"),
    (ANY, 'seats = {any = "4"}', 10, '`any` is "4", which is text', "Leave out the quotation"),
    (ANY, 'seats = {" any" = 4}', 10, "` any` can't be a type", "plain word"),
    (ANY, "seats = {any = 150, red = 851}", 10, "1,001 seats, and 1,000 is the most", "smaller"),
    (ANY, "seats = {any = 1}", 23, "`plain` has one seat", 'chat = "none"'),
    ("count = 10", "count = -1", 7, "`count` is -1", "count = 1"),
    ("count = 10", "count = 1.5", 7, "1.5, which is a number, but must be a whole number", "count = 10"),
    ("count = 10", "count = true", 7, "`count` is true", "count = 10"),
    ("count = 10", 'count = "10"', 7, '`count` is "10", which is text', "quotation marks: count = 10"),
    ("count = 10", "count = 2000-01-01", 7, "which is a date or time", "count = 10"),
    ("count = 10", f"count = {9**99}", 7, "a very large number", "count = 100000"),
    ("count = 10", "cuont = 10", 7, "`cuont` is not a key of [[room]]", "mean `count`?"),
    ('after = "90s"', 'after = "90 sec"', 11, '`after` is "90 sec", which is not a duration', 'after = "90s"'),
    ('after = "90s"', 'after = "-5s"', 11, "not a duration", '"1m30s"'),
    ('after = "90s"', "after = -5", 11, "longer than nothing", '"90s"'),
    ('after = "90s"', "after = 1e999", 11, "7 days is the longest", '"90s"'),
    ('after = "90s"', "after = nan", 11, "not a duration", '"90s"'),
    ('after = "90s"', 'after = "6m"', 11, "`plain` can never open: it opens after 360 s", "max_wait"),
    # lobby
    ('max_wait = "6m"', 'max_wait = "20d"', 13, '`max_wait` is "20d", which is not a duration', '"6m"'),
    ('max_wait = "6m"', 'max_wait = "40"', 13, "not a duration", 'Write max_wait = "40s".'),
    ('max_wait = "6m"', "max_wait = 0", 13, "longer than nothing", '"6m"'),
    ('then = "leave"', 'then = "leve"', 14, '`then` is "leve", which is not known', "mean `leave`?"),
    ("= 0.15", '= "0.15"', 15, "which is text, but must be a number", "pay_per_minute = 0.15"),
    ("= 0.15", "= true", 15, "which is true or false, but must be a number", "pay_per_minute = 10"),
    ("= 0.15", "= -1", 15, "`pay_per_minute` is -1", "0 or more"),
    ("= 0.15", "= nan", 15, "no number at all", "0.15"),
    ("= 0.15", "= 1e99999999999999999999", 15, "no number at all", "0.15"),
    # network
    (RING, 'kind = "rng" ', 17, '`kind` is "rng", which is not known', "mean `ring`?"),
    (RING, 'kind = "latice"\nneighbours = 2 #', 17, '`kind` is "latice"', "mean `lattice`?"),
    (RING, "kind = 3 ", 17, "`kind` is 3", "`small_world`"),
    (RING, 'kind = "ring"\nneighbours = 2 #', 18, "`neighbours` means nothing", "lattice"),
    (RING, 'kind = "lattice" ', 16, "`neighbours` is 4, but with 4 seats", "seats"),
    (RING, 'kind = "lattice"\nneighbours = 3 #', 18, "`neighbours` is 3, but must be even", "seats"),
    (RING, 'kind = "random_regular"\nneighbours = 0 #', 18, "`neighbours` is 0", "neighbours = 1"),
    (RING, 'kind = "small_world"\nneighbours = 2\nrewire = 1.5 #', 19, "a probability", "from 0 to"),
    (RING, 'kind = "edges" ', 16, "`edges` are missing", "edges = [[1, 2], [2, 3]]"),
    (RING, "edges = [] ", 17, "must be a list of pairs", "edges = [[1, 2], [2, 3]]"),
    (RING, "edges = [[1, 2],\n [3]] #", 18, "not a pair of slots", "edges = [[1, 2], [2, 3]]"),
    (RING, "edges = [[1, 2],\n\n [2, 2]] #", 19, "Slot 2 can't be tied to itself", "Remove"),
    (RING, "edges = [[1, 2], [2, 1]] #", 17, "tie between 2 and 1 stands twice", "Remove"),
    (RING, "edges = [[1, 2], [2, 5]] #", 17, "slot 5, but the room has slots 1 to 4", "seats"),
    (RING, "edges = [[1, 2], [2, 0]] #", 17, "`edges` names slot 0", "seats"),
    # steps
    ('page   = "talk"\n', "", 18, "`page` is missing", 'Add page = "talk"'),
    ('page   = "talk"', 'page = "tlk"', 19, "pages/tlk.html is missing", "mean `talk`? pages/ has `talk`."),
    ('page   = "talk"', 'page = "other"', 19, "pages/other.html is missing", "pages/ has `talk`."),
    ('page   = "talk"', 'page = "talk.html"', 19, "`talk.html` is no name of a page", 'page = "talk"'),
    ('page   = "talk"', 'page = "../talk"', 19, "`../talk` is no name of a page", 'page = "talk"'),
    ("repeat = 30", "repeat = 0", 20, "`repeat` is 0", "repeat = 1"),
    ("repeat = 30", "repeat = 20000", 20, "20,000 pages, and 10,000 is the most", "smaller"),
    ("repeat = 30", "repet = 30", 20, "`repet` is not a key of [[step]]", "mean `repeat`?"),
    ('limit  = "40s"\n', "", 18, "`limit` is missing", 'limit = "60s"'),
    ('limit  = "40s"', "limit = 0", 21, "longer than nothing", '"90s"'),
    ("neighbours", "neighbors", 23, '`chat` is "neighbors", which is not known', "mean `neighbours`?"),
    ('"blank" ', '"blnk" ', 24, "`on_timeout` is `blnk`", "mean `blank`?"),
    ('"blank" ', '"default:101" ', 24, "`default:101` does not fit the field `belief`", "from 0 to 100"),
    ('on_timeout = "blank"', 'ends = "anwered"', 24, '`ends` is "anwered"', "mean `answered`?"),
    (BELIEF, 'ends = "answered"', 22, "no fields, so nobody can have answered", 'ends = "deadline"'),
    (BELIEF, "fields = 3", 22, "`fields` is a whole number, but must be a list of tables", "fields = [{"),
    (BELIEF, "fields = [\n3]", 23, "`fields` has 3 in it", "fields = [{"),
    ("[dropout]", '[[step]]\npage = "talk"\nlimit = 3\n[dropout]', 26, "two steps named `talk`", "Add a `name`"),
    # fields
    (FIELD, 'kind = "int"', 22, "`int`, which is not a kind of field", "mean `integer`?"),
    (FIELD, 'kind = "slidr"', 22, "`slidr`, which is not a kind of field", "mean `slider`?"),
    (FIELD, 'kind = "essay"', 22, "`essay`, which is not a kind of field", "`yes_no`"),
    (FIELD, 'knd = "integer"', 22, "`knd` is not a key of a field", "mean `kind`?"),
    (f", {FIELD}", "", 22, "`kind` is missing", 'kind = "integer"'),
    (FIELD, 'kind = "integer", min = 9, max = 0', 22, "`min` is 9 and `max` is 0", "min = 0 and max = 9"),
    (FIELD, 'kind = "integer", min = "0"', 22, '`min` is "0", which is text', "min = 0"),
    (FIELD, 'kind = "integer", min = 0.5', 22, "`min` is 0.5, but must be a whole number", "min = 0"),
    (FIELD, 'kind = "integer", max = 1e16', 22, "`max` is too large", "100"),
    (FIELD, 'kind = "scale", min = 0, max = 11', 22, "A scale of 12 points", "at most 11 points"),
    (FIELD, 'kind = "scale", min = 0', 22, "`max` is missing", "max = 7"),
    (FIELD, 'kind = "slider", min = 5, max = 5', 22, "both 5", "Make `max` larger"),
    (FIELD, 'kind = "text", max = -1', 22, "`max` is -1, but a text has 0 to 20,000", "max = 500"),
    (FIELD, 'kind = "choice"', 22, "at least two options", 'options = ["…", "…"]'),
    (FIELD, 'kind = "choice", options = ["a", "a"]', 22, '`options` has "a" twice', "Remove one"),
    (FIELD, f'kind = "choice", options = {list(map(str, range(201)))}', 22, "201 options", "two steps"),
    (FIELD, 'kind = "choice", options = ["a", "b"], min = 1', 22, "`min` means nothing", "Remove it"),
    (FIELD, 'kind = "choice", options = ["a", "b"], swatches = ["red", "teal"]', 22, "no swatch `teal`", "`red`"),
    (FIELD, 'kind = "choice", options = ["a", "b"], swatches = ["red"]', 22, "2 options and 1 swatch", "each option"),
    (FIELD, 'kind = "integer", options = ["a", "b"]', 22, "`options` means nothing", "change the kind"),
    (FIELD, 'kind = "yes_no", low = "never"', 22, "`low` means nothing in a field of kind yes_no", "Remove"),
    (FIELD, 'kind = "text", required = "yes"', 22, '`required` is "yes"', "required = true"),
    ('name = "belief"', 'name = "Belief!"', 22, "`Belief!` can't be the name of a field", "`belief`"),
    ('name = "belief"', 'name = "2nd"', 22, "`2nd` can't be the name of a field", "`q_2nd`"),
    ('name = "belief"', 'name = "form_key"', 22, "NetworkLab uses it itself", "`my_form_key`"),
    ('name = "age"', 'name = "label"', 3, "`label` can't be the name of a field here", "`my_label`"),
    ('ask = "Your age", ', "", 3, "`ask` is missing", "ask = "),
    ("[{", '[{name = "a", ask = "A", kind = "text"},\n{name = "a", ask = "B", kind = "text"},\n{', 4,
     "two fields named `a`", "Rename"),
    # dropout and finish
    ('"nudge", "bot"', '"nuge"', 27, "`then` has `nuge`", "mean `nudge`?"),
    ('"nudge", "bot"', '"end_room", "bot"', 27, "Nothing can follow `end_room`", "the last"),
    ('"nudge", "bot"', '"standby", "nudge"', 27, "`nudge` comes first", "to the front"),
    ('silent = "45s"', 'silent = "45s"\nbot = "play"', 27, "so `play` can't be called", "def play(room, slot"),
    ('on_timeout = "blank"', 'dropout = "nobody"', 24, "must be a table, or none", 'dropout = "none"'),
    ('on_timeout = "blank"', 'dropout = {silent = 0}', 24, "longer than nothing", ""),
    ('["nudge", "bot"]', '"continue"', 27, "but must be a list", 'then = ["continue"]'),
    ("https://example.org", "example.org", 29, "is not a web address", "https://"),
    ("https://example.org", "javascript://x", 29, "is not a web address", "https://"),
    ("https://example.org", "https://[", 29, "is not a web address", "https://"),
    ("complete =", "complet =", 30, "`complet` is not a key of the codes", "mean `complete`?"),
    ('"C1"', '"C 1"', 30, "`complete` is no code", "without blanks"),
    ('"C1"', "1", 30, "`complete` is 1, which is a whole number", 'complete = "1"'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "sentence", "suggestion"), MISTAKES)
def test_each_mistake_is_told_once_with_its_line_and_a_cure(
    old: str, new: str, line: int, sentence: str, suggestion: str
) -> None:
    text = changed(old, new)
    (told,) = grave(text)
    assert told.startswith(f"study.toml:{line}:")
    assert sentence in told
    assert suggestion in told.split(sentence)[1]
    with pytest.raises(StudyError) as error:
        parse(files(text))
    assert str(error.value) == told


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = EXAMPLE.replace('"40s"', '"40 sec"').replace("count = 10", "count = 0").replace('"ring"', '"rng"')
    assert [told.split()[0] for told in grave(text)] == [
        "study.toml:7:9:",
        "study.toml:17:8:",
        "study.toml:21:10:",
    ]
    with pytest.raises(StudyError) as error:
        parse(files(text))
    assert len(error.value.mistakes) == len(str(error.value).splitlines()) == 3


def test_an_empty_study_is_told_what_belongs_into_one() -> None:
    told = grave("")
    assert [line.split(" ", 1)[1].split(".")[0].split(",")[0] for line in told] == [
        "`title` is missing",
        "There is no [[room]]",
        "There is no [[step]]",
    ]
    assert [str(mistake) for mistake in check({})] == [
        "study.toml: There is no study.toml. Add one; `networklab new` writes it."
    ]


def test_bytes_that_are_no_text_get_their_line() -> None:
    assert grave(b'title = "A"\n# caf\xe9\n') == [
        "study.toml:2:6: This line has bytes that are not UTF-8 text. Save the file as UTF-8 and try again."
    ]


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, f"a={'[' * 5000}{']' * 5000}", "a=" + "9" * 5000, "="])
def test_strange_files_get_a_sentence(text: str) -> None:
    assert len(grave(text)) == 1


def test_a_list_of_what_may_stand_there_has_each_once() -> None:
    [mistake] = check(as_files(PAIR.replace("[[step]]", "[[step]]\nzzz = 1")))
    named = mistake.suggestion.split("`")[1::2]
    assert mistake.suggestion.startswith("Write one of") and len(named) == len({*named})


def test_a_page_that_is_no_template_gets_its_file_and_line() -> None:
    found = check(files(talk=b"<p>\n{% if round %}\n", other=b"\n{{ x }\n", more=b"\n\n\xff"))
    assert [str(mistake).split(": ")[0] for mistake in found if mistake.grave] == [
        "pages/more.html:3:1",
        "pages/other.html:2:6",
        "pages/talk.html:2:4",
    ]


def test_people_who_can_fill_no_room_are_told_before_they_are_invited() -> None:
    assert grave(EXAMPLE, Counter(red=2, blue=2)) == []
    assert grave(EXAMPLE, Counter(blue=9)) == [
        "study.toml:6:16: Room `mixed` can never fill: no red players. Add such players, or change its seats."
    ]
    (told,) = grave(EXAMPLE, Counter(blue=9, red=1))
    assert "`mixed` can never fill: only 1 red player." in told
    told = grave(EXAMPLE, Counter(blue=1, red=2))[-1]
    assert told.startswith("study.toml:10:9: Room `plain` can never fill: 4 seats, but 3 on the list.")
    without_fallback = changed("{any = 4}", "{red = 4}")
    (told,) = grave(without_fallback, Counter(red=4, blue=4, green=1))
    assert "green players can never be seated: no room has a green or any seat." in told


def test_a_type_without_a_seat_is_told_where_it_is_named() -> None:
    text = 'types = ["red", "blue",\n "green"]\n' + changed("{any = 4}", "{red = 4}")
    (told,) = grave(text)
    assert told.startswith("study.toml:2:2: green players can never be seated")
    assert len(grave(text, Counter(red=4, blue=4, green=1))) == 1


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        ('"C1"', '"C2"', "study.toml:30:35: `complete` and `lobby` have the same code"),
        ('"C4"}', '"C4", closed = "C4"}', "study.toml:30:89: `withdrawn` and `closed` have the same code"),
        ('silent = "45s"\n', "", "study.toml:26:10: Without `silent` nobody drops out"),
        ('"mixed"', '"mixed"\nafter = 5', "study.toml:6:9: Every room has `after`, so everybody waits"),
        (RING, "edges = [[1, 2], [2, 3]] #", "study.toml:17:9: In room `mixed`, slot 4 has no neighbour."),
    ],
)  # fmt: skip
def test_what_may_surprise_is_a_note(old: str, new: str, note: str) -> None:
    assert not any(line.startswith(note) for line in notes(EXAMPLE))
    assert any(line.startswith(note) for line in notes(changed(old, new)))
    assert grave(changed(old, new)) == []


def test_more_players_than_seats_is_a_note() -> None:
    text = changed("{any = 4}", "{any = 4}\ncount = 1")
    assert not any("All rooms together" in line for line in notes(text, Counter(red=22, blue=22)))
    (told,) = [line for line in notes(text, Counter(red=22, blue=23)) if "All rooms together" in line]
    assert told.startswith("study.toml:4:1: All rooms together have 44 seats, and 45 players may come.")


def test_a_room_behind_one_that_takes_all_its_players_is_told() -> None:
    again = '[[room]]\nname = "again"\nseats = {red = 3, blue = 2}\n[lobby]'
    text = changed("[lobby]", again)
    assert grave(text) == []  # only ten `mixed` rooms, so there are players left over
    (told,) = grave(text.replace("count = 10", ""))
    assert told.startswith("study.toml:12:1: Room `again` can never fill: `mixed` is tried first")
    assert grave(text.replace("count = 10", 'after = "2m"')) == []


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_happens_to_the_file_its_author_gets_sentences(data: st.DataObject) -> None:
    lines = EXAMPLE.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        junk = data.draw(st.sampled_from(["", "[[room]]", "[step]", "seats = {any = -1}", "fields = [[]]"]))
        value = data.draw(st.sampled_from(["0", "inf", "[1]", "{a.b = 1}", '""', '"\\u0000"', "1e99"]))
        key = lines[at].split("=")[0]
        lines[at] = data.draw(st.sampled_from([junk, f"{key}= {value}", lines[at][: len(lines[at]) // 2]]))
    text = "\n".join(lines)
    found = check(files(text), Counter(red=3))
    assert all(
        mistake.sentence.endswith((".", "?"))
        and (mistake.spot is None or mistake.spot.line <= len(lines) + 1)
        for mistake in found
    )
    if any(mistake.grave for mistake in check(files(text))):
        with pytest.raises(StudyError):
            parse(files(text))
    else:
        assert isinstance(parse(files(text)), Study)
