"""Where the tags of a page stand: those of Jinja's, and those of HTML, in whose quotes others of Jinja's may stand.

A pattern that says so looks for the end of each tag anew, and within one tries each part of it in two ways: a page with
many `<` or `{{` that nothing closes kept whoever read it busy for minutes. Here each place is read once.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator

_CLOSES = {"{{": "}}", "{%": "%}", "{#": "#}"}
_JINJA = re.compile(r"\{[{%#]")
_ANY = re.compile(r"\{[{%#]|<[a-z]", re.IGNORECASE)
_WITHIN = re.compile(r"""\{(?=[{%#])|[>"']""")  # where a tag of HTML ends, or something in it begins


def tags(source: str, html: bool = True) -> Iterator[tuple[int, int]]:
    """Where each begins and ends, but of those within another; of Jinja's alone where `html` is False."""
    opens, ends, at = _ANY if html else _JINJA, _Ends(source), 0
    while found := opens.search(source, at):
        end = ends.of(found.start())
        if end:
            yield found.start(), end
        at = end or found.start() + 1


def replaced(source: str, by: Callable[[str], str], html: bool = True) -> str:
    """The page with each tag made another."""
    parts, at = [], 0
    for start, end in tags(source, html):
        parts += [source[at:start], by(source[start:end])]
        at = end
    return "".join([*parts, source[at:]])


class _Ends:
    """Where tags of one page end. What was found once is known: all that is asked together takes one reading of it."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._marks = [found.start() for found in _WITHIN.finditer(source)]
        self._ends: dict[int, int] = {}  # by where the inside of a tag goes on, at a mark
        self._next: dict[str, tuple[int, int]] = {}  # what was looked for last: from where, and where it is

    def of(self, start: int) -> int:
        """Of the tag that begins there; 0: nothing closes it."""
        return self._of_jinja(start) if self._source[start] == "{" else self._of_html(start)

    def _of_jinja(self, start: int) -> int:
        closes = _CLOSES[self._source[start : start + 2]]
        found = self._where(closes, start + 2)
        return found + 2 if found >= 0 else 0

    def _of_html(self, at: int) -> int:
        passed, end = list[int](), 0
        while (nth := bisect_left(self._marks, at)) < len(self._marks):
            mark = self._marks[nth]
            if mark in self._ends:
                end = self._ends[mark]
                break
            passed.append(mark)
            if self._source[mark] == ">":
                end = mark + 1
                break
            if self._source[mark] == "{":
                at = self._of_jinja(mark) or mark + 1
            else:
                at = self._where(self._source[mark], mark + 1) + 1
                if not at:  # its quote is not closed
                    break
        self._ends.update(dict.fromkeys(passed, end))
        return end

    def _where(self, sign: str, start: int) -> int:
        """Where it stands next; -1: nowhere."""
        asked, found = self._next.get(sign, (0, -2))
        if found == -2 or start < asked or 0 <= found < start:
            found = self._source.find(sign, start)
            self._next[sign] = (start, found)
        return found
