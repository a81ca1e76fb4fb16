"""The names that a study gives, in its hooks.py: fields, steps, treatments, kinds of rooms, types of players."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.study.hooks.networklab import Earlier, Lobby, Move, Offer, Question, Room, Said
from app.study.hooks.reading.scopes import Known, Vocabulary
from app.study.model.fields import Field
from app.study.model.kinds.known import KINDS
from app.study.syntax.mistakes import did_you_mean, listed, nearest


class WrongName(NamedTuple):
    """What is wrong with a name, and what to write instead; not `grave` where it may be meant."""

    sentence: str
    cure: str
    grave: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """Each None where it is not known."""

    entry: Vocabulary | None = None
    said: Mapping[str, Vocabulary] | None = None  # by step
    of_rooms: Vocabulary | None = None  # treatments
    of_seats: Vocabulary | None = None
    kinds: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    moves: Mapping[str, Vocabulary] | None = None  # by move what is asked with it
    constants: Vocabulary | None = None

    def member(self, kind: type, name: str, type_: object) -> Known:
        """What stands in a field or property of one of our values, which has this type."""
        if kind is Earlier:  # of another study, perhaps
            return Known(type_)
        if name == "entry":
            return Known(type_, self.entry, what="entry")
        if name == "constants":
            return Known(type_, self.constants, what="constant")
        if kind is Move and name == "values":
            return Known(type_, self.of_moves, what="field of a move")
        if name == "treatment":
            return Known(type_, self.of_rooms if kind is Room else self.of_seats, what="treatment")
        if kind is Lobby and name in ("rooms", "seats") and self.kinds is not None:
            return Known(type_, dict.fromkeys(self.kinds, ()), what="kind of room")
        words: dict[str, Iterable[str] | None] = {
            "step": self.said,
            "kind": KINDS if kind is Question else self.kinds,
            "type": self.types,
            "name": self.moves if kind in (Move, Offer) else self.asked if kind in (Said, Question) else None,
        }
        return Known(type_, words=tuple(words.get(name) or ()), what=name)

    @property
    def of_moves(self) -> Vocabulary | None:
        """What is asked with any move; any words where two ask by one name for different ones."""
        if self.moves is None:
            return None
        asked = dict.fromkeys((name, words) for one in self.moves.values() for name, words in one.items())
        often = Counter(name for name, _ in asked)
        return {name: words if often[name] == 1 else () for name, words in asked}

    @property
    def asked(self) -> tuple[str, ...]:
        """By steps, and with moves."""
        return (*self.fields, *(self.of_moves or ()))

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in (self.said or {}).values() for name in one))

    def no_member(self, kind: type, name: str, members: Sequence[str]) -> str:
        """What to write instead of `room.belief`."""
        if kind is Room and name in self.fields:
            return f'Write room.said("{name}") for what was answered.'
        if nearest(name, members):
            return did_you_mean(name, members)
        if kind is Move and name in (self.of_moves or {}):
            return f'Write .values["{name}"] for what was said with it.'
        if name in (self.entry or {}) and "entry" in members:
            return f'Write .entry["{name}"] for what was answered at the door.'
        return f"It has {listed(members)}."

    def no_key(self, known: Known, key: str, needed: bool) -> WrongName | None:
        """`needed`: without it the hook fails."""
        keys = known.keys or {}
        if key in keys or known.what == "answer":
            return None
        near = did_you_mean(key, keys)
        if known.what == "treatment" and key in (self.of_seats or {}):
            sentence = f"`{key}` is drawn for each player, and not for the room."
            return WrongName(sentence, f'Write room.seat(slot).treatment["{key}"].')
        if known.what == "entry":
            step = next((name for name, one in (self.said or {}).items() if key in one), None)
            cure = f'It is asked at `{step}`: write room.said("{key}").' if step else near
            return WrongName(f"The entry form does not ask `{key}`.", cure, needed)
        grave = needed or bool(nearest(key, keys))
        return WrongName(f"There is no {known.what} `{key}`.", near, grave)

    def no_step(self, step: str) -> WrongName | None:
        if self.said is None or step in self.said:
            return None
        near = bool(nearest(step, self.said))
        return WrongName(f"There is no step `{step}`.", did_you_mean(step, self.said), near)

    def not_said(self, name: str, step: str | None) -> WrongName | None:
        """Of a step that there is, or of all of them."""
        asked, where = (
            (self.fields, "") if step is None else (tuple((self.said or {})[step]), f" at `{step}`")
        )
        if self.said is None or name in asked:
            return None
        sentence = f"Nothing is asked or computed{where} as `{name}`, so this is always empty."
        if name in (self.entry or {}):
            return WrongName(
                sentence, f'It is asked at the door: write room.seat(slot).entry["{name}"].', False
            )
        cure = did_you_mean(name, asked) if asked else "Ask it in a step first."
        return WrongName(sentence, cure, bool(nearest(name, asked)))

    def answers(self, name: str) -> tuple[str, ...]:
        """Those that there can be to this field; none: any."""
        found = {one[name] for one in (self.said or {}).values() if name in one}
        return found.pop() if len(found) == 1 else ()


def answers_of(fields: Iterable[Field]) -> dict[str, tuple[str, ...]]:
    """Those that each of these can have, as hooks get them; none: any, or no text."""
    return {one.name: one.kind.answers(one) if one.kind.type_of(one) is str else () for one in fields}
