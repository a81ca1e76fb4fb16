"""From a `Config` to the application that serves it: its routes. web/lab.py wires the parts behind them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, Router

from app.config import Config
from app.web import (
    account_pages,
    answer_pages,
    coming_in,
    compare_pages,
    door_pages,
    erase_pages,
    health,
    hindrances,
    languages,
    list_pages,
    login_pages,
    manual_pages,
    move_forms,
    opening_pages,
    other_players,
    own_files,
    people_pages,
    player_pages,
    privacy_pages,
    problems,
    recruiter_pages,
    rehearsal_pages,
    replay_pages,
    rights_pages,
    room_pages,
    seal_pages,
    security_pages,
    session_pages,
    study_pages,
    study_rights_pages,
    templates,
    typing_signs,
    unloaded,
    walk_pages,
)
from app.web.api import routes
from app.web.assets import static_files
from app.web.auth import no_players_page, same_site
from app.web.homes import Homes
from app.web.lab import open_lab, running
from app.web.labs import open_labs
from app.web.metrics import metrics
from app.web.player_stream import play_live
from app.web.researchers import admitted
from app.web.responses import add_headers
from app.web.static import static_file
from app.web.studies.leftovers import clear_leftovers

OF_RESEARCHERS = (  # whose pages stand below /admin
    login_pages,
    account_pages,
    security_pages,
    session_pages,
    study_pages,
    study_rights_pages,
    people_pages,
    room_pages,
    answer_pages,
    compare_pages,
    replay_pages,
    rights_pages,
    seal_pages,
    erase_pages,
    list_pages,
    opening_pages,
    recruiter_pages,
    manual_pages,
    rehearsal_pages,
    walk_pages,
)


_ahead: list[Litestar] = []


def create_app(config: Config, url: str, homes: Homes | None = None) -> Litestar:
    """The application for the database at `url`, which must be migrated, or for the several of `config`, which need not
    be. `homes`: where there are other processes."""
    app = _ahead.pop() if _ahead else _routed()
    app.state.config, app.state.url, app.state.homes = config, url, homes or Homes()
    app.state.lab = app.state.labs = None  # one of them, once it is open
    return app


def route_ahead() -> None:
    """For a process that forks those who serve: to put all routes together is most of what takes them to start."""
    _ahead.append(_routed())


@asynccontextmanager
async def _lab(app: Litestar) -> AsyncIterator[None]:
    config, homes = app.state.config, app.state.homes
    async with _one_lab(app) if not config.clusters else open_labs(config, homes) as app.state.labs:
        # All that is read from files: a new version may take their place while this process goes on.
        templates.read_all()
        static_files()
        await asyncio.to_thread(clear_leftovers)
        _settle()
        yield


@asynccontextmanager
async def _one_lab(app: Litestar) -> AsyncIterator[None]:
    """Of the one database that there is."""
    homes: Homes = app.state.homes
    async with open_lab(app.state.config, app.state.url, homes) as lab:
        app.state.lab = lab
        homes.store = lambda _, move: lab.moves.submit(move)
        homes.handled = lambda _, *which: lab.referee.submit(*which)
        async with running(homes.run()):
            yield


def _routed() -> Litestar:
    admin = [handler for module in OF_RESEARCHERS for handler in module.HANDLERS]
    return Litestar(
        route_handlers=[
            *coming_in.HANDLERS,
            *player_pages.HANDLERS,
            *languages.HANDLERS,
            move_forms.make_move,
            typing_signs.say_typing,
            *door_pages.HANDLERS,
            other_players.go_on_as,
            *privacy_pages.HANDLERS,
            Router("/admin", guards=[same_site, no_players_page, admitted], route_handlers=admin),
            routes.router(),
            play_live,
            own_files.own_file,
            unloaded.unloaded,
            *health.HANDLERS,
            metrics,
            static_file,
        ],
        lifespan=[_lab],
        exception_handlers=problems.HANDLERS,
        before_request=hindrances.framed,
        before_send=[add_headers],
        request_max_body_size=player_pages.LARGEST_FORM,
        openapi_config=None,
        logging_config=None,
    )


def _settle() -> None:
    """What is there by now stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 1000)
