"""What whoever asked is told when something is not as it should be: a sentence that says what to do next."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus

import psycopg
from litestar import Response
from litestar.background_tasks import BackgroundTask
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect
from litestar.types import ExceptionHandlersMap
from psycopg_pool import PoolTimeout, TooManyRequests

from app.database.group_commit import Busy
from app.study.languages.texts import Sentence
from app.study.stored import NoSuchSession
from app.web.auth import NotSignedIn, OtherPlayer, is_of_programs, is_of_researchers
from app.web.hindrances import door_without_cookie
from app.web.invitations import UnknownToken
from app.web.lab import ClusterAway, Query, lab_of
from app.web.program_words import TAKES
from app.web.researchers import NotLoggedIn, NotOnSession
from app.web.responses import SentOn, problem

logger = logging.getLogger(__name__)
FOR_RESEARCHERS = {  # who have no link and no invitation
    404: "There is no such page. Go on from the list of sessions.",
    405: "This address does not answer that way. Go on from the list of sessions.",
}
MISSING = re.compile(r"Missing required (\w+) parameter '([^']+)'")  # Litestar's words
FOR_PROGRAMS = {
    404: "There is no such address. GET /api/v1 says which there are.",
    405: "This address does not answer that way. GET /api/v1 says which way each answers.",
    413: "The body is larger than this address takes.",
}


def _http_problem(request: Query, error: HTTPException) -> Response[str]:
    if is_of_programs(request.url.path):
        return problem(request, error.status_code, _for_program(error), headers=error.headers or {})
    sentence = error.detail
    is_plain = error.status_code == 405 or sentence in ("", "Not Found")
    if is_plain and is_of_researchers(request.url.path) and error.status_code in FOR_RESEARCHERS:
        said, headers = FOR_RESEARCHERS[error.status_code], error.headers or {}
        return problem(request, error.status_code, said, "/admin", headers)
    if error.status_code == 404 and sentence in ("", "Not Found"):
        sentence = Sentence("There is no such page. Open the link from your invitation again.")
    if error.status_code == 405:
        sentence = Sentence(
            "This address does not answer that way. Open the link from your invitation again."
        )
    if error.status_code == 413:
        sentence = Sentence("That is too long to be saved. Shorten it and send it again.")
    if error.status_code == 400:
        sentence = Sentence("This form could not be read. Reload the page and send it again.")
    to = error.to if isinstance(error, SentOn) else _form_at(request.url.path, error.status_code)
    return problem(request, error.status_code, sentence, to, error.headers or {})


def _form_at(path: str, status: int) -> str | None:
    """Where a player finds the form again that was too long, or could not be read; a link stays theirs."""
    if status not in (400, 413) or is_of_researchers(path):
        return None
    if path.startswith("/play"):
        return "/play"
    return path if path.startswith(("/join/", "/s/")) else None


def _for_program(error: HTTPException) -> str:
    """Litestar's own words name what is wrong in its way: of a parameter in `extra`."""
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        wrong = error.extra[0]
        if wrong.get("key") == "data":
            return f"No body came: this takes JSON. {TAKES}"
        wrong_way = (
            f"`{wrong.get('key', 'The body')}` could not be read: {wrong.get('message', error.detail)}."
        )
        return f"{wrong_way} {TAKES}"
    if missing := MISSING.match(error.detail):
        where = "as a header" if missing[1] == "header" else "in the address"
        return f"`{missing[2]}` is missing {where}. {TAKES}"
    is_plain = error.detail in ("", HTTPStatus(error.status_code).phrase) or error.status_code in (405, 413)
    return FOR_PROGRAMS.get(error.status_code, error.detail) if is_plain else error.detail


def _other_player(request: Query, _: OtherPlayer) -> Response[str]:
    sentence = Sentence("This browser goes on as another player now. What was saved on this page is kept.")
    return problem(request, 409, sentence, "/play")


def _not_signed_in(request: Query, _: NotSignedIn) -> Response[str]:
    if door := door_without_cookie(request):
        sentence = Sentence(
            "Your browser keeps no cookies for this page, and without one we can’t tell who you are. Allow cookies "
            "for this site in its settings, or open your link in another browser, and go on. Your place is kept."
        )
        return problem(request, 403, sentence, door)
    return problem(
        request,
        403,
        Sentence(
            "We don’t know who you are here. Open the link from your invitation again: your place is kept."
        ),
    )


