"""Channels that nobody could be in, whatever else the study says."""

from __future__ import annotations

from app.study.model.channels import Channel
from app.study.model.steps import places_of
from app.study.model.study import Sections
from app.study.sections.role import DEAL
from app.study.syntax.lines import Path
from app.study.syntax.mistakes import Findings, did_you_mean


def check_channels(findings: Findings, sections: Sections) -> None:
    steps = sections.all_steps
    for place, step in zip(places_of(steps), steps, strict=True):
        for index, channel in enumerate(step.channels):
            _check(findings, (*place, "chat", index), channel, sections)


def _check(findings: Findings, place: Path, channel: Channel, sections: Sections) -> None:
    if channel.role and findings.sound("role"):
        roles = sections.roles
        if roles is None:
            findings.wrong(
                (*place, "role"), "There are no roles that could be in it.", f"Add [role] with {DEAL}."
            )
        elif channel.role not in roles.names:
            cure = did_you_mean(channel.role, tuple(dict.fromkeys(roles.names)))
            findings.wrong((*place, "role"), f"`{channel.role}` is none of the roles.", cure)
    if not findings.sound("room"):
        return
    seats = {type_ for room in sections.rooms for type_ in room.seats}
    for index, type_ in enumerate(channel.types):
        if type_ not in seats:
            sentence = f"No room has seats for `{type_}`, so nobody could be in this channel as one."
            findings.wrong((*place, "types", index), sentence, did_you_mean(type_, sorted(seats)))
    largest = max((room.size for room in sections.rooms), default=0)
    if channel.slots and channel.slots[-1] > largest:
        sentence = f"No room has a seat {channel.slots[-1]}: the largest has {largest}."
        findings.wrong((*place, "slots"), sentence, "Seats are counted from 1 in each room.")
