"""Who can talk with whom at a step, from `chat` and `talk` of its [[step]]."""

from __future__ import annotations

import re
from typing import TypedDict

from app.study.hooks.uses import read_hook
from app.study.model.channels import DIRECT, LONGEST, NEIGHBOURS, ROOM, Channel
from app.study.syntax.table import Table

CHATS = ("none", NEIGHBOURS, ROOM, DIRECT)
TALKS = ("kept", "fresh")
READS = ("members", "room")
MEMBERS = ("slots", "types", "role", "hook")
MOST = 12  # channels of a step
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
EXAMPLE = 'chat = [{name = "all", title = "Everybody"}, {name = "red", title = "Your team", types = ["red"]}]'


class Talk(TypedDict):
    """What a step says of its talk."""

    chat: str
    channels: tuple[Channel, ...]
    talk: str
    typing: bool


def read_talk(step: Table) -> Talk:
    """Which chat a step has, its channels where these are named, and whether what was said before stays."""
    named = isinstance(step.value("chat"), list)
    chat = "channels" if named else step.one_of("chat", CHATS, "none")
    typing = step.truth("typing", False)
    channels = _read_channels(step, typing) if named else ()
    if step.has("talk") and chat == "none" and step.sound("chat"):
        sentence = "Nobody can write at this step, so there is no talk that could begin anew."
        step.wrong("talk", sentence, 'Remove it, or add chat = "room".')
    if typing and chat == "none" and step.sound("chat"):
        sentence = "Nobody can write at this step, so nobody could be seen typing."
        step.wrong("typing", sentence, 'Remove it, or add chat = "room".')
    return Talk(chat=chat, channels=channels, talk=step.one_of("talk", TALKS, "kept"), typing=typing)


def _read_channels(step: Table, typing: bool) -> tuple[Channel, ...]:
    """`typing`: of those that say nothing of it."""
    found: list[Channel] = []
    tables = step.tables("chat", EXAMPLE)
    if not tables and step.sound("chat"):
        step.wrong("chat", "This list names no channel.", f"Write {EXAMPLE}.")
    if len(tables) > MOST:
        step.wrong("chat", f"These are {len(tables)} channels, and {MOST} is the most.", "Remove some.")
    for table in tables[:MOST]:
        name = table.text("name", example="all")
        if table.sound("name") and not NAME.fullmatch(name):
            sentence = (
                f"`{name}` is no name of a channel: that has letters, digits and _ only, a letter first."
            )
            plain = re.sub("[^A-Za-z0-9_]+", "_", name).strip("_0123456789")[:40]
            table.wrong("name", sentence, f'Write name = "{plain or "all"}".')
        elif name and name in [one.name for one in found]:
            table.wrong("name", f"There are two channels named `{name}` here.", "Rename one of them.")
        channel = Channel(
            name=name,
            title=table.text("title", default=name, longest=40),
            of=table.one_of("of", CHATS[1:], ROOM),
            slots=_slots(table),
            types=table.texts("types"),
            role=table.text("role", default=""),
            hook=read_hook(table, "hook"),
            read=table.one_of("read", READS, "members"),
            mediator=read_hook(table, "mediator"),
            on_message=read_hook(table, "on_message"),
            most=table.whole("most", 0, largest=1000) or None,
            longest=table.whole("longest", LONGEST, largest=LONGEST),
            every=table.duration("every", default=0.0) or None,
            typing=table.truth("typing", typing),
        )
        _check(table, channel)
        found.append(channel)
        table.report_unknown_keys("a channel")
    return tuple(found)


def _slots(table: Table) -> tuple[int, ...]:
    value = table.value("slots")
    if value is None:
        return ()
    if not isinstance(value, list) or not value or not all(type(one) is int and one > 0 for one in value):
        table.wrong("slots", "`slots` must be a list of seats, counted from 1.", "Write slots = [1, 2].")
        return ()
    return tuple(sorted({*value}))


def _check(table: Table, channel: Channel) -> None:
    told = [key for key in MEMBERS if table.has(key)]
    if len(told) > 1:
        sentence = f"`{told[0]}` says who is in this channel already."
        table.wrong(told[1], sentence, "Remove one of them, or make two channels.")
    if channel.of == DIRECT and channel.on_message:
        sentence = "What two say to each other is for them alone, so nobody can answer it."
        table.wrong("on_message", sentence, 'Remove it, or write of = "room".')
    if channel.of == DIRECT and channel.all_read:
        sentence = "What two say to each other is for them alone."
        table.wrong("read", sentence, 'Remove it, or write of = "room".')
    elif channel.all_read and not told:
        table.note("read", "Everybody is in this channel, so everybody reads it anyway.", "Remove it.")
