"""The pictures of BENCHMARKS.md."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.bench.plot import Plot

SVG = "{http://www.w3.org/2000/svg}"
PLOT = Plot(
    "some",
    "Answers <of> some",
    "ms",
    "players",
    {"p50 & more": [(50, 1.25), (200, 2.5), (3000, 33.0)], "p99": [(50, 3.0), (3000, 140.0)]},
)


def test_a_plot_is_a_picture_that_says_what_it_shows_and_runs_nothing() -> None:
    picture = ElementTree.fromstring(PLOT.svg())
    assert picture.get("role") == "img"
    ids = (picture.get("aria-labelledby") or "").split()
    title, said = (next(one for one in picture.iter() if one.get("id") == id_) for id_ in ids)
    assert title.text == "Answers <of> some"
    assert "p50 & more goes from 1.25 at 50 players to 33 at 3,000" in (said.text or "")
    assert not [one.tag for one in picture.iter() if one.tag in (f"{SVG}script", f"{SVG}foreignObject")]
    assert not [name for one in picture.iter() for name in one.attrib if name.startswith("on")]
    assert "prefers-color-scheme: dark" in PLOT.svg()
    lines = picture.findall(f".//{SVG}polyline")
    assert [len((line.get("points") or "").split()) for line in lines] == [3, 2]


def test_a_plot_stands_beside_a_table_of_the_same() -> None:
    assert PLOT.markdown().splitlines()[2:] == [
        "| players | p50 & more, ms | p99, ms |",
        "| --- | --- | --- |",
        "| 50 | 1.25 | 3 |",
        "| 200 | 2.5 |  |",
        "| 3,000 | 33 | 140 |",
    ]
    assert PLOT.markdown().startswith("![Answers <of> some: p50 & more goes from 1.25")


def test_a_plot_of_nothing_is_empty() -> None:
    empty = Plot("none", "Nothing", "MB", "seconds", {"resident": []})
    ElementTree.fromstring(empty.svg())
    assert empty.summary == "Nothing was measured."


def test_the_name_of_each_line_stands_within_the_picture() -> None:
    names = [f"line {nth}" for nth in range(6)]
    picture = ElementTree.fromstring(
        Plot("many", "Many", "ms", "players", {name: [(1, 2.0), (2, 3.0)] for name in names}).svg()
    )
    _, _, width, height = map(int, (picture.get("viewBox") or "").split())
    found = {one.text: one for one in picture.iter(f"{SVG}text")}
    places = {tuple(float(found[name].get(axis) or "nan") for axis in "xy") for name in names}
    assert len(places) == 6 and all(x + 160 <= width and y < height for x, y in places)
    assert {f"line-{nth}" for nth in range(1, 7)} == {
        one.get("class") for one in picture.iter(f"{SVG}polyline")
    }
    assert all(f".line-{nth} {{ stroke" in Plot.svg(PLOT) for nth in range(1, 7))
