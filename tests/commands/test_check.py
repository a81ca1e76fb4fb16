"""Stories of `networklab check`: what it says of a study, and how a mistake is shown on a terminal."""

from __future__ import annotations

import json
import platform
import re
import sys

from app.config import PROJECT
from app.study.hooks.walls import ARCHITECTURES, CALLS
from app.study.syntax.lines import Spot
from app.study.syntax.mistakes import Mistake, excerpt
from tests.house.shell import Shell
from tests.house.studies import PAGE, RUMOUR
from tests.house.workbooks import saved, workbook

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


def test_a_study_is_checked_for_people_and_for_programs(shell: Shell) -> None:
    good = shell.type("check", RUMOUR)
    assert good.returncode == 0 and "Rumour: 30 pages in a room. It can run." in good.stdout
    assert good.stderr == ""
    assert "  machines one of 2 cores" in good.stdout and "check before you buy" in good.stdout
    written = (PROJECT / "docs" / "writing.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"check studies/rumour --players 700 --over 5m\n(.*?)```", written, re.DOTALL)
    assert shell.type("check", RUMOUR, "--players", "700", "--over", "5m").stdout == shown
    (shell.folder / "study.toml").write_text('title = "X"\n[[room]]\nname = "a"\nseats = {red = 0}\n')
    bad = shell.type("check", ".")
    assert bad.returncode == 2 and bad.stdout == ""
    assert "study.toml:4:16: `red` is 0, but must be 1 or more. Write red = 1.\n" in bad.stderr
    assert "    4 | seats = {red = 0}\n      |                ^\n" in bad.stderr
    assert bad.stderr.endswith("2 mistakes. The study can't run yet.\n")
    read = shell.type("check", ".", "--json")
    answer = json.loads(read.stdout)
    assert read.returncode == 2 and read.stderr == "" and answer["ok"] is False
    assert answer["mistakes"][0].keys() == {
        "file",
        "line",
        "column",
        "sentence",
        "suggestion",
        "grave",
        "excerpt",
    }
    assert "    4 | seats = {red = 0}\n      |                ^" in [
        one["excerpt"] for one in answer["mistakes"]
    ]
    read = shell.type("check", RUMOUR, "--json", "--players", "700", "--over", "10m")
    answer = json.loads(read.stdout)
    assert answer["ok"] is True and answer["mistakes"] == []
    assert answer["estimate"]["records_a_second"] == 175 and answer["estimate"]["pay"]["most"] == "4.90"
    listed = shell.people("token,label,type\nt1,Ann,red\nt2,Bob,bleu\n")
    told = shell.type("check", RUMOUR, "--players", listed)
    assert told.returncode == 2 and "people.csv:3:8: This line has the type “bleu”" in told.stderr
    for name, content in (
        ("tabs.txt", "label\ttype\nÅsa\tred\nBo\tbleu\n".encode("utf-16")),
        ("list.xlsx", saved(workbook(People=[["label", "type"], ["Åsa", "red"], ["Bo", "bleu"]]))),
    ):
        told = shell.type("check", RUMOUR, "--players", shell.people(content, name))
        meant = ":3:4: " if name == "tabs.txt" else ":3:2: "
        assert f"{name}{meant}This line has the type “bleu”" in told.stderr, told.stderr
        assert ("    3 | Bo\tbleu\n" in told.stderr) == (name == "tabs.txt") and "\ufffd" not in told.stderr


def test_check_says_that_it_runs_the_hooks_and_within_which_walls(shell: Shell) -> None:
    """Hooks are a study's code: whoever checks somebody's study is to know."""
    assert "has its hooks.py run" in " ".join(shell.type("check", "--help").stdout.split())
    assert "`check` runs the study’s `hooks.py`" in (PROJECT / "README.md").read_text()
    read = shell.type("check", PROJECT / "studies" / "commons", "--json")
    held = json.loads(read.stdout)["hooks"]
    assert not set(held["walls"]) & set(held["missing"])
    if sys.platform == "linux" and platform.machine() in ARCHITECTURES:
        assert CALLS in held["walls"]
    told = shell.type("check", PROJECT / "studies" / "commons").stdout
    assert (
        f"  hooks    ran within walls of the system: {', '.join(held['walls'])}" in told or not held["walls"]
    )
    assert "hooks" not in json.loads(shell.type("check", RUMOUR, "--json").stdout), "it has none"


def test_what_people_do_alone_is_told_where_it_comes_and_a_survey_speaks_of_no_group(shell: Shell) -> None:
    game = shell.type("check", PROJECT / "studies" / "survey-game")
    assert game.returncode == 0, game.stderr
    assert "3 pages before the lobby, 3 pages in a room and 1 page after it. It can run." in game.stdout
    in_order = [
        r"  before   about 1 minute before the lobby, each at their own pace",
        r"           about 85 of 90 reach the lobby, if 5% decline and 0.8% don’t get all right, as in a rehearsal",
        r"  lobby    at most 5 minutes",
        r"  length   40 s in a room if all answer in a third of the time",
        r"  after    about 20 s after the room, each at their own pace",
    ]
    places = [game.stdout.index(line) for line in in_order]
    assert places == sorted(places)

    (shell.folder / "pages").mkdir()
    (shell.folder / "pages" / "ask.html").write_text(PAGE)
    fields = 'fields = [{name = "mood", ask = "How are you?", kind = "text"}]'
    (shell.folder / "study.toml").write_text(f'title = "Moods"\n[[before]]\npage = "ask"\n{fields}\n')
    survey = shell.type("check", shell.folder)
    assert (
        "Moods: 1 page that each goes through alone. It can run.\n  length   about 10 s, each at"
        in survey.stdout
    )
    assert not re.search("room|lobby|group|deadline", survey.stdout), survey.stdout
