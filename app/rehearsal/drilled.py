"""A drill: what is asked of it, and what came of it, by what those noted whom an incident befell or passed by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from app.rehearsal.carried_over import WITHIN, CarriedOver, of_people
from app.rehearsal.host_faults import IN_ORDER
from app.rehearsal.incidents import Incident
from app.rehearsal.play import Played
from app.rehearsal.rehearse import Run
from app.rehearsal.run_queue import WINDOW

BESIDE = 5.0  # seconds: what befalls the one database, people and the dashboard of the other must not notice
# Seconds of five: where a process of the server, or of the people, stood in line for a processor for longer, times say
# nothing of the server
LATE = 2.5
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
class Felt:
    """How an incident was felt. Times in seconds."""

    incident: Incident
    befallen: CarriedOver  # of those whom it befell
    silent: float  # the longest time in which none of them had an answer acknowledged
    beside: CarriedOver | None  # of those in the other database, where it befell one of two
    apart: float | None  # … and the longest time between two ticks of the dashboard there
    late: float = 0.0  # for which somebody stood in line for a processor, of five

    @property
    def timed(self) -> bool:
        return self.late <= LATE

    @property
    def wrong(self) -> str:
        """Which limit it broke, if any."""
        what = str(self.incident)
        if not self.timed:
            return ""
        if self.incident.of_hosts and self.befallen.longest > WITHIN:
            return f"Somebody was without the server for more than {WITHIN:.0f} s ({what})."
        if self.beside and self.beside.longest > BESIDE:
            return f"Somebody in the other database was held up for more than {BESIDE:.0f} s ({what})."
        if self.apart is not None and self.apart > BESIDE:
            return f"The other database's dashboard stood still for more than {BESIDE:.0f} s ({what})."
        return ""

    def __str__(self) -> str:
        said = str(self.incident)
        if self.silent >= SILENCE:
            said += f", and for {self.silent:.0f} s no answer was acknowledged"
        if self.befallen.people or self.incident.of_hosts:
            said += f": {self.befallen}"
        if self.beside is not None and self.apart is not None:
            said += f"; in the other database {self.beside}, and its dashboard ticked at most {self.apart:.1f} s apart"
        if not self.timed:
            said += f" (not held against it: for {self.late:.1f} of {WINDOW:.0f} s other programs had the processors)"
        return said

    def as_json(self) -> dict[str, Any]:
        found = dict(
            fault=self.incident.what,
            database=self.incident.database,
            people=self.befallen.people,
            longest=round(self.befallen.longest, 3),
            silent=round(self.silent, 3),
            late=round(self.late, 3),
            timed=self.timed,
        )
        if self.beside is not None and self.apart is not None:
            found |= dict(
                beside=dict(
                    people=self.beside.people,
                    longest=round(self.beside.longest, 3),
                    apart=round(self.apart, 3),
                )
            )
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    drill: Drill
    runs: Mapping[str, Sequence[Run]]  # by database
    incidents: tuple[Incident, ...]
    left_out: tuple[str, ...] = ()  # kinds of faults that are not possible here
    moments: tuple[float, ...] = ()  # at which something befell a host
    # By database, when the dashboard of a session there ticked that nobody plays in
    ticks: Mapping[str, Sequence[float]] = field(default_factory=dict)
    # The longest that somebody stood in line for a processor between two moments
    in_line: Callable[[float, float], float] = lambda since, until: 0.0

    @property
    def all_runs(self) -> list[Run]:
        return [run for runs in self.runs.values() for run in runs]

    @property
    def sound(self) -> bool:
        """Whether no promise broke."""
        return all(verdict.kept for _, verdict in self.all_runs)

    @property
    def kept(self) -> bool:
        return self.sound and not any(felt.wrong for felt in self.felt)

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
        )
        felt = Felt(
            incident, befallen, longest_silence(there, at, until), None, None, self.in_line(at, until)
        )
        if not others:
            return felt
        return replace(
            felt,
            beside=of_people(_diaries(beside), [at], at, until, in_order=True),
            apart=max(_longest_gap(self.ticks.get(other, ()), at, until) for other in others),
        )

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
        count = len(self.incidents)
        if not self.sound:
            return f"A promise broke within {count} faults. To see it again: {self.drill.again}"
        felt = self.felt
        if wrong := next((one.wrong for one in felt if one.wrong), ""):
            return f"{wrong} To see it again: {self.drill.again}"
        receipts = sum(len(diary.told) for diary in _diaries(played for played, _ in self.all_runs))
        sessions = f", in {len(self.all_runs)} sessions of both databases" if self.drill.two_databases else ""
        return (
            f"{count} faults, and nothing was lost: {receipts:,} receipts are all in the export, each message"
            f" was seen once by whom it was for, nobody was stuck, nobody was seated twice{sessions}."
            + _elsewhere([one.befallen for one in felt if one.incident.of_hosts and one.timed])
            + _beside(felt)
            + _untimed(felt)
        )

    def as_json(self) -> dict[str, Any]:
        return dict(
            ok=self.kept,
            seed=self.drill.seed,
            faults=[one.what for one in self.incidents],
            left_out=list(self.left_out),
            incidents=[one.as_json() for one in self.felt],
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


def _longest_gap(ticks: Sequence[float], at: float, until: float) -> float:
    inside = [at, *(one for one in ticks if at <= one <= until), until]
    return max(later - earlier for earlier, later in pairwise(inside))


def _elsewhere(over: Sequence[CarriedOver]) -> str:
    if not over:
        return ""
    people, longest = sum(one.people for one in over), max(one.longest for one in over)
    return f" With a host gone, {people:,} times somebody was held up, for {longest:.1f} s at most."


def _beside(felt: Sequence[Felt]) -> str:
    timed = [one for one in felt if one.timed]
    longest = max((one.beside.longest for one in timed if one.beside), default=None)
    apart = max((one.apart for one in timed if one.apart is not None), default=None)
    if longest is None or apart is None:
        return ""
    return (
        f" With one database befallen, people in the other were held up for {longest:.1f} s at most, and the dashboard"
        f" there ticked at most {apart:.1f} s apart."
    )


def _untimed(felt: Sequence[Felt]) -> str:
    count = sum(not one.timed for one in felt)
    if not count:
        return ""
    faults = "one fault" if count == 1 else f"{count} faults"
    return (
        f" At {faults} other programs had the processors for more than {LATE:g} of {WINDOW:.0f} s: no times are held"
        " against those."
    )
