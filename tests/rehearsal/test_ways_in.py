"""Stories of the ways in that a rehearsal makes up."""

from __future__ import annotations

from app.rehearsal.ways_in import by_door
from app.study.model.door import Door
from app.web.door_pages import VISIT


def test_whoever_comes_to_a_door_that_asks_for_no_id_is_somebody_of_their_own_and_the_same_each_time() -> (
    None
):
    people = list(by_door(Door(anonymous=True), 300))
    assert people == list(by_door(Door(anonymous=True), 300))
    assert len({person.label for person in people}) == 300
    assert all(VISIT.fullmatch(person.token) for person in people), "the server takes it for a browser's"
