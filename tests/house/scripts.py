"""A study with a script of its own, for stories: it counts what it is told, and keeps what it is made to keep."""

from __future__ import annotations

from pathlib import Path

TOML = """
title = "Scripted"
[pages]
script = "files/own.js"
[[room]]
name = "alone"
seats = {any = 1}
[[step]]
page = "draw"
repeat = 2
limit = "10m"
fields = [
    {name = "sketch", ask = "What was drawn", kind = "data"},
    {name = "sure", ask = "How sure are you?", kind = "integer", min = 0, max = 9},
]
[[step]]
page = "trade"
limit = "4s"
on_move = "offer"
[[step.move]]
name = "bid"
button = "Bid"
fields = [{name = "price", ask = "Your price", kind = "integer", min = 0, max = 9}]
[finish]
redirect = "https://example.org/complete?cc={code}"
"""
PAGES = {
    "draw": '{% extends "player/_step_opened.html" %}{% block before %}'
    "<div data-networklab='{{ {\"round\": place.position.round} | tojson }}'></div>"
    '<p id="drawn" hx-morph-skip></p>{% endblock %}',
    "trade": '{% extends "player/_step_opened.html" %}',
    "_move_made": "<div data-networklab='{{ state | tojson }}'>{{ moves | length }} moves</div>",
}
HOOKS = """
from networklab import Accept, Refuse

def offer(room, move):
    if move.values["price"] > 5:
        return Refuse("That is too much.")
    return Accept(state={"best": move.values["price"]})
"""
SCRIPT = """
window.told = [];
for (const what of ["shown", "state", "deadline"]) {
    networklab.on(what, (news) => { told.push([what, news]); document.body.dataset.told = JSON.stringify(told); });
}
networklab.on("shown", () => {
    document.querySelector("#drawn")?.replaceChildren(`drawn ${JSON.stringify(networklab.get("sketch"))}`);
});
"""


def scripted(folder: Path) -> Path:
    contents = {"study.toml": TOML, "hooks.py": HOOKS, "files/own.js": SCRIPT, "files/lib.mjs": "export {};"}
    for name, content in {**contents, **{f"pages/{name}.html": page for name, page in PAGES.items()}}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder
