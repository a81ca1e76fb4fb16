"""Stories of what the interface says of itself: to programs as OpenAPI has it, and to people as a page."""

from __future__ import annotations

import json
import re

import httpx

from tests.house.house import House
from tests.house.programs import API_NEEDS, AT, program
from tests.house.server import Server


def test_it_says_each_address_and_no_other(server: Server) -> None:
    with httpx.Client(base_url=server.base) as stranger:
        found = stranger.get(f"{AT}/openapi.json")
        page = stranger.get(AT)
    said = found.json()
    assert found.headers["content-type"] == "application/json" and said["openapi"].startswith("3.1")
    plain = {re.sub(r":\w+}", "}", what): whole for what, (_, whole) in API_NEEDS.items()}
    told = {
        f"{method.upper()} {path}": operation["x-whole"]
        for path, methods in said["paths"].items()
        for method, operation in methods.items()
    }
    assert told == plain
    for operation in [one for methods in said["paths"].values() for one in methods.values()]:
        assert operation["description"].endswith("."), operation
        assert operation["responses"]["default"]["content"].keys() == {"application/problem+json"}
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(said)):
        assert name in said["components"]["schemas"]
    assert page.status_code == 200 and "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r'(src|href)="(https?:)?//', page.text) and "style=" not in page.text
    for what in plain:
        method, _, path = what.partition(" ")
        assert f"{method} <code>{path}</code>" in page.text, what


def test_what_is_answered_has_the_fields_that_are_said(shared: House, server: Server) -> None:
    session = shared.open()
    with program(shared, server) as client:
        schemas = client.get("/openapi.json").json()["components"]["schemas"]
        for address, name in (
            (f"/sessions/{session.id}", "SessionNow"),
            (f"/sessions/{session.id}/verify", "RecountVerdict"),
            ("/sessions", "SessionList"),
            ("/studies", "StudyList"),
        ):
            assert client.get(address).json().keys() == schemas[name]["properties"].keys(), name
