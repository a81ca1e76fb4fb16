"""Who is paid to wait for a place that becomes free, from the [standby] of study.toml."""

from app.study.model.study import Sections, Standby
from app.study.syntax.mistakes import Findings
from app.study.syntax.table import Table


def read_standby(document: Table) -> Standby | None:
    standby = document.table("standby", "[standby] with single brackets, and its settings below")
    if standby is None:
        return None
    if not standby.has("places"):
        standby.missing("places", "`places` is missing.", "Add places = 20: so many stand by at most.")
    found = Standby(standby.whole("places", 1), standby.duration("until", Standby(1).until))
    standby.report_unknown_keys("[standby]")
    return found


def check_standby(findings: Findings, sections: Sections) -> None:
    """Adds why nobody would ever stand by, or take a place."""
    rooms, dropouts = sections.rooms, [sections.dropout, *(step.dropout for step in sections.steps)]
    if sections.standby is None or not sections.rooms or not findings.sound("standby"):
        return
    if findings.sound("room") and any(room.count is None for room in rooms):
        endless = next(index for index, room in enumerate(rooms) if room.count is None)
        sentence = (
            f"Room `{rooms[endless].name}` has no `count`: whom it takes waits for it and never stands by."
        )
        findings.note(("room", endless), sentence, "Give it a `count`, or remove [standby].")
    if findings.sound("dropout") and not any("standby" in one.then for one in dropouts):
        sentence = "Nobody takes a place that becomes free unless a researcher says so."
        findings.note(("standby",), sentence, 'Write then = ["nudge", "standby", "smaller"] in [dropout].')
    if not sections.lobby.pay_per_minute and findings.sound("lobby"):
        sentence = "Whoever stands by is not paid for the time."
        findings.note(("standby",), sentence, "Give [lobby] a pay_per_minute.")
