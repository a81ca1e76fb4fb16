"""What programs send: JSON, read strictly. A name that is not known, or a "5" for a 5, is refused with a sentence."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import MediaType, Request
from litestar.datastructures import State
from litestar.exceptions import ClientException, HTTPException
from litestar.params import HeaderParameter
from msgspec import Meta, Struct

from app.database.clusters import LARGEST_NUMBER
from app.sessions.seals import MOST_FILES
from app.web.api.bearer import admitted_by_token
from app.web.opening_forms import LONGEST_NAME, MOST_EXTRA, MOST_PLACES
from app.web.program_words import TAKES
from app.web.sent_lists import LARGEST_LIST

LARGEST = 2 * LARGEST_LIST  # bytes of a body that has a list in it: JSON writes a line's end as two
# Of a route that makes something: 201, and 200 where the same request has made it before.
CREATES: dict[str, Any] = dict(twice=True, media_type=MediaType.JSON, status_code=201)
_KEY = HeaderParameter(
    name="Idempotency-Key",
    min_length=8,
    max_length=200,
    description="Any text of your own. The same request once more, with the same key, is done once: it is safe to"
    " send it again when no answer came.",
)
IdempotencyKey = Annotated[str, _KEY]
MaybeIdempotencyKey = Annotated[str | None, _KEY]


class SessionToOpen(Struct, kw_only=True, forbid_unknown_fields=True):
    """How people come in: `list`, or `door`, or both, or those of a session before."""

    name: Annotated[str, Meta(max_length=LONGEST_NAME, description="For you; else the study’s title.")] = ""
    list: Annotated[
        str,
        Meta(description="A list of people as CSV: any of `token`, `label`, `type`, and columns of yours."),
    ] = ""
    door: Annotated[bool, Meta(description="One link for everybody.")] = False
    places: (
        Annotated[int, Meta(ge=1, le=MOST_PLACES, description="Of that link; else any number.")] | None
    ) = None
    extra: Annotated[
        int, Meta(ge=0, le=MOST_EXTRA, description="So many % more come in, as some will not finish.")
    ] = 0
    start_at: Annotated[
        str, Meta(max_length=100, description="It starts by itself: `2026-12-01T10:00+01:00`.")
    ] = ""
    zone: Annotated[
        str, Meta(max_length=100, description="Of a time without an offset: `Europe/Berlin`.")
    ] = ""
    only_me: (
        Annotated[
            bool,
            Meta(
                description="`false`: everybody with an account sees it. Where you say nothing only you see it if not"
                " everybody sees the session or the study that it is made from, and else everybody. One that goes on"
                " from a session `before` has the rights of that one unless this is `true`."
            ),
        ]
        | None
    ) = None
    before: Annotated[
        str, Meta(max_length=100, description="The session whose people are invited again.")
    ] = ""
    outcomes: Annotated[
        str, Meta(max_length=200, description="How it had to end for them there: `complete, closed`.")
    ] = ""
    cluster: Annotated[
        str,
        Meta(
            max_length=12,
            description="Where there are several databases: which; else the one with most room.",
        ),
    ] = ""

    def said(self) -> dict[str, str]:
        """As the form of a page says it."""
        said = dict(
            name=self.name, before=self.before, outcomes=self.outcomes, zone=self.zone, at=self.start_at
        )
        said |= (
            dict(cluster=self.cluster) if self.cluster else {}
        )  # by what was said a request is known again
        said |= dict(door="yes" * self.door, who={None: "", True: "me", False: "all"}[self.only_me])
        return said | dict(places=str(self.places or ""), extra=str(self.extra or ""))


class PeopleToAdd(Struct, kw_only=True, forbid_unknown_fields=True):
    list: Annotated[
        str, Meta(min_length=1, description="As CSV: any of `token`, `label`, `type`, and columns of yours.")
    ]


class BotCount(Struct, kw_only=True, forbid_unknown_fields=True):
    players: Annotated[int, Meta(ge=1, le=100, description="Bots.")]


class PlacesByLink(Struct, kw_only=True, forbid_unknown_fields=True):
    places: Annotated[int, Meta(ge=1, le=MOST_PLACES)] | None = None
    extra: Annotated[int, Meta(ge=0, le=MOST_EXTRA, description="So many % more come in.")] = 0


class StartMoment(Struct, kw_only=True, forbid_unknown_fields=True):
    at: Annotated[
        str, Meta(max_length=100, description="`2026-12-01T10:00+01:00`; empty: not by itself any more.")
    ]
    zone: Annotated[str, Meta(max_length=100, description="Of a time without an offset.")] = ""


class BannerText(Struct, kw_only=True, forbid_unknown_fields=True):
    body: Annotated[str, Meta(max_length=1000, description="Empty: what stood there is taken down.")]


class WordsToSay(Struct, kw_only=True, forbid_unknown_fields=True):
    body: Annotated[str, Meta(min_length=1, max_length=1000)]


class KindToSeat(Struct, kw_only=True, forbid_unknown_fields=True):
    kind: Annotated[str, Meta(max_length=100, description="The name of a room in the study.")]


class StopMoment(Struct, kw_only=True, forbid_unknown_fields=True):
    at: Annotated[datetime, Meta(description="When it was stopped, as it was told: `stopped_at`.")]


class HowItEnds(Struct, kw_only=True, forbid_unknown_fields=True):
    outcome: Annotated[str, Meta(max_length=100, description="Whose code they get: one of the study’s.")]


class TakesSeat(HowItEnds, kw_only=True, forbid_unknown_fields=True):
    newcomer: Annotated[
        int, Meta(ge=1, le=LARGEST_NUMBER, description="The number of somebody who waits, or stands by.")
    ]


class OtherType(Struct, kw_only=True, forbid_unknown_fields=True):
    type: Annotated[str, Meta(max_length=100)]


class RoomPosition(Struct, kw_only=True, forbid_unknown_fields=True):
    position: Annotated[
        int,
        Meta(ge=0, le=99_999_999, description="Where it stood when you looked: it moves on from there only."),
    ]


class MoreTime(RoomPosition, kw_only=True, forbid_unknown_fields=True):
    given: Annotated[
        int, Meta(ge=0, le=99_999_999, description="Seconds that its step had been given when you looked.")
    ]
    seconds: Annotated[int, Meta(ge=1, le=99_999_999, description="That it is given now.")]


class RecruiterStudy(Struct, kw_only=True, forbid_unknown_fields=True):
    study: Annotated[
        str, Meta(max_length=100, description="Its id there; empty: the one that people’s links named.")
    ] = ""
    token: Annotated[str, Meta(max_length=1000, description="Of theirs; empty: that which is there.")] = ""


class Confirmation(Struct, kw_only=True, forbid_unknown_fields=True):
    digest: Annotated[str, Meta(min_length=1, max_length=100, description="Of what you have looked at.")]


class PayConfirmation(Confirmation, kw_only=True, forbid_unknown_fields=True):
    amount: Annotated[
        str,
        Meta(max_length=20, description="The sum of the lines that you have looked at, as it stood there."),
    ]
    whole: Annotated[bool, Meta(description="The base included, as you have looked at it.")] = False


class SaidOfPayout(Struct, kw_only=True, forbid_unknown_fields=True):
    payout: Annotated[int, Meta(ge=1, le=LARGEST_NUMBER, description="Its number.")]
    player: Annotated[int, Meta(ge=1, le=LARGEST_NUMBER, description="Only what is this one’s.")] | None = (
        None
    )
    paid: Annotated[bool, Meta(description="Whether they were; else they are due again.")]


class RightOnSession(Struct, kw_only=True, forbid_unknown_fields=True):
    account: Annotated[str, Meta(min_length=1, max_length=100)]
    role: Literal["owner", "colleague", "observer"]
    files: Annotated[bool, Meta(description="An observer takes files and sees payments, too.")] = False


class RightOnStudy(Struct, kw_only=True, forbid_unknown_fields=True):
    account: Annotated[str, Meta(min_length=1, max_length=100)]
    role: Literal["owner", "colleague"]


class AccountNamed(Struct, kw_only=True, forbid_unknown_fields=True):
    account: Annotated[str, Meta(min_length=1, max_length=100)]


class Sure(Struct, kw_only=True, forbid_unknown_fields=True):
    sure: Annotated[Literal[True], Meta(description="It can’t be undone.")]


class Analysis(Struct, kw_only=True, forbid_unknown_fields=True):
    analysis: Annotated[
        dict[
            Annotated[str, Meta(min_length=1, max_length=200)],
            Annotated[str, Meta(pattern="^[0-9a-f]{64}$")],
        ],
        Meta(
            max_length=MOST_FILES,
            description="Of each file by its name, `analysis.R` say, its SHA-256 in hex.",
        ),
    ] = {}


class MendedFiles(Struct, kw_only=True, forbid_unknown_fields=True):
    files: Annotated[
        dict[Annotated[str, Meta(min_length=1, max_length=200)], str],
        Meta(
            min_length=1,
            max_length=200,
            description="By name what each is to be: `hooks.py`, or a page that the study has, `pages/talk.html`.",
        ),
    ]


class ToErase(Struct, kw_only=True, forbid_unknown_fields=True):
    sure: Annotated[Literal[True], Meta(description="It can’t be undone.")]
    answers: Annotated[
        Literal["none", "text", "all"],
        Meta(description="Which answers go: `none`, those in words (`text`), or `all`."),
    ] = "text"
    why: Annotated[str, Meta(max_length=300, description="Stands in the tombstone, so name nobody.")] = ""


class ApiRequest(Request[object, object, State]):
    async def json(self) -> Any:
        """Of the type that the handler asks for. Raises a 415, and a 422 that says where it is wrong; and as the
        guard, asked again: a token that was revoked while the body came does nothing."""
        if self.content_type[0] != "application/json":
            raise HTTPException(status_code=415, detail="Send JSON, with `Content-Type: application/json`.")
        body = await self.body()
        await admitted_by_token(self, self.route_handler)
        asked = self.route_handler.parsed_fn_signature.parameters["data"].annotation
        try:
            return msgspec.json.decode(body, type=asked)
        except msgspec.ValidationError as error:
            raise HTTPException(
                status_code=422, detail=f"The body is not what this takes: {_in_words(str(error))}. {TAKES}"
            ) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ClientException(f"The body is no JSON: {str(error)[:200]}. {TAKES}") from None


def _in_words(error: str) -> str:
    """Without the signs that msgspec compares by."""
    for sign, words in (("of length <=", "no longer than"), ("of length >=", "no shorter than")):
        error = error.replace(sign, words)
    return error.replace(" <=", " of at most").replace(" >=", " of at least")


def known_by(who: str, key: str, body: bytes) -> str:
    """By what a request is known if it comes again."""
    return hashlib.sha256(b"\0".join([b"api", who.encode(), key.encode(), body])).hexdigest()[:24]
