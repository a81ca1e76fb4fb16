"""Forms that are not taken, and what whoever sent one is told: why, and where they are."""

from __future__ import annotations

from litestar.response import Response

from app.study.languages.texts import Sentence
from app.web import templates
from app.web.fragments import fragment
from app.web.lab import Query
from app.web.live.done_place import DonePlace
from app.web.live.places import Place, RoomPlace
from app.web.play_page import play_page
from app.web.responses import piece, problem, wants_page


def refused(request: Query, place: Place, final: int | None = None) -> Response[str]:
    """Nothing is stored of what they are not asked, or not any more. `final`: the position of a step that takes the
    first answer alone."""
    if isinstance(place, DonePlace):
        sentence = Sentence("It was over here when this came, so it is not stored.")
    elif isinstance(place, RoomPlace) and place.room.stopped:
        sentence = Sentence("Your group can’t go on just yet, so your answer is not stored.")
    elif isinstance(place, RoomPlace) and place.position.index == final and place.saved:
        sentence = Sentence("You have sent your answer already, and it can’t be changed.")
    else:
        sentence = Sentence("You are not asked this here, so it is not stored.")
    texts = templates.texts_of(place.study)
    said = templates.render("_problem.html", texts, sentence=texts.say(sentence))
    if wants_page(dict(request.scope["headers"])):
        return play_page(request, place, 409, said)
    here = fragment("#page", "innerMorph", place.html())
    return piece(here + fragment("#notice", "innerHTML", said), 409)


def undelivered(request: Query, place: Place) -> Response[str]:
    """Of a message."""
    if not isinstance(place, RoomPlace) or place.waits:
        return refused(request, place)
    sentence = Sentence(
        "This message can’t be delivered: you are not connected with that person, or your group has gone on."
    )
    return problem(request, 422, sentence, "/play")


def stale(request: Query) -> Response[str]:
    """The form is none that was made for them, or was made for something else."""
    sentence = Sentence(
        "This page is no longer where you are. Reload it to see where you are now; what you saved is kept."
    )
    return problem(request, 409, sentence, "/play")
