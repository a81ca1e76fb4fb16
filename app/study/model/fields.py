"""A field: one question to a player, and how what was posted becomes the value that is stored."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.study.languages.texts import Sentence
from app.study.model import each

LONGEST_TEXT = 2000  # characters, where a text field has no max
MOST_DIGITS = 18
LISTS = ("choices", "ranking")  # kinds with several answers in one

_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)")
_SIGNS = str.maketrans("−＋－．，", "-+-.,")
_OTHER_WAY_ROUND = str.maketrans(",.", ".,")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?")


Form = Mapping[str, Sequence[str]]  # what was posted: name → values


class FieldError(ValueError):
    """An answer that can't be stored, and one `sentence` for the player, to stand beside the field."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `ask` is its text, `help` a smaller line below it.

    | kind | min and max | stored as |
    |---|---|---|
    | integer | smallest and largest number; both may be absent | "42", "-7" |
    | number | the same; decimals, with a point or a comma | "3.5" |
    | text | shortest and longest length in characters (2,000 without a max) | lines end with "\\n" |
    | choice | none; `options` has the answers | the option as written |
    | choices | fewest and most that may be chosen | a JSON list of options, in their order: ["Radio","Friends"] |
    | ranking | none; `options` has what is put in order | a JSON list of all options, the first one first |
    | scale | first and last of a few whole numbers, each a radio button | "4" |
    | slider | the two ends, whole numbers | "64" |
    | yes_no | none | "yes" or "no" |
    | each | the same as of an integer, where there are no `options` | what was said of each, by slot: see each.py |
    | slots | not asked, but computed | a JSON list of slots: [3,5] |

    `low` and `high` are the words at the ends of a scale or slider. A question of kind each is about others in the
    room: `of` is "neighbours", "room" or the name of a hook that says whom. `about` is a field whose last answer
    stands beside each of them.
    """

    name: str
    ask: str
    kind: str
    min: Decimal | None = None
    max: Decimal | None = None
    options: tuple[str, ...] = ()
    required: bool = True
    help: str = ""
    low: str = ""
    high: str = ""
    swatches: tuple[
        str, ...
    ] = ()  # of a choice: the colour that each option is shown as, by its name in the palette
    of: str = ""
    about: str = ""
    point: str = "."  # before decimals, as the study's language has it

    def read(self, raw: Sequence[str]) -> str:
        """The canonical value of what was posted under this field's name: "" if optional and left empty.

        Reading what `in_form` makes of it gives the same value. Raises FieldError.
        """
        if self.kind in LISTS:
            return _list(self, raw)
        if self.kind == "each":
            return _each(self, raw)
        answers = set(raw)
        if len(answers) > 1:
            raise FieldError(Sentence("Please give one answer only."))
        text = _tidy(next(iter(answers), ""))
        if text:
            return _KINDS[self.kind](self, text)
        if self.required:
            raise FieldError(_WHEN_EMPTY.get(self.kind, _ANSWER))
        return ""

    def shown(self, value: str) -> str:
        """A canonical value as people write it."""
        if self.kind == "each":
            return ", ".join(f"{slot}: {said}" for slot, said in self.said_of(value).items())
        return ", ".join(self.items(value)) if self.kind in LISTS else self.in_form(value)

    def in_form(self, value: str) -> str:
        """A canonical value as it stands in a form. Reading it gives the value again."""
        return value.replace(".", self.point) if self.kind == "number" else value

    def said_of(self, value: str) -> dict[int, str]:
        """What a canonical value of kind each says of each slot."""
        return each.unpack(value) or {}

    def swatch(self, value: str | None) -> str:
        """The colour of an option; empty where there is none."""
        return dict(zip(self.options, self.swatches, strict=False)).get(value or "", "")

    def items(self, value: str) -> list[str]:
        """What is in a canonical value of choices or a ranking, or in one as it was `typed`."""
        return _from_json(value) or []

    def place(self, value: str, option: str) -> int | None:
        """From 1: where a ranking has this option, also one that was `typed` and is not complete."""
        for nth, item in enumerate(self.items(value), 1):
            place, _, ranked = item.partition(" ")
            if item == option:
                return nth
            if ranked == option and place.isdecimal():
                return int(place)
        return None


def read_fields(fields: Sequence[Field], form: Form) -> tuple[dict[str, str], dict[str, Sentence]]:
    """What was posted for these fields, and a sentence beside each that cannot be stored."""
    values: dict[str, str] = {}
    errors: dict[str, Sentence] = {}
    for field in fields:
        try:
            values[field.name] = field.read(
                each.posted(field.name, form) if field.kind == "each" else form.get(field.name, ())
            )
        except FieldError as error:
            errors[field.name] = error.sentence
    return values, errors


def typed(fields: Sequence[Field], form: Form) -> dict[str, str]:
    """The same as it was posted, to stand in the fields again."""
    return {field.name: _typed(field, form) for field in fields}


def _typed(field: Field, form: Form) -> str:
    if field.kind == "each":
        said = each.read(each.posted(field.name, form))
        return each.pack(said[0]) if said else ""
    return json.dumps(list(form.get(field.name, ()))) if field.kind in LISTS else first(form, field.name)


def first(form: Form, name: str) -> str:
    return next(iter(form.get(name, ())), "")


def _tidy(raw: str) -> str:
    if raw.isascii() and raw.isprintable():  # almost all: the rest below costs ten times as much
        return raw.strip()
    text = _LINE_END.sub("\n", raw)
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t" for character in text):
        raise FieldError(Sentence("Please remove the hidden control characters from your answer."))
    return text.strip()


def _integer(field: Field, text: str) -> str:
    digits = _plain_digits(text)
    if not _WHOLE.fullmatch(digits) or len(digits) > MOST_DIGITS:
        raise FieldError(_whole_number_asked(field))
    value = int(digits)
    if not _within(field, value):
        raise FieldError(_whole_number_asked(field))
    return str(value)


def _number(field: Field, text: str) -> str:
    digits = _plain_digits(text)
    # "1,500" may be a thousand and a half or one and a half: only the player knows. So may "1.500" in German.
    if _THOUSANDS.fullmatch(digits if field.point == "." else digits.translate(_OTHER_WAY_ROUND)):
        raise FieldError(Sentence("Please write it without a comma for thousands, such as 1500 or 1.5."))
    if not _DECIMAL.fullmatch(digits) or len(digits) > MOST_DIGITS:
        raise FieldError(_number_asked(field))
    value = Decimal(digits.replace(",", "."))
    if not _within(field, value):
        raise FieldError(_number_asked(field))
    return plain_number(value)


def _text(field: Field, text: str) -> str:
    longest = LONGEST_TEXT if field.max is None else int(field.max)
    if len(text) > longest:
        raise FieldError(
            Sentence(
                "Please shorten this to %(most)s characters; it has %(now)s now.", most=longest, now=len(text)
            )
        )
    if field.min is not None and len(text) < field.min:
        raise FieldError(
            Sentence(
                "Please write at least %(least)s characters; it has %(now)s now.",
                least=int(field.min),
                now=len(text),
            )
        )
    return text


def _choice(field: Field, text: str) -> str:
    if text not in field.options:
        raise FieldError(_CHOOSE)
    return text


def _yes_no(field: Field, text: str) -> str:
    if text.lower() not in ("yes", "no"):
        raise FieldError(_YES_OR_NO)
    return text.lower()


def _list(field: Field, raw: Sequence[str]) -> str:
    """Of choices: what was ticked. Of a ranking: each option with its place before it, "2 Radio"."""
    given = [text for text in map(_tidy, raw) if text]
    if len(given) == 1:
        given = _from_json(given[0]) or given  # a canonical value
    if not given and field.required:
        raise FieldError(_RANK_ALL if field.kind == "ranking" else _CHOOSE)
    chosen = _ranked(field, given) if field.kind == "ranking" and given else given
    if any(one not in field.options for one in chosen):
        raise FieldError(_CHOOSE)
    if field.kind == "choices":
        chosen = [option for option in field.options if option in chosen]
        if field.min is not None and chosen and len(chosen) < field.min:
            raise FieldError(Sentence("Please choose at least %(least)s.", least=int(field.min)))
        if field.max is not None and len(chosen) > field.max:
            raise FieldError(Sentence("Please choose at most %(most)s.", most=int(field.max)))
    return json.dumps(chosen, ensure_ascii=False, separators=(",", ":")) if chosen else ""


def _each(field: Field, raw: Sequence[str]) -> str:
    found = each.read([_tidy(text) for text in raw])
    if found is None:
        raise FieldError(_OF_EACH)
    said, missing = found
    if field.required and missing:
        raise FieldError(_OF_EACH)
    if field.options and any(text not in field.options for text in said.values()):
        raise FieldError(_OF_EACH)
    return each.pack(said if field.options else {slot: _integer(field, text) for slot, text in said.items()})


def _ranked(field: Field, given: Sequence[str]) -> list[str]:
    if sorted(given) == sorted(field.options):
        return list(given)
    places: dict[str, str] = {}
    for one in given:
        place, _, option = one.partition(" ")
        places[place] = option
    order = [places.get(str(place), "") for place in range(1, len(field.options) + 1)]
    if sorted(order) != sorted(field.options) or len(given) != len(order):
        raise FieldError(_RANK_ALL)
    return order


def _from_json(text: str) -> list[str] | None:
    try:
        found = json.loads(text) if text.startswith("[") else None
    except ValueError:
        return None
    return found if isinstance(found, list) and all(isinstance(one, str) for one in found) else None


def plain_number(value: Decimal) -> str:
    """A decimal in plain digits without needless ones: 3.50 is "3.5", 1E+2 is "100", -0 is "0"."""
    if value == 0:
        return "0"
    digits = format(value, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _plain_digits(text: str) -> str:
    """ASCII digits and signs for those of other scripts and keyboards, such as full-width ones."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(character, character)) for character in text.translate(_SIGNS))


