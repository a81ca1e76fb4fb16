"""A study with solo steps before the lobby and after the room, and one that is nothing but solo steps."""

from __future__ import annotations

from tests.house.studies import PAGE, changed

SOLO = """
title = "Two hats"
[entry]
fields = [{name = "age", ask = "Your age", kind = "integer", min = 18, max = 99}]
[[before]]
page = "consent"
fields = [{name = "agree", ask = "I have read this and want to take part.", kind = "tick"}]
decline = "declined"
[[before]]
page = "rules"
[[before]]
page = "quiz"
attempts = 2
fields = [
    {name = "size", ask = "How many of you?", kind = "choice", options = ["2", "4"], correct = "2", hint = "Two hats."},
]
[[room]]
name = "pair"
seats = {any = 2}
[lobby]
max_wait = "10m"
[[step]]
page = "talk"
limit = "1h"
fields = [{name = "belief", ask = "How sure are you?", kind = "integer", min = 0, max = 100}]
[dropout]
then = ["end_room"]
[[after]]
page = "about"
also = ["partner_left", "lobby"]
fields = [{name = "mood", ask = "How was it?", kind = "integer", min = 1, max = 7}]
[[after]]
page = "bye"
show = [{field = "belief", of = "me"}]
fields = [{name = "why", ask = "Why?", kind = "text", required = false}]
[finish.codes]
complete = "DONE"
partner_left = "ALONE"
lobby = "NONE"
declined = "NO"
failed_check = "WRONG"
withdrawn = "OUT"
"""
SURVEY = """
title = "One hat"
[[before]]
page = "rules"
[[before]]
page = "quiz"
fields = [{name = "size", ask = "How many hats?", kind = "integer"}]
[[after]]
page = "about"
fields = [{name = "mood", ask = "How was it?", kind = "integer", min = 1, max = 7}]
"""
TIMED = changed(SOLO, 'page = "rules"', 'page = "rules"\nlimit = "2m"')
PAID = SOLO + "[pay]\nbase = 2\n"
TEXTS = {
    "consent": "<h2>About this study</h2><p>You wear a hat, and so does somebody else.</p>",
    "rules": "<h2>The rules</h2><p>You see the other’s hat, and not your own.</p>",
}


def solo_files(toml: str = SOLO) -> dict[str, bytes]:
    files = {"study.toml": toml.encode()}
    for name in ("consent", "rules", "quiz", "talk", "about", "bye"):
        above = f"{{% block before %}}{TEXTS[name]}{{% endblock %}}" if name in TEXTS else ""
        files[f"pages/{name}.html"] = f"{PAGE}{above}".encode()
    return files
