"""From [role] of study.toml to what players are in each round, and which steps are for whom."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.study.hooks.uses import HOOKS_FILE
from app.study.model.blocks import beginnings
from app.study.model.networks import Network
from app.study.model.steps import ROLE, Roles, Step, meant_in
from app.study.model.study import Sections
from app.study.pages import is_page
from app.study.syntax.lines import Path
from app.study.syntax.mistakes import Findings, did_you_mean
from app.study.syntax.table import Table

CHANGE = ("never", "each_round")
DEAL = "deal = {sender = 1, receiver = 1}"


def read_roles(document: Table) -> Roles | None:
    table = document.table("role", "[role] with single brackets, and its settings below")
    if table is None:
        return None
    deal = table.table("deal", DEAL)
    if deal is None and table.sound("deal"):
        table.missing("deal", "`deal` is missing: how many of a group have which role.", f"Add {DEAL}.")
    names = [name for name in deal.values for _ in range(deal.whole(name, 1, largest=200))] if deal else []
    if deal is not None and len(deal.values) < 2 and table.sound("deal"):
        table.wrong("deal", "There must be two roles or more.", f"Write {DEAL}.")
    found = Roles(
        names=tuple(names),
        ask=table.text("ask", default="Your role", longest=200),
        change=table.one_of("change", CHANGE, "never") == "each_round",
    )
    table.report_unknown_keys("[role]")
    return found if table.sound("deal") and names else None


def with_roles(document: Table, steps: Sequence[Step], roles: Roles | None) -> list[Step]:
    """The first step, and those that begin rounds, with the result that roles are stored as. Tells wrong `only`."""
    begin = beginnings(steps) | {step.name for step in steps[:1]}
    for index, step in enumerate(steps):
        for place, only, what in meant_in(("step", index), step):
            _check_only(document, place, only, what, roles)
        for key, named in (("fields", step.fields), ("results", step.results), ("move", step.moves)):
            names = [one.name for one in named]
            if ROLE in names and (roles is not None or key == "results"):
                name = ("step", index, key, names.index(ROLE), "name")
                document.findings.wrong(
                    name, f"`{ROLE}` is the name of what [role] deals.", "Choose another."
                )
    if roles is None:
        return list(steps)
    return [
        replace(step, results=(*step.results, roles.field)) if step.name in begin else step for step in steps
    ]


def _check_only(
    document: Table, place: Path, only: Mapping[str, str], what: str, roles: Roles | None
) -> None:
    role = only.get(ROLE)
    if role and roles is None and document.sound("role") and not _is_treatment(document):
        sentence = f"There are no roles that this {what} could be for."
        document.findings.wrong((*place, ROLE), sentence, f"Add [role] with {DEAL}.")
    elif role and roles is not None and role not in roles.names:
        known = tuple(dict.fromkeys(roles.names))
        document.findings.wrong((*place, ROLE), f"`{role}` is none of the roles.", did_you_mean(role, known))


def _is_treatment(document: Table) -> bool:
    """Told where that is read: it can't have this name."""
    tables = document.values.get("treatment")
    return isinstance(tables, list) and any(
        isinstance(one, dict) and one.get("name") == ROLE for one in tables
    )


def check_roles(findings: Findings, files: Mapping[str, bytes], sections: Sections) -> None:
    """Adds groups that the roles don't go into, and roles that nothing depends on."""
    roles = sections.roles
    if roles is None or not all(findings.sound(part) for part in ("role", "room", "network")):
        return
    if findings.sound("step"):
        _check_steps(findings, files, sections.steps, roles)
    for room in sections.rooms:
        network = next((one for one in sections.networks if room.name in one.rooms or not one.rooms), None)
        size = network.group_size(room.size) if network else room.size
        if size % len(roles.names):
            sentence = (
                f"In room `{room.name}` {size} play together, and the roles are for {len(roles.names)}."
            )
            findings.wrong(("role", "deal"), sentence, "Deal as many roles as play together.")


def _check_steps(findings: Findings, files: Mapping[str, bytes], steps: Sequence[Step], roles: Roles) -> None:
    if roles.change and not beginnings(steps):
        sentence = "Everybody keeps their role: it changes with each round, and no step repeats."
        findings.note(("role", "change"), sentence, "Give the steps between which it changes a `repeat`.")
    shown = any(one.field == ROLE for step in steps for one in step.show)
    asked = any(field.about == ROLE for step in steps for field in step.fields)
    texts = [body for name, body in files.items() if is_page(name) or name == HOOKS_FILE]
    named = re.compile(rf"\b{ROLE}\b".encode())
    if (
        not shown
        and not asked
        and not any(ROLE in only for step in steps for _, only, _ in meant_in((), step))
        and not any(channel.role for step in steps for channel in step.channels)
        and not any(map(named.search, texts))
    ):
        sentence = "Nobody learns their role: no `only`, no `show`, no page and no hook names it."
        findings.note(
            ("role",), sentence, f'Write show = [{{field = "{ROLE}", of = "me"}}] at a step, for example.'
        )


def in_halves(networks: Sequence[Network], roles: Roles | None) -> tuple[Network, ...]:
    """Pairs that are new each round always have both roles in them, where nobody changes theirs."""
    halves = roles is not None and not roles.change and len(roles.names) == 2
    return tuple(replace(one, halves=halves and one.kind == "pairs") for one in networks)
