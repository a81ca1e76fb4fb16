"""What the pages of one process share: keys, studies, and what was read for one of them and is true for others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from app.database.events import EventName, events_after
from app.players.players import Player
from app.rooms import rooms
from app.rooms.limits import Told
from app.rooms.rooms import RoomView
from app.rooms.shown import told_in
from app.study.hooks.pool import Hooks
from app.study.model.study import Position, Study
from app.study.stored import Studies
from app.web.live.folding import fold
from app.web.live.lobby_place import Lobbies
from app.web.live.moment import OneMoment
from app.web.signing import Keys

MOST = 500  # rooms that are kept
VERSIONS = 4  # of each: who reads at the same time as others may be a moment behind them
MOST_EVENTS = 200  # that are put on top of a room that is kept; after more it is read
# Of all that happens in a room these change nothing but one seat, or nothing at all. Where they are many, a room of a
# thousand that was read for each page that joins would be read a thousand times.
SMALL: frozenset[EventName] = frozenset(
    {"player_answered", "message_sent", "player_nudged", "player_returned", "player_earned"}
)


@dataclass(slots=True)
class _KeptTold:
    """What the pages of a room show at a position of what others did, but for the newest of those in `lacking`."""

    seq: int
    position: int
    told: Told
    lacking: set[int] = field(default_factory=set)  # slots


class Views:
    """Rooms as they were last read, with what has happened since: each is what reading it would give."""

    def __init__(self) -> None:
        self.kept: dict[int, list[RoomView]] = {}  # by room, the newest last; who was asked for last is last
        self.kept_told: dict[int, _KeptTold] = {}  # likewise

    async def of(self, moment: OneMoment, player: Player) -> RoomView:
        """The room in which somebody is, as of the moment in which they were read."""
        assert player.here_id is not None
        kept, seq = self.kept.get(player.here_id, []), player.here_seq or 0
        view = next((one for one in reversed(kept) if one.room.seq <= seq), None)
        if view is not None and not _is_now(view, player):
            view = await self._caught_up(moment, view, player)
        if view is None or not _is_now(view, player):
            view = await rooms.look_at(moment.conn, player.here_id)
            if view.room.moved or not _is_now(view, player):
                view = await rooms.view(moment.more(), player.here_id)
        if player.room_id != player.here_id:
            return view
        others = [one for one in self.kept.pop(player.here_id, ()) if one.room.seq != view.room.seq]
        self.kept[player.here_id] = sorted([*others, view], key=lambda one: one.room.seq)[-VERSIONS:]
        while len(self.kept) > MOST:
            del self.kept[next(iter(self.kept))]
        return replace(view, room=replace(view.room, session_seq=player.session_seq))

    async def told(self, moment: OneMoment, study: Study, view: RoomView, position: Position) -> Told:
        """What its pages show at this position of what others did, as of the view."""
        room = view.room
        if room.player_id is not None:  # other parts tell of it
            return await told_in(moment.more(), room.id, study, position)
        kept = self.kept_told.get(room.id)
        if kept is None or (kept.seq, kept.position) != (room.seq, position.index):
            told = await told_in(moment.more(), room.id, study, position)
            kept = _KeptTold(room.seq, position.index, told)
        elif kept.lacking:
            newer = await told_in(moment.more(), room.id, study, position, kept.lacking)
            kept = _KeptTold(room.seq, position.index, {**kept.told, **newer})
        self.kept_told.pop(room.id, None)
        self.kept_told[room.id] = kept
        while len(self.kept_told) > MOST:
            del self.kept_told[next(iter(self.kept_told))]
        return kept.told

    async def _caught_up(self, moment: OneMoment, view: RoomView, player: Player) -> RoomView | None:
        """What has happened since, on top of it; None where that has to be read."""
        before, seq = view.room, player.here_seq or 0
        if before.session_status != player.session_status or seq - before.seq > MOST_EVENTS:
            return None
        found = await events_after(moment.conn, {before.log_id: before.seq}, MOST_EVENTS)
        events = [one for one in found if one.seq <= seq]
        if any(one.name not in SMALL for one in events):
            return None
        for event in events:
            view = fold(view, event)
        said = sum(event.name == "message_sent" for event in events)
        view = replace(view, room=replace(view.room, messages=before.messages + said))
        kept = self.kept_told.get(before.id)
        if kept is not None and kept.seq == before.seq:
            seats = view.seat_of
            answered = {one.player_id for one in events if one.name == "player_answered"}
            slots = {seats[one].slot for one in answered if one in seats}
            self.kept_told[before.id] = replace(kept, seq=view.room.seq, lacking=kept.lacking | slots)
        return view


def _is_now(view: RoomView, player: Player) -> bool:
    """Of its session a room shows whether it is paused, and since when."""
    room = view.room
    goes_on = room.session_status == player.session_status != "paused"
    return room.seq == player.here_seq and (goes_on or room.session_seq == player.session_seq)


@dataclass(frozen=True, slots=True)
class Shared:
    keys: Keys
    studies: Studies
    lobbies: Lobbies = field(default_factory=Lobbies)
    views: Views = field(default_factory=Views)
    hooks: Hooks | None = None  # None: what pages show is read, and never drawn