def _within(field: Field, value: Decimal | int) -> bool:
    return (field.min is None or value >= field.min) and (field.max is None or value <= field.max)


def _whole_number_asked(field: Field) -> Sentence:
    limits = _limits(field)
    if len(limits) == 2:
        return Sentence("Please give a whole number from %(min)s to %(max)s.", **limits)
    if "min" in limits:
        return Sentence("Please give a whole number that is %(min)s or more.", **limits)
    if "max" in limits:
        return Sentence("Please give a whole number that is %(max)s or less.", **limits)
    return Sentence("Please give a whole number.")


def _number_asked(field: Field) -> Sentence:
    limits = _limits(field)
    if len(limits) == 2:
        return Sentence("Please give a number from %(min)s to %(max)s.", **limits)
    if "min" in limits:
        return Sentence("Please give a number that is %(min)s or more.", **limits)
    if "max" in limits:
        return Sentence("Please give a number that is %(max)s or less.", **limits)
    return Sentence("Please give a number.")


def _limits(field: Field) -> dict[str, Decimal]:
    return {
        name: limit.normalize() + 0
        for name, limit in (("min", field.min), ("max", field.max))
        if limit is not None
    }


_KINDS: dict[str, Callable[[Field, str], str]] = {
    "integer": _integer,
    "number": _number,
    "text": _text,
    "choice": _choice,
    "scale": _integer,
    "slider": _integer,
    "yes_no": _yes_no,
}
_ANSWER = Sentence("Please answer this question.")
_CHOOSE = Sentence("Please choose one of the answers.")
_RANK_ALL = Sentence("Please give each of them a place of its own.")
_OF_EACH = Sentence("Please answer for each of them.")
_YES_OR_NO = Sentence("Please choose yes or no.")
_WHEN_EMPTY = {
    "choice": _CHOOSE,
    "scale": Sentence("Please choose one of the numbers."),
    "yes_no": _YES_OR_NO,
}
KINDS = (*_KINDS, *LISTS, "each")
