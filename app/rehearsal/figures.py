"""The figures of a rehearsal: how many, how fast, how large, as the bots and the server saw it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from app.rehearsal.diary import Diary
from app.rehearsal.evidence import Evidence
from app.rehearsal.gauges import Sample
from app.rehearsal.play import Played
from app.web.monitor.server_figures import percentile

SHARES = {  # within which time so many were answered, seated, seen
    "sign-in": (0.5, 0.95),
    "seated after sign-in": (0.5,),  # or, where solo steps come before the lobby, after these
    "answer": (0.5, 0.99),
    "next page": (0.5, 0.99),  # after its step opened
    "message seen": (0.5, 0.99),
}
SENT = {"records", "messages", "moves"}  # with what people go on


def figures_of(played: Played, evidence: Evidence | None) -> dict[str, float]:
    """Seconds, megabytes and counts, as the names say; nothing for what did not happen."""
    diaries, samples = played.diaries, played.gauges.samples
    signed_in = [d.signed_in for d in diaries if d.signed_in is not None]
    seated = [d.seated - (d.through or d.signed_in) for d in diaries if d.seated and d.signed_in]
    live = [seconds for _, seconds in seen_after(diaries)]
    told = {told.receipt for diary in diaries for told in diary.told}
    records = sum(receipt.count(",") + 1 for receipt in told)
    begun = min(signed_in, default=played.started)
    seconds = max(played.ended - begun, 0.001)
    figures = {
        "players signed in": float(len(signed_in)),
        **({"players seated": float(len(seated))} if played.study.rooms else {}),
        "records acknowledged": float(records),
        "messages acknowledged": float(
            sum(sent.answered is not None for diary in diaries for sent in diary.sent.values())
        ),
        "the whole game": seconds,
        "records a second, busiest": _busiest_rate(samples),
    }
    for name, found in (
        ("sign-in", latencies(diaries, "sign-in")),
        ("seated after sign-in", seated),
        ("answer", latencies(diaries, "records")),
        ("next page", evidence.asked.waits if evidence and played.gauges.is_here else ()),
        ("message seen", live),
    ):
        if found:
            figures |= {f"{name}, {share:.0%}": percentile(found, share) for share in SHARES[name]}
    if (kept := pace_kept(played, evidence)) is not None:
        figures["pace kept"] = kept
    if played.url and played.gauges.base:
        figures["dashboard, longest gap"] = longest_gap(played)
    grown = [p.memory for sample in samples for p in (sample.processes or {}).values()]
    if grown:
        figures["memory of a process, most"] = max(grown)
        figures["memory growth, everybody in"] = max(0.0, growth(samples, settled(played)))
    figures["asked to come again (503)"] = float(sum(d.statuses.get(503, 0) for d in diaries))
    if evidence:
        figures["receipts found in the export"] = float(len(told))
    return figures


def pace_kept(played: Played, evidence: Evidence | None) -> float | None:
    """Share of the speed that people were meant to have: of the time in which they thought or waited for the server,
    for what they sent to be answered and for what opened to stand on their pages, that in which they thought.

    None where the server's clock isn't ours.
    """
    if evidence is None or not played.gauges.is_here:
        return None
    thought = sum(diary.thought for diary in played.diaries)
    waited = sum(one.seconds for diary in played.diaries for one in diary.asks if one.kind in SENT)
    waited += sum(max(one, 0.0) for one in evidence.asked.waits)
    return thought / (thought + waited) if thought else None


def _busiest_rate(samples: Sequence[Sample]) -> float:
    return max(
        (
            (later.records - earlier.records) / max(later.at - earlier.at, 0.001)
            for earlier, later in pairwise(samples)
        ),
        default=0.0,
    )


def growth(samples: Sequence[Sample], since: float) -> float:
    """Megabytes that the process that grew most has grown, from a fifth of the way on."""
    by_process: dict[str, list[float]] = {}
    for sample in samples:
        for name, process in (sample.processes or {}).items():
            if sample.at >= since:
                by_process.setdefault(name, []).append(process.memory)
    return max((found[-1] - found[0] for found in by_process.values()), default=0.0)


def settled(played: Played) -> float:
    """From when on memory should be flat: everybody had come, and a fifth of the time had gone."""
    samples = played.gauges.samples
    everybody = next((s.at for s in samples if s.came >= len(played.diaries)), played.ended)
    return max(everybody, played.started + 0.2 * (played.ended - played.started))


def latencies(diaries: Sequence[Diary], kind: str) -> list[float]:
    return [ask.seconds for diary in diaries for ask in diary.asks if ask.kind == kind]


def seen_after(diaries: Sequence[Diary]) -> list[tuple[float, float]]:
    """When a message was sent, and how many seconds later it stood on somebody else's page."""
    sent = {body: one for diary in diaries for body, one in diary.sent.items()}
    return [
        (sent[seen.body].at, seen.at - sent[seen.body].at)
        for diary in diaries
        if "read nothing for a while" not in diary.mischief
        for seen in diary.seen.values()
        if seen.live and seen.body in sent and seen.body not in diary.sent
    ]


def longest_gap(played: Played) -> float:
    """Seconds between two ticks of the dashboard while the session went on."""
    inside = [tick for tick in played.gauges.ticks if played.started <= tick <= played.ended]
    marks = [played.started, *inside, played.ended]
    return max((later - earlier for earlier, later in pairwise(marks)), default=0.0)


def figure(name: str, number: float) -> str:
    """A figure with its unit, for people."""
    if name.startswith(("players", "records ack", "messages ack", "receipts", "asked")):
        return f"{number:,.0f}"
    if name.startswith("records a second"):
        return f"{number:,.0f}/s"
    if name.startswith("pace"):
        return f"{number:.0%}"
    if name.startswith("memory"):
        return f"{number:,.1f} MB"
    return f"{number:,.1f} s" if number >= 10 else f"{1000 * number:,.0f} ms"
