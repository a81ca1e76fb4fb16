"""Studies that a researcher uploads in a story."""

from __future__ import annotations

import io
import socket
import zipfile
from collections.abc import Callable, Mapping

import httpx

from tests.house.house import House
from tests.house.server import Server

STUDIES = "/admin/studies"


def client_of(house: House, server: Server, name: str) -> httpx.Client:
    return httpx.Client(base_url=server.base, cookies=house.researcher(server, name).cookies, timeout=60)


def upload(
    client: httpx.Client, files: Mapping[str, bytes], form: dict[str, str], to: str = STUDIES
) -> httpx.Response:
    return client.post(to, files={"zip": ("mine.zip", zip_of(files))}, data=form)


def zip_of(files: Mapping[str, bytes], folder: str = "mine/") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        for name, body in files.items():
            zipped.writestr(folder + name, body)
    return content.getvalue()


def answer_to_late(request: httpx.Request, meanwhile: Callable[[], object]) -> str:
    """What the server says to a request whose body comes once it is waited for, and `meanwhile` is done."""
    host, port = request.url.host, request.url.port
    said = [f"{name}: {one}" for name, one in request.headers.items()]
    head = "\r\n".join(
        [f"{request.method} {request.url.path} HTTP/1.1", *said, "Expect: 100-continue", "", ""]
    )
    with socket.create_connection((host, port or 80), 60) as sent:
        sent.sendall(head.encode())
        assert sent.recv(100).startswith(b"HTTP/1.1 100 "), "it is waited for"
        meanwhile()
        sent.sendall(request.read())
        answer = b""
        while b"\r\n\r\n" not in answer and (piece := sent.recv(10_000)):
            answer += piece
    return answer.decode()
