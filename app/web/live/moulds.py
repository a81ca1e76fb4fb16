"""Moulds: the step that opens is drawn once for all in a room on whose pages it says the same, and filled in for each.

Of a thousand pages that go on at the same moment most say the same, but for the keys of their forms and what their
neighbours did. So does a study's own page where nothing that it names is one person's; where that can't be told, each
is drawn by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace

from jinja2 import meta, nodes

from app.database import clock
from app.study.model.study import Study
from app.study.pages import PageFile, read_page
from app.web.fragments import fragment
from app.web.kept import kept
from app.web.live.places import SHOWN, RoomPlace

OURS = "player/_step_opened.html"
# What a study’s page may name, and of `place`, that is the same for all in a room who have the same treatment
NAMES = {"_", "constants", "gettext", "language", "ngettext", "place", "range", "step", "super", "treatment"}
OF_ROOM = {"position"}
FORM_KEY, MESSAGE_KEY = "\0form-key\0", "\0message-key\0"
GAPS = re.compile(f"({FORM_KEY}|{MESSAGE_KEY}|{SHOWN})")


@dataclass(slots=True)
class Moulds:
    """Of a room at one step, for as long as its pages are brought there."""

    # What stands between and in its gaps
    drawn: dict[tuple[Hashable, ...], list[str]] = field(default_factory=dict)

    def step_opened(self, place: RoomPlace, before: RoomPlace) -> str:
        """What brings a page from the step before to this one; typed text in the talk stays."""
        key = ""
        if place.talks and place.is_heard:  # what is written from now on is written at this step
            said = self._filled(
                ("message key",),
                lambda: replace(place, message_key=MESSAGE_KEY).message_key_html(),
                {MESSAGE_KEY: place.message_key},
            )
            key = fragment("#message-key", "outerHTML", said)
        step = fragment("#step", "innerHTML", self._step(place))
        return fragment("#where", "outerHTML", self._where(place)) + step + key + place.player_left(before)

    def _where(self, place: RoomPlace) -> str:
        step, study = place.position.step, place.study
        counts = step.repeat == 1 or step.attempts  # pages, instead of rounds
        page = (place.page, place.pages) if counts else ()
        return self._filled(("where", study.sha256, study.language, page, clock.now()), place.where_html, {})

    def _step(self, place: RoomPlace) -> str:
        if not _is_as_others(place):
            return place.step_html()
        study = place.study
        key = (
            *("step", study.sha256, study.language, *sorted(place.player.treatment.items())),
            *(place.answered, place.playing, place.alone, place.is_alone, place.asked_alone),
        )
        return self._filled(
            key,
            lambda: replace(place, form_key=FORM_KEY, apart=True).step_html(),
            {FORM_KEY: place.form_key, SHOWN: place.shown_html()},
        )

    def _filled(self, key: tuple[Hashable, ...], draw: Callable[[], str], own: Mapping[str, str]) -> str:
        parts = self.drawn.get(key)
        if parts is None:
            parts = self.drawn[key] = GAPS.split(draw())
        return "".join([own.get(part, part) for part in parts])


def _is_as_others(place: RoomPlace) -> bool:
    """Whether its step says the same as that of others, but for the gaps."""
    step = place.position.step
    own = step.own_pace or step.moves or step.clock or step.decline or step.limiting or step.shuffles
    own = own or any(one.of for one in step.fields)
    said = place.values or place.errors or place.problem or place.saved or place.aside.drafts
    return not (place.waits or place.is_solo or own or said) and says_the_same(place.study, step.page)


@kept(1000, by=lambda study, page: (study.sha256, page))
def says_the_same(study: Study, page: str) -> bool:
    """Whether this page of a study, if it is its own, names nothing that is not the same for all in a room."""
    path = f"pages/{page}.html"
    if path not in study.files:
        return True
    page_file = read_page(path, study.files[path])
    if not isinstance(page_file, PageFile):
        return False  # ours is shown instead; each time that is tried
    read = page_file.tree
    named = meta.find_undeclared_variables(read)
    taken_in = [*read.find_all((nodes.Include, nodes.Import, nodes.FromImport))]
    extends = [one.template for one in read.find_all(nodes.Extends)]
    ours = all(isinstance(one, nodes.Const) and one.value == OURS for one in extends)
    places = [one for one in read.find_all(nodes.Name) if one.name == "place"]
    of_room = [
        one
        for one in read.find_all(nodes.Getattr)
        if isinstance(one.node, nodes.Name) and one.node.name == "place" and one.attr in OF_ROOM
    ]
    by_chance = any(one.name == "random" for one in read.find_all(nodes.Filter))
    return ours and named <= NAMES and len(places) == len(of_room) and not (taken_in or by_chance)
