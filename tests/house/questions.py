"""A study that asks a question of each kind that somebody can be asked alone, and one that asks about others."""

from __future__ import annotations

import re

from tests.house.studies import PAGE

UNKNOWN = "dont_know = true"
RANDOM = 'order = "random"'
MOOD = 'min = 1, max = 7, low = "bad", high = "good"'
QUESTIONS = (
    """
title = "Every kind of question"
[pay]
base = 1
currency = "EUR"
[[before]]
page = "numbers"
fields = [
    {name = "siblings", ask = "How many brothers and sisters have you?", kind = "integer", min = 0, UNKNOWN},
    {name = "height", ask = "How tall are you?", kind = "number", min = 0.5, max = 2.5, decimals = 2, unit = "m"},
    {name = "price", ask = "What would you pay for a cup of coffee?", kind = "money", min = 0, max = 10},
    {name = "born", ask = "When were you born?", kind = "date", min = 1920-01-01, max = 2008-12-31},
    {name = "up", ask = "When did you get up today?", kind = "time", min = "04:00"},
    {name = "sure", ask = "Are you sure?", kind = "slider", min = 0, max = 100, low = "not", high = "very", UNKNOWN},
    {name = "mood", ask = "How was your day?", kind = "scale", min = 1, max = 7, low = "bad", high = "good"},
]
[[before]]
page = "words"
order = "random"
fields = [
    {name = "dream", ask = "What did you dream?", kind = "text", min = 3, max = 300, required = false},
    {name = "plate", ask = "Your postcode", kind = "text", pattern = "[0-9]{5}", example = "50667", help = "Digits"},
    {name = "way", ask = "You came", kind = "choice", options = ["On foot", "By bike", "By train"], RANDOM},
    {name = "colour", ask = "Colour?", kind = "choice", options = ["Warm", "Cold"], swatches = ["red", "blue"], RANDOM},
    {name = "news", ask = "Your news?", kind = "choices", options = ["Radio", "Friends", "Paper"], max = 2},
    {name = "best", ask = "Put them in order.", kind = "ranking", options = ["Tea", "Coffee", "Water"]},
    {name = "pets", ask = "Have you pets?", kind = "yes_no", dont_know = "I’d rather not say"},
    {name = "game", ask = "How was it?", kind = "matrix", rows = ["The talk", "The waiting", "The pay"], MOOD, RANDOM},
    {name = "often", ask = "How often?", kind = "matrix", rows = ["Read", "Swim"], options = ["never", "often"]},
    {name = "share", ask = "Share.", kind = "allocation", options = ["Me", "You"], total = 100, unit = "dots", UNKNOWN},
    {name = "cost", ask = "Who?", kind = "allocation", options = ["I", "You"], total = 10, min = 0.5, decimals = 2},
    {name = "risk", ask = "Which one?", kind = "lottery", safe = [2.00, 1.60], risky = [3.85, 0.10], once = true},
    {name = "lots", ask = "And now?", kind = "lottery", safe = [40, 32], risky = [77, 2], chances = 5, unit = "points"},
    {name = "clicks", ask = "What they clicked", kind = "data"},
    {name = "agree", ask = "I have answered as it is.", kind = "tick"},
]
""".replace("MOOD", MOOD)
    .replace("RANDOM", RANDOM)
    .replace("UNKNOWN", UNKNOWN)
)


def question_files(toml: str = QUESTIONS) -> dict[str, bytes]:
    """The study's folder, with our own page for each of its steps."""
    pages = {
        f"pages/{page}.html": PAGE.encode() for page in re.findall(r'^page = "(\w+)"', toml, re.MULTILINE)
    }
    return {"study.toml": toml.encode(), **pages}
