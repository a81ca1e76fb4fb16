"""A study in plain words, as a methods reviewer reads it: who meets whom, what each does, how long and for what pay.

Said from the study itself, section by section, so that nothing here can differ from what runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.recruiters.comparison import ends_of
from app.study.languages.texts import texts_in
from app.study.model.fields import Field
from app.study.model.networks import Network
from app.study.model.steps import AFTER, BEFORE, PLAYING, Dropout, Step
from app.study.model.study import ANY, RoomKind, Study
from app.study.model.treatments import Treatment

TIED = {
    "complete": "Everybody is tied to everybody",
    "ring": "Each is tied to the next on a ring",
    "star": "One is tied to all others",
    "lattice": "Each is tied to the {neighbours} nearest on a ring",
    "small_world": "A small world: each is tied to the {neighbours} nearest on a ring, and {rewire:.0%} of these ties"
    " lead elsewhere by chance",
    "random_regular": "Drawn by chance, {neighbours} ties each",
    "random": "Drawn by chance: each possible tie is there with a probability of {chance:.0%}",
    "scale_free": "Drawn by chance, so that a few have many ties",
    "pairs": "Two and two",
    "cliques": "Groups of {clique}, which are apart",
    "caveman": "Groups of {clique} on a ring, with one tie from each to the next",
    "bipartite": "Everybody is tied to all who are of another type",
    "none": "Nobody is tied to anybody",
    "edges": "The ties are listed in the study",
}
SPOKEN = {
    "neighbours": "they write to those they are tied to",
    "room": "they write to all in the room",
    "direct": "they write to one another, two and two",
    "channels": "they write in several talks",
}
GONE = {
    "nudge": "they are asked whether they are still there",
    "standby": "somebody who waits takes their place",
    "bot": "a bot plays on for them",
    "smaller": "the room goes on without them",
    "end_room": "the room ends, for all in it",
    "continue": "they stay, and each step waits for its deadline",
}
FROM = {"neighbours": "of those one is tied to", "room": "of all in the room", "me": "of oneself"}
WHEN = {"last": "of the last round", "all": "of each round before", "now": "as answers come"}
LOOKS = {
    "picture": ", as a picture",
    "mean": ", as their mean",
    "sum": ", as their sum",
    "min": ", the smallest",
    "max": ", the largest",
    "count": ", how many gave which",
    "bars": ", how many gave which, drawn",
}


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepWords:
    """A step, as a row."""

    name: str
    where: str
    times: str
    limit: str
    asked: tuple[str, ...]
    more: tuple[str, ...]


def sections(study: Study) -> list[Section]:
    """Those that have something to say."""
    all_ = {
        "Who takes part": _takes_part(study),
        "Who meets whom": _meets(study),
        "What chance decides": (_drawn(one) for one in study.treatments),
        "Who falls silent": _silent(study.dropout) if study.rooms else iter(()),
        "What they are paid": _paid(study),
        "How it ends": _ends(study),
    }
    found = [Section(heading, tuple(said)) for heading, said in all_.items()]
    return [one for one in found if one.sentences]


def parts(study: Study) -> list[StepWords]:
    return [_part(step) for step in study.all_steps]


def _takes_part(study: Study) -> Iterator[str]:
    if study.types:
        yield f"People are of these types, as their list says: {_and(study.types)}."
    if study.door.ids:
        yield f"The link for everybody must bring {_and(study.door.ids)}; the first finds a person again."
    elif study.door.anonymous:
        yield "By the link for everybody each browser is a new person."
    if study.entrance.page:
        yield f"They first read a text of the study’s own (pages/{study.entrance.page}.html)."
    if study.entry:
        yield f"At the door they are asked: {_asked_in_a_row(study.entry)}"
    if study.entrance.decline:
        yield f"Who does not want to take part says so at the door, and ends as {study.entrance.decline}."
    if study.checked:
        yield f"Who has not all right after {study.entrance.attempts} attempts is out, as {study.entrance.then}."
    for screen in study.screens:
        yield f"Not let in: whoever answers {screen.words} to {screen.field}."
    for quota in study.quotas:
        yield f"At most {quota.most:,} come in who answer {quota.words} to {quota.field}."
    if study.languages:
        yield f"They choose among languages: {_and((study.language, *study.languages))}."
    if study.privacy.notice:
        yield "They can read what is kept of them, and why."


def _meets(study: Study) -> Iterator[str]:
    if not study.rooms:
        yield "Nobody meets anybody: each goes through it alone."
        return
    for nth, kind in enumerate(study.rooms):
        yield _room(kind, nth == 0)
    lobby = study.lobby
    if lobby.seat_hook:
        yield f"Who sits with whom is decided by the study’s own function {lobby.seat_hook} (hooks.py)."
    yield f"Who gets no seat within {_span(lobby.max_wait)} leaves with a code."
    if lobby.ready is not None:
        yield f"As a room comes together each has {_span(lobby.ready)} to say that they are there."
    if lobby.present is not None:
        yield f"Only who was there within the last {_span(lobby.present)} is seated."
    if study.standby is not None:
        yield f"Up to {study.standby.places:,} for whom no room opens wait on, paid, to take a place."
    if study.largest_room > 1:
        for network in study.networks:
            yield _network(network)
    if study.roles is not None:
        turn = "each in turn" if study.roles.change else "for good"
        yield f"Roles are dealt, {turn}: {_and(study.roles.names)}."


def _room(kind: RoomKind, first: bool) -> str:
    seats = _and(
        tuple(f"{many} {'of any type' if type_ == ANY else type_}" for type_, many in kind.seats.items())
    )
    people = f"{kind.size} people" if kind.size > 1 else "one person"
    of = "" if [*kind.seats] == [ANY] else f": {seats}"
    after = f", for who has waited {_span(kind.after)}" if kind.after else ""
    most = f", and there are at most {kind.count:,} such rooms" if kind.count else ""
    bots = (
        f". Bots take seats that lack people after {_span(kind.fills_after or 0)}"
        if kind.fills_after is not None
        else ""
    )
    tried = "A room" if first else "Else a room"
    return f"{tried} `{kind.name}` has {people}{of}{after}{most}{bots}."


def _network(network: Network) -> str:
    said = TIED[network.kind].format(
        neighbours=network.neighbours, rewire=network.rewire, chance=network.chance, clique=network.clique
    )
    of = f" (rooms {_and(network.rooms)})" if network.rooms else ""
    new = ", drawn anew each round" if network.each_round == "new" else ""
    by = f"; then the study’s own function {network.rewire_by} changes the ties" if network.rewire_by else ""
    return f"{said}{of}{new}{by}."


def _drawn(one: Treatment) -> str:
    whom = {"room": "for each room", "player": "for each player", "arrival": "for each person as they come"}[
        one.by
    ]
    levels = _and(_named(one.levels), "or")
    if one.weights:
        weighed = zip(one.levels, one.weights, strict=True)
        levels = _and(tuple(f"`{level}` ({weight})" for level, weight in weighed), "or")
    how = (
        "in blocks, in which each comes as often as it should"
        if one.method == "blocked"
        else "each by itself"
    )
    within = f", within each {one.within}" if one.within else ""
    return f"`{one.name}` is drawn {whom}: {levels}; {how}{within}."


def _silent(rule: Dropout) -> Iterator[str]:
    if rule.silent is None:
        yield "Nobody is taken for gone: each step waits for its deadline."
    else:
        yield f"Who gives no sign for {_span(rule.silent)} while the others wait is taken for gone."
    done = [GONE[one] for one in rule.then]
    if rule.silent is not None or done != [GONE["continue"]]:
        yield f"What is done, in this order: {'; else '.join(done)}."


def _paid(study: Study) -> Iterator[str]:
    pay, money = study.pay, texts_in().money
    if not study.pays:
        yield "The study says nothing of pay."
        return
    if pay.base:
        yield f"{money(pay.base, pay.currency)} for finishing."
    for outcome, amount in pay.outcomes.items():
        yield f"{money(amount, pay.currency)} for who ends as {outcome}."
    if study.lobby.pay_per_minute:
        yield f"{money(study.lobby.pay_per_minute, pay.currency, True)} for each minute of waiting."
    if study.scores:
        by = dict.fromkeys(step.score_hook for step in study.all_steps if step.score_hook)
        worth = f", a point being worth {money(pay.per_point, pay.currency, True)}" if pay.per_point else ""
        most = f", at most {money(pay.most, pay.currency)}" if pay.most is not None else ""
        says = "say" if len(by) > 1 else "says"
        yield f"What they earn by what they do: {_and(_named(by))} in hooks.py {says} how much{worth}{most}."


def _ends(study: Study) -> Iterator[str]:
    codes = (f"`{outcome}` ({study.finish.codes[outcome]})" for outcome in ends_of(study))
    yield f"Each ending has its code: {', '.join(codes)}."
    if study.finish.redirects:
        yield "From the last page they are led back to their recruiter."
    if study.privacy.erase:
        yield "Who is done may have what is personal of them deleted."


def _part(step: Step) -> StepWords:
    where = {BEFORE: "alone, before the lobby", PLAYING: "in the room", AFTER: "alone, after the room"}[
        step.during
    ]
    times = f"{step.repeat}×" if step.repeat > 1 else "once"
    if step.continues is not None:
        times = f"{step.at_least} to {step.repeat}×, each further one with a chance of {step.continues:.0%}"
    if step.attempts:
        times = f"up to {step.attempts}×, until all is right"
    limit = _span(step.limit) if step.timed else "none"
    fields = tuple(_question(one) for one in step.fields if step.asks)
    asked = fields + tuple(f"Move “{one.button}”: {_asked_in_a_row(one.fields)}" for one in step.moves)
    return StepWords(step.name, where, times, limit, asked, tuple(_more(step)))


def _more(step: Step) -> Iterator[str]:
    if step.only:
        only = _and(tuple(f"`{name}` is `{level}`" for name, level in step.only.items()))
        yield f"only where {only}"
    if step.when:
        yield f"only for whom `{step.when}` (hooks.py) says so"
    for show in step.show:
        elsewhere = f" at `{show.step}`" if show.step != step.name else ""
        what = f"what `{show.hook}` (hooks.py) says" if show.hook else f"`{show.field}`{elsewhere}"
        yield f"they see {what} {FROM.get(show.of, show.of)}{LOOKS.get(show.look, '')}, {WHEN[show.round]}"
    if step.chat in SPOKEN:
        yield SPOKEN[step.chat]
    if step.own_pace and not step.is_solo:
        yield "each goes on by themselves"
    if step.ends == "deadline":
        yield "lasts until its deadline"
    if step.quiet:
        yield f"over already {_span(step.quiet)} after the last move that counts"
    if step.clock:
        every, clock = _span(step.clock.every), step.clock
        until = f", until {clock.end}" if clock.end is not None else ""
        yield f"“{clock.field.ask}” begins at {clock.start}, and {clock.step:+} each {every}{until}"
    if step.on_timeout != "blank" and step.fields:
        yield f"who has not answered in time: {_instead(step.on_timeout)}"
    own = (step.valid, step.on_end, step.score_hook, step.leave, step.on_move, step.bot)
    hooks = (*own, *(one.on_message for one in step.channels))
    if named := tuple(dict.fromkeys(one for one in hooks if one)):
        yield f"the study’s own functions decide here (hooks.py): {_and(_named(named))}"


def _instead(on_timeout: str) -> str:
    """What is stored in place of an answer that did not come."""
    how, _, value = on_timeout.partition(":")
    said = {
        "keep": "their answer before stands",
        "hook": "hooks.py says what counts",
        "default": f"{value} counts",
    }
    return said[how]


def _asked_in_a_row(fields: tuple[Field, ...]) -> str:
    return " ".join(f"{_question(one)};" for one in fields).rstrip(";") + "." if fields else "nothing more."


def _question(field: Field) -> str:
    kind, listed = field.kind, [*field.kind.listed(field)]
    some = f": {', '.join(listed[:8])}{' …' if len(listed) > 8 else ''}" if listed else ""
    source = f", as `{field.source}` gives them" if field.source else ""
    may = "" if field.required else "; may be left out"
    said = f"{kind.called}{some}{source}{_limits(field)}{may}"
    return f"`{field.name}`: “{field.ask}” ({said})"


def _limits(field: Field) -> str:
    said = [field.kind.written_limit(one) if one is not None else "" for one in (field.min, field.max)]
    least, most = (one.strip('"') for one in said)
    counted, comma = field.kind.limits_count, "," if field.kind.limits_count else ""
    if least and most:
        return f"{comma} from {least} to {most}{counted}"
    if least:
        return f"{comma} {'at least' if counted else 'from'} {least}{counted}"
    return f"{comma} {'at most' if counted else 'up to'} {most}{counted}" if most else ""


def _named(names: Iterable[str]) -> tuple[str, ...]:
    """As code, where a page shows it."""
    return tuple(f"`{one}`" for one in names)


def _and(words: tuple[str, ...], between: str = "and") -> str:
    return f" {between} ".join(one for one in (", ".join(words[:-1]), *words[-1:]) if one)


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:g} seconds"
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 120 and not minutes % 60 and not rest:
        return f"{minutes // 60} hours"
    return f"{minutes} minutes{f' {rest} seconds' if rest else ''}"
