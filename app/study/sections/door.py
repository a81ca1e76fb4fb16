"""[door] of study.toml: what the one link for everybody must bring, whether one may come without, and how long who
finds it full may wait."""

from __future__ import annotations

import re

from app.study.model.door import FIRST_IDS, NAME, Door
from app.study.syntax.patterns import pattern_mistake
from app.study.syntax.table import Table

MOST_IDS = 10


def read_door(document: Table) -> Door:
    door = document.table("door", "[door] with single brackets, and its settings below")
    if door is None:
        return Door()
    found = Door(
        door.texts("ids"),
        door.text("pattern", default=""),
        door.truth("anonymous", default=False),
        door.duration("max_wait", Door().max_wait, zero=True),
    )
    for one in found.ids:
        if not NAME.fullmatch(one) and door.sound("ids"):
            sentence = f"`{one}` can't be the name of an id in an address."
            door.wrong("ids", sentence, 'Write the name alone, as in ids = ["PROLIFIC_PID"].')
    lower = [one.lower() for one in found.ids]
    if len({*lower}) < len(lower) and door.sound("ids"):
        door.wrong("ids", "Two of these differ in nothing but A and a, which is one id.", "Remove one.")
    if len(found.ids) > MOST_IDS and door.sound("ids"):
        door.wrong(
            "ids", f"More than {MOST_IDS} ids are asked of a link.", "Name those that it can't do without."
        )
    if found.pattern and door.sound("pattern"):
        _check_pattern(door, found)
    door.report_unknown_keys("[door]")
    return found


def _check_pattern(door: Table, found: Door) -> None:
    try:
        pattern = re.compile(found.pattern, re.ASCII)
    except re.error as error:
        sentence = f"`{found.pattern}` is no pattern: {error.msg}."
        door.wrong("pattern", sentence, 'Write a regular expression, such as "[0-9]{2,7}".')
        return
    if pattern.fullmatch(""):
        sentence = "An id of no letters at all would look like this."
        door.wrong("pattern", sentence, 'Say how many there are, as in "[0-9]{2,7}".')
    elif re.search(r"(\+|\*|,\})\)?(\+|\*|\{\d*,)", found.pattern):
        # It is held against whatever anybody sends, and must be done with it at once.
        sentence = "A repetition within a repetition takes for ever with some ids."
        door.wrong("pattern", sentence, "Repeat once, as in [a-z0-9-]+.")
    elif mistake := pattern_mistake(found.pattern):
        door.wrong("pattern", *mistake)
    elif not found.ids:
        sentence = f"`pattern` holds for whichever id comes first, of any of {', '.join(FIRST_IDS)}."
        door.note("pattern", sentence, 'Say which is meant: ids = ["PROLIFIC_PID"], say.')