def _not_logged_in(request: Query, _: NotLoggedIn) -> Response[str] | Redirect:
    """A page that was open while its log-in ended goes to the door, whichever part of it asks."""
    sentence = "Your log-in has ended. Log in again."
    if request.url.path.endswith("/live"):
        return problem(request, 403, sentence, "/admin/login")
    if "hx-request" in request.headers:
        return problem(request, 403, sentence, headers={"HX-Redirect": "/admin/login"})
    return Redirect("/admin/login", status_code=303)


def _not_on_session(request: Query, error: NotOnSession) -> Response[str]:
    """The same for a page that was open while somebody was taken off its session."""
    if "hx-request" in request.headers:
        return problem(request, 404, error.detail, headers={"HX-Redirect": "/admin"})
    return problem(request, 404, error.detail)


def _unknown_token(request: Query, _: Exception) -> Response[str]:
    return problem(
        request,
        404,
        Sentence("This link leads to no study. Check that you opened the whole link from your invitation."),
    )


def _unreadable(request: Query, _: Exception) -> Response[str]:
    """A NUL in an address or a name, a number that no column holds."""
    if is_of_programs(request.url.path):
        return problem(request, 400, "It has what can’t be stored, a NUL say. Write it another way.")
    if is_of_researchers(request.url.path):
        return problem(request, 400, "This could not be read. Go back, and write it another way.", "/admin")
    sentence = Sentence("This could not be read. Open your link again, or write it another way.")
    return problem(request, 400, sentence)


def _busy(request: Query, _: Exception) -> Response[str]:
    """Nothing was acknowledged, nothing is lost. Our own pages send the same form again by themselves."""
    if "hx-request" in request.headers:
        to = None
        sentence = Sentence("The server is busy. Your page tries again by itself; nothing is lost.")
    else:
        to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        sentence = Sentence("The server is busy just now; nothing is lost. Wait a moment, then go on.")
    return problem(request, 503, sentence, to, headers={"Retry-After": "1"})


def _away(request: Query, error: ClusterAway) -> Response[str]:
    """One of several databases does not answer; what is in the others goes on. A page comes again by itself."""
    path, names = request.url.path, " and ".join(error.names)
    lacking = f"The database {names} does" if len(error.names) == 1 else f"The databases {names} do"
    headers = {"Retry-After": "5"}
    if is_of_programs(path):
        return problem(
            request, 503, f"{lacking} not answer, so nobody can say. Ask again in a while.", headers=headers
        )
    if request.method not in ("GET", "HEAD") or "hx-request" in request.headers:
        return _busy(request, error)
    headers["Refresh"] = "5"
    if is_of_researchers(path):
        sentence = (
            f"{lacking} not answer. Sessions there wait, and this page goes on by itself. All others go on."
        )
    else:
        sentence = Sentence(
            "A part of the server can’t be reached just now. Nothing is lost, and this page goes on by itself."
        )
    return problem(request, 503, sentence, headers=headers)


def _not_primary(request: Query, error: Exception) -> Response[str]:
    """The pool leads to a Postgres that takes no writes any more; the next request meets new connections."""
    response = _busy(request, error)
    response.background = BackgroundTask(lab_of(request).pool.drain)
    return response


def _broken(request: Query, error: Exception) -> Response[str]:
    # Not the path itself: a join link is a secret.
    logger.error("%s %s failed", request.method, request.scope.get("path_template", "?"), exc_info=error)
    sentence = Sentence("Something broke on our side. Reload the page; what you saved is kept.")
    if is_of_programs(request.url.path):
        return problem(request, 500, "Something broke on our side. The server’s log says what.")
    return problem(request, 500, sentence)


HANDLERS: ExceptionHandlersMap = {
    HTTPException: _http_problem,
    OtherPlayer: _other_player,
    NotSignedIn: _not_signed_in,
    NotLoggedIn: _not_logged_in,
    NotOnSession: _not_on_session,
    UnknownToken: _unknown_token,
    NoSuchSession: _unknown_token,
    ClusterAway: _away,
    Busy: _busy,
    PoolTimeout: _busy,
    TooManyRequests: _busy,
    psycopg.OperationalError: _busy,
    psycopg.errors.ReadOnlySqlTransaction: _not_primary,
    psycopg.DataError: _unreadable,
    Exception: _broken,
}
