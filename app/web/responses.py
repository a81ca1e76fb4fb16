"""Answers: whole pages, pieces of pages, sentences that say what to do next, and the headers of all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from litestar import MediaType, Request
from litestar.exceptions import HTTPException
from litestar.response import Response
from litestar.types import Message, Scope

from app.study.languages.choice import preferred
from app.study.languages.texts import Sentence, Texts, texts_in
from app.study.model.fields import Form
from app.study.model.study import Study
from app.web import languages, templates
from app.web.auth import NotSignedIn, is_of_programs, is_of_researchers, player_of
from app.web.lab import ClusterAway, lab_of
from app.web.program_words import as_to_program
from app.web.static import is_versioned

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; font-src 'self'; "
    "connect-src 'self'; worker-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# What a study wrote is on players' pages, and acts there as whoever looks at it: a researcher may, in the browser in
# which they are logged in. So those pages ask nothing but where players' forms go. A policy can't say "here, but only
# below this path" without naming the host, which a proxy may have changed: two policies say it, for both hold.
PLAYERS_ASK = ("/play", "/play/", "/join/", "/s/")
PLAYERS_POLICY = "; ".join(
    f"{what} {' '.join(f'*:*{path}' for path in PLAYERS_ASK)}" for what in ("connect-src", "form-action")
)
FOR_RESEARCHERS = [  # of each of their pages
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # a join link is a secret; it never leaves for another site
]
HEADERS = [*FOR_RESEARCHERS, (b"content-security-policy", PLAYERS_POLICY.encode())]  # of every other answer
# MTurk shows a task's page in a frame of its own
FRAMED_BY_MTURK = (
    "frame-ancestors https://www.mturk.com https://worker.mturk.com https://workersandbox.mturk.com"
)
NOT_KEPT = (b"cache-control", b"no-store")
# Seconds in which a browser asks in no other way
ONLY_TLS = (b"strict-transport-security", b"max-age=31536000")
SESSION = re.compile("/admin/sessions/[^/]+(?=/)")
FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")


class SentOn(HTTPException):
    """What can't be done from here: its page has the sentence, and a link on to `to`."""

    def __init__(self, status: int, sentence: str, to: str) -> None:
        super().__init__(detail=sentence, status_code=status)
        self.to = to


def page(
    template: str, context: Mapping[str, object] = {}, status: int = 200, texts: Texts | None = None
) -> Response[str]:
    return piece(templates.render(template, texts, **context), status)


def piece(content: str, status: int = 200, headers: Mapping[str, str] = {}) -> Response[str]:
    return Response(content, status_code=status, headers=headers, media_type=MediaType.HTML)


def problem(
    request: Request[Any, Any, Any],
    status: int,
    sentence: str,
    to: str | None = None,
    headers: Mapping[str, str] = {},
    study: Study | None = None,
) -> Response[str]:
    """The sentence alone for htmx; for everybody else a page with it, and a link on to `to`. A researcher's page always
    has one: nobody stands before a sentence and nothing.

    For programs as RFC 9457 has it, and in English.

    In the language of `study` where the request itself does not show whose player this is.
    """
    if is_of_programs(request.url.path):
        return told_to_program(status, texts_in().say(sentence), headers)
    texts = templates.texts_of(study) if study else texts_for(request)
    said = texts.say(sentence)
    if "hx-request" in request.headers:
        return piece(templates.render("_problem.html", texts, sentence=said), status, headers)
    if is_of_researchers(request.url.path):
        shown = dict(said=said, to=to or _way_on(request.url.path, status))
        return piece(templates.render("admin/problem.html", **shown), status, headers)
    return piece(templates.render("problem.html", texts, sentence=said, to=to), status, headers)


def _way_on(path: str, status: int) -> str:
    """Who may not do this on a session may see the session: else it were a 404."""
    if status == 403 and (session := SESSION.match(path)):
        return session[0]
    if path.startswith("/dev"):
        return "/dev"
    return "/admin/login" if path.startswith("/admin/login") else "/admin"


def told_to_program(
    status: int, sentence: str, headers: Mapping[str, str] = {}, **more: object
) -> Response[str]:
    said = as_to_program(sentence)
    told = dict(type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=said)
    content = json.dumps(told | more, ensure_ascii=False)
    return Response(content, status_code=status, headers=headers, media_type="application/problem+json")


def not_yet(request: Request[Any, Any, Any], seconds: int, form: Form) -> Response[str]:
    """What came too soon after others, and the seconds after which it may come again: a page of ours sends it then by
    itself, and a page without scripts has what was typed, and the button."""
    headers = {"Retry-After": str(seconds)}
    if not wants_page(dict(request.scope["headers"])):
        sentence = Sentence(
            "That is more in a short time than others can read. What you typed is kept, and is sent again in"
            " %(seconds)s seconds.",
            seconds=seconds,
        )
        return problem(request, 429, sentence, headers=headers)
    sentence = Sentence(
        "That is more in a short time than others can read. Wait %(seconds)s seconds, then send it again.",
        seconds=seconds,
    )
    texts = texts_for(request)
    kept = [(name, said) for name, all_ in form.items() for said in all_]
    shown = dict(sentence=texts.say(sentence), to="/play", again=request.url.path, kept=kept)
    return piece(templates.render("problem.html", texts, **shown), 429, headers)


def texts_for(request: Request[Any, Any, Any]) -> Texts:
    """Those of the player's study; who is nobody's player here gets the language that the browser asks for.

    The study is not read for this: a sentence that says that the database is away must not ask it anything.
    """
    if is_of_researchers(request.url.path):
        return texts_in()
    try:
        study = lab_of(request).studies.at_hand(player_of(request)[1])
    except (NotSignedIn, ClusterAway):
        study = None
    return (
        templates.texts_of(languages.of_cookie(request, study))
        if study
        else texts_in(preferred(request.headers.get("accept-language", "")))
    )


def wants_page(headers: Mapping[bytes, bytes]) -> bool:
    """A browser without scripts follows a form to a page; htmx and programs want the piece."""
    return b"hx-request" not in headers and b"text/html" in headers.get(b"accept", b"")


def policy_sending_to(sites: Collection[str]) -> dict[str, str]:
    """The header of a page whose form may lead to these sites, too: both policies, for both hold."""
    both = (
        policy.replace("form-action", f"form-action {' '.join(sites)}") for policy in (POLICY, PLAYERS_POLICY)
    )
    return {"Content-Security-Policy": ", ".join(both)}


def policy_framed_by_mturk() -> dict[str, str]:
    """The header of a page that MTurk may show in a frame, and nobody else."""
    both = (POLICY.replace("frame-ancestors 'none'", FRAMED_BY_MTURK), PLAYERS_POLICY)
    return {"Content-Security-Policy": ", ".join(both)}


async def add_headers(message: Message, scope: Scope) -> None:
    """To every answer, error pages and streams included. What has a version in its address may be kept for ever."""
    if message["type"] == "http.response.start":
        for_ever = message["status"] in (200, 206, 304) and is_versioned(scope)
        given = list(message["headers"])
        named = {name for name, _ in given}  # by a page that may be framed
        of_all = FOR_RESEARCHERS if is_of_researchers(scope["path"]) else HEADERS
        ours = [header for header in of_all if header[0] not in named]
        secure = scope["scheme"] == "https" or scope["litestar_app"].state.config.secure
        kept, tls = FOR_EVER if for_ever else NOT_KEPT, [ONLY_TLS] if secure else []
        message["headers"] = [*given, *ours, kept, *tls]
