"""Whatever is sent to whichever address: a sentence, at once, and nothing lost."""

from __future__ import annotations

import math
import os
import random

import httpx
import pytest

from tests.house.fuzzing import Fuzz
from tests.house.house import House
from tests.house.server import Server
from tests.house.studies import TALK

REQUESTS = 2_000  # that the gate sends; the same each time
SECONDS = 60.0  # that others are sent for, where there is time
PART = "--b\r\nContent-Disposition: form-data; name=body\r\nContent-Type: text/plain; charset=none\r\n\r\na\r\n--b--"
ENCODED = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("type_", "body"),
    [
        ("multipart/form-data; boundary=b", PART.encode()),
        ("multipart/form-data", b"--"),
        ("application/json", b"{"),
        ("", b"body=a"),
        (ENCODED, b"body=%ff"),
        (ENCODED, b"body=\xed\xa0\x80"),
        (ENCODED, b"&".join(b"f%d=" % number for number in range(2000))),
    ],
)
def test_a_form_that_no_page_sends_is_refused_with_a_sentence(
    server: Server, shared: House, type_: str, body: bytes
) -> None:
    session = shared.open(TALK)
    guest = shared.guest(server, session, "R1")
    shared.tell(guest.sign_in())
    with httpx.Client(base_url=server.base, cookies=guest.browser.cookies) as client:
        heads = {"Content-Type": type_} if type_ else {}
        for form in ("messages", "help", "draft", "here", "records"):
            answer = client.post(f"/play/{form}", content=body, headers=heads)
            assert answer.status_code == 400 and "Reload the page and send it again." in answer.text, form
            for origin in (b"http://[", b"http://[::1", b"null", b"//", b"\xff"):
                answer = client.post(f"/play/{form}", headers={b"Origin": origin})
                assert answer.status_code == 403 and "another site" in answer.text, form


def test_no_request_breaks_anything(house: House) -> None:
    """NETWORKLAB_FUZZ=SEED or SEED:REQUEST repeats what failed."""
    seed, _, first = os.environ.get("NETWORKLAB_FUZZ", "1").partition(":")
    fuzz = Fuzz(house, house.serve(), int(seed))
    fuzz.run(REQUESTS, math.inf, int(first or 0))
    assert fuzz.statuses[200] > 100 and fuzz.acknowledged and fuzz.statuses[422], fuzz.statuses


@pytest.mark.slow
def test_nor_does_one_that_nobody_has_sent_before(house: House) -> None:
    Fuzz(house, house.serve(), random.randrange(10**6)).run(10**6, SECONDS)
