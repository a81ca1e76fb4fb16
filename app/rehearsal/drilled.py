"""A drill: what is asked of it, and what came of it, by what those noted whom an incident befell or passed by."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from app.rehearsal.carried_over import WITHIN, CarriedOver, Others, longest_own, nobody_else, of_people
from app.rehearsal.host_faults import IN_ORDER
from app.rehearsal.incidents import Incident
from app.rehearsal.play import Played
from app.rehearsal.rehearse import Run

BESIDE = 5.0  # seconds: what befalls the one database, people and the dashboard of the other must not notice
MOST_OF_OTHERS = (
    0.5  # share of the processors: where other programs had more, times say nothing of the server
)
SILENCE = 5.0  # seconds without an acknowledged answer that are told


@dataclass(frozen=True, slots=True)
class Drill:
    """What is asked for. The same seed gives the same faults to the same people."""

    study: str
    faults: int = 10
    players: int = 40
    seed: int = 1
    speed: float = 4.0
    standby: bool = False  # there is one, and once it has to take over
    patroni: bool = False  # each database is two machines that Patroni looks after, and faults of theirs
    hosts: int = 1  # of the server; of several, faults of theirs, too
    two_databases: bool = False  # half of the people play in another one, and faults befall either
    only: tuple[str, ...] = ()  # kinds of faults, by their names; none: all that are possible here
    to_the_end: bool = False  # people play on after the last fault, and are to come to their ends

    @property
    def again(self) -> str:
        """The command that repeats it."""
        options = (
            " --standby" * self.standby
            + " --patroni" * self.patroni
            + " --two-databases" * self.two_databases
            + f" --hosts {self.hosts}" * (self.hosts > 1)
            + "".join(f' --only "{kind}"' for kind in self.only)
            + " --to-the-end" * self.to_the_end
        )
        counts = f"--seed {self.seed} --faults {self.faults} --players {self.players}"
        return f"networklab drill {self.study} {counts}{options}"


@dataclass(frozen=True, slots=True)
class Apart:
    """Two ticks of a dashboard. Times in seconds."""

    longest: float
    own: float  # the most of it in which no other programs had the processors


@dataclass(frozen=True, slots=True)
class Felt:
    """How an incident was felt. Times in seconds."""

    incident: Incident
    befallen: CarriedOver  # of those whom it befell
    silent: float  # the longest time in which none of them had an answer acknowledged
    beside: CarriedOver | None = None  # of those in the other database, where it befell one of two
    apart: Apart | None = None  # … and the longest time between two ticks of the dashboard there
    others: float = 0.0  # in which other programs had the processors

    @property
    def attended(self) -> bool:
        """Somebody was there whom it befell: a fault that nobody can have noticed proves nothing."""
        return bool(self.befallen.there)

    @property
    def timed(self) -> bool:
        """Its times are told."""
        return self.attended and self.others <= MOST_OF_OTHERS * self.incident.seconds

    @property
    def wrong(self) -> str:
        """Which limit it broke, if any: with all that other programs took in that very time taken off."""
        what = str(self.incident)
        if self.incident.of_hosts and self.befallen.own > WITHIN:
            return f"Somebody was without the server for more than {WITHIN:.0f} s ({what})."
        if self.beside and self.beside.own > BESIDE:
            return f"Somebody in the other database was held up for more than {BESIDE:.0f} s ({what})."
        if self.apart and self.apart.own > BESIDE:
            return f"The other database's dashboard stood still for more than {BESIDE:.0f} s ({what})."
        return ""

    def __str__(self) -> str:
        said = str(self.incident)
        if self.attended and self.silent >= SILENCE:
            said += f", and for {self.silent:.0f} s no answer was acknowledged"
        if self.befallen.people or self.incident.of_hosts or not self.attended:
            said += f": {self.befallen}"
        if self.beside and self.apart:
            said += f"; in the other database {self.beside}, and its dashboard ticked at most"
            said += f" {self.apart.longest:.1f} s apart"
        if self.attended and not self.timed:
            spent = f"{self.others:.0f} of {self.incident.seconds:.0f} s"
            said += f" (not timed: for {spent} other programs had the processors)"
        return said

    def as_json(self) -> dict[str, Any]:
        """Without a time where nobody was there."""
        found: dict[str, Any] = dict(
            fault=self.incident.what,
            database=self.incident.database,
            there=self.befallen.there,
            people=self.befallen.people,
            longest=_told(self.befallen, self.befallen.longest),
            silent=_told(self.befallen, self.silent),
            seconds=round(self.incident.seconds, 3),
            others=round(self.others, 3),
            own=_told(self.befallen, self.befallen.own),
            timed=self.timed,
        )
        if self.beside and self.apart:
            found["beside"] = dict(
                there=self.beside.there,
                people=self.beside.people,
                longest=_told(self.beside, self.beside.longest),
                own=_told(self.beside, self.beside.own),
                apart=round(self.apart.longest, 3),
                apart_own=round(self.apart.own, 3),
            )
        return found


def _told(of: CarriedOver, seconds: float) -> float | None:
    return round(seconds, 3) if of.there else None


@dataclass(frozen=True, slots=True)
class Outcome:
    drill: Drill
    runs: Mapping[str, Sequence[Run]]  # by database
    incidents: tuple[Incident, ...]
    left_out: tuple[str, ...] = ()  # kinds of faults that are not possible here
    moments: tuple[float, ...] = ()  # at which something befell a host
    # By database, when the dashboard of a session there ticked that nobody plays in
    ticks: Mapping[str, Sequence[float]] = field(default_factory=dict)
    others: Others = nobody_else

    @property
    def all_runs(self) -> list[Run]:
        return [run for runs in self.runs.values() for run in runs]

    @property
    def sound(self) -> bool:
        """Whether no promise broke."""
        return all(verdict.kept for _, verdict in self.all_runs)

    @property
    def kept(self) -> bool:
        felt = self.felt
        return self.sound and any(one.attended for one in felt) and not any(one.wrong for one in felt)

    @property
    def felt(self) -> list[Felt]:
        return [self._felt(one) for one in self.incidents]

    def _felt(self, incident: Incident) -> Felt:
        at, until = incident.at, incident.until
        name = incident.database
        others = [other for other in self.runs if name and other != name]
        there, beside = (
            [*self._playing(at, [one for one in self.runs if one not in others])],
            [*self._playing(at, others)],
        )
        befallen = of_people(
            _diaries(there),
            self.moments if incident.of_hosts else [at],
            at,
            until,
            not incident.of_hosts or incident.what in IN_ORDER,
            self.others,
        )
        felt = Felt(incident, befallen, longest_silence(there, at, until), others=self.others(at, until))
        if not others:
            return felt
        end = self._spared_until(incident)
        spans = [span for other in others for span in gaps(self.ticks.get(other, ()), at, until, end)]
        return replace(
            felt,
            beside=of_people(
                _diaries(beside), [at], at, until, in_order=True, others=self.others, spared=end
            ),
            apart=Apart(max(end - begin for begin, end in spans), longest_own(spans, self.others)),
        )

    def _spared_until(self, incident: Incident) -> float:
        """When something befell the other database next, or all was over."""
        later = (
            one.at for one in self.incidents if one.at > incident.at and one.database != incident.database
        )
        over = max(played.ended for played, _ in self.all_runs)
        return min(later, default=max(incident.until, over))

    def _playing(self, at: float, names: Iterable[str]) -> Iterator[Played]:
        """In these databases, at that moment."""
        for name in names:
            for played, _ in self.runs[name]:
                if played.started <= at <= played.ended:
                    yield played

    def __str__(self) -> str:
        began = min((played.started for played, _ in self.all_runs), default=0.0)
        lines = [f"{one.incident.at - began:6.1f} s  {one}" for one in self.felt]
        for name, runs in self.runs.items():
            for played, verdict in runs:
                where = f" in {name}" if name else ""
                lines.append(
                    f"session {verdict.session_id}{where}: {len(played.diaries)} people, {verdict.ends}"
                )
                for promise in verdict.promises:
                    lines += [
                        f"  NOT  {promise.number}. {promise.sentence} {wrong}"
                        for wrong in promise.wrongs[:10]
                    ]
        if self.left_out:
            lines.append(
                f"Not possible here (they need root, Linux, nft and ip): {', '.join(self.left_out)}."
            )
        return "\n".join([*lines, self.sentence])

    @property
    def sentence(self) -> str:
        if not self.sound:
            return f"A promise broke within {len(self.incidents)} faults. To see it again: {self.drill.again}"
        felt = self.felt
        if wrong := next((one.wrong for one in felt if one.wrong), ""):
            return f"{wrong} To see it again: {self.drill.again}"
        endured, timed = sum(one.attended for one in felt), sum(one.timed for one in felt)
        if not endured:
            return f"Nobody was there at any fault: that proves nothing. Let more people play. {self.drill.again}"
        receipts = sum(len(diary.told) for diary in _diaries(played for played, _ in self.all_runs))
        sessions = f", in {len(self.all_runs)} sessions of both databases" if self.drill.two_databases else ""
        return (
            f"{_faults(endured).capitalize()}, {timed} timed, and nothing was lost: {receipts:,} receipts are all in"
            " the export, each message was seen once by whom it was for, nobody was stuck, nobody was seated"
            f" twice{sessions}."
            + _elsewhere([one.befallen for one in felt if one.incident.of_hosts and one.timed])
            + _beside(felt)
            + _untimed(felt)
        )

    def as_json(self) -> dict[str, Any]:
        felt = self.felt
        return dict(
            ok=self.kept,
            seed=self.drill.seed,
            faults=[one.what for one in self.incidents],
            left_out=list(self.left_out),
            endured=sum(one.attended for one in felt),
            timed=sum(one.timed for one in felt),
            incidents=[one.as_json() for one in felt],
            verdict=self.sentence,
            sessions=[verdict.as_json() for _, verdict in self.all_runs],
        )


def longest_silence(playing: Sequence[Played], at: float, until: float) -> float:
    """In which nobody got a receipt, from `at` on."""
    told = sorted(told.at for diary in _diaries(playing) for told in diary.told)
    inside = [at, *(one for one in told if at <= one <= until)]
    # What comes after the last of them may be that everybody has finished.
    return max((later - earlier for earlier, later in pairwise(inside)), default=0.0)


def _diaries(playing: Iterable[Played]) -> list[Any]:
    return [diary for played in playing for diary in played.diaries]


def gaps(ticks: Sequence[float], at: float, until: float, end: float) -> Iterator[tuple[float, float]]:
    """Between two ticks: those that begin from `at` to `until`, each until the next one, be it later; at `end` nobody
    looks any more, or something else begins.
    """
    for one in [at, *(tick for tick in ticks if at < tick <= until)]:
        later = bisect_right(ticks, one)
        yield one, min(ticks[later], end) if later < len(ticks) else end


def _elsewhere(over: Sequence[CarriedOver]) -> str:
    if not over:
        return ""
    people, longest = sum(one.people for one in over), max(one.longest for one in over)
    return f" With a host gone, {people:,} times somebody was held up, for {longest:.1f} s at most."


def _beside(felt: Sequence[Felt]) -> str:
    timed = [one for one in felt if one.timed and one.beside and one.apart]
    longest = max((one.beside.longest for one in timed if one.beside and one.beside.there), default=None)
    apart = max((one.apart.longest for one in timed if one.apart), default=None)
    if apart is None:
        return ""
    people = (
        "nobody was in the other"
        if longest is None
        else f"people in the other were held up for {longest:.1f} s at most"
    )
    return (
        f" With one database befallen, {people}, and the dashboard there ticked at most {apart:.1f} s apart."
    )


def _untimed(felt: Sequence[Felt]) -> str:
    late = sum(one.attended and not one.timed for one in felt)
    nobody = sum(not one.attended for one in felt)
    said = ""
    if late:
        said += (
            f" At {_faults(late)} other programs had the processors for more than half of the time: what they took is"
            " taken off before anything is held against those."
        )
    if nobody:
        said += f" At {_faults(nobody)} nobody was there: that proves nothing, and is not counted."
    return said


def _faults(count: int) -> str:
    return "one fault" if count == 1 else f"{count} faults"
