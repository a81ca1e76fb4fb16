"""What is done for each recruiter so that its people come into a session, and the very texts to paste.

What recruiters ask for was read in their documentation in November 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.players.door import Places
from app.players.links import door_link
from app.recruiters.comparison import ENDED_EARLY, codes_of, most_who_come
from app.recruiters.prolific import PROLIFIC
from app.sessions.sessions import Session
from app.study.languages.texts import texts_in
from app.study.model.door import FIRST_IDS
from app.study.model.redirect import names_in
from app.study.model.study import Study

# How it ended, in words that follow "who"; the study's own outcomes are said by their names.
ENDS = {
    "complete": "came to the end",
    "closed": "was still in it as you closed it",
    "partner_left": "lost their partners, since somebody left",
    "lobby": "waited in vain",
    "standby": "stood by and was not needed",
    "withdrawn": "left",
    "dropped": "fell silent",
    "full": "found it full",
    "screened_out": "was screened out",
    "failed_check": "failed the check",
    "declined": "declined to take part",
}
# What a study says for each, as docs/recruiters.md and docs/pay.md have it.
FOR_PROLIFIC = '[door]\nids = ["PROLIFIC_PID"]'
BACK_TO_PROLIFIC = 'redirect = "https://app.prolific.com/submissions/complete?cc={code}"'
FOR_SONA = '[door]\nids = ["survey_code"]\npattern = "[0-9]{2,7}"'
BACK_TO_SONA = (
    '[finish.redirect]\ncomplete = "https://school.sona-systems.com/webstudy_credit.aspx'
    '?experiment_id=12&credit_token=abc&survey_code={survey_code}"'
)
FOR_MTURK = '[door]\nids = ["workerId"]\npattern = "A[A-Z0-9]{5,30}"'
FOR_CONNECT = '[door]\nids = ["participantId"]'
BACK_TO_CONNECT = '[finish.redirect]\ncomplete = "https://connect.example.org/project/0AB1/complete"'
FOR_A_CLASS = "[door]\nanonymous = true"
ANOTHER = "again"  # the page on which another session of the study is opened


@dataclass(frozen=True, slots=True)
class Paste:
    """A text to take elsewhere as it stands. `note`: what to do with it there."""

    what: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class SetUpStep:
    """`to`: the page of the session on which it is done, if it is done here."""

    words: str
    pastes: tuple[Paste, ...] = ()
    to: str = ""


@dataclass(frozen=True, slots=True)
class SetUp:
    """What is known of the session."""

    session: Session
    study: Study
    places: Places | None  # None: there is no link for everybody
    public_url: str
    goes_on_from: str | None = None  # another session

    @property
    def link(self) -> str:
        return door_link(self.session.id, self.public_url)

    def name_of_id(self, usual: str) -> str:
        """What a link calls it where one may choose: as the study asks for it, unless that is another recruiter's."""
        asked = self.study.door.ids[:1]
        return usual if not asked or asked[0] in FIRST_IDS else asked[0]


@dataclass(frozen=True, slots=True)
class GuideKind:
    """`id_name`: by which its people are known; `example`: what a link of theirs brings; `toml`: what a study says for
    it; `check`: what to look at beforehand."""

    key: str
    name: str
    id_name: str
    example: Callable[[SetUp], Mapping[str, str]]
    toml: str
    steps: Callable[[SetUp], Iterator[SetUpStep]]
    check: str = ""


def _prolific(state: SetUp) -> Iterator[SetUpStep]:
    address = "&".join(f"{name}={value}" for name, value in _brought(state).items())
    yield SetUpStep(
        "There, add a study. Where it asks for the address, paste this, and choose URL parameters: Prolific fills in"
        " who comes.",
        (Paste("The study’s address", f"{state.link}?{address}"),),
    )
    yield SetUpStep(_places_and_reward(state))
    yield SetUpStep(
        "Make a completion code for each way in which it may end, with these very letters, and say there what it does:",
        tuple(_codes(state.study, _does_on_prolific)),
    )
    yield _back_to_prolific(state.study)
    yield SetUpStep(
        "Connect this session with your study there. It is then said here what differs between both, and who is"
        " approved and paid.",
        to="recruiter",
    )
    yield SetUpStep("Publish it there.")


