"""How it ends for a player, from study.toml: codes and the way back to the recruiter."""

import re
from collections.abc import Collection
from urllib.parse import unquote, urlsplit

from app.study.model.door import NAME
from app.study.model.outcomes import CODES_LIKE, DEFAULT_CODES, Finish
from app.study.model.redirect import CODE, OURS, fixed, names_in, names_in_host, others_places
from app.study.model.study import Sections
from app.study.syntax.mistakes import Findings, listed, nearest
from app.study.syntax.table import Table

OUTCOMES = (*DEFAULT_CODES, *CODES_LIKE)
EXAMPLE = "https://example.org/complete?cc={code}"

OWN = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CODE = re.compile(r"[^\s\x00-\x1f\x7f]{1,100}")
_EACH = 'redirect = {complete = "https://…", lobby = "https://…"}'


def read_finish(document: Table, ids: Collection[str], asked: Collection[str]) -> Finish:
    """`ids`: what links may bring; `asked`: the names of the entry form's fields."""
    finish = document.table("finish", "[finish] with single brackets, and its settings below")
    if finish is None:
        return Finish()
    table = finish.table("codes", 'codes = {complete = "C1", lobby = "C2"}')
    own = _own(document, table) if table else ()
    redirects = _redirects(finish, (*OURS, *ids), asked, own)
    codes = dict(Finish().codes) if table is None else _codes(table, own)
    per_person = finish.truth("per_person", default=False)
    if per_person:
        _note_fixed_codes(finish, redirects)
    finish.report_unknown_keys("[finish]")
    return Finish(redirects, codes, per_person)


def check_finish(findings: Findings, sections: Sections) -> None:
    """Adds whom no address sends back although others are sent."""
    redirects, rules = (
        sections.finish.redirects,
        [sections.dropout, *(step.dropout for step in sections.steps)],
    )
    if not redirects or not findings.sound("finish", "redirect"):
        return
    ends = {"complete", "withdrawn", *sections.ends_at_door}
    ends |= {"lobby"} if sections.rooms else set()
    ends |= {"partner_left"} if any("end_room" in rule.then for rule in rules) else set()
    ends |= {"standby"} if sections.standby else set()
    if lacking := [outcome for outcome in OUTCOMES if outcome in ends and outcome not in redirects]:
        sentence = (
            f"`redirect` has no address for {listed(lacking)}: people are shown their code to copy then."
        )
        findings.note(("finish", "redirect"), sentence, "Add each for which the recruiter has one.")


def _own(document: Table, codes: Table) -> tuple[str, ...]:
    """The study's own outcomes, which the function that some step names in `leave` may give."""
    steps = document.values.get("step")
    leaves = any(
        isinstance(one, dict) and "leave" in one for one in (steps if isinstance(steps, list) else ())
    )
    return tuple(one for one in codes.values if leaves and one not in OUTCOMES and OWN.fullmatch(one))


def _codes(table: Table, own: Collection[str] = ()) -> dict[str, str]:
    named = (*OUTCOMES, *own)
    codes = {outcome: table.text(outcome, default=DEFAULT_CODES.get(outcome, "")) for outcome in named}
    for outcome, code in codes.items():
        if table.has(outcome) and table.sound(outcome) and not _CODE.fullmatch(code):
            sentence = f"`{outcome}` is no code that a recruiter can take."
            table.wrong(outcome, sentence, "Write up to 100 plain characters without blanks.")
    table.report_unknown_keys("the codes")
    return codes | {outcome: codes[outcome] or codes[like] for outcome, like in CODES_LIKE.items()}


