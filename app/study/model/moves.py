"""Moves: what players may do at any time while a step is open, and the study answers at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.study.model.fields import Field


@dataclass(frozen=True, slots=True)
class MoveForm:
    """One kind of move, in a form of its own: `fields` are asked with it, or nothing but a click on `button`.

    `only` is whom it is offered to, by treatment and role, as of a step.
    """

    name: str
    button: str
    fields: tuple[Field, ...] = ()
    only: Mapping[str, str] = field(default_factory=dict)

    def is_for(self, treatment: Mapping[str, str]) -> bool:
        """Whether it is offered to whoever got `treatment`. A factor that is not in it keeps nobody away."""
        return is_meant(self.only, treatment)

    def written(self, values: Mapping[str, str]) -> str:
        """What its record says: the values of its fields as they are stored, in their order, as compact JSON."""
        in_order = {one.name: values.get(one.name, "") for one in self.fields}
        return json.dumps(in_order, ensure_ascii=False, separators=(",", ":"))

    def values_in(self, written: str) -> dict[str, str]:
        """Field → value as it is stored; nothing of a field that was left empty, or of what is no such record."""
        try:
            found = json.loads(written)
        except (ValueError, RecursionError):
            return {}
        said = found if isinstance(found, dict) else {}
        values = {one.name: said.get(one.name) for one in self.fields}
        return {name: value for name, value in values.items() if isinstance(value, str) and value}


def is_meant(only: Mapping[str, str], treatment: Mapping[str, str]) -> bool:
    return all(treatment.get(name, level) == level for name, level in only.items())