def _brought(state: SetUp) -> dict[str, str]:
    pid, *others = PROLIFIC.brings.items()
    return dict([(state.name_of_id(pid[0]), pid[1]), *others])


def _back_to_prolific(study: Study) -> SetUpStep:
    address = study.finish.redirects.get("complete", "")
    host = urlsplit(address).hostname or ""
    if f".{host}".endswith((".prolific.com", ".prolific.co")):
        return SetUpStep("Nothing to do for the way back: a button on their last page hands their code in.")
    now = (
        f"The button on the last page leads to {host}, which is not Prolific."
        if host
        else "Nothing leads people back: they copy the code from their last page, and hand it in there."
    )
    return SetUpStep(
        f"{now} For a button that leads back, the study says this in [finish], before a session of it is opened:",
        (Paste("In study.toml", BACK_TO_PROLIFIC),),
    )


def _does_on_prolific(study: Study, outcomes: Sequence[str]) -> str:
    brings_base = all(study.pay.for_outcome(one) == study.pay.base for one in outcomes)
    if brings_base and not {*outcomes} & {*ENDED_EARLY}:
        return "approve at once, or have it reviewed"
    return "have it reviewed: approving pays the whole reward"


def _sona(state: SetUp) -> Iterator[SetUpStep]:
    name, study = state.name_of_id("survey_code"), state.study
    yield SetUpStep(
        "There, in the study’s settings, paste this as its Study URL: SONA fills in a number for each person.",
        (Paste("Study URL", f"{state.link}?{name}=%SURVEY_CODE%"),),
    )
    credited = [one for one, address in study.finish.redirects.items() if name in names_in(address)]
    if credited:
        host = urlsplit(study.finish.redirects[credited[0]]).hostname
        yield SetUpStep(
            f"SONA gives its credit to whoever’s browser opens its Completion URL (client-side). A button leads"
            f" there, to {host}: for who {_words(credited)}. See that the study’s address has the experiment_id and"
            " the credit_token that SONA shows."
        )
    else:
        yield SetUpStep(
            "The study gives nobody SONA’s credit, so you grant it there. To have it given, the study says SONA’s"
            " Completion URL (client-side), with {survey_code} in place of XXXX, before a session of it is opened:",
            (Paste("In study.toml", BACK_TO_SONA),),
        )
    yield SetUpStep(
        "The last page shows everybody a code, which tells you how it ended:", tuple(_codes(study))
    )


def _mturk(state: SetUp) -> Iterator[SetUpStep]:
    yield SetUpStep(
        "Make the task from an ExternalQuestion, by MTurk’s API or a tool: the web form has no such kind. MTurk adds"
        " workerId, assignmentId, hitId and turkSubmitTo by itself: write nothing behind it.",
        (Paste("ExternalURL", state.link),),
    )
    yield SetUpStep(_places_and_reward(state))
    yield SetUpStep(
        "A button on the last page hands the code in at MTurk. Approve there by these:",
        tuple(_codes(state.study)),
    )


def _connect(state: SetUp) -> Iterator[SetUpStep]:
    redirects = state.study.finish.redirects
    yield SetUpStep(
        "There, paste this as the Project URL. Connect adds participantId, assignmentId and projectId by itself.",
        (Paste("Project URL", state.link),),
    )
    yield SetUpStep(_places_and_reward(state))
    if "complete" in redirects:
        yield SetUpStep(
            "A button on the last page leads back. See that these are the addresses that Connect shows for your"
            " project:",
            tuple(Paste(f"Who {_words([one])}", address) for one, address in redirects.items()),
        )
        return
    yield SetUpStep(
        "Nothing leads people back: they copy the code from their last page, and hand it in there. Take the first as"
        " the completion code; the others tell you how it ended:",
        tuple(_codes(state.study)),
    )
    yield SetUpStep(
        "For a button that leads back, the study says the address that Connect shows, before a session of it is"
        " opened:",
        (Paste("In study.toml", BACK_TO_CONNECT),),
    )


