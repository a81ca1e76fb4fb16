"""The line that a mistake means, as a page shows it: what is meant marked within it.

A terminal has a second line, with a mark below. On a page lines wrap, and on a phone what is meant would stand outside
a line that does not.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from app.study.syntax.unseen import JOINERS

LINE, MARK = re.compile(r" *(\d+) \| (.*)"), re.compile(r" *\| ([ \t]*)(\^~*)")


def marked(excerpt: str) -> Markup:
    """`excerpt`: the two lines that `check` writes. Anything else stands as it is."""
    source, _, below = excerpt.partition("\n")
    line, mark = LINE.fullmatch(source), MARK.fullmatch(below)
    if not line or not mark:
        return escape(excerpt)
    said, start = line[2], _start(line[2], len(mark[1]))
    end = start + len(mark[2])
    parts = said[:start], said[start:end], said[end:]
    return Markup("<span>%s</span><code>%s<mark>%s</mark>%s</code>") % (line[1], *parts)


def _start(said: str, blanks: int) -> int:
    """Behind so many characters that take a place of their own."""
    places = [at for at, one in enumerate(said) if one not in JOINERS]
    return places[blanks] if blanks < len(places) else len(said)
