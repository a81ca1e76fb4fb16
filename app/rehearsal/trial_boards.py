"""What everybody sees of moves, in a trial: drawn before the first of them, and after those that were made up."""

from __future__ import annotations

from collections.abc import Iterable

from app.rehearsal.made_up_places import view_of
from app.rehearsal.page_trial import BOARD, CURE
from app.rehearsal.trial_moves import Moved
from app.rooms.moves import EMPTY, MoveBoard
from app.study.model.study import Position, RoomKind, Study
from app.study.syntax.mistakes import Mistake
from app.web import templates
from app.web.broken_pages import broken
from app.web.live.boards import board_context


def board_mistakes(study: Study, moved: Iterable[tuple[RoomKind, Position, Moved]]) -> list[Mistake]:
    """The first failure of the study's own page, where it has one."""
    if BOARD not in study.files:
        return []
    for kind, position, found in moved:
        at = f"at {position.step.name} {position.round} in a made-up room `{kind.name}`"
        boards = {
            f"before the first move {at}": EMPTY,
            f"after {len(found.made)} moves {at}": MoveBoard(found.state, tuple(found.made)),
        }
        for when, board in boards.items():
            view = view_of(kind, position, board=board)
            try:
                templates.render_page(study, BOARD, **board_context(study, position, view))
            except Exception as error:
                return [broken(study, BOARD, error, f"It breaks {when}", CURE)]
    return []
