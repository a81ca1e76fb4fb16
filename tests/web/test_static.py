"""Stories of what is in `static/`: a file a subject, and nothing in them that nobody reads."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Page

from app.config import PROJECT
from app.web.assets import PUT_TOGETHER, STATIC, static_files

STYLES = {path.name: path.read_text() for path in sorted(STATIC.glob("*/*.css"))}
EVERYTHING = "".join(STYLES.values())
# Where a class is put on: in a template or a script, and what a script looks for.
WORN = re.compile(
    r"""class(?:Name)?\s*=\s*"((?:[^"{]|\{\{.*?\}\}|\{%.*?%\}|\{)*)"|\{% block look[^%]*%\}(.*?)\{% endblock"""
    r"""|(?:classList\.\w+|querySelector(?:All)?|closest|matches)\(([^)]*)\)""",
    re.DOTALL,
)
LOOK = (STATIC / "css" / "look.css").read_text()
PAIRS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\);", LOOK)
}
MARKS = {name: (value, value) for name, value in re.findall(r"--(type-\d): (#\w+);", LOOK)}
WORDS = ("ink", "soft", "accent", "go", "warn", "stop", "word-1", "word-2", "word-3", "word-4")
STATUSES = {"open", "running", "ended"}  # of a session or a room, filled in whole


@pytest.mark.parametrize("whole", PUT_TOGETHER)
def test_each_file_of_a_subject_is_put_in_once(whole: str) -> None:
    kind = whole.rpartition(".")[2]
    there = {path.stem for path in (STATIC / kind).iterdir()}
    if kind == "css":  # each in one of the wholes: a player's page is sent nothing of a researcher's
        elsewhere = " ".join(
            parts for one, parts in PUT_TOGETHER.items() if one[-3:] == "css" and one != whole
        )
    else:
        elsewhere = "own" if whole == "app.js" else ""  # of pages with a script of their own
    assert sorted(PUT_TOGETHER[whole].split()) == sorted(there - set(elsewhere.split()))


def test_what_is_sent_of_a_style_is_all_but_its_comments() -> None:
    sent = static_files()["app.css"].body.decode()
    assert "/*" in EVERYTHING and "/*" not in sent and "\n " not in sent
    written = "".join((STATIC / "css" / f"{one}.css").read_text() for one in PUT_TOGETHER["app.css"].split())
    without = re.sub(r"/\*.*?\*/", "", written, flags=re.DOTALL)
    assert sent.split() == without.split()


def test_each_token_that_a_style_asks_for_is_set_and_each_that_is_set_is_asked_for() -> None:
    assert set(re.findall(r"var\((--[\w-]+)", EVERYTHING)) == set(re.findall(r"(--[\w-]+):", EVERYTHING))


def test_each_class_that_has_a_style_is_on_some_page() -> None:
    selectors = re.sub(r"\{[^{}]*\}|/\*.*?\*/", "", EVERYTHING, flags=re.DOTALL)
    classes = set(re.findall(r"\.([a-z][\w-]*)", selectors))
    worn = "\n".join(
        " ".join(found)
        for folder, kind in (("templates", "html"), ("static", "js"))
        for path in (PROJECT / folder).rglob(f"*.{kind}")
        for found in WORN.findall(path.read_text())
    )
    assert "talk" in classes
    filled_in = tuple(set(re.findall(r"\b([a-z][\w-]*-)\{\{", worn)))  # the beginning of who-{{ n }}
    classes -= {one for one in classes if one.startswith(filled_in)} | STATUSES
    assert [one for one in sorted(classes) if not re.search(rf"\b{one}\b", worn)] == []


@pytest.mark.browser
def test_a_browser_knows_each_declaration(page: Page) -> None:
    for name, text in STYLES.items():
        declared = re.findall(r"^\s+([a-z-]+):\s+([^;{}]+?)(?: !important)?;", text, re.MULTILINE)
        known = page.evaluate("pairs => pairs.map(([name, value]) => CSS.supports(name, value))", declared)
        assert declared, name
        assert not [one for one, knows in zip(declared, known, strict=True) if not knows], name


def test_a_process_goes_on_with_the_templates_and_styles_that_it_began_with(tmp_path: Path) -> None:
    """As a new version is put in their place: what it renders for the first time must be of its own version."""
    shutil.copytree(PROJECT / "templates", tmp_path / "templates")
    shutil.copytree(STATIC, tmp_path / "static")
    program = f"""
from pathlib import Path
from app.web import assets, templates
templates.FOLDER, assets.STATIC = Path({str(tmp_path / "templates")!r}), Path({str(tmp_path / "static")!r})
templates.read_all(), assets.static_files()
for path in [*templates.FOLDER.rglob("*.html"), *assets.STATIC.rglob("*.css")]:
    path.write_text("{{{{ another_version }}}}")
print(templates.render("front.html"), "another_version" in assets.static_files()["app.css"].body.decode())
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    assert told.stdout.rstrip().endswith("</html> False")


def test_the_document_tells_the_tokens_that_there_are() -> None:
    told = (PROJECT / "docs" / "design.md").read_text()
    lines = {
        name: (light, dark)
        for name, light, dark in re.findall(r"\| `--([\w-]+)` \| `(#\w+)` \| `(#\w+)`", told)
    }
    assert PAIRS and MARKS and lines == PAIRS | MARKS
    sizes = dict(re.findall(r"\| `--([\w-]+)` \| `([\d.]+(?:px|rem))`", told))
    assert len(sizes) > 16 and sizes == dict(re.findall(r"--([\w-]+): ([\d.]+(?:px|rem));", LOOK))


def test_letters_and_spaces_are_of_one_scale_and_letters_of_a_readers_own_size() -> None:
    for name, text in STYLES.items():
        for selector, rule in re.findall(r"([^{}]+)\{([^{}]*)\}", text):
            for size in re.findall(r"\bfont(?:-size)?:\s+([^;]+);", rule):
                # Letters of a drawing are as large as it is drawn.
                drawn = re.search(r"\btext\s*$", selector)
                of_scale = re.search(r"var\(--text-\d\)|\dem$|^inherit$", size)
                assert of_scale or (drawn and "px" in size), f"{name}:{selector}: {size}"
            for space in re.findall(r"\b(?:gap|padding[a-z-]*|margin[a-z-]*):\s+([^;]+);", rule):
                assert not re.search(r"[2-9]px|\d\dpx", space), f"{name}:{selector}: {space}"
        assert not re.search(r"@(?:media|container)[^{]*\dpx", text), f"{name} asks for pixels"


def test_words_can_be_read_in_the_light_and_in_the_dark_and_edges_and_marks_be_seen() -> None:
    for scheme, ground in product((0, 1), ("paper", "card")):
        for name in WORDS:
            found = contrast(PAIRS[name][scheme], PAIRS[ground][scheme])
            assert found >= 4.5, f"{name} on {ground}, {('light', 'dark')[scheme]}: {found:.2f}"
        for name in ("edge", *MARKS):
            found = contrast((PAIRS | MARKS)[name][scheme], PAIRS[ground][scheme])
            assert found >= 3, f"{name} on {ground}, {('light', 'dark')[scheme]}: {found:.2f}"
        assert contrast(PAIRS["on-accent"][scheme], PAIRS["accent"][scheme]) >= 4.5


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * one for one in colour[1:])
    shares = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
