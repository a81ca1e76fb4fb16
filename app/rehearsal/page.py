"""One open page of a bot: what stands on it, as htmx puts it together from snapshots and fragments."""

from __future__ import annotations

import html
import json
import re
import time
from typing import Any, NamedTuple

from app.rehearsal.diary import Diary, Lost, Seen

PARTIAL = re.compile(r'<hx-partial hx-target="(#[\w-]+)"[^>]*>(.*?)</hx-partial>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" id="(form-key|message-key)" name="form_key" value="([^"]*)"')
MOVE = re.compile(r'<input type="hidden" id="move-key-(\w+)" name="form_key" value="([^"]*)"')
OTHER = re.compile(r'<input type="hidden" name="(\w+)" value="(\d+)" data-other>')
CODE = re.compile(r'id="code">([^<]*)<')
RECEIPT = re.compile(r'id="receipt">([^<]*)<')
AREA = re.compile(r'<input[^>]* name="(channel|to)" value="([^"]+)" form="send"( data-reads)?[^>]*>')
SAID = re.compile(r'<li id="m(\d+)".*?<span dir="auto">(.*?)</span></li>', re.DOTALL)
LIST = re.compile(r'<ul class="talk" id="([\w-]+)"')
LISTED = re.compile(r'<ul class="talk" id="([\w-]+)"[^>]*>(.*?)</ul>', re.DOTALL)
CLOCK = re.compile(r'data-until="(\d+)" data-now="(\d+)"( data-frozen)?')
MADE = re.compile(r'<data id="made" hidden value="(\d+)">')
SHOWN = re.compile(r'<data id="said" hidden value="([^"]*)"')


class ShownOn(NamedTuple):
    """What a page shows of others, as values: it has it where the study has a `bot` of its own."""

    slot: int  # of whose page it is
    aliases: dict[int, str]  # slot → name, of all who are named
    sees: tuple[int, ...]  # the slots of those whom the page says that one is connected with
    said: tuple[tuple[str, int, int, str, str], ...]  # step, round, slot, name and stored value


