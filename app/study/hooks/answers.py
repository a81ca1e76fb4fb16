"""What hooks return, read: the typed value that was asked for, or a sentence that says why it is none."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import partial
from typing import Any, TypeVar

from app.database import plain_json
from app.study.hooks.networklab import Accept, Move, Refuse, Tie, Value, pack, unpack
from app.study.hooks.pool import Nonsense
from app.study.model import networks
from app.study.model.clocks import Clock
from app.study.model.fields import Field
from app.study.model.moves import MoveForm
from app.study.model.steps import PAIRS, ROOM, Step

FINEST = Decimal("1e-10")  # what an amount is stored to, and the pay for waiting counted to
LARGEST = Decimal(10**12)
EXACT = Context(prec=80, rounding=ROUND_HALF_UP)  # no sum of such amounts has more digits
LARGEST_STATE = 65_536  # bytes, as it is kept
LONGEST_SENTENCE = 300  # characters
T = TypeVar("T")
Results = dict[str, dict[int, str]]  # name → slot → the value as it is stored


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of a move. `state` is what the study keeps from now on, as JSON has it (`networklab.unpack` gives the
    values again); None: what it kept before. `sentence` tells the player why it was refused.
    """

    accepted: bool
    sentence: str = ""
    state: Any = None
    results: Results = dataclasses.field(default_factory=dict)
    ends: bool = False


def read_value(field: Field, value: str) -> Value:
    """A stored value as hooks get it."""
    found: Value = field.kind.value(field, value)
    return found


def stored_value(field: Field, value: Any) -> str:
    """What a hook gave for this field, as it is stored. Raises Nonsense."""
    try:
        return field.kind.stored(field, value)
    except ValueError as error:
        raise Nonsense(str(error)) from None


def read_results(
    fields: Collection[Field], answer: Any, slots: Collection[int], pairs: Collection[tuple[int, ...]] = ()
) -> Results:
    """{name: {slot: value}}; a slot may be missing, and None counts as missing. Raises Nonsense.

    Of a result `of` the room there is one value, and of one of pairs each of `pairs` has one, by its slots or by one of
    them: all who share a value have it.
    """
    by_name = {field.name: field for field in fields}
    found: Results = {}
    for name, values in _mapping(answer, "{name: {slot: value}}").items():
        if name not in by_name:
            known = ", ".join(by_name) or "none"
            raise Nonsense(f"it computes `{name}`, but the step's `results` name {known}")
        field = by_name[name]
        if field.of == ROOM:
            values = dict.fromkeys(slots, _of_room(field, values))
        elif field.of == PAIRS:
            values = _of_pairs(field, values, pairs)
        found[name] = read_by_slot(values, slots, partial(stored_value, field))
    return found


def read_fill_in(
    fields_of: Callable[[int], Collection[Field]], answer: Any, slots: Collection[int]
) -> Results:
    """{slot: {field: value}} for those who have not answered. `fields_of`: as a slot is asked. Raises Nonsense."""
    found: Results = {}
    for slot, values in _mapping(answer, "{slot: {field: value}}").items():
        by_name = {field.name: field for field in fields_of(_slot(slot, slots))}
        for name, value in _mapping(values, "{slot: {field: value}}").items():
            if name not in by_name:
                raise Nonsense(f"it answers `{name}`, which the step does not ask")
            if value is not None:
                found.setdefault(name, {})[slot] = stored_value(by_name[name], value)
    return found


def read_amount(given: object) -> Decimal:
    """What a hook gives as money or points, to ten decimals, half up. Raises ValueError with a sentence."""
    if isinstance(given, bool) or not isinstance(given, int | Decimal):
        what = "a float, which is not exact" if isinstance(given, float) else f"a {type(given).__name__}"
        raise ValueError(f"{given!r} is {what}: an amount must be a Decimal or an int.")
    amount = Decimal(given)
    if amount.is_finite() and abs(amount) < LARGEST:
        amount = amount.quantize(FINEST, context=EXACT).normalize(EXACT)
        if abs(amount) < LARGEST:
            return amount
    raise ValueError(f"{given} is no amount of money: it must be a number below a million millions.")


def read_amounts(answer: Any, slots: Collection[int]) -> dict[int, Decimal]:
    """{slot: amount}, exact. Raises Nonsense."""
    return read_by_slot(answer, slots, _amount)


def read_outcomes(answer: Any, slots: Collection[int], outcomes: Collection[str]) -> dict[int, str]:
    """{slot: outcome} of those whose part ends. Raises Nonsense."""

    def read(outcome: Any) -> str:
        if outcome not in outcomes:
            raise Nonsense(
                f"{outcome!r} is no outcome that [finish] codes names: {', '.join(outcomes)}"[:300]
            )
        return str(outcome)

    return read_by_slot(answer, slots, read)


def read_network(answer: Any, size: int, directed: bool) -> tuple[networks.Tie, ...]:
    """Pairs of slots, triples with a weight, or the room's ties as they were given. Raises Nonsense."""
    if not isinstance(answer, (tuple, frozenset)):
        raise Nonsense(f"it must return ties, such as [(1, 2), (2, 3)], and returned {answer!r}"[:300])
    given = [(one.from_slot, one.to_slot, one.weight) if isinstance(one, Tie) else one for one in answer]
    for one in given:
        if not isinstance(one, tuple) or not all(isinstance(part, (int, float, Decimal)) for part in one):
            raise Nonsense(f"{one!r} is no tie: write (1, 2), or (1, 2, 0.5) with a weight")
    try:
        return networks.read_ties(given, size, directed)
    except ValueError as error:
        raise Nonsense(str(error).rstrip(".")) from None


