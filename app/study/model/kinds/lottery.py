"""A list of choices between two lotteries, A and B, after Holt & Laury (2002), "Risk Aversion and Incentive Effects",
American Economic Review 92(5). In row n of `chances` the higher amount of either has n chances in `chances`.

`safe` has the higher and the lower amount of A, `risky` those of B. It is stored as a letter a row, "AAAABBBBBB". With
`once` nobody may go back from B to A further down.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

from app.study.languages.texts import Sentence, Texts
from app.study.model.fields import Field, FieldError, OwnKeys, plain_number
from app.study.model.kinds.number import read_unit
from app.study.model.kinds.rows import Rows
from app.study.model.kinds.text import text_given
from app.study.model.pictures import BarChart, counted, of_counts
from app.study.syntax.table import Table

SAFE, RISKY = "A", "B"
ROWS, MOST_CHANCES = 10, 20
_TYPED = re.compile(f"[{SAFE}{RISKY}-]+")  # - is a row in which nothing is chosen yet
_CHOOSE = Sentence("Please choose A or B in each row.")
_ONCE = Sentence("Please change from A to B only once, from the top to the bottom.")


@dataclass(frozen=True, slots=True)
class Lot:
    """What is won with how many chances, as people read it; nothing of what has none."""

    letter: str
    parts: tuple[tuple[int, str], ...]


def _amounts(table: Table, key: str) -> tuple[Decimal, ...]:
    given = table.value(key)
    if given is None:
        return ()
    if not (
        isinstance(given, list)
        and len(given) == 2
        and all(isinstance(one, int | Decimal) and not isinstance(one, bool) for one in given)
    ):
        table.wrong(key, f"`{key}` must be the higher and the lower amount.", f"Write {key} = [2.00, 1.60].")
        return ()
    return tuple(map(Decimal, given))


class Lottery(Rows):
    called = "a choice between two lotteries in each of several rows"
    __slots__ = ()
    own_keys: ClassVar[OwnKeys] = {
        "safe": _amounts,
        "risky": _amounts,
        "chances": lambda table, key: table.whole(key, ROWS, smallest=2, largest=MOST_CHANCES),
        "once": lambda table, key: table.truth(key, default=False),
        "unit": read_unit,
    }
    also_called = ("holt_laury", "risk", "lotteries", "price_list", "mpl")
    has_right_answer = False
    in_each_row = _CHOOSE

    def check(self, table: Table, field: Field) -> None:
        for key, example in (("safe", "[2.00, 1.60]"), ("risky", "[3.85, 0.10]")):
            amounts = field.more[key]
            if not table.has(key):
                table.missing(key, f"A lottery list needs `{key}`, two amounts.", f"Add {key} = {example}.")
            elif amounts and amounts[0] <= amounts[1]:
                table.wrong(key, "The higher amount stands first.", f"Write {key} = {example}, for example.")
        safe, risky = field.more["safe"], field.more["risky"]
        if safe and risky and table.sound("risky") and not (risky[0] > safe[0] and risky[1] < safe[1]):
            sentence = "One of both is never worse than the other, so there is nothing to choose."
            table.wrong("risky", sentence, "Let B have the highest and the lowest of the four amounts.")

    def in_language(self, field: Field, texts: Texts, currency: str) -> Field:
        unit = field.more["unit"]

        def written(amount: Decimal) -> str:
            if currency and not unit:
                return texts.money(amount, currency)
            return f"{texts.number(amount)}\N{NO-BREAK SPACE}{unit}".rstrip("\N{NO-BREAK SPACE}")

        more = {key: tuple(map(written, field.more[key])) for key in ("safe", "risky")}
        return replace(field, point=texts.point, more={**field.more, "written": more})

    def rows(self, field: Field) -> tuple[str, ...]:
        return tuple(str(row + 1) for row in range(field.more.get("chances", ROWS)))

    def listed(self, field: Field) -> tuple[str, ...]:
        return ()

    def lots(self, field: Field, row: str) -> tuple[Lot, Lot]:
        """The two of a row."""
        chances, left = int(row), field.more["chances"] - int(row)
        written = field.more["written"]
        one, other = (
            Lot(letter, tuple(part for part in zip((chances, left), written[key], strict=True) if part[0]))
            for letter, key in ((SAFE, "safe"), (RISKY, "risky"))
        )
        return one, other

    def take_in_row(self, field: Field, text: str) -> str:
        if text not in (SAFE, RISKY):
            raise FieldError(_CHOOSE)
        return text

    def needs_all(self, field: Field) -> bool:
        return True

    def check_all(self, field: Field, said: Mapping[str, str]) -> None:
        if field.more.get("once") and RISKY + SAFE in "".join(said.values()):
            raise FieldError(_ONCE)

    def pack(self, field: Field, said: Mapping[str, str]) -> str:
        return "".join(said.get(row, "-")[:1] for row in self.rows(field)) if said else ""

    def unpack(self, field: Field, value: str) -> dict[str, str] | None:
        if not _TYPED.fullmatch(value) or len(value) > len(self.rows(field)):
            return None
        return {row: one for row, one in zip(self.rows(field), value, strict=False) if one != "-"}

    def is_packed(self, text: str) -> bool:
        return not text[0].isdecimal()

    def shown(self, field: Field, value: str) -> str:
        return value

    def stored(self, field: Field, value: Any) -> str:
        try:
            return self.read(field, [text_given(field, value)])
        except FieldError as error:
            raise ValueError(f"`{field.name}` is {value!r}, which does not fit: {error}") from None

    def shape(self, field: Field) -> str:
        chances = field.more["chances"]
        (won, less), (high, low) = (map(plain_number, field.more[key]) for key in ("safe", "risky"))
        first = (
            f"A is n in {chances} chances of {won}, else {less}; B is n in {chances} of {high}, else {low}"
        )
        return f", as a letter for each row n from 1 to {chances}, where {first}"

    def picture(self, field: Field, counts: Mapping[str, int]) -> BarChart:
        """How many chose A in each row."""
        safe = counted(
            (row, count)
            for stored, count in counts.items()
            for row, letter in self.said_in(field, stored).items()
            if letter == SAFE
        )
        total = sum(counts.values())
        return BarChart(
            of_counts([(f"row {row}", safe.get(row, 0)) for row in self.rows(field)], total), "chose A"
        )

    def guess(self, field: Field, chance: random.Random, others: Sequence[int]) -> str:
        rows = len(self.rows(field))
        turn = chance.randint(0, rows)
        return SAFE * turn + RISKY * (rows - turn)

    def slip(self, field: Field, chance: random.Random) -> str:
        rows = len(self.rows(field))
        if field.more.get("once") and rows > 1:
            return RISKY + SAFE * (rows - 1)
        return SAFE * (rows - 1)


LOTTERY = Lottery("lottery")
