"""A number that changes by itself while a step is open, from the `clock` of a [[step]]."""

from __future__ import annotations

from decimal import Decimal

from app.study.model.clocks import FASTEST, MOST, Clock
from app.study.model.fields import Field, plain_number
from app.study.model.kinds.money import MONEY
from app.study.model.kinds.number import NUMBER, read_unit
from app.study.model.steps import Step
from app.study.syntax.table import Table

KINDS = {"number": NUMBER, "money": MONEY}
EXAMPLE = 'clock = {ask = "The price", from = 100, step = -2, every = "1s", to = 20}'


def read_clock(step: Table) -> Clock | None:
    table = step.table("clock", EXAMPLE)
    if table is None:
        return None
    kind = KINDS[table.one_of("kind", tuple(KINDS), "number")]
    unit = read_unit(table, "unit")
    if unit and kind is MONEY:
        table.wrong("unit", "An amount of money has the currency of [pay].", "Remove it, or the kind.")
    ask = table.text("ask", longest=200, example="The price")
    given = {key: table.decimal(key) for key in ("from", "step", "to")}
    every = table.duration("every")
    for key, cure in (("from", "Add from = 100."), ("step", "Add step = -2: by how much it changes.")):
        if not table.has(key):
            table.missing(key, f"`{key}` is missing.", cure)
    start, by, end = given["from"], given["step"], given["to"]
    if by == 0:
        table.wrong("step", "So it never changes.", "Write by how much it changes, such as step = 1.")
    elif start is not None and by is not None and end is not None and (end - start) * by <= 0:
        way = "rises" if by > 0 else "falls"
        sentence = f"It {way} from {plain_number(start)}, and never comes to {plain_number(end)}."
        table.wrong("to", sentence, "Give `step` the other sign, or `to` another number.")
    if 0 < every < FASTEST:
        sentence = "Nobody can follow a number that changes more than five times a second."
        table.wrong("every", sentence, f'Write every = "{FASTEST}s" or more.')
    table.report_unknown_keys("a clock")
    if start is None or not by or not every:
        return None
    more = {} if kind is MONEY else {"unit": unit}
    field = Field(name="clock", ask=ask, kind=kind, more=more)
    return Clock(field, Decimal(start), Decimal(by), every, end)


def check_clock(table: Table, step: Step) -> None:
    if not table.has("clock"):
        return
    if not step.moves:
        sentence = "Only a move takes what a clock shows, and here is none."
        table.wrong("clock", sentence, "Add [[step.move]] below, or remove it.")
    elif step.clock and step.clock.every >= FASTEST and step.clock.many_within(step.limit) > MOST:
        sentence = f"Within `limit` it shows more than {MOST:,} numbers."
        table.wrong("clock", sentence, "Let it change less often, give it a `to`, or make `limit` shorter.")
