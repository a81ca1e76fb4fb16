"""Decisions: what happens to a room between two steps, where more happens than that the next one opens.

As a step ends, what was not answered is filled in, results are computed and slots earn; before the next one opens,
it is decided who is shown it and what. All of it is one transaction, in which the room is locked: it all happened, or
nothing did. Where a hook fails, nothing did, and the room waits for the researcher.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from app.database.connections import Connection
from app.database.queries import Queries, row, rows
from app.players import pay
from app.rooms import rooms, ties
from app.rooms.rooms import DueRoom
from app.study.hooks.answers import (
    Results,
    read_amounts,
    read_asked,
    read_fill_in,
    read_network,
    read_results,
    read_value,
    stored_value,
)
from app.study.hooks.networklab import Room, Said, Seat, Tie
from app.study.hooks.pool import Hooks
from app.study.model import roles
from app.study.model.fields import Field
from app.study.model.study import ROLE, Position, Study

SQL = Queries(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Room:
    id: int
    session_id: str
    name: str
    kind: str
    number: int
    seed: int
    treatment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Seat:
    slot: int
    alias: str
    type: str
    plays: bool
    entry: Mapping[str, str]
    treatment: Mapping[str, str]
    bot: bool


class Scene:
    """One room while it is decided on: what hooks get of it, which grows with what they decide."""

    def __init__(self, conn: Connection, hooks: Hooks, study: Study, room: _Room) -> None:
        self.conn, self.hooks, self.study, self.room = conn, hooks, study, room
        self.fields = {
            (step.name, field.name): field for step in study.steps for field in (*step.fields, *step.results)
        }
        self.places = {(one.step.name, one.round): one.index for one in study.plan}
        self.seats: list[_Seat] = []  # nobody comes or goes while the room is locked
        self.said: list[Said] = []

    async def read(self) -> None:
        """Who sits there, and all that was said and computed so far."""
        self.seats = await rows(self.conn, _Seat, SQL["seats_now"], room_id=self.room.id)
        found = await self.conn.execute(SQL["said_so_far"], dict(room_id=self.room.id))
        for step, round_, slot, name, value in await found.fetchall():
            self._hear(step, round_, slot, name, value)
        if any(field.kind == "each" for field in self.fields.values()):
            await self._forget_unasked()

    async def _forget_unasked(self) -> None:
        """A form can be changed on its way: what is said of each of several counts for those who were asked about."""
        networks = await ties.networks_of(self.conn, self.room.id)
        told = {(one.step, one.round, one.slot, one.name): one.value for one in self.said}
        kept: list[Said] = []
        for one in self.said:
            field = self.fields[one.step, one.name]
            if not isinstance(one.value, Mapping) or field.of == "room":
                kept.append(one)
                continue
            asked: Any = told.get((one.step, one.round, one.slot, field.of), ())
            if field.of == "neighbours":
                began = max(at for at in networks if at <= self.places[one.step, one.round])
                asked = [tie.to_slot for tie in networks[began] if tie.from_slot == one.slot]
            value = {slot: said for slot, said in one.value.items() if slot in asked}
            kept.append(replace(one, value=value))
        self.said = kept

    async def as_of(self, position: Position) -> Room:
        """The room as a hook gets it."""
        entry = {field.name: field for field in self.study.entry}
        return Room(
            name=self.room.name,
            kind=self.room.kind,
            number=self.room.number,
            seed=self.room.seed,
            step=position.step.name,
            round=position.round,
            rounds=position.step.repeat,
            seats=tuple(
                Seat(
                    one.slot,
                    one.alias,
                    one.type,
                    one.plays,
                    {
                        name: read_value(entry[name], value)
                        for name, value in one.entry.items()
                        if name in entry and value
                    },
                    one.treatment,
                    bot=one.bot,
                )
                for one in self.seats
            ),
            ties=tuple(Tie(*tie) for tie in await ties.holding(self.conn, self.room.id, position.index)),
            treatment=self.room.treatment,
            earned=await pay.earned_in(self.conn, self.room.id),
            all_said=tuple(self._in_order()),
        )

    async def ask(self, hook: str, position: Position, read: Callable[[Any, list[int]], T], *more: Any) -> T:
        """What `hook` decides for this room (and `more`), read. Raises HookError."""
        room = await self.as_of(position)
        slots = list(room.slots)
        return await self.hooks.ask(self.study, hook, lambda answer: read(answer, slots), room, *more)

    async def store(self, position: Position, results: Results, made_by: str) -> None:
        lines = [
            (slot, name, value)
            for name, by_slot in results.items()
            for slot, value in by_slot.items()
            if value != ""
        ]
        if not lines:
            return
        step, round_ = position.step.name, position.round
        slots, names, values = map(list, zip(*lines, strict=True))
        where = dict(session_id=self.room.session_id, room_id=self.room.id, position=position.index)
        what = dict(step=step, round=round_, made_by=made_by, slots=slots, names=names, values=values)
        await self.conn.execute(SQL["add_results"], where | what)
        for slot, name, value in lines:
            self._hear(step, round_, slot, name, value)

    @property
    def roles(self) -> dict[int, list[str]]:
        """Those that each slot has had, in the order of the plan."""
        found: dict[int, list[str]] = {}
        for one in self._in_order():
            if one.name == ROLE and self.study.roles is not None:
                found.setdefault(one.slot, []).append(str(one.value))
        return found

    def spoken(self, position: Position) -> set[int]:
        """The slots for which something was answered there; not necessarily by whoever has them now."""
        fields = {field.name for field in position.step.fields}
        here = (position.step.name, position.round)
        return {one.slot for one in self.said if (one.step, one.round) == here and one.name in fields}

    def _in_order(self) -> list[Said]:
        return sorted(self.said, key=lambda one: self.places.get((one.step, one.round), 0))

    def _hear(self, step: str, round_: int, slot: int, name: str, value: str) -> None:
        field = self.fields.get((step, name))
        if field is not None and value != "":
            self.said.append(Said(step, round_, slot, name, read_value(field, value)))


async def scene_of(conn: Connection, hooks: Hooks, study: Study, room_id: int) -> Scene:
    room = await row(conn, _Room, SQL["room_now"], room_id=room_id)
    assert room is not None
    scene = Scene(conn, hooks, study, room)
    await scene.read()
    return scene


async def move_on(conn: Connection, hooks: Hooks, study: Study, due: DueRoom) -> None:
    """A room of a study that decides goes to its next step, or ends. Its row must be locked. Raises HookError."""
    if due.deserted:
        await rooms.end(conn, [due.id], "complete", study)
        return
    scene = await scene_of(conn, hooks, study, due.id)
    index = due.position
    if not due.opening:
        for position in study.pages_at(index):
            await _end_step(scene, position, due.asked)
        index = study.after(index)
    here = study.plan[max(0, index - 1)]
    while index < len(study.plan):
        await _rewire(scene, here, study.plan[index])
        await _deal_roles(scene, study.plan[index])
        asked = await _who_is_asked(scene, study.plan[index])
        if asked != ():
            await _open_step(scene, index, asked)
            return
        index = study.after(index)
    await rooms.end(conn, [due.id], "complete", study)


async def _end_step(scene: Scene, position: Position, asked: tuple[int, ...] | None) -> None:
    step = position.step
    if step.fills_in:
        await _fill_in(scene, position, asked)
    if step.on_end:
        computed = await scene.ask(
            step.on_end, position, lambda answer, slots: read_results(step.results, answer, slots)
        )
        await scene.store(position, computed, f"hook {step.on_end}")
    if step.score:
        amounts = await scene.ask(step.score, position, read_amounts)
        await pay.earn(scene.conn, scene.room.id, position.index, amounts, f"hook {step.score}")


async def _fill_in(scene: Scene, position: Position, asked: tuple[int, ...] | None) -> None:
    """For those who play, were asked and have not answered."""
    step = position.step
    # Whoever took a slot over need not say again what was said there before.
    spoken = scene.spoken(position)
    silent = [
        seat.slot
        for seat in scene.seats
        if seat.plays and seat.slot not in spoken and (asked is None or seat.slot in asked)
    ]
    if not silent:
        return
    if step.on_timeout == "hook":
        found = await scene.ask(
            "on_timeout", position, lambda answer, slots: read_fill_in(step.fields, answer, slots)
        )
        found = {name: {slot: v for slot, v in by.items() if slot in silent} for name, by in found.items()}
        await scene.store(position, found, "hook on_timeout")
    elif step.on_timeout == "keep":
        before = sorted(
            (one for one in scene.said if one.step == step.name and one.round < position.round),
            key=lambda one: one.round,
        )
        newest = {(one.slot, one.name): one.value for one in before}
        kept: Results = {}
        for field in step.fields:
            for slot in silent:
                if (slot, field.name) in newest:
                    kept.setdefault(field.name, {})[slot] = stored_value(field, newest[slot, field.name])
        await scene.store(position, kept, "keep")
    else:
        said = step.on_timeout.removeprefix("default:")
        await scene.store(
            position,
            {field.name: dict.fromkeys(silent, field.read([said])) for field in step.fields},
            "default",
        )


async def _rewire(scene: Scene, before: Position, position: Position) -> None:
    """The network of the round that begins at this position, by a hook that is given the room as it was before."""
    nth = scene.study.rounds.get(position.index, 1)
    network = scene.study.network_of(scene.room.kind)
    if nth == 1:
        return
    if network.rewire_by:
        directed = network.directed
        found = await scene.ask(
            network.rewire_by, before, lambda answer, slots: read_network(answer, len(slots), directed)
        )
        await ties.rewire(scene.conn, scene.room.id, position, found, f"hook {network.rewire_by}")
    else:
        await ties.rewire_as_planned(scene.conn, scene.study, [(scene.room.id, position)])


async def _deal_roles(scene: Scene, position: Position) -> None:
    study, network = scene.study, scene.study.network_of(scene.room.kind)
    if study.roles is None or not study.deals_at(position.index):
        return
    size = len(scene.seats)
    tied = await ties.holding(scene.conn, scene.room.id, position.index)
    groups = roles.groups_in(network, size, tied)
    dealt = roles.deal(study.roles.names, groups, scene.roles, study.roles.change)
    await scene.store(position, {ROLE: dealt}, "study")


async def _who_is_asked(scene: Scene, position: Position) -> tuple[int, ...] | None:
    """None: all. Nobody who plays: the step is skipped."""
    step = position.step
    if not step.chooses:
        return None
    seats = scene.seats
    had = {slot: {ROLE: dealt[-1]} for slot, dealt in scene.roles.items()}
    asked = tuple(seat.slot for seat in seats if step.is_for({**seat.treatment, **had.get(seat.slot, {})}))
    if step.when and asked:
        chosen = await scene.ask(step.when, position, read_asked)
        asked = tuple(slot for slot in asked if slot in chosen)
    return asked if any(seat.plays for seat in seats if seat.slot in asked) else ()


async def _open_step(scene: Scene, index: int, asked: tuple[int, ...] | None) -> None:
    for position in scene.study.pages_at(index):
        results = {field.name: field for field in position.step.results}
        for hook in position.step.opening_hooks:
            field = results[hook]

            def read(answer: Any, slots: list[int], field: Field = field) -> Results:
                return read_results([field], {field.name: answer}, slots)

            await scene.store(position, await scene.ask(hook, position, read), f"hook {hook}")
    await rooms.advance(scene.conn, scene.study, [(scene.room.id, scene.study.plan[index])], asked)
