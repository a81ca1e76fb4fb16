"""How a mistake is shown on a terminal."""

from __future__ import annotations

from app.study.toml.lines import Spot
from app.study.toml.mistakes import Mistake, excerpt

LONG = (
    f'fields = [{{name = "a", ask = "{60 * "x"}", kind = "integer", min = 9, max = 0, help = "{60 * "y"}"}}]'
)


def lines(text: str, spot: Spot | None, colours: bool = False, grave: bool = True) -> list[str]:
    mistake = Mistake("study.toml", spot, "It is wrong.", "Mend it.", grave)
    return excerpt(mistake, {"study.toml": text.encode()}, colours).split("\n")


def test_a_mark_stands_below_what_is_meant_however_the_line_is_indented() -> None:
    assert lines("a = 1\n\tbe = 22\n", Spot(2, 7, 2)) == [
        "study.toml:2:7: It is wrong. Mend it.",
        "    2 | \tbe = 22",
        "      | \t     ^~",
    ]


def test_a_long_line_is_cut_around_the_mark() -> None:
    at = LONG.index("9,") + 1
    _, source, mark = lines(LONG, Spot(1, at, 1))
    assert len(source) <= 110 and source.startswith("    1 | …") and source.endswith("…")
    assert source[mark.index("^")] == "9"
    _, source, mark = lines(LONG, Spot(1, 1, 6))
    assert source.startswith("    1 | fields") and mark == "      | ^~~~~~"
    assert lines(LONG, Spot(1, 10, 500))[2].endswith("~") and len(lines(LONG, Spot(1, 10, 500))[2]) <= 110


def test_a_whole_file_and_what_is_past_its_end_have_no_line_to_show() -> None:
    assert lines("a = 1", None) == ["study.toml: It is wrong. Mend it."]
    assert lines("a = 1", Spot(7, 1)) == ["study.toml:7:1: It is wrong. Mend it."]


def test_only_the_mark_is_coloured_and_what_cannot_be_printed_is_replaced() -> None:
    told = lines("a = \x1b[2J1", Spot(1, 5, 2), colours=True)
    assert told[1] == "    1 | a = �[2J1" and told[2] == "      |     \033[1;31m^~\033[0m"
    assert lines("a = 1", Spot(1, 5), grave=False)[0].startswith("note: study.toml:1:5: ")
