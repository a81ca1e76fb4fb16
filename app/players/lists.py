"""A list as a spreadsheet saved it, text in any of its encodings or a workbook, read into lines of cells."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.study.syntax.lines import Spot
from app.study.syntax.mistakes import Mistake
from app.study.syntax.table import spot_of_byte

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
MOST_COLUMNS = 100
LARGEST = 200_000_000  # bytes of a workbook, unpacked
SAVE_AGAIN = "save it as CSV UTF-8 (comma delimited) or as .xlsx and try again"

_FORMULA = re.compile(r"'*[=+@-]")
_ESCAPED = re.compile(r"'+[=+@-]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# Longest first: the mark of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)


class PeopleError(Exception):
    """A list of people that can't be used. `str()` is one sentence with file, line and cure.

    `mistake` says the same as `check` does, with the column of the cell that is meant.
    """

    def __init__(
        self, file: str, wrong: str, cure: str, line: int = 0, column: int = 1, width: int = 1
    ) -> None:
        end = "" if cure.endswith("?") else "."
        super().__init__(f"{file}{f' line {line}' if line else ''} {wrong}; {cure}{end}")
        sentence = f"This {'line' if line else 'file'} {wrong}."
        spot = Spot(line, column, width) if line else None
        self.mistake = Mistake(file, spot, sentence, f"{cure[:1].upper()}{cure[1:]}{end}")


@dataclass(frozen=True, slots=True)
class ListLine:
    """A line that is not blank: its number in the file, its trimmed cells, and how it is written."""

    number: int
    cells: list[str]
    source: str = ""
    separator: str = ","

    def spot(self, column: int) -> tuple[int, int]:
        """Column and width of a cell, or of the last one; of a workbook's, which of its row it is."""
        if not self.source:
            return column + 1, 1
        cell = f'(?:^|{self.separator})((?:"(?:[^"]|"")*"?|[^{self.separator}"])*)'
        found = list(re.finditer(cell, self.source))
        meant = found[min(column, len(found) - 1)]
        return meant.start(1) + 1, max(1, len(meant[1]))


@dataclass(frozen=True, slots=True)
class Sheet:
    """`taken`: what was recognised, where it is not UTF-8 with commas; "" else."""

    name: str
    lines: Iterator[ListLine]
    taken: str = ""


def read_sheet(name: str, content: bytes, known: Collection[str], largest: int) -> Sheet:
    """The lines of a list, its header first; one may be refused only as it is come to. Raises PeopleError.

    `known`: the names of columns by which a header is one. `largest`: bytes of a workbook, unpacked.
    """
    if content.startswith((_ZIP, _OLE)):
        from app.players.workbooks import read_workbook  # takes a tenth of a second to import

        return read_workbook(name, content, known, largest)
    text, encoding = text_of(name, content)
    separator, skipped = _separator(name, text, known)
    taken = f" as {encoding}" if encoding else ""
    if separator != ",":
        taken += f" with {SEPARATORS[separator]} between the cells"
    lines = _lines(name, text, separator, skipped)
    return Sheet(name, lines, f"{name} was read{taken}" if taken else "")


def text_of(name: str, content: bytes) -> tuple[str, str]:
    """The text of a list, and in words its encoding where that is not UTF-8. Raises PeopleError."""
    if content.startswith((_ZIP, _OLE)):
        raise PeopleError(name, "is a workbook, and no text", SAVE_AGAIN)
    for mark, codec, called in _MARKS:
        if content.startswith(mark):
            return _decoded(name, content, codec, called), called
    if codec := _without_mark(content):
        return _decoded(name, content, codec, "UTF-16"), "UTF-16"
    try:
        return _whole(name, content.decode("utf-8-sig")), ""
    except UnicodeDecodeError as error:
        return _western(name, content, error.start)


def clean(cell: str) -> str:
    """A cell as one line of what can be seen: any space is a space, and what does nothing but control is gone."""
    if cell.isascii() and cell.isprintable() and "  " not in cell:
        return cell.strip()
    text = unicodedata.normalize("NFC", cell)
    joined = "".join(one for one in " ".join(text.split()) if one.isprintable() or one in "\u200c\u200d")
    return " ".join(joined.split()).strip("\u200c\u200d ")


def shown(cell: str) -> str:
    """A cell as part of a sentence: without line ends, and not too long."""
    plain = "".join(character if character.isprintable() else "�" for character in cell)
    return f"“{plain}”" if len(plain) <= 40 else f"“{plain[:39]}…”"


