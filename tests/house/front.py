"""A proxy that speaks TLS in front of a server, as one has in production, with the faults that such a one may have."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HERE = "127.0.0.2"  # of this machine, and not one of the addresses that only it has for itself


@dataclass(slots=True)
class Front:
    """Runs in a thread of its own."""

    target: int  # the server's port; where nobody listens, it answers 502
    folder: Path  # for the certificate
    buffers: bool = False  # what it answers, to its end
    tells: bool = True  # who asks, and by what scheme
    date: str = ""  # instead of the server's
    days: float = 90  # that the certificate still holds

    @property
    def authority(self) -> str:
        """The file that a browser trusts."""
        return str(self.folder / "authority.pem")

    @contextmanager
    def running(self) -> Iterator[str]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(self.folder, self.days))
        ready, over, ports = threading.Event(), asyncio.Event(), list[int]()
        loops: list[asyncio.AbstractEventLoop] = []

        async def serve() -> None:
            async with await asyncio.start_server(self._connected, HERE, 0, ssl=context) as server:
                ports.append(server.sockets[0].getsockname()[1])
                loops.append(asyncio.get_running_loop())
                ready.set()
                await over.wait()

        thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
        thread.start()
        assert ready.wait(10)
        try:
            yield f"https://{HERE}:{ports[0]}"
        finally:
            loops[0].call_soon_threadsafe(over.set)
            thread.join()

    async def _connected(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await self._answer(near, back)
        back.close()

    async def _answer(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        head = (await near.readuntil(b"\r\n\r\n")).replace(b"Connection: keep-alive", b"Connection: close")
        told = b"X-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.5\r\n" if self.tells else b""
        try:
            far, ahead = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            back.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbad\n")
            return
        ahead.write(head[:-2] + told + b"\r\n")
        answer = await far.readuntil(b"\r\n\r\n")
        if self.date:
            lines = [line for line in answer.split(b"\r\n") if not line.lower().startswith(b"date:")]
            answer = b"\r\n".join([lines[0], f"Date: {self.date}".encode(), *lines[1:]])
        if self.buffers:
            answer += await far.read()
        back.write(answer)
        while piece := await far.read(65536):
            back.write(piece)
            await back.drain()
        ahead.close()


@cache
def certificate(folder: Path, days: float = 90) -> Path:
    """For `HERE`, with its key, and in authority.pem what a browser is to trust."""
    now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "front")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HERE))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "authority.pem").write_bytes(pem)
    path = folder / f"front-{days}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + pem)
    return path
