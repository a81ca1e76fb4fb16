"""What the pages of one process share: keys, studies, and what was read for one of them and is true for others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from app.players.players import Player
from app.rooms import rooms
from app.rooms.rooms import RoomView
from app.rooms.shown import Told, told_in
from app.study.hooks.pool import Hooks
from app.study.model.study import Position, Study
from app.study.stored import Studies
from app.web.live.lobbies import Lobbies
from app.web.live.moment import OneMoment
from app.web.signing import Keys

MOST = 500  # rooms that are kept


class Views:
    """Rooms as they were last read: as long as a room's log has not gone on, nothing has changed in it."""

    def __init__(self) -> None:
        self.kept: dict[int, RoomView] = {}  # by room; who was asked for last is last
        self.kept_told: dict[int, tuple[tuple[int, int], Told]] = {}  # likewise; of this event and position

    async def of(self, moment: OneMoment, player: Player) -> RoomView:
        """The room in which somebody is, as of the moment in which they were read."""
        assert player.here_id is not None
        view = self.kept.pop(player.here_id, None)
        if view is None or not _is_now(view, player):
            view = await rooms.look_at(moment.conn, player.here_id)
            if view.room.moved or not _is_now(view, player):
                view = await rooms.view(moment.more(), player.here_id)
        if player.room_id != player.here_id:
            return view
        self.kept[player.here_id] = view
        while len(self.kept) > MOST:
            del self.kept[next(iter(self.kept))]
        return replace(view, room=replace(view.room, session_seq=player.session_seq))

    async def told(self, moment: OneMoment, study: Study, view: RoomView, position: Position) -> Told:
        """What its pages show at this position of what others did, as of the view."""
        room, at = view.room, (view.room.seq, position.index)
        if room.player_id is not None:  # other parts tell of it
            return await told_in(moment.more(), room.id, study, position)
        kept = self.kept_told.pop(room.id, None)
        told = kept[1] if kept and kept[0] == at else await told_in(moment.more(), room.id, study, position)
        self.kept_told[room.id] = at, told
        while len(self.kept_told) > MOST:
            del self.kept_told[next(iter(self.kept_told))]
        return told


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