def escape(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula. `unescape` gives it back."""
    # The first character spares nearly all texts the two patterns.
    return (
        f"'{text}" if text[:1] in "'=+-@" and _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
    )


def unescape(cell: str) -> str:
    return cell[1:] if _ESCAPED.match(cell) else cell


def _without_mark(content: bytes) -> str:
    """The codec of UTF-16 that begins without its mark; "" for any other text.

    It begins with letters of ASCII, of which each second byte is 0.
    """
    if b"\0" not in content[:4] or len(content) % 2:
        return ""
    low, high = content[0:400:2].count(0), content[1:400:2].count(0)
    return "utf-16-le" if high > 9 * low else "utf-16-be" if low > 9 * high else ""


def _decoded(name: str, content: bytes, codec: str, called: str) -> str:
    try:
        return _whole(name, content.decode(codec).removeprefix("\ufeff"))
    except UnicodeDecodeError:
        raise PeopleError(name, f"begins as {called} text and does not go on as such", SAVE_AGAIN) from None


def _whole(name: str, text: str) -> str:
    if "\0" in text:
        cure = f"remove it, or {SAVE_AGAIN}"
        raise PeopleError(name, "has a NUL byte in it", cure, _line_at(text, text.index("\0")))
    return text


def _western(name: str, content: bytes, at: int) -> tuple[str, str]:
    """As Windows-1252, where its words look like words. Every byte means something there, so nothing else tells."""
    try:
        text = _whole(name, content.decode("cp1252"))
    except UnicodeDecodeError:
        line, column, _ = spot_of_byte(content, at)
        wrong = "has bytes that are neither UTF-8 nor Windows-1252 text"
        raise PeopleError(name, wrong, SAVE_AGAIN, line, column) from None
    other = [word for word in re.findall(r"[^\s,;\"]+", text) if not word.isascii()]
    strange = next((word for word in other if _STRANGE.search(word)), "")
    if strange:
        wrong = f"is not UTF-8 text, and has {shown(strange)} if it is Windows-1252"
        raise PeopleError(name, wrong, SAVE_AGAIN, _line_at(text, text.index(strange)))
    found = ", ".join(shown(word) for word in dict.fromkeys(other[:3]))
    return text, f"Windows-1252 (Western European: {found})"


# Of another code page: a capital or a sign within a word of small letters, or four letters in a row that English lacks.
_SMALL, _CAPITAL, _SIGN = "a-zß-öø-ÿšœž", "À-ÖØ-ÞŠŒŽŸ", "¹²³¿£¥§¶¢¤„†‡‰ˆ˜•™ƒ"
_STRANGE = re.compile(
    f"[{_SMALL}][{_CAPITAL}{_SIGN}]|[A-Z][{_CAPITAL}][{_SMALL}]|[{_SIGN}][{_SMALL}]|[A-Z{_SMALL}][“”][{_SMALL}]"
    f"|[{_CAPITAL}ß-öø-ÿšœž]{{4}}"
)


def _separator(name: str, text: str, known: Collection[str]) -> tuple[str, int]:
    """What stands between the cells, and how many characters come before the header. Raises PeopleError."""
    first = re.match(r"sep=(.)(?:\r\n|\r|\n)", text)  # of Excel, for Excel
    if first and first[1] in SEPARATORS:
        return first[1], first.end()
    score = dict.fromkeys(SEPARATORS, 0)
    for separator in SEPARATORS:
        try:
            for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
                if any(map(str.strip, cells)):
                    score[separator] = len({clean(cell).lower() for cell in cells} & {*known})
                    break
        except csv.Error:
            continue  # told as the lines are read
    if best := max(score.values()):
        alike = [one for one, found in score.items() if found == best]
        fitting = (one for one in alike if len(alike) == 1 or _fits(text, one))
        return next(fitting, alike[0]), 0
    line = next((line for line in re.split("\r\n|[\r\n]", text) if line.strip(" ,;\t")), "")
    return max(SEPARATORS, key=line.count), 0


def _fits(text: str, separator: str) -> bool:
    """Whether no line has more cells than the header: a list of one column may have commas in it."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error:
        return False
    width = next((len(cells) for cells in rows if any(cells)), 0)
    return all(len(cells) <= width for cells in rows)


def _line_at(text: str, at: int) -> int:
    return len(re.split("\r\n|[\r\n]", text[:at]))


def _lines(name: str, text: str, separator: str, skipped: int) -> Iterator[ListLine]:
    sources = [*re.split("\r\n|[\r\n]", text), ""]
    before = 1 if skipped else 0
    reader = csv.reader(io.StringIO(text[skipped:], newline=""), delimiter=separator, strict=True)
    while True:
        number = before + reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            cure = "close it, and write a quotation mark inside a cell twice"
            column = sources[number - 1].rfind('"') + 1 if number <= len(sources) else 1
            raise PeopleError(
                name, "has a quotation mark out of place", cure, number, max(1, column)
            ) from None
        if any(cells):
            yield ListLine(number, cells, sources[number - 1], separator)
