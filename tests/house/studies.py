"""The little studies that several files tell their stories of, and how one is changed for a story."""

from app.config import PROJECT
from app.study.model.channels import Channel

NEAR = Channel(of="neighbours")  # the talk of a step with chat = "neighbours"
RUMOUR = PROJECT / "studies" / "rumour"


def as_files(toml: str, hooks: str = "") -> dict[str, bytes]:
    """The study's folder, with our own page for its step, as `read_folder` gives it."""
    files = {"study.toml": toml.encode(), "pages/talk.html": PAGE.encode()}
    return files | ({"hooks.py": hooks.encode()} if hooks else {})


def changed(toml: str, old: str, new: str = "") -> str:
    """The study with another text in the place of the first `old`, which must be there."""
    assert old in toml, f"there is no {old} to be changed"
    return toml.replace(old, new, 1)


TALK = """
title = "Story"
[[room]]
name = "mixed"
seats = {red = 2, blue = 2}
[[room]]
name = "plain"
seats = {any = 4}
after = "30s"
[lobby]
max_wait = "5m"
[network]
kind = "ring"
[[step]]
page = "talk"
repeat = 3
limit = "60s"
chat = "neighbours"
fields = [
    {name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100},
    {name = "why", ask = "Why?", kind = "text", required = false},
]
"""
PAGE = '{% extends "player/_step_opened.html" %}'
ROOM_TALK = changed(TALK, 'chat = "neighbours"', 'chat = "room"')
LONG = changed(TALK, 'limit = "60s"', 'limit = "1h"')
PATIENT = """
title = "Patient"
types = ["red", "blue"]
[[room]]
name = "pair"
seats = {red = 1, blue = 1}
[[room]]
name = "any"
seats = {any = 2}
after = "1h"
[lobby]
max_wait = "2h"
[[step]]
page = "talk"
limit = "1h"
ends = "deadline"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
STEP = """
[[step]]
page = "talk"
limit = "60s"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
PAIR = f"""
title = "Pair"
[[room]]
name = "pair"
seats = {{red = 1, blue = 1}}
{STEP}"""
FOR_ONE = """
title = "Alone"
[door]
anonymous = true
[[after]]
page = "talk"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
"""