def read_by_slot(answer: Any, slots: Collection[int], read: Callable[[Any], T]) -> dict[int, T]:
    found = {}
    for slot, value in _mapping(answer, "{slot: value}").items():
        _slot(slot, slots)
        if value is not None:
            found[slot] = read(value)
    return found


def read_asked(answer: Any, slots: Collection[int]) -> tuple[int, ...]:
    """Who is shown a step: True for all, False for nobody, or some slots. Raises Nonsense."""
    if isinstance(answer, bool):
        return tuple(slots) if answer else ()
    if isinstance(answer, (tuple, frozenset)):
        return tuple(sorted({_slot(slot, slots) for slot in answer}))
    raise Nonsense(f"it must return True, False or a set of slots, and returned {answer!r}")


def read_made(form: MoveForm, slot: int, written: str, at: float, clock: Clock | None = None) -> Move:
    """A move as hooks get it; `written` is what its record says, `clock` the step's."""
    said = form.values_in(written)
    values = {one.name: read_value(one, said[one.name]) for one in form.fields if one.name in said}
    return Move(slot, form.name, values, at, clock.value(at) if clock else None)


def read_move(
    step: Step, answer: Any, slots: Collection[int], pairs: Collection[tuple[int, ...]] = ()
) -> Handled:
    """What `on_move` says of a move at this step. Raises Nonsense."""
    if isinstance(answer, Refuse):
        sentence = answer.sentence.strip() if isinstance(answer.sentence, str) else ""
        control = any(unicodedata.category(one) in ("Cc", "Cs") for one in sentence)
        if not sentence or len(sentence) > LONGEST_SENTENCE or control:
            wanted = f"a sentence for the player, of at most {LONGEST_SENTENCE} characters on one line"
            raise Nonsense(f"Refuse takes {wanted}, and was given {answer.sentence!r}"[:600])
        return Handled(False, sentence)
    if not isinstance(answer, Accept):
        raise Nonsense(f'it must return Accept(…) or Refuse("…"), and returned {answer!r}'[:300])
    if not isinstance(answer.end, bool):
        raise Nonsense(f"`end` must be True or False, and is {answer.end!r}"[:300])
    state = None if answer.state is None else _kept(answer.state.packed)
    results = read_results(step.computed, answer.results, slots, pairs)
    return Handled(True, "", state, results, answer.end)


def _of_room(field: Field, value: Any) -> Any:
    if isinstance(value, Mapping):
        raise Nonsense(f"`{field.name}` is one value for the room, and it gives {value!r}"[:300])
    return value


def _of_pairs(field: Field, values: Any, pairs: Collection[tuple[int, ...]]) -> dict[int, Any]:
    shared: dict[int, Any] = {}
    for key, value in _mapping(values, "{(slot, slot): value}, or by one slot of each pair,").items():
        those = next((pair for pair in pairs if key in pair or key == pair), None)
        if those is None:
            raise Nonsense(f"{key!r} is no pair of this room: it has {', '.join(map(str, pairs))}"[:300])
        if shared.get(those[0], value) != value:
            raise Nonsense(f"`{field.name}` of {those} is {shared[those[0]]!r} and {value!r}"[:300])
        shared |= dict.fromkeys(those, value)
    return shared


def _kept(state: Any) -> Any:
    _check_kept(state)
    size = len(plain_json.dumps(state))
    if size > LARGEST_STATE:
        raise Nonsense(f"its state has {size:,} bytes, and {LARGEST_STATE:,} is the most")
    return state


def _check_kept(packed: Any) -> None:
    """Goes through it as it came: of a state with hundreds of values, all would be made and packed again."""
    kind = type(packed)
    if kind is int or kind is bool or packed is None:
        return
    if kind is str:
        if "\0" in packed or (not packed.isascii() and any("\ud800" <= one <= "\udfff" for one in packed)):
            raise Nonsense("its state has a text with a character in it that can't be kept")
    elif kind is list:
        for one in packed:
            _check_kept(one)
    elif kind is dict and packed.keys() == {"map"}:
        for key, one in packed["map"]:
            if type(key) not in (int, str):
                raise Nonsense(f"its state has the key {unpack(key)!r}: write texts or whole numbers"[:300])
            _check_kept(key)
            _check_kept(one)
    elif type(value := unpack(packed)) is not Decimal or packed != pack(value):
        cure = "write a Decimal" if isinstance(value, float) else "write plain values, lists and dicts"
        raise Nonsense(f"its state has {value!r} in it, which can't be kept: {cure}"[:300])


def _amount(value: Any) -> Decimal:
    try:
        return read_amount(value)
    except ValueError as error:
        raise Nonsense(str(error).rstrip(".")) from None


def _mapping(answer: Any, wanted: str) -> Mapping[Any, Any]:
    if not isinstance(answer, Mapping):
        raise Nonsense(f"it must return {wanted}, and returned {answer!r}"[:300])
    return answer


def _slot(slot: Any, slots: Iterable[int]) -> int:
    if isinstance(slot, bool) or not isinstance(slot, int) or slot not in slots:
        raise Nonsense(f"{slot!r} is no slot of this room: it has {', '.join(map(str, slots))}")
    return slot