class PageSeen:
    """Notes in the diary what it sees, and what it should never have seen."""

    def __init__(self, diary: Diary, patience: float) -> None:
        self.diary = diary
        self.patience = patience  # seconds that a page may stand still after its deadline
        self.keys: dict[str, str] = {}
        self.moves: dict[str, str] = {}  # those that the step offers → the keys of their forms
        self.others: dict[str, list[int]] = {}  # field → slots that it is about
        self.talk: dict[str, list[int]] = {}  # list of messages → those in it, from the top
        self.areas: list[dict[str, str]] = []  # where one may write, as the form says it
        self.asks_ready = False  # a room comes together, and it waits for this player's word
        self.place = ""  # lobby, room, alone or done; nothing before the first snapshot
        self.position = -1  # in the study's plan, of the newest form
        self.asked: int | None = None  # … of the form that stands there; None: there is none now
        self.shown: ShownOn | None = None
        self.nudged = False  # the last message asked whether they are still there
        self.gives_signs = False  # the study wants to know who is still there
        self.due: float | None = None  # when the countdown on the page ends
        self.connected = 0.0  # since when
        self.current = False  # it has had its snapshot since then
        self.code: str | None = None
        self.lost: float | None = (
            None  # since when it waits for another stream, if nobody has ended the last one
        )

    def connects(self) -> None:
        self.connected, self.current = time.monotonic(), False

    def disconnects(self) -> None:
        self._moves_on(time.monotonic())
        self.current = False

    def loses(self, lost: bool) -> None:
        """Its stream, not by anything that this player did."""
        self.lost = (self.lost or time.monotonic()) if lost else None

    def show(self, message: str) -> None:
        """One message of the page's stream."""
        now = time.monotonic()
        self.nudged = 'id="nudge"' in message and 'name="ready"' not in message
        for target, content in PARTIAL.findall(message):
            if target == "#page":
                self._snapshot(content, now)
            elif target == "#talk" or target.startswith("#talk-"):
                self._say(target[1:], content, now)
            if target in ("#page", "#where", "#until"):
                self._read_clock(content, now)
            if target in ("#page", "#step"):
                self._read_step(content)
            if target in ("#page", "#step", "#moves") and (found := MADE.search(content)):
                self._see_board(int(found[1]))
            if target in ("#page", "#step", "#shown") and (found := SHOWN.search(content)):
                self.shown = _shown(json.loads(html.unescape(found[1])))

    def take_keys(self, content: str) -> None:
        """From the answer to a form: an answer to a step that has gone must not reach the one in its place."""
        for name, key in HIDDEN.findall(content):
            if step_of(html.unescape(key)) == self.position:
                self.keys[name] = html.unescape(key)
        for name, key in MOVE.findall(content):
            if name in self.moves and step_of(html.unescape(key)) == self.position:
                self.moves[name] = html.unescape(key)

    @property
    def here(self) -> int | None:
        """The position in the study's plan of the forms that stand there."""
        return step_of(self.keys.get("form-key") or next(iter(self.moves.values()), ""))

    def _snapshot(self, content: str, now: float) -> None:
        self._moves_on(now)
        self.keys.clear()
        self.moves.clear()
        self.current = True
        if self.lost:
            self.diary.lost.append(Lost(self.lost, now))
            self.lost = None
        place = self.place
        if found := CODE.search(content):
            self.code, self.place = html.unescape(found[1]), "done"
            self.diary.last_receipt = RECEIPT.findall(content)
        else:
            at_a_step = "alone" if " data-alone" in content else "room"
            self.place = at_a_step if 'id="step"' in content else "lobby"
        self.gives_signs = " data-signs" in content
        self.asks_ready = 'name="ready"' in content
        if place == "done" and self.place != "done":
            self.diary.wrong(5, "a page that had shown the end went back")
        self.areas = [{name: value} for name, value, shut in AREA.findall(content) if not shut]
        self.talk = {key: [] for key in LIST.findall(content)}
        for key, said in LISTED.findall(content):
            self._note(key, said, now, live=False)

    def _say(self, key: str, content: str, now: float) -> None:
        if self.place == "room":
            self._note(key, content, now, live=True)

    def _note(self, key: str, content: str, now: float, live: bool) -> None:
        if key not in self.talk:
            self.diary.wrong(8, f"a message came for {key}, which is not on the page")
        talk, elsewhere = self.talk.setdefault(key, []), {one for said in self.talk.values() for one in said}
        for number, body in SAID.findall(content):
            message = int(number)
            if message in elsewhere:
                self.diary.wrong(5, f"message {message} stood on the page twice")
            elif talk and message < talk[-1]:
                self.diary.wrong(5, f"message {message} came after message {talk[-1]}")
            talk.append(message)
            elsewhere.add(message)
            if message not in self.diary.seen:
                self.diary.seen[message] = Seen(now, html.unescape(body), live)

    def _read_step(self, content: str) -> None:
        self.keys.pop("form-key", None)
        self.keys |= {name: html.unescape(key) for name, key in HIDDEN.findall(content)}
        self.moves = {name: html.unescape(key) for name, key in MOVE.findall(content)}
        position = self.asked = self.here
        if position is None:
            return
        if not self.moves:  # nobody must make one
            self.diary.shown.setdefault(position, time.time())
        if position < self.position:
            self.diary.wrong(5, f"the page went back from step {self.position + 1} to {position + 1}")
        self.position = position
        self.others = others_on(content)

    def _see_board(self, made: int) -> None:
        """As of the so-manieth move of the step that stands there."""
        boards, at = self.diary.boards, self.position
        if made < boards.get(at, 0):
            self.diary.wrong(
                5, f"what others did at step {at + 1} went back from move {boards[at]} to {made}"
            )
        boards[at] = max(made, boards.get(at, 0))

    def _read_clock(self, content: str, now: float) -> None:
        if content:
            self._moves_on(now)
            clock = CLOCK.search(content)  # none where there is no hurry
            # By the page's own clock: that of a phone may be off by an hour.
            self.due = None if clock is None or clock[3] else now + (int(clock[1]) - int(clock[2])) / 1000

    def _moves_on(self, now: float) -> None:
        if self.place == "room" and self.current:
            self.diary.here_until = now
        late = now - max(self.due, self.connected) if self.due is not None else 0.0
        if late > self.patience:
            sentence = f"the page stood still for {late:.0f} s after its deadline ({self.place})"
            self.diary.wrong(4, sentence, late)
        self.due = None


def step_of(form_key: str) -> int | None:
    """The position in the study's plan that a form key belongs to."""
    parts = form_key.split(".")
    return int(parts[1]) if len(parts) > 3 and parts[1].isdecimal() else None


def limits_in(form_key: str) -> str:
    """What limits the answers to the form with this key, as the key has it."""
    turn = form_key.split(".", 2)[-1].rpartition(".")[0]
    return turn.split(":", 2)[-1] if turn.startswith("answer:") else ""


def others_on(content: str) -> dict[str, list[int]]:
    """Whom the questions of a form are about, where they are about each of several: field → slots."""
    found: dict[str, list[int]] = {}
    for name, slot in OTHER.findall(content):
        found.setdefault(name, []).append(int(slot))
    return found


def _shown(found: dict[str, Any]) -> ShownOn:
    return ShownOn(
        found["slot"],
        dict(found["aliases"]),
        tuple(found["sees"]),
        tuple((step, round_, slot, name, value) for step, round_, slot, name, value in found["said"]),
    )
