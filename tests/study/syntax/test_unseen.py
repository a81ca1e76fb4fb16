"""Stories of characters that nobody sees, in what players choose among and read."""

from __future__ import annotations

import pytest

from app.study.reading import check
from app.study.syntax.mistakes import excerpt
from tests.house.studies import as_files

FAMILY = "👨\u200d👩\u200d👧"
MENU = """
title = "Menu"
[words]
list = ["بی\u200cادب"]
[[room]]
name = "two"
seats = {any = 2}
[[step]]
page = "talk"
limit = "60s"
repeat = 2
rounds = "Round"
fields = [
    {name = "a", ask = "Which?", help = "1 of", kind = "choice", options = ["می\u200cخواهم", "C\u200f 1", "b"]},
    {name = "m", ask = "?", kind = "matrix", rows = ["10\u00a0€", "نمی\u200cخواهم"], options = ["FAMILY", "no"]},
]
""".replace("FAMILY", FAMILY)


def test_words_of_persian_and_emoji_may_be_options_rows_and_words() -> None:
    assert [str(one) for one in check(as_files(MENU))] == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"b"', '"\u202eb"', '`options` has "<U+202E>b" in it, which has the character U+202E in it'),
        ('"b"', '"b\u200b"', "which has the character U+200B in it, which nobody sees."),
        ('"b"', '"b\u200f"', "which has the character U+200F around it, which nobody sees."),
        ('"b"', '" b"', '`options` has "b" in it, which has blanks around it.'),
        ('"b"', '" "', "which is blank."),
        ('"b"', '"b\\tc"', "which has a line break or a tab in it."),
        ("Which?", "Which\u202e?", "`ask` has the character U+202E in it, which changes the direction"),
        ("1 of", "1\u2066 of", "`help` has the character U+2066 in it"),
        ('"Round"', '"\u202dRound"', "`rounds` has the character U+202D in it"),
        ('"Menu"', '"\u202bMenu"', "`title` has the character U+202B in it"),
    ],
)
def test_what_nobody_sees_is_told_by_its_name_and_never_printed(old: str, new: str, sentence: str) -> None:
    assert old in MENU
    files = as_files(MENU.replace(old, new))
    [mistake] = check(files)
    assert sentence in str(mistake)
    printed = f"{mistake}\n{excerpt(mistake, files)}"
    assert not [one for one in "\u200b\u202b\u202d\u202e\u2066" if one in printed]