def _classroom(state: SetUp) -> Iterator[SetUpStep]:
    yield SetUpStep(
        "Show the link: Wall, on the session’s page, has it as a QR code for a projector. Or write it where everybody"
        " finds it:",
        (Paste("The link", state.link),),
    )
    yield SetUpStep(
        "Each browser is a new person, and is found again by its cookie. Nobody needs an account."
    )
    earned = "what they have earned, and " if state.study.pays else ""
    yield SetUpStep(
        f"The last page shows each {earned}a code, which tells you how it ended:", tuple(_codes(state.study))
    )


def _codes(study: Study, does: Callable[[Study, Sequence[str]], str] | None = None) -> Iterator[Paste]:
    """Letters of one's own, where there are any, come behind each."""
    own = "and a hyphen and letters of their own behind it" if study.finish.per_person else ""
    for code, outcomes in codes_of(study).items():
        yield Paste(f"Who {_words(outcomes)}", code, does(study, outcomes) if does else own)


def _words(outcomes: Sequence[str]) -> str:
    said = [ENDS.get(one, f"ended as {one}") for one in outcomes]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}"


def _places_and_reward(state: SetUp) -> str:
    assert state.places is not None
    most, study = most_who_come(state.places), state.study
    if most is None:
        places = "Here as many come in as come: the places there are what bounds them."
    else:
        end = f", for {state.places.most:,} who come to the end" if most != state.places.most else ""
        places = f"Take {most:,} places there: so many may come in here{end}."
    if not study.pays:
        return f"{places} The study says nothing of pay, so the reward is what you promise there."
    money = texts_in().money(study.pay.base, study.pay.currency, exact=True)
    return f"{places} The reward there is {money}, the base here; all else that they earn is a bonus."


GUIDES = (
    GuideKind(
        key="prolific",
        name="Prolific",
        id_name="PROLIFIC_PID",
        example=lambda state: dict.fromkeys(_brought(state), "5f" * 12),
        toml=FOR_PROLIFIC,
        steps=_prolific,
        check="Prolific’s preview brings placeholders in place of ids: the page says that the link is not filled in,"
        " and nobody comes in. So it should be.",
    ),
    GuideKind(
        key="sona",
        name="SONA",
        id_name="survey_code",
        example=lambda state: {state.name_of_id("survey_code"): "12345"},
        toml=FOR_SONA,
        steps=_sona,
        check="A survey code is short enough to be guessed: from a second browser nobody gets the place of somebody"
        " whose page is open.",
    ),
    GuideKind(
        key="mturk",
        name="MTurk",
        id_name="workerId",
        example=lambda state: {"workerId": "A1B2C3D4E5F6G7", "assignmentId": "3ABC", "hitId": "3XYZ"},
        toml=FOR_MTURK,
        steps=_mturk,
        check="Whoever previews the task sees what the door asks, and comes in nowhere. Once it is accepted, a link in"
        " MTurk’s frame opens the study in a tab of its own.",
    ),
    GuideKind(
        key="connect",
        name="CloudResearch Connect",
        id_name="participantId",
        example=lambda state: {"participantId": "A1B2C3D4E5F64A5B", "assignmentId": "1", "projectId": "2"},
        toml=FOR_CONNECT,
        steps=_connect,
    ),
    GuideKind(
        key="classroom",
        name="a classroom",
        id_name="",
        example=lambda state: {},
        toml=FOR_A_CLASS,
        steps=_classroom,
        check="A room shares one address: up to a thousand people come in by one within ten minutes.",
    ),
)
