"""Stories of a study that three questions make."""

from __future__ import annotations

import os
import re
import shutil

from app.study.reading import parse, read_folder
from tests.house.shell import Shell


def test_three_questions_make_a_study_that_runs(shell: Shell) -> None:
    made = shell.type("new", "mine", typed='Say "so"\nsix\n6\n\n')
    assert "“six” people can’t be in one room" in made.stderr  # and it is asked again
    assert made.returncode == 0 and "networklab demo --study mine" in made.stdout, made.stderr
    [look] = re.findall(r"^ +(\S+) serve --dev mine", made.stdout, re.MULTILINE)
    assert shutil.which(look, path=f"{os.environ['PATH']}") or (shell.folder / look).is_file(), (
        "it can be typed"
    )
    assert made.stderr.count("[") == 4  # the questions, each with what is taken without an answer
    study = parse(read_folder(shell.folder / "mine"))
    assert (study.title, study.rooms[0].size, len(study.plan)) == ('Say "so"', 6, 3)
    assert "Norway" in study.steps[0].fields[0].ask
    checked = shell.type("check", "mine", "--players", "mine/people.csv")
    assert checked.returncode == 0 and "It can run." in checked.stdout and checked.stderr == ""
    again = shell.type("new", "mine")
    assert again.returncode == 2 and "is there already" in again.stderr
    for seats in ("0", "many", "-1", "1000000"):
        refused = shell.type("new", "other", "--title", "x", f"--seats={seats}", "--ask", "y")
        assert refused.returncode == 2 and "can’t be in one room" in refused.stderr
        assert not (shell.folder / "other").exists()
    long = shell.type("new", "other", "--title", 201 * "x", "--seats", "2", "--ask", "y")
    assert long.returncode == 2 and "200 is the most" in long.stderr and not (shell.folder / "other").exists()
    alone = shell.type("new", "alone", "--title", "x", "--seats", "1", "--ask", "y")
    assert alone.returncode == 0, alone.stderr
