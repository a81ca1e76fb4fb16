"""When a session starts by itself, as a researcher writes it: a moment, or a time in a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.database import clock
from app.sessions.sessions import SessionError

ALONE = re.compile(r"\d{1,2}:\d{2}")  # the next time that a clock shows it
OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")


class StartError(SessionError):
    """No moment at which a session could start; the text says what to write."""


def start_time(text: str, zone: str = "") -> datetime:
    """The moment, in `zone` or with the offset that `text` has. Raises `StartError` with what to write instead.

    `zone`: an IANA name or an offset, of a text without one. The text may be a time alone: the next one.
    """
    try:
        naive = _next(text, zone) if ALONE.fullmatch(text) else datetime.fromisoformat(text)
        moment = naive if naive.tzinfo else _in_zone(naive, text, zone)
        moment.astimezone(UTC)  # some of the first and of the last year are in none
    except (ValueError, OverflowError):
        raise StartError(f"“{text}” is no date and time. Write 2026-12-01T10:00+01:00.") from None
    if naive.tzinfo and zone:
        raise StartError(f"{text} has an offset already. Leave out the time zone, or the offset.")
    if moment <= clock.now():
        raise StartError(f"{text} has passed. Give a time that is still to come.")
    return moment


def said(moment: datetime) -> str:
    """In its own zone and in UTC."""
    there = f"{moment:%Y-%m-%d %H:%M}"
    utc = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return utc if moment.utcoffset() == timedelta(0) else f"{there} {moment.tzinfo} ({utc})"


def _next(text: str, zone: str) -> datetime:
    if not zone:
        raise _zoneless(text)
    hour, minute = map(int, text.split(":"))
    now = clock.now().astimezone(_zone(zone)).replace(tzinfo=None)
    today = datetime.combine(now, time(hour, minute))
    return today if today > now else today + timedelta(days=1)


def _in_zone(naive: datetime, text: str, zone: str) -> datetime:
    """Where the clocks are put forward or back some times are none, and some are two."""
    if not zone:
        raise _zoneless(text)
    place = _zone(zone)
    first, second = (naive.replace(tzinfo=place, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    shown = first.astimezone(UTC).astimezone(place)
    if shown.replace(tzinfo=None) != naive:
        raise StartError(
            f"There is no {naive:%Y-%m-%d %H:%M} in {zone}: the clocks are put forward then. Is it"
            f" {shown:%Y-%m-%dT%H:%M} that is meant?"
        )
    offsets = [f"{one:%z}"[:3] + ":" + f"{one:%z}"[3:5] for one in (first, second)]
    raise StartError(
        f"{naive:%Y-%m-%d %H:%M} comes twice in {zone}: the clocks are put back then. In place of the time zone give"
        f" the offset, {offsets[0]} for the first, {offsets[1]} for the second."
    )


def _zone(name: str) -> tzinfo:
    if found := OFFSET.fullmatch(name):
        away = timedelta(hours=int(found[2]), minutes=int(found[3]))
        if away < timedelta(days=1):
            return timezone(-away if found[1] == "-" else away)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise StartError(f"“{name}” is no time zone. Write one such as Europe/Berlin.") from None


def _zoneless(text: str) -> StartError:
    return StartError(
        f"{text} says no offset. Write 2026-12-01T10:00+01:00, say, or give a time zone, such as Europe/Berlin."
    )
