"""How a session is set up with a recruiter, step by step, for its page and for `networklab recruiter SESSION setup`.

Each sentence is of the session as it stands: what has to be done first is said, and nothing that would not work yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

from app.database.connections import Connection
from app.players.door import places_of
from app.players.links import warning_of
from app.recruiters.comparison import PER_PERSON
from app.recruiters.set_up_steps import ANOTHER, GUIDES, GuideKind, Paste, SetUp, SetUpStep
from app.sessions.sessions import find_session
from app.sessions.waves import wave_of
from app.study.model.door import Bearer, read_link
from app.study.model.study import Study


@dataclass(frozen=True, slots=True)
class SetUpGuide:
    """`first`: what has to be done before; then there are neither `steps` nor `checks`, which are what to look at
    before people come."""

    key: str
    name: str
    first: tuple[SetUpStep, ...]
    steps: tuple[SetUpStep, ...]
    checks: tuple[str, ...]


async def guides_of(conn: Connection, session_id: str, study: Study, public_url: str) -> list[SetUpGuide]:
    """Raises `SessionError`."""
    session, wave = await find_session(conn, session_id), await wave_of(conn, session_id)
    places = await places_of(conn, session_id)
    return guides(SetUp(session, study, places, public_url, wave.session_id if wave else None))


def guides(state: SetUp) -> list[SetUpGuide]:
    """One for each recruiter, the one that the study is made for first."""
    door = state.study.door
    meant = door.ids[0] if door.ids else "" if door.anonymous else None
    return [_guide(state, one) for one in sorted(GUIDES, key=lambda one: one.id_name != meant)]


def _guide(state: SetUp, kind: GuideKind) -> SetUpGuide:
    first = tuple(_first(state, kind))
    steps = () if first else tuple(kind.steps(state))
    checks = () if first else tuple(_checks(state, kind))
    return SetUpGuide(kind.key, kind.name, first, steps, checks)


def _first(state: SetUp, kind: GuideKind) -> Iterator[SetUpStep]:
    if state.session.status == "closed":
        yield SetUpStep(
            "This session is closed: nobody comes in any more. Open another one of its study.", to=ANOTHER
        )
        return
    if state.places is None:
        yield SetUpStep(
            "This session has no link for everybody, and a session gets one as it is opened: open another one of its"
            " study.",
            to=ANOTHER,
        )
        return
    if state.goes_on_from and not kind.id_name:
        yield SetUpStep(
            f"This session goes on from {state.goes_on_from}, and lets people in by the id that they had there: nobody"
            " brings one to a classroom."
        )
    elif not _fits(state, kind):
        like = f" that looks like {state.study.door.pattern}" if state.study.door.pattern else ""
        asked = f"{' and '.join(state.study.door.ids) or 'a recruiter’s id'}{like}"
        yield SetUpStep(
            f"The study’s link asks for {asked}, which nobody brings from {kind.name}. For {kind.name} the study says"
            " this, before a session of it is opened:",
            (Paste("In study.toml", kind.toml),),
        )
    if kind.key == "prolific" and state.study.finish.per_person:
        yield SetUpStep(f"{PER_PERSON} Then open a session of that study.")
    if warning_of(state.public_url):
        yield SetUpStep(
            f"Nobody else can open {state.link}: it leads to this machine alone. Whoever runs the server sets"
            " NETWORKLAB_URL to the address at which people reach it (https://lab.example.org), and starts it again."
        )
    elif kind.key == "mturk" and not state.public_url.startswith("https://"):
        yield SetUpStep(
            f"MTurk takes only addresses that begin with https, and this one is {state.link}. Whoever runs the server"
            " gives it a certificate, and sets NETWORKLAB_URL."
        )


def _fits(state: SetUp, kind: GuideKind) -> bool:
    """Whether the door lets somebody in who comes from there."""
    found = read_link(state.study.door, [*kind.example(state).items()])
    return isinstance(found, Bearer) and bool(found.id) == bool(kind.id_name)


def _checks(state: SetUp, kind: GuideKind) -> Iterator[str]:
    if kind.check:
        yield kind.check
    if state.goes_on_from:
        yield f"Only who is through with {state.goes_on_from} comes in, by the same id."
    yield _when(state)
    yield "`networklab doctor` says whether the server is reached by its address, and what else it lacks."
    yield "Have bots play it before anybody comes: Rehearse on the study’s page, or `networklab rehearse`."


def _when(state: SetUp) -> str:
    session, begins = state.session, "seating begins" if state.study.rooms else "it begins"
    if session.status == "open" and session.start_at:
        at = f"{session.start_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        return f"Whoever comes waits, and {begins} by itself at {at}: tell people the hour."
    if session.status == "open":
        return f"Whoever comes waits, and {begins} once somebody starts the session: tell people when that is to be."
    if session.status == "paused":
        return "The session is paused: whoever comes waits until it is resumed."
    return "It runs already: whoever comes in goes on at once" + (
        ", or waits for a room." if state.study.rooms else "."
    )
