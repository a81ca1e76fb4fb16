"""The way back of whoever is out: to an address of the recruiter, through MTurk's own form, or with a code to copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.players.players import Player
from app.study.model.door import PREVIEWED
from app.study.model.redirect import CODE, lacking, names_in, way_back
from app.study.model.study import Study

# What `turkSubmitTo` may say → where its form may lead: from the first of them MTurk sends on to the next.
# https://docs.aws.amazon.com/AWSMechTurk/latest/AWSMturkAPI/ApiReference_ExternalQuestionArticle.html
MTURK = {
    "https://www.mturk.com": ("https://www.mturk.com", "https://worker.mturk.com"),
    "https://workersandbox.mturk.com": ("https://workersandbox.mturk.com",),
}


@dataclass(frozen=True, slots=True)
class HandIn:
    """A form that is sent to MTurk: where to, with what, and which sites a browser may come to by it."""

    action: str
    fields: Mapping[str, str]
    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WayBack:
    """`address` is None where there is none; `lacks` then has what it would have needed to know."""

    address: str | None = None
    takes_code: bool = False  # to the recruiter, in the address
    lacks: tuple[str, ...] = ()
    form: HandIn | None = None


def way_back_of(study: Study, player: Player) -> WayBack:
    """As things stand; of who is not out yet, as if it ended as it should. `player` has the code that they hand in."""
    outcome = player.outcome or "complete"
    known = {**player.given, "label": player.label, CODE: player.code or study.finish.codes[outcome]}
    return _way_back(study, outcome, known)


def way_back_from_door(study: Study, given: Mapping[str, str], outcome: str, label: str = "") -> WayBack:
    """Of somebody who came with this, and never came in."""
    return _way_back(study, outcome, {**given, "label": label, CODE: study.finish.codes[outcome]})


def _way_back(study: Study, outcome: str, known: Mapping[str, str]) -> WayBack:
    if form := _form_of_mturk(known):
        return WayBack(takes_code=True, form=form)
    address = study.finish.redirects.get(outcome)
    if address is None:
        return WayBack()
    return WayBack(way_back(address, known), CODE in names_in(address), lacking(address, known))


def _form_of_mturk(known: Mapping[str, str]) -> HandIn | None:
    """Only to MTurk itself, whatever a link says."""
    host = known.get("turkSubmitTo", "").removesuffix("/")
    assignment = known.get("assignmentId", "")
    if host not in MTURK or assignment in ("", PREVIEWED):
        return None
    return HandIn(
        f"{host}/mturk/externalSubmit", {"assignmentId": assignment, CODE: known[CODE]}, MTURK[host]
    )
