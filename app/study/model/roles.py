"""Roles: who is what in each round, dealt among those who play together, without a hook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from app.study.model.networks import Network, Tie


def groups_in(network: Network, size: int, ties: Iterable[Tie]) -> list[tuple[int, ...]]:
    """Among whom roles are dealt: each pair or clique, or else the whole room."""
    if network.group_size(size) == size:
        return [tuple(range(1, size + 1))]
    together = {slot: {slot} for slot in range(1, size + 1)}
    for tie in ties:
        together[tie.from_slot].add(tie.to_slot)
    return sorted({tuple(sorted(slots)) for slots in together.values()})


def had_in(dealt: Sequence[tuple[int, str, bool]]) -> dict[int, list[str]]:
    """Slot → the roles that it has had in the order of the rounds; before the first round, the one to begin with.

    `dealt` has slot, role, and whether a round began with it, in the order of the plan.
    """
    found: dict[bool, dict[int, list[str]]] = {False: {}, True: {}}
    for slot, role, in_round in dealt:
        found[in_round].setdefault(slot, []).append(role)
    return found[False] | found[True]


def deal(
    names: Sequence[str], groups: Iterable[Sequence[int]], before: Mapping[int, Sequence[str]], change: bool
) -> dict[int, str]:
    """Slot → role. `before` has the roles that each slot has had, in order; who had one keeps it unless they `change`.

    Where they do, each role goes to whoever of the group has had it least, and least lately.
    """
    dealt: dict[int, str] = {}
    for group in groups:
        if not change and all(before.get(slot) for slot in group):
            dealt |= {slot: before[slot][-1] for slot in group}
            continue
        left = list(group)
        for name in list(names) * (len(group) // len(names)):
            slot = min(left, key=lambda slot: (*_had(before.get(slot, ()), name), slot))
            dealt[slot] = name
            left.remove(slot)
    return dealt


def _had(roles: Sequence[str], name: str) -> tuple[int, int]:
    """How often somebody has had this role, and when last."""
    last = max((nth for nth, role in enumerate(roles, 1) if role == name), default=0)
    return Counter(roles)[name], last