def _redirects(
    finish: Table, known: Collection[str], asked: Collection[str], own: Collection[str]
) -> dict[str, str]:
    """Outcome → address. An outcome that has another's code unless it is given one has that one's address likewise."""
    if not isinstance(finish.value("redirect"), dict):
        address = _address(finish, "redirect", known, asked)
        if address and finish.sound("redirect") and CODE not in names_in(address):
            sentence = (
                "`redirect` has no {code} in it, so the recruiter can’t tell how it ended for somebody."
            )
            cure = f"Put {{code}} where the code belongs, as in {EXAMPLE}, or give each outcome its own: {_EACH}."
            finish.note("redirect", sentence, cure)
        return dict.fromkeys((*OUTCOMES, *own), address) if address else {}
    table = finish.table("redirect", _EACH)
    assert table is not None
    found = {outcome: _address(table, outcome, known, asked) for outcome in (*OUTCOMES, *own)}
    table.report_unknown_keys("the addresses")
    given = {outcome: address for outcome, address in found.items() if address}
    for outcome, address in given.items():
        others = [one for one, other in given.items() if other == address]
        if outcome == others[0] and len(others) > 1 and CODE not in names_in(address):
            sentence = f"{listed(others)} have the same address without {{code}}, and can’t be told apart."
            table.note(others[1], sentence, "Give each an address of its own, or put {code} into it.")
    return given | {
        outcome: given[like] for outcome, like in CODES_LIKE.items() if like in given and outcome not in given
    }


def _address(table: Table, key: str, known: Collection[str], asked: Collection[str]) -> str:
    """ "" where there is none."""
    if not table.has(key):
        return table.text(key, default="")
    address = table.text(key)
    if not table.sound(key):
        return ""
    try:
        parts = urlsplit(address)
        web = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and not re.search(r"\s", fixed(address))
        )
    except ValueError:
        web = False
    if not web:
        table.wrong(key, f"`{address}` is not a web address.", f"Write one such as {EXAMPLE}.")
    elif others := [*others_places(address)]:
        for parameter, found in others:
            sentence = (
                f"`{key}` has `{found}` in it, which nothing fills in here: it would be sent as it stands."
            )
            table.wrong(key, sentence, f"Write {_meant(parameter, found, known)}.")
    else:
        _check_names(table, key, address, known, asked)
    return address


def _meant(parameter: str, found: str, known: Collection[str]) -> str:
    """What to write in place of another program's place."""
    near = nearest(re.sub(r"\W", "", unquote(found)), known, 0.7) or nearest(parameter, known, 0.9)
    if near:
        return f"{{{near}}} there"
    return "{code} for the code there, or the name of what came with the person, such as {PROLIFIC_PID}"


def _check_names(
    table: Table, key: str, address: str, known: Collection[str], asked: Collection[str]
) -> None:
    """What the address asks for. A link, or a column of the list, may bring names that no study speaks of."""
    for name in names_in(address):
        if name != CODE and name in names_in_host(address):
            sentence = f"`{key}` has {{{name}}} where it says which site it leads to."
            table.wrong(key, sentence, "Write that part out, and fill in only what follows after it.")
        elif name in known:
            continue
        elif name in asked:
            sentence = f"`{key}` has {{{name}}} in it, which people answer at the door."
            table.wrong(
                key, sentence, "Answers go into no address: use what comes with the link, or the list."
            )
        elif near := nearest(name.strip(" %$"), known, 0.7):  # recruiters write %SURVEY_CODE% and the like
            table.wrong(
                key, f"`{key}` has {{{name}}} in it, which is not known.", f"Did you mean {{{near}}}?"
            )
        elif sources := _sources(name):
            sentence = f"`{key}` has {{{name}}} in it: whoever comes without it is shown their code to copy."
            table.note(key, sentence, f"It comes {', or '.join(sources)}.")
        else:
            plain = re.sub(r"\W+", "_", name).strip("_")
            cure = (
                f"A column of the list is kept as {{{plain}}}." if plain else "Write {code} or {label}, say."
            )
            table.wrong(key, f"`{key}` has {{{name}}} in it, which is no name.", cure)


def _sources(name: str) -> list[str]:
    """Where what is called so may come from; none: nothing is called so."""
    link = f'with each link, where [door] has ids = ["{name}"]' if NAME.fullmatch(name) else ""
    listed = "from a column of the list of people" if re.fullmatch(r"\w+", name) else ""
    return [one for one in (link, listed) if one]


def _note_fixed_codes(finish: Table, redirects: dict[str, str]) -> None:
    """Some recruiters know all codes beforehand."""
    hosts = {urlsplit(address).hostname or "" for address in redirects.values()}
    if any(f".{host}".endswith((".prolific.com", ".prolific.co")) for host in hosts):
        sentence = (
            "`per_person` makes codes that Prolific does not know: it takes only those of its own study."
        )
        finish.note("per_person", sentence, "Leave it out for Prolific.")
