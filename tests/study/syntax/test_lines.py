"""Where in a TOML file each key and value stands."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.study.syntax.lines import Path, Spot, locate

# TTT and DDD stand for three quotation marks of each kind.
NASTY = r"""
"quoted key" = 1
'lit.eral' = [ # comment ] here
  "a # b", TTT
 many
 lines TTT'', ["x", ["y"]],
  {p.q = "}", r = [1, 2]},
]
dotted . "k\"ey" = { a = {}, b = [ ] }
text = DDD
[[room]]
quoted \"DD end DDDD
date = 1979-05-27 07:32:00
[[room]]
seats = {red = 1}
[room.deep.er]
x = -0.5e3 # = 3
[[room]]
[[room.sub]]
[[room.sub]]
y = true
""".replace("T", "'").replace("D", '"')

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")))
VALUES = st.recursive(
    st.integers(-99, 99) | st.booleans() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("text", [NASTY, NASTY.replace("\n", "\r\n")])
def test_lines_are_those_of_the_file(text: str) -> None:
    lines = {path: spot.line for path, spot in locate(text).keys.items()}
    assert paths(tomllib.loads(text)) <= set(lines)
    assert lines["quoted key",] == 2
    assert lines["lit.eral", 0] == 4
    assert lines["lit.eral", 2, 1, 0] == 6
    assert lines["lit.eral", 3, "r", 1] == 7
    assert lines["dotted", 'k"ey', "b"] == 9
    assert lines["date",] == 13
    assert lines["room", 0] == 14
    assert lines["room", 0, "seats", "red"] == 15
    assert lines["room", 0, "deep", "er", "x"] == 17
    assert lines["room", 1, "sub", 1, "y"] == 21


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_every_value_of_any_file_has_its_line(content: dict[str, object]) -> None:
    text = "\n".join(f"{json.dumps(key, ensure_ascii=False)} = {written(content[key])}" for key in content)
    spots = locate(text)
    assert tomllib.loads(text) == content
    assert paths(content) == set(spots.keys)
    starts = [text.split("\n").index(line) for line in text.split("\n") if not line.startswith(" ")]
    assert [spots.keys[key,].line for key in content] == [start + 1 for start in starts]
    for path, spot in spots.values.items():
        # What is marked is the value, or as much of it as its first line has.
        whole = written(value_at(content, path)).split("\n")[0].rstrip()
        assert at(text, spot) == whole
        assert at(text, spots.keys[path]) == json.dumps(path[-1], ensure_ascii=False)


def test_a_column_counts_characters_and_a_mark_stays_on_its_line() -> None:
    text = 'größe = "ß"  # so\r\n[ a . b ]\n\tx = [1,\n 2]\n"k" = {y = 3 , z = true}\n'
    found = locate(text.replace("größe", "'größe'"))
    assert found.values["größe",] == Spot(1, 11, 3)
    assert found.keys["a", "b"] == found.keys["a",] == Spot(2, 1, 9)
    assert (found.keys["a", "b", "x"], found.values["a", "b", "x"]) == (Spot(3, 2, 1), Spot(3, 6, 3))
    assert found.keys["a", "b", "x", 1] == Spot(4, 2, 1)
    assert (found.keys["a", "b", "k", "y"], found.values["a", "b", "k", "y"]) == (
        Spot(5, 8, 1),
        Spot(5, 12, 1),
    )


def at(text: str, spot: Spot) -> str:
    return text.split("\n")[spot.line - 1][spot.column - 1 :][: spot.width]


def value_at(content: object, path: Path) -> object:
    for part in path:
        content = content[part]  # type: ignore[index]
    return content


def paths(value: object, path: Path = ()) -> set[Path]:
    children = list(value.items()) if isinstance(value, dict) else []
    children += list(enumerate(value)) if isinstance(value, list) else []
    return {path} - {()} | {below for part, child in children for below in paths(child, (*path, part))}


def written(value: object) -> str:
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key, ensure_ascii=False)} = {written(child)}" for key, child in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[ # ]\n " + ",\n ".join(map(written, value)) + " ]"
    return json.dumps(value, ensure_ascii=False)
