"""Bots in study.toml: where they come in, and whether they find their answers."""

from __future__ import annotations

import random
from collections.abc import Sequence

from app.study.model.blocks import blocks
from app.study.model.plausible import drawn
from app.study.model.steps import Dropout, Step
from app.study.model.study import Lobby, RoomKind
from app.study.syntax.mistakes import Findings


def check_bots(
    findings: Findings, rooms: Sequence[RoomKind], lobby: Lobby, dropout: Dropout, steps: Sequence[Step]
) -> None:
    """Adds what bots can never do, whether they play for who left or in seats that nobody took."""
    for index, room in enumerate(rooms):
        _check_room(findings, ("room", index), room, lobby)
    for index, step in enumerate(steps):
        _check_own(findings, index, step)
    fill = any(room.bots_after is not None for room in rooms)
    if not fill and not any("bot" in rule.then for rule in (dropout, *(step.dropout for step in steps))):
        if dropout.bot_hook:
            sentence = "No `then` has `bot`, so this function is never called."
            cure = 'Add "bot" to `then`, give a room `bots_after`, or remove this line.'
            findings.note(("dropout", "bot"), sentence, cure)
        for index, step in enumerate(steps):
            if step.bot and findings.sound("step", index, "bot"):
                sentence = "No bots play in this study, so this function is never called."
                cure = 'Give a room `bots_after`, add "bot" to `then` in [dropout], or remove this line.'
                findings.note(("step", index, "bot"), sentence, cure)
        return
    for index, step in enumerate(steps if not fill else ()):
        if step.bot and step.name not in _where_bots_are(steps) and findings.sound("step", index, "bot"):
            sentence = "No bot has come in by this step, so this function is never called."
            cure = (
                'Add "bot" to `then` here or in a step before, give a room `bots_after`, or remove this line.'
            )
            findings.note(("step", index, "bot"), sentence, cure)
    for index, step in enumerate(steps if not dropout.bot_hook else ()):
        for nth, field in enumerate(step.fields if findings.sound("step", index, "fields") else ()):
            if not drawn(field, random.Random(0), [1]):
                sentence = f"A bot finds no answer to `{field.name}` by itself."
                cure = 'Widen its limits, or name a function in [dropout]: bot = "play".'
                findings.wrong(("step", index, "fields", nth), sentence, cure)


def _where_bots_are(steps: Sequence[Step]) -> set[str]:
    """The steps by which one may have come: for who went there, at a step before, or in a round before."""
    found, come = set[str](), False
    for repeat, together in blocks(steps):
        for part in [together] if repeat > 1 else [(one,) for one in together]:
            come = come or any("bot" in one.dropout.then for one in part)
            found |= {one.name for one in part if come}
    return found


def _check_own(findings: Findings, index: int, step: Step) -> None:
    """A step's own `bot`."""
    place = ("step", index, "bot")
    if not step.bot or not findings.sound(*place):
        return
    if step.own_pace and not step.moves:
        sentence = "At one's own pace nothing happens that a bot could wait for: it answers as a page opens."
        findings.wrong(place, sentence, f'Remove it, and write bot = "{step.bot}" in [dropout].')
    elif not (step.asks or step.moves or step.talks):
        sentence = "At this step nobody can do anything but read, and no bot either."
        findings.wrong(place, sentence, 'Remove it, or give the step chat = "room" or [[step.move]].')


def _check_room(findings: Findings, place: tuple[str | int, ...], room: RoomKind, lobby: Lobby) -> None:
    if not findings.sound(*place):
        return
    if room.bots_after is None:
        if findings.given((*place, "people")):
            sentence = "`people` is how many there must be before bots come, and none do."
            findings.note((*place, "people"), sentence, 'Add bots_after = "60s", or remove it.')
        return
    if room.people >= room.size:
        sentence = f"`people` is {room.people} of {room.size} seats, which leaves none for a bot."
        findings.wrong((*place, "people"), sentence, "Make it smaller, or remove `bots_after`.")
    if room.bots_after >= lobby.max_wait and findings.sound("lobby"):
        times = f"after {room.bots_after:g} s, but nobody waits longer than {lobby.max_wait:g} s"
        cure = "Make `bots_after` shorter, or max_wait in [lobby] longer."
        findings.wrong((*place, "bots_after"), f"Bots can never come: {times}.", cure)
    if lobby.seat_hook:
        sentence = f"`{lobby.seat_hook}` says who sits down, so bots never take a seat."
        findings.note((*place, "bots_after"), sentence, "Remove this line, or `seat` in [lobby].")
    elif room.bots_after < room.after:
        sentence = f"Nobody sits down here before {room.after:g} s of `after`, so no bot does either."
        findings.note((*place, "bots_after"), sentence, "Make it longer, or `after` shorter.")
