"""A server that behaves as Prolific's API is documented, and fails as one is told to.

https://docs.prolific.com/api-reference: what pays is asynchronous and not idempotent; lists have cents, what is to be
paid is decimal; who did not take part is named in a 400.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

TOKEN = "a-token-of-Prolific-that-nobody-sees"
STUDY_ID = "5f" * 12
MOST_BONUSES, MOST_APPROVED = 200, 1000


@dataclass(slots=True)
class Fault:
    """What happens to the next calls of a kind: `before` or `after` they were carried out, or an answer instead."""

    how: str  # cut_before, cut_after, hang_after, or a status
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class FakeProlific:
    """`submissions`: by id. `faults`: by the kind of call (`KINDS`). `asked`: how often each kind was asked."""

    base: str = ""
    study: dict[str, Any] = field(default_factory=dict)
    submissions: dict[str, dict[str, Any]] = field(default_factory=dict)
    bulks: dict[str, list[tuple[str, Decimal]]] = field(default_factory=dict)
    paid: list[tuple[str, Decimal]] = field(default_factory=list)  # each time that money moved
    unlisted: list[tuple[str, Decimal]] = field(default_factory=list)  # paid, and to be listed later
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    most_listed: int = 1000  # submissions of a page, however many are asked for
    secret: set[str] = field(default_factory=set)  # submissions that they don't tell of
    total: Any = None  # said of what is prepared, in place of the true sum
    is_slow: bool = False  # what is paid is listed only after `list_all`
    hanging: threading.Event = field(default_factory=threading.Event)  # a call hangs now
    tokens: set[str] = field(default_factory=set)  # that were sent
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, id: str, participant: str, status: str = "AWAITING REVIEW", code: str = "") -> None:
        self.submissions[id] = dict(
            id=id,
            participant_id=participant,
            study_id=STUDY_ID,
            status=status,
            study_code=code,
            started_at="2026-11-29T09:00:00Z",
            bonus_payments=[],
        )

    def fail(self, kind: str, how: str, times: int = 1, **headers: str) -> None:
        self.faults[kind] = Fault(how, times, headers)

    def list_all(self) -> None:
        """What takes them minutes is done."""
        with self.lock:
            for id, amount in self.unlisted:
                self.submissions[id]["bonus_payments"].append(float(amount * 100))
            self.unlisted.clear()

    def received(self) -> dict[str, Decimal]:
        """What each submission has got in all."""
        found: dict[str, Decimal] = {}
        for id, amount in self.paid:
            found[id] = found.get(id, Decimal(0)) + amount
        return found

    # What the calls do; each gives a status and what is answered.

    def get_study(self, id: str) -> tuple[int, Any]:
        return (200, self.study) if id == self.study["id"] else (404, _error(404, "No study"))

    def list_submissions(self, id: str, query: str) -> tuple[int, Any]:
        limit, offset = (int(re.search(rf"{name}=(\d+)", query)[1]) for name in ("limit", "offset"))  # type: ignore[index]
        every = [
            {key: one[key] for key in ("id", "participant_id", "status", "study_code", "started_at")}
            for one in self.submissions.values()
        ]
        limit = min(limit, self.most_listed)
        more = f"{self.base}/api/v1/studies/{id}/submissions/?limit={limit}&offset={offset + limit}"
        links = dict(next=dict(href=more if offset + limit < len(every) else None))
        return 200, dict(results=every[offset : offset + limit], _links=links)

    def get_submission(self, id: str) -> tuple[int, Any]:
        if id in self.secret:
            return 403, _error(403, "Not yours to see")
        found = self.submissions.get(id)
        return (200, {**found, "participant": found["participant_id"]}) if found else (404, _error(404, "No"))

    def approve(self, told: dict[str, Any]) -> tuple[int, Any]:
        ids = told["submission_ids"]
        if len(ids) > MOST_APPROVED or any(id not in self.submissions for id in ids):
            return 400, _error(400, "Not these submissions")
        for id in ids:
            if self.submissions[id]["status"] == "AWAITING REVIEW":
                self.submissions[id]["status"] = "APPROVED"
        return 200, dict(message="The request to bulk approve has been made successfully.")

    def transition(self, id: str, told: dict[str, Any]) -> tuple[int, Any]:
        codes = {one["code"]: one for one in self.study["completion_codes"]}
        code = codes.get(told.get("completion_code", ""))
        if told["action"] != "COMPLETE" or code is None or code.get("actor") != "researcher":
            return 400, _error(400, "The completion code is not a researcher's")
        self.submissions[id]["status"] = "SCREENED OUT"
        return 200, self.submissions[id]

    def prepare(self, told: dict[str, Any]) -> tuple[int, Any]:
        lines = [line.split(",") for line in told["csv_bonuses"].splitlines()]
        unknown = [id for id, _ in lines if id not in self.submissions]
        if told["study_id"] != STUDY_ID or unknown:
            return 400, _error(400, f"These did not take part: {', '.join(unknown)}")
        if len(lines) > MOST_BONUSES or any(not re.fullmatch(r"\d+\.\d\d", amount) for _, amount in lines):
            return 400, _error(400, "The CSV is not right")
        id = uuid4().hex[:24]
        self.bulks[id] = [(one, Decimal(amount)) for one, amount in lines]
        total = sum(amount for _, amount in self.bulks[id])
        return 201, dict(
            id=id,
            study=STUDY_ID,
            amount=float(total * 100) if self.total is None else self.total,
            fees=0,
            total_amount=float(total * 133),
        )

    def pay(self, id: str) -> tuple[int, Any]:
        if id not in self.bulks:
            return 404, _error(404, "No bulk payment")
        self.paid += self.bulks[id]
        self.unlisted += self.bulks[id]
        return 202, dict(message="The bonuses will be paid.")

    @contextmanager
    def running(self) -> Iterator[FakeProlific]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        self.base = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


# Kind → method and path
KINDS = {
    "study": ("GET", r"/api/v1/studies/(\w+)/"),
    "list": ("GET", r"/api/v1/studies/(\w+)/submissions/"),
    "submission": ("GET", r"/api/v1/submissions/(\w+)/"),
    "approve": ("POST", r"/api/v1/submissions/bulk-approve/"),
    "prepare": ("POST", r"/api/v1/submissions/bonus-payments/"),
    "transition": ("POST", r"/api/v1/submissions/(\w+)/transition/"),
    "pay": ("POST", r"/api/v1/bulk-bonus-payments/(\w+)/pay/"),
}


def _handler(fake: FakeProlific) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer("GET", b"")

        def do_POST(self) -> None:
            self._answer("POST", self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _answer(self, method: str, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            [(kind, id)] = [
                (name, found[1] if found.groups() else "")
                for name, (of, pattern) in KINDS.items()
                if of == method and (found := re.fullmatch(pattern, path))
            ][:1] or [("nothing", "")]
            with fake.lock:
                fake.asked[kind] += 1
                fake.tokens.add(self.headers.get("Authorization", ""))
                fault = fake.faults.get(kind)
                if fault and fault.times <= 0:
                    fault = None
                elif fault:
                    fault.times -= 1
            if fault and fault.how == "cut_before":
                return self._cut()
            if fault and fault.how.isdigit():
                return self._send(int(fault.how), _error(int(fault.how), "As told"), fault.headers)
            if self.headers.get("Authorization") != f"Token {TOKEN}":
                return self._send(401, _error(401, "Authentication credentials were not provided."))
            with fake.lock:
                status, answer = _carried_out(fake, kind, id, query, json.loads(body) if body else {})
            if not fake.is_slow:
                fake.list_all()
            if fault and fault.how == "cut_after":
                return self._cut()
            if fault and fault.how == "hang_after":
                fake.hanging.set()
                self.rfile.read(1)  # until the other side is gone
                return self._cut()
            return self._send(status, answer)

        def _send(self, status: int, answer: Any, headers: Mapping[str, str] = {}) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _cut(self) -> None:
            """As a network does: reset, without another word."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

    return Handler


def _carried_out(fake: FakeProlific, kind: str, id: str, query: str, told: dict[str, Any]) -> tuple[int, Any]:
    calls: dict[str, Callable[[], tuple[int, Any]]] = {
        "study": lambda: fake.get_study(id),
        "list": lambda: fake.list_submissions(id, query),
        "submission": lambda: fake.get_submission(id),
        "approve": lambda: fake.approve(told),
        "prepare": lambda: fake.prepare(told),
        "transition": lambda: fake.transition(id, told),
        "pay": lambda: fake.pay(id),
    }
    return calls[kind]() if kind in calls else (404, _error(404, "Not found"))


def _error(status: int, detail: str) -> dict[str, Any]:
    return dict(error=dict(status=status, error_code=140100, title="Error", detail=detail))
