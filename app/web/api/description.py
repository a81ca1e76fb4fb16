"""The interface as OpenAPI 3.1 has it, made of the handlers themselves, and as a page for people."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Litestar, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute
from msgspec import Struct

from app import __version__
from app.web.api import bodies
from app.web.researchers import NOBODY, Need

NEEDS: Mapping[Need, str] = {
    "nobody": "nothing, and no token",
    "account": "an account",
    "makes": "an account that does not only watch",
    "sees": "to be on the session",
    "files": "to be on the session, and to take its files",
    "acts": "to be an owner of the session, or a colleague",
    "owns": "to be an owner of the session",
}
ABOUT = (
    "What a researcher’s pages do, for scripts and courses, by the same functions and with the same rights. A program"
    " sends `Authorization: Bearer networklab_…`; the page of your account makes tokens."
)
PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `wrong`: of a new session, a sentence for each field.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence that says what to do next."},
        "wrong": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["type", "title", "status", "detail"],
}
REFUSED = {
    "description": "It was refused, or could not be done.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DescribedAddress:
    """An address in one method, for people. Fields: name, what it is, and what it means."""

    name: str  # of it, in addresses
    method: str
    path: str
    text: str
    needs: str
    only_whole: bool  # not by a token that only reads
    asked: list[tuple[str, str, str]]  # in the address and the heads
    sent: list[tuple[str, str, str]]  # in the body
    answered: list[tuple[str, str, str]]
    kind: str  # of the answer
    status: str


def document(router: Router) -> Json:
    """Of its handlers. Takes some 50 ms."""
    app = Litestar([router], openapi_config=_config())
    found: Json = app.openapi_schema.to_schema()
    schemas = found["components"]["schemas"]
    schemas["Problem"] = PROBLEM
    for name, kind in inspect.getmembers(bodies, inspect.isclass):
        if issubclass(kind, Struct) and name in schemas:
            schemas[name]["additionalProperties"] = False
    for path, method, handler in _handlers(app):
        operation, need = found["paths"][path][method.lower()], handler.opt["needs"]
        answers = operation["responses"]
        answers.pop("400", None)  # in the framework's shape, which is not ours
        answers["default"] = REFUSED
        first = next(iter(answers))
        media_type = str(getattr(handler.media_type, "value", handler.media_type))
        if "json" not in media_type:
            answers[first]["content"] = {media_type: {"schema": {"type": "string", "format": "binary"}}}
        if handler.opt.get("twice"):
            again = "The same request was done before: what there is."
            answers["200"] = answers[first] | {"description": again}
        answers[first]["description"] = "Done."
        operation["summary"] = f"{method} {path}"
        on = "to own the study" if handler.opt.get("of_owner") else "to be on the study"
        operation["x-needs"] = NEEDS[need] + (f", and {on}" if "{study_id" in path else "")
        operation["x-whole"] = need != NOBODY and (method != "GET" or bool(handler.opt.get("whole")))
        if need == NOBODY:
            operation["security"] = []
    return found


def addresses(found: Json) -> list[DescribedAddress]:
    """In the order of the handlers."""
    schemas = found["components"]["schemas"]
    return [
        _described(path, method, operation, schemas)
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    ]


def _described(path: str, method: str, operation: Json, schemas: Json) -> DescribedAddress:
    status, answer = next(iter(operation["responses"].items()))
    [(kind, content)] = answer["content"].items()
    sent = operation.get("requestBody", {"content": {"": {"schema": {}}}})["content"]
    return DescribedAddress(
        operation["operationId"],
        method.upper(),
        path,
        operation["description"],
        operation["x-needs"],
        operation["x-whole"],
        [
            (one["name"], _type(one["schema"]), one.get("description", ""))
            for one in operation.get("parameters", [])
        ],
        [*_fields(next(iter(sent.values()))["schema"], schemas)],
        [*_fields(content["schema"], schemas)] if kind == "application/json" else [],
        kind,
        status,
    )


def _fields(schema: Json, schemas: Json) -> Iterator[tuple[str, str, str]]:
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    needed = schema.get("required", [])
    for name, one in schema.get("properties", {}).items():
        must = " (needed)" if name in needed and schema.get("additionalProperties") is False else ""
        yield name, _type(one) + must, one.get("description", "")


def _type(schema: Json) -> str:
    """In words."""
    if "$ref" in schema:
        return "an object"
    if ways := schema.get("oneOf"):
        return " or ".join(_type(one) for one in ways)
    if schema.get("type") == "array":
        inner = _type(schema["items"])
        return "objects" if inner == "an object" else f"a list: {inner}"
    if schema.get("format") == "date-time":
        return "a time"
    if schema.get("contentMediaType"):
        return "a file"
    words = {"integer": "a whole number", "boolean": "true or false", "object": "an object", "null": "null"}
    return words.get(schema.get("type", ""), "a text")


def _config() -> OpenAPIConfig:
    bearer = SecurityScheme(type="http", scheme="bearer", description="A token of your account’s page.")
    return OpenAPIConfig(
        title="NetworkLab",
        version=__version__,
        description=ABOUT,
        components=Components(security_schemes={"token": bearer}),
        security=[{"token": []}],
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, method, path: str(handler.handler_name),
        path="/none",
    )


def _handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path_format.startswith("/api/"):
            for method, (handler, _) in route.route_handler_map.items():
                if method != "OPTIONS":
                    yield route.path_format, str(method), handler
