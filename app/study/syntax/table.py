"""Reading a study's TOML key by key: each mistake is noted with its line, and reading goes on."""

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation

from app.study.durations import seconds_in
from app.study.syntax.broken import syntax_mistake
from app.study.syntax.constants import Constants
from app.study.syntax.lines import Path, Spot, locate
from app.study.syntax.mistakes import Findings, Mistake, StudyError, did_you_mean, listed, nearest
from app.study.syntax.unseen import direction_in, spelt, unwanted_in

LARGEST_NUMBER = 10**15
MOST_DECIMALS = 12
LONGEST_DURATION = 7 * 24 * 3600
NOTHING = Constants()
WORDS = ("ask", "help", "hint", "button", "low", "high")  # what players read
SAID = ("button", "rounds", "dont_know")  # what may be left out, but not empty
DURATION_CURE = 'Write it like "90s", "6m", "1h" or "1m30s".'


class Table:
    """One table of the file. Each reader returns a usable value; what was wrong is in `findings`.

    A table remembers which keys were asked for, so that `report_unknown_keys` at the end finds the others.
    A missing key that stands there misspelt is reported once, as unknown. Where a number or a duration belongs, the
    name of one of the study's `constants` may stand, and in the texts of `WORDS` {name}.
    """

    def __init__(
        self,
        values: Mapping[str, object],
        path: Path,
        findings: Findings,
        constants: Constants = NOTHING,
    ) -> None:
        self.values = values
        self.path = path
        self.findings = findings
        self.constants = constants
        self._asked: dict[str, None] = {}
        self._missing: dict[str, Mistake] = {}

    def has(self, key: str) -> bool:
        return key in self.values

    def sound(self, key: str) -> bool:
        """No mistake was found under this key so far."""
        return self.findings.sound(*self.path, key)

    def text(self, key: str, default: str | None = None, longest: int = 1000, example: str = "…") -> str:
        """Text on one line or several, trimmed. Without `default` the key must be there and not blank."""
        value = self._value(key)
        if value is None:
            if default is None:
                self.missing(key, f"`{key}` is missing.", f'Add {_key(key)} = "{example}".')
            return default or ""
        if not isinstance(value, str):
            written = example if isinstance(value, list | dict) or example != "…" else _plain(value)
            self._wrong_type(key, value, "text", f'Write {_key(key)} = "{written}".')
            return default or ""
        if not value.strip() and (default is None or key in SAID):
            self.wrong(key, f"`{key}` is empty.", f'Write {_key(key)} = "…" with some text in it.')
        elif len(value) > longest:
            self.wrong(key, f"`{key}` has {len(value)} characters, and {longest} is the most.", "Shorten it.")
        elif any(ord(character) < 32 and character not in "\n\t" for character in value):
            self.wrong(key, f"`{key}` has a control character in it.", "Remove it.")
        elif turned := direction_in(value):
            sentence = (
                f"`{key}` has the character {turned} in it, which changes the direction of what follows."
            )
            self.wrong(key, sentence, "Remove it: pages have the direction of the study’s language.")
        return self._filled(key, value.strip()) if key in WORDS else value.strip()

    def whole(self, key: str, default: int, smallest: int = 1, largest: int = LARGEST_NUMBER) -> int:
        value = self._number(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong_type(key, value, "a whole number", self._number_cure(key, value))
        elif value < smallest:
            sentence = f"`{key}` is {_plain(value)}, but must be {smallest} or more."
            self.wrong(key, sentence, f"Write {_key(key)} = {smallest}.")
        elif value > largest:
            sentence = f"`{key}` is {_plain(value)}, and {largest:,} is the most."
            self.wrong(key, sentence, f"Write {_key(key)} = {largest}.")
        else:
            return value
        return default

    def decimal(self, key: str) -> Decimal | None:
        """A finite number, exactly as written; None where there is none."""
        value = self._number(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self._wrong_type(key, value, "a number", self._number_cure(key, value))
            return None
        number = Decimal(value)
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or abs(number) > LARGEST_NUMBER or exponent < -MOST_DECIMALS:
            sentence = f"`{key}` is too large, too fine or no number at all."
            self.wrong(key, sentence, "Write a number such as 0.15 or 100.")
            return None
        return number

    def truth(self, key: str, default: bool) -> bool:
        value = self._value(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            cure = f"Write {_key(key)} = true or {_key(key)} = false, without quotation marks."
            self._wrong_type(key, value, "true or false", cure)
            return default
        return value

    def duration(self, key: str, default: float | None = None, zero: bool = False) -> float:
        """Seconds, more than 0 unless `zero`: written as their number or as "90s", "6m", "1h", "1m30s"."""
        value = self._number(key)
        if value is None:
            if default is None:
                self.missing(key, f"`{key}` is missing.", f'Add {_key(key)} = "60s".')
            return default or 0.0
        seconds = _seconds(value)
        if seconds is None:
            near = _nearest_duration(value)
            cure = f'Write {_key(key)} = "{near}".' if near else self.constants.cure(key, value)
            cure = cure or DURATION_CURE
            self.wrong(key, f"`{key}` is {_shown(value)}, which is not a duration.", cure)
        elif seconds < 0 or (seconds == 0 and not zero):
            self.wrong(key, f"`{key}` is {_shown(value)}, but must be longer than nothing.", DURATION_CURE)
        elif seconds > LONGEST_DURATION:
            self.wrong(key, f"`{key}` is {_shown(value)}, and 7 days is the longest.", DURATION_CURE)
        else:
            return float(seconds)
        return default or 0.0

    def one_of(self, key: str, options: Collection[str], default: str) -> str:
        value = self._value(key)
        if value is None:
            return default
        if not isinstance(value, str):
            self._wrong_type(key, value, "text", f"Write one of {listed(options)}.")
        elif value not in options:
            self.wrong(key, f"`{key}` is {_shown(value)}, which is not known.", did_you_mean(value, options))
        else:
            return value
        return default

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or the constant that is one; none is blank, and each there once. Without it an empty one."""
        value = self._number(key)
        if value is None:
            return ()
        value = [*value] if isinstance(value, tuple) else value
        if not isinstance(value, list):
            parts = (
                [part.strip() for part in str(value).split(",")]
                if isinstance(value, str)
                else [_plain(value)]
            )
            written = ", ".join(f'"{part}"' for part in parts)
            self._wrong_type(key, value, "a list", f"Write {_key(key)} = [{written}].")
            return ()
        seen: list[str] = []
        for index, item in enumerate(value):
            place = (*self.path, key, index)
            if not isinstance(item, str):
                sentence = f"`{key}` has {_shown(item)} in it, which is {_kind(item)}, not text."
                self.findings.wrong(place, sentence, f'Put it in quotation marks: "{_plain(item)}".')
            elif why := unwanted_in(item):
                sentence = f"`{key}` has {_shown(item)} in it, which {why}."
                self.findings.wrong(place, sentence, "Write each as plain words on one line.")
            elif item in seen:
                self.findings.wrong(place, f"`{key}` has {_shown(item)} twice.", "Remove one, or change it.")
            else:
                seen.append(item)
        return tuple(seen)

    def table(self, key: str, example: str) -> "Table | None":
        """The table under this key; `example` shows how to write it."""
        value = self._value(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return Table(value, (*self.path, key), self.findings, self.constants)
        self._wrong_type(key, value, "a table", f"Write {example}.")
        return None

    def tables(self, key: str, example: str) -> list["Table"]:
        """The tables of an array, such as each `[[room]]`; `example` shows how to write one."""
        value = self._value(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(key, f"`{key}` is {_kind(value)}, but must be a list of tables.", f"Write {example}.")
            return []
        found: list[Table] = []
        for index, item in enumerate(value):
            if isinstance(item, dict):
                found.append(Table(item, (*self.path, key, index), self.findings, self.constants))
            else:
                sentence = f"`{key}` has {_shown(item)} in it, which is {_kind(item)}, not a table."
                self.findings.wrong((*self.path, key, index), sentence, f"Write {example}.")
        return found

    def value(self, key: str) -> object:
        """The value as TOML has it, for keys with a shape of their own."""
        return self._value(key)

    def wrong(self, key: str, sentence: str, suggestion: str = "") -> None:
        self.findings.wrong((*self.path, key), sentence, suggestion)

    def misnamed(self, key: str, sentence: str, suggestion: str = "", grave: bool = True) -> None:
        """The key itself is wrong, whatever its value."""
        self.findings.misnamed((*self.path, key), sentence, suggestion, grave)

    def missing(self, key: str, sentence: str, suggestion: str) -> None:
        self._missing[key] = self.findings.wrong((*self.path, key), sentence, suggestion)

    def note(self, key: str, sentence: str, suggestion: str = "") -> None:
        self.findings.note((*self.path, key), sentence, suggestion)

    def report_unknown_keys(self, where: str, elsewhere: Mapping[str, str] = {}) -> None:
        """`elsewhere`: keys of other tables, each with the cure."""
        for key in self.values:
            if key not in self._asked:
                absent = [known for known in self._asked if known not in self.values]
                near = nearest(key, absent)
                if near in self._missing:
                    self.findings.mistakes.remove(self._missing.pop(near))
                cure = elsewhere.get(key) or did_you_mean(key, absent if near else self._asked)
                self.misnamed(key, f"`{key}` is not a key of {where}.", cure)

    def _value(self, key: str) -> object:
        self._asked[key] = None
        return self.values.get(key)

    def _filled(self, key: str, text: str) -> str:
        for name in self.constants.unknown(text):
            sentence = f"`{key}` has {{{name}}} in it, and no number or text in [constants] is called so."
            if near := nearest(name, self.constants.in_words):
                self.wrong(key, sentence, f"Did you mean {{{near}}}?")
            else:
                self.note(key, sentence, "Players read it as it stands here, with its braces.")
        return self.constants.filled(text)

    def _number(self, key: str) -> object:
        """The value, or that of the constant whose name stands there."""
        return self.constants.meant(self._value(key))

    def _number_cure(self, key: str, value: object) -> str:
        return self.constants.cure(_key(key), value) or _without_quotes(key, value)

    def _wrong_type(self, key: str, value: object, wanted: str, cure: str) -> None:
        self.wrong(key, f"`{key}` is {_shown(value)}, which is {_kind(value)}, but must be {wanted}.", cure)


def open_toml(file: str, content: bytes) -> Table:
    """The top table of a TOML file, to be read key by key.

    Raises StudyError with one mistake where the file is no UTF-8 or no TOML. A byte-order mark is skipped.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        cure = "Save the file as UTF-8 and try again."
        raise StudyError([Mistake(file, None, "This file is UTF-16 text.", cure)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sentence = "This line has bytes that are not UTF-8 text."
        cure = "Save the file as UTF-8 and try again."
        raise StudyError([Mistake(file, spot_of_byte(content, error.start), sentence, cure)]) from None
    try:
        # So that it knows the place of what ends the file
        values = tomllib.loads(f"{text}\n", parse_float=_decimal)
        spots = locate(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError([syntax_mistake(file, text, str(error))]) from None
    except (ValueError, RecursionError):
        sentence = "This file has a number that is too long, or too many brackets inside each other."
        raise StudyError([Mistake(file, Spot(1, 1), sentence, "Write it more simply.")]) from None
    return Table(values, (), Findings(file, spots))


def spot_of_byte(content: bytes, at: int) -> Spot:
    """Where the first byte stands that is no text, although all before it are."""
    before = content[:at].decode("utf-8-sig")
    return Spot(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        return Decimal("NaN")


def _seconds(value: object) -> Decimal | None:
    if isinstance(value, str):
        return seconds_in(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    return number if number.is_finite() else None


def _nearest_duration(value: object) -> str:
    """What somebody meant by 40 or "90 seconds"; "" where that is unclear."""
    found = (
        re.fullmatch(r"(\d+)\s*(?:(s|m|h)[a-z]*)?\.?", value.strip().lower())
        if isinstance(value, str)
        else None
    )
    return f"{found[1]}{found[2] or 's'}" if found else ""


def _key(key: str) -> str:
    """As it has to be written."""
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def _kind(value: object) -> str:
    kinds = ((bool, "true or false"), (str, "text"), (int, "a whole number"), (Decimal, "a number"))
    more = ((list, "a list"), (dict, "a table"))
    return next((name for kind, name in (*kinds, *more) if isinstance(value, kind)), "a date or time")


def _shown(value: object) -> str:
    return f'"{_plain(value)}"' if isinstance(value, str) else _plain(value)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return "[…]" if isinstance(value, list) else "{…}"
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        return "a very large number"
    words = " ".join(spelt(str(value)).split())
    return words if len(words) <= 40 else f"{words[:39]}…"


def _without_quotes(key: str, value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value.strip()):
        return f"Leave out the quotation marks: {_key(key)} = {value.strip()}."
    return f"Write {_key(key)} = 10, for example."
