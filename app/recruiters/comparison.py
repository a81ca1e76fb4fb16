"""What differs between a session and the recruiter's study, said before anybody comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from urllib.parse import parse_qsl, urlsplit

from app.players.door import Places
from app.players.links import door_link, warning_of
from app.recruiters.recruiter import RecruiterKind, TheirStudy
from app.study.languages.texts import texts_in
from app.study.model.door import FIRST_IDS
from app.study.model.entrance import DECLINED, FAILED, FULL, SCREENED_OUT
from app.study.model.study import Study

PER_PERSON = (
    "`per_person` gives everybody a code of their own, and they know only those of the study: take it out."
)
ENDED_EARLY = (FULL, SCREENED_OUT, FAILED, DECLINED)  # whom the whole reward is not for


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing: how it is there, how it is here, and, if that differs, a sentence that says what to do."""

    what: str
    theirs: str
    ours: str
    differs: str = ""


def compared(
    kind: RecruiterKind,
    their: TheirStudy,
    study: Study,
    session_id: str,
    public_url: str,
    places: Places | None,
) -> list[Compared]:
    """`places`: of the link for everybody; None: there is none."""
    address = _address(kind, their, session_id, public_url, places)
    return [address, _places(their, places), _reward(their, study), *_codes(their, study)]


def _address(
    kind: RecruiterKind, their: TheirStudy, session_id: str, public_url: str, places: Places | None
) -> Compared:
    ours = door_link(session_id, public_url)
    there, here = urlsplit(their.address), urlsplit(ours)
    said = ""
    if places is None:
        ours = "none"
        said = "This session has no link for everybody: open one with `networklab open STUDY --door`."
    elif warning_of(public_url):
        said = f"The link begins with {public_url}, which nobody else can open: set NETWORKLAB_URL, then check again."
    elif not their.address:
        said = "The study there has no address yet: give it this one."
    elif (there.scheme, there.netloc, there.path.rstrip("/")) != (here.scheme, here.netloc, here.path):
        said = "People are sent to another address: change it there."
    elif lacking := [name for name, one in kind.brings.items() if one not in _values(their.address)]:
        first = (
            "nobody can come in"
            if lacking[0] == next(iter(kind.brings))
            else "people are harder to find there afterwards"
        )
        said = f"The address does not bring {' and '.join(lacking)}, so {first}: tick “URL parameters” there."
    elif not {name.lower() for name, _ in parse_qsl(there.query)} & {name.lower() for name in FIRST_IDS}:
        said = "The address brings the participant's id by a name that is not known here: call it PROLIFIC_PID there."
    return Compared("Address", their.address or "none", ours, said)


def _values(address: str) -> Sequence[str]:
    return [value for _, value in parse_qsl(urlsplit(address).query, keep_blank_values=True)]


def _places(their: TheirStudy, places: Places | None) -> Compared:
    if places is None or places.most is None:
        return Compared("Places", f"{their.places:,}", "as many as come")
    most, said = most_who_come(places) or places.most, ""
    ours = f"{places.most:,}" + (f", and {most - places.most:,} more who come" if most > places.most else "")
    if their.places > most:
        said = (
            f"{their.places - most:,} may come for whom there is no place here: they are sent home with the code of"
            " `full`. Have as many on both sides."
        )
    elif their.places < places.most:
        said = f"{places.most - their.places:,} places here can't be taken: have as many there."
    return Compared("Places", f"{their.places:,}", ours, said)


def _reward(their: TheirStudy, study: Study) -> Compared:
    money, currency = texts_in().money, study.pay.currency or their.currency
    theirs, said = "not told" if their.reward is None else money(their.reward, their.currency, exact=True), ""
    if study.pay.currency and their.currency and study.pay.currency != their.currency:
        said = f"The study pays in {study.pay.currency} here, and in {their.currency} there: bonuses can't be paid so."
    elif study.pays and their.reward is None:
        said = "They don't say what the completion code brings: no base is paid from here to whoever handed one in."
    elif study.pays and their.reward != study.pay.base:
        said = "People are told of one sum here and paid another there: change `base` in [pay], or the reward there."
    ours = money(study.pay.base, currency, exact=True) if study.pays else "nothing said of pay"
    return Compared("Reward", theirs, ours, said)


def _codes(their: TheirStudy, study: Study) -> Iterator[Compared]:
    known = {one.code: one for one in their.codes}
    if study.finish.per_person:
        yield Compared("Codes", ", ".join(known) or "none", "one for each person", PER_PERSON)
        return
    ours = codes_of(study)
    for code, outcomes in ours.items():
        one, said = known.get(code), ""
        if one is None:
            said = "They don't know this code: add it there, or whoever hands it in waits for you."
        elif one.by_researcher and not one.screens_out:
            said = "There only you can hand in this code: let participants do so."
        elif one.approves and (early := [name for name in outcomes if _brings_less(study, name)]):
            said = f"It approves at once there, so {' and '.join(early)} brings the whole reward: have it reviewed."
        theirs = "not known" if one is None else _does(one.approves, one.screens_out)
        yield Compared(f"Code {code}", theirs, ", ".join(outcomes), said)
    for code in known.keys() - ours.keys():
        said = "" if known[code].by_researcher else "Nobody gets this code here."
        yield Compared(
            f"Code {code}", _does(known[code].approves, known[code].screens_out), "no outcome", said
        )


def _brings_less(study: Study, outcome: str) -> bool:
    """Less than the whole reward, which is for finishing."""
    return outcome in ENDED_EARLY or study.pay.for_outcome(outcome) < study.pay.for_outcome("complete")


def codes_of(study: Study) -> dict[str, list[str]]:
    """Each code that somebody may have in the end, with the outcomes that have it."""
    found: dict[str, list[str]] = {}
    for outcome in ends_of(study):
        found.setdefault(study.finish.codes[outcome], []).append(outcome)
    return found


def most_who_come(places: Places) -> int | None:
    """How many there are to be at the recruiter's; None: as many as come."""
    return None if places.most is None else ceil(places.most * (1 + places.extra))


def ends_of(study: Study) -> list[str]:
    """How it may end for somebody in this study, and how it may always end."""
    at_door = study.ends_at_door | {FULL}
    never = {*ENDED_EARLY} - at_door
    return [one for one in study.finish.codes if one not in never and (one != "standby" or study.standby)]


def _does(approves: bool, screens_out: bool) -> str:
    return "approves at once" if approves else "screens out" if screens_out else "is reviewed"
