"""The whole page of a player: at the door, and for wherever they are behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from litestar.response import Response

from app.players import attempts
from app.players.waiting_list import WayIn
from app.recruiters.ways_back import WayBack, way_back_from_door
from app.sessions.arrivals import Refused
from app.study.model.entrance import FULL
from app.study.model.fields import Form
from app.study.model.forms import typed
from app.study.model.study import Study
from app.study.own_files import has_scripts
from app.web import hindrances, play_origin, templates
from app.web.auth import renewed_cookie
from app.web.doorway import page_above
from app.web.lab import Query
from app.web.live.done_place import DonePlace
from app.web.live.places import Place
from app.web.play_origin import is_of_play_origin, sites_of
from app.web.responses import PLAYERS_POLICY, POLICY, piece, policy_sending_to


@dataclass(frozen=True, slots=True)
class OtherSession:
    """A session besides the one to which a link leads: its person has "been" in it, may come in ("open"), or can't."""

    what: str
    session_id: str
    title: str


def door_page(
    study: Study,
    action: str,
    privacy: str,
    values: Mapping[str, str] = {},
    errors: Mapping[str, str] = {},
    elsewhere: bool = False,
    visit: str = "",
    preview: bool = False,
    outdated: bool = False,
    attempt: int = 1,
    way_in: WayIn | None = None,
    given: Mapping[str, str] = {},
    others: Sequence[OtherSession] = (),
) -> Response[str]:
    """`action`: where the form is sent; `privacy`: the page of what is stored. `elsewhere`: the browser is in already
    as another player. `visit`: tells one browser at the link for everybody from others. `preview`: nobody comes in.
    `outdated`: what stood above the form has changed. `attempt`: which one at right answers it will be, from 1.
    `way_in`: what there is for who comes by the link for everybody, `given` what came with them.
    `others`: what else the link is good for.
    """
    said = templates.texts_of(study).say_all(errors)
    shown = dict(study=study, action=action, privacy=privacy, values=values, errors=said)
    shown |= dict(elsewhere=elsewhere, visit=visit, preview=preview, way_in=way_in, others=others)
    shown |= dict(above=page_above(study), outdated=outdated)
    shown |= dict(attempt=attempt, left=max(1, study.entrance.attempts + 1 - attempt))
    way = way_back_from_door(study, given, FULL) if way_in and way_in.is_waited_for else WayBack()
    shown |= dict(code=study.finish.codes[FULL], way=way)
    html = templates.render_own(study, "join", "player/join.html", **shown)
    return piece(html, 409 if outdated else 422 if errors else 200, _headers(way))


def door_again(
    study: Study,
    action: str,
    privacy: str,
    form: Form,
    refused: Refused,
    visit: str = "",
    way_in: WayIn | None = None,
    given: Mapping[str, str] = {},
) -> Response[str]:
    """With what was typed, and beside each answer what is wrong with it."""
    texts, errors = templates.texts_of(study), dict(refused.errors)
    form, attempt = refused.form or form, max(1, attempts.number_in(form))
    if refused.tried:
        attempt = study.entrance.attempts + 1 - refused.tried.left
        hints = {field.name: field.hint for field in study.checked}
        errors = {name: f"{texts.say(said)} {hints[name]}".strip() for name, said in errors.items()}
    values = typed(study.entry, form)
    return door_page(
        study,
        action,
        privacy,
        values,
        errors,
        visit=visit,
        outdated=refused.outdated,
        attempt=attempt,
        way_in=way_in,
        given=given,
    )


def no_place(
    study: Study, given: Mapping[str, str], why: str = "closed", label: str = "", again: str = ""
) -> Response[str]:
    """For whoever comes when nobody can come in: with the code for that, though nothing is stored of it.

    `given`: what came with them. `why` is closed, full or over: a place may come back, or none. `again`: where somebody
    goes on who was here before, and is told of nobody.
    """
    code, way = study.finish.codes[FULL], way_back_from_door(study, given, FULL, label)
    shown = dict(study=study, code=code, way=way, why=why, again=again)
    return piece(templates.render_for(study, "player/door_closed.html", **shown), 410, _headers(way))


def _headers(way: WayBack) -> dict[str, str]:
    return policy_sending_to(way.form.sites) if way.form else {}


def play_page(
    request: Query,
    place: Place,
    status: int = 200,
    notice: str = "",
    plain: bool | None = None,
    headers: Mapping[str, str] = {},
) -> Response[str]:
    """`notice` is HTML, and stands where the page is told what became of its forms.

    Who is still in the session gets a newer cookie with it.
    """
    renewed = {} if isinstance(place, DonePlace) else renewed_cookie(request)
    policy = _headers(place.way) if isinstance(place, DonePlace) else {}
    scripted = is_of_play_origin(request) and has_scripts(place.study.files)
    if scripted:
        both = policy.get("Content-Security-Policy", f"{POLICY}, {PLAYERS_POLICY}")
        policy = {"Content-Security-Policy": f"{both}, {play_origin.POLICY}", "X-DNS-Prefetch-Control": "off"}
    html = templates.render(
        "player/play.html",
        templates.texts_of(place.study),
        place=place,
        title=place.study.title,
        after=hindrances.reloads_after(place),
        plain=hindrances.is_plain(request, plain),
        notice=notice,
        scripted=scripted,
        sites=" ".join(sites_of(place.study)),
    )
    return piece(html, status, {**renewed, **policy, **headers})
