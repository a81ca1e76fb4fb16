"""A room that is walked through: who is tied in it, who is what, and who comes to which of its pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from app.rooms.limits import Told
from app.rooms.paths import who_is
from app.study.model.networks import Tie
from app.study.model.roles import deal, groups_in, had_in
from app.study.model.steps import ROLE, Step
from app.study.model.study import ANY, Position, RoomKind, Study

SEED = 1


@dataclass(frozen=True)
class WalkedRoom:
    """One of this kind in which all have this treatment, as the study plans it, and as no hook changes it."""

    study: Study
    kind: RoomKind
    treatment: Mapping[str, str]

    @property
    def types(self) -> Sequence[str]:
        return [(self.study.types or ("",))[0] if one == ANY else one for one in self.kind.types]

    def ties_at(self, index: int) -> Sequence[Tie]:
        study, name, types = self.study, self.kind.name, self.types
        later = study.planned_ties(name, SEED, types, study.opens_at, index)
        return study.network_of(name).ties(self.kind.size, SEED, types, name) if later is None else later

    def comes_to(self, position: Position) -> bool:
        """Whether anybody in it does: by its own treatment and their role, as each may have others of their own."""
        own = {one.name: self.treatment[one.name] for one in self.study.treatments if one.by == "room"}
        roles = self.roles_at(position.index)
        return any(_is_asked(position.step, own, roles, slot) for slot in range(1, self.kind.size + 1))

    def roles_at(self, index: int) -> Mapping[int, str]:
        """Slot → role."""
        return self._dealt.get(max((at for at in self._dealt if at <= index), default=-1), {})

    def dealt_until(self, index: int) -> Told:
        plan = self.study.plan
        return {
            (slot, plan[at].step.name, plan[at].round, ROLE): role
            for at, roles in self._dealt.items()
            if at <= index
            for slot, role in roles.items()
        }

    @cached_property
    def _dealt(self) -> Mapping[int, Mapping[int, str]]:
        """Where roles are dealt → slot → role, as rooms deal them (rooms/steps.py)."""
        study, found, had = self.study, dict[int, dict[int, str]](), list[tuple[int, str, bool]]()
        for at in study.plan:
            if study.roles is None or not study.deals_at(at.index):
                continue
            before = had_in(had)
            if before and at.index == next(iter(study.rounds), 0):
                dealt = {slot: roles[-1] for slot, roles in before.items()}
            else:
                groups = groups_in(study.network_of(self.kind.name), self.kind.size, self.ties_at(at.index))
                dealt = deal(study.roles.names, groups, before, study.roles.change)
            found[at.index] = dealt
            begins = study.begins_round(at.step.name, at.round)
            had += [(slot, role, begins) for slot, role in dealt.items()]
        return found


def said_by(told: Told, study: Study, room: WalkedRoom | None, treatment: Mapping[str, str]) -> Told:
    """What of it was said where all have this treatment: nobody answers what they are not asked, and of a step to which
    nobody comes there are no results."""
    asked = dict[tuple[str, int], Callable[[int], bool]]()
    for one in study.plan:
        roles = room.roles_at(one.index) if room and not one.step.is_solo else {}
        asked[one.step.name, one.round] = partial(_is_asked, one.step, treatment, roles)
    slots = {slot for slot, *_ in told}
    come = {at for at, is_asked in asked.items() if any(map(is_asked, slots))}
    results = {(step.name, field.name) for step in study.all_steps for field in step.results}
    return {
        (slot, step, round_, name): said
        for (slot, step, round_, name), said in told.items()
        if (step, round_) in come and ((step, name) in results or asked[step, round_](slot))
    }


def _is_asked(step: Step, treatment: Mapping[str, str], roles: Mapping[int, str], slot: int) -> bool:
    return step.is_for(who_is(treatment, roles.get(slot, "")))
