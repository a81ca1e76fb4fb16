"""The kinds of fields that a study can ask for, in the order in which a mistake lists them."""

from __future__ import annotations

from app.study.model.fields import Kind
from app.study.model.kinds.allocation import ALLOCATION
from app.study.model.kinds.choice import CHOICE
from app.study.model.kinds.choices import CHOICES
from app.study.model.kinds.data import DATA
from app.study.model.kinds.date import DATE
from app.study.model.kinds.each import EACH
from app.study.model.kinds.integer import INTEGER
from app.study.model.kinds.list import LIST
from app.study.model.kinds.lottery import LOTTERY
from app.study.model.kinds.matrix import MATRIX
from app.study.model.kinds.money import MONEY
from app.study.model.kinds.number import NUMBER
from app.study.model.kinds.ranking import RANKING
from app.study.model.kinds.scale import SCALE
from app.study.model.kinds.slider import SLIDER
from app.study.model.kinds.text import TEXT
from app.study.model.kinds.tick import TICK
from app.study.model.kinds.time import TIME
from app.study.model.kinds.yes_no import YES_NO

KINDS: dict[str, Kind] = {
    kind: kind
    for kind in (
        *(INTEGER, NUMBER, MONEY, DATE, TIME, TEXT, CHOICE, CHOICES, RANKING, SCALE, SLIDER, MATRIX),
        *(ALLOCATION, LOTTERY, YES_NO, TICK, EACH, DATA),
    )
}
COMPUTED: dict[str, Kind] = {LIST: LIST}  # that results may be, too, and nobody is asked for
