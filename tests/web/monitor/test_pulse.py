"""The pulse of a session as it is drawn, from beats that nobody had to wait for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from app.web.monitor.pulse import HEIGHT, WIDTH, Beat, drawn

BEGAN = datetime(2026, 11, 30, 9, 0, 0, tzinfo=UTC)


def beats(*signed_in: int, each: float = 5.0) -> list[Beat]:
    return [Beat(BEGAN + timedelta(seconds=each * n), count, 0, 0) for n, count in enumerate(signed_in)]


def test_nothing_is_drawn_of_a_session_that_nobody_has_come_to() -> None:
    for none in ([], beats(0), beats(0, 0, 0)):
        arrivals = drawn(none).curves[0]
        assert (arrivals.now, arrivals.most, arrivals.path) == (0, 0, "")


def test_what_came_within_a_minute_is_counted_and_not_reckoned_from_a_moment() -> None:
    # Six in the first five seconds, then nobody for two minutes, then one.
    arrivals = drawn(beats(0, 6, *[6] * 24, 7)).curves[0]
    assert (arrivals.now, arrivals.most) == (1, 6)
    assert [count for _, count in arrivals.table] == [6, 0, 1]
    assert drawn(beats(0, 6, *[6] * 24)).curves[0].now == 0


def test_a_curve_shows_the_shortest_time_that_all_there_is_has_room_in() -> None:
    assert [drawn(beats(*range(n))).minutes for n in (2, 25, 26, 61, 62, 180)] == [2, 2, 5, 5, 15, 15]


def test_a_curve_stands_on_its_ground_ends_at_the_right_edge_and_is_as_high_as_its_busiest_time() -> None:
    path = drawn(beats(0, 1, 1, 11, 13)).curves[0].path
    assert re.fullmatch(r"M[\d.]+ 28(V[\d.]+|H[\d.]+)+V28Z", path)
    across = [float(x) for x in re.findall(r"H([\d.]+)", path)]
    heights = [float(y) for y in re.findall(r"V([\d.]+)", path)]
    assert across == sorted(across) and across[-1] == WIDTH
    assert min(heights) == 0 and max(heights) == HEIGHT


def test_a_curve_of_a_quarter_of_an_hour_is_of_few_steps() -> None:
    path = drawn(beats(*[n * n for n in range(180)])).curves[0].path
    assert path.count("H") <= 90 and len(path) < 1200
