"""The second factor: codes of an app (RFC 6238), each taken once, and recovery codes for when the app is lost."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time

import pyotp
from markupsafe import Markup

from app.database.connections import Connection
from app.database.queries import Queries, value
from app.players.tokens import new_token
from app.web.drawn import qr_picture

SQL = Queries(__name__)
ISSUER = "NetworkLab"
STEP = 30  # seconds that a code is shown; the one before and the one after are taken, too: clocks differ
RECOVERY_CODES, LETTERS = 10, 12
TRIES = 5  # codes for a password that was right


def new_secret() -> str:
    return pyotp.random_base32()


def is_secret(text: str) -> bool:
    return re.fullmatch("[A-Z2-7]{32}", text) is not None


def address_in_app(name: str, secret: str) -> str:
    """What the app reads out of the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def picture(name: str, secret: str) -> Markup:
    return qr_picture(address_in_app(name, secret))


async def is_on(conn: Connection, name: str) -> bool:
    return await value(conn, SQL["secret_of"], name=name) is not None


async def turn_on(conn: Connection, name: str, secret: str, code: str) -> list[str]:
    """The recovery codes, which are shown this once; none, and it stays off, for a code that is not the app's."""
    step = _step_of(secret, code) if is_secret(secret) else None
    if step is None:
        return []
    await conn.execute(SQL["turn_on"], dict(name=name, secret=secret, step=step))
    codes = [new_token(LETTERS) for _ in range(RECOVERY_CODES)]
    await conn.execute(SQL["forget_recovery_codes"], dict(name=name))
    await conn.execute(SQL["add_recovery_codes"], dict(name=name, hashes=[_hash(one) for one in codes]))
    return codes


async def turn_off(conn: Connection, name: str) -> bool:
    """Whether it was on."""
    await conn.execute(SQL["forget_recovery_codes"], dict(name=name))
    return await value(conn, SQL["turn_off"], name=name) is not None


async def takes(conn: Connection, name: str, code: str) -> str | None:
    """What was given: `code` or `recovery code`, used up now; None: neither."""
    secret = await value(conn, SQL["secret_of"], name=name)
    step = _step_of(secret, code) if secret else None
    if step is not None:
        taken = await value(conn, SQL["use_step"], name=name, step=step)
        return "code" if taken else None
    plain = re.sub(r"[\s-]", "", code).lower()
    used = await value(conn, SQL["use_recovery_code"], name=name, code_hash=_hash(plain))
    return "recovery code" if used else None


async def recovery_codes_left(conn: Connection, name: str) -> int:
    return int(await value(conn, SQL["recovery_codes_left"], name=name))


async def begin_half(conn: Connection, name: str) -> str:
    """The key of a log-in that still wants its code; it has five minutes and five tries."""
    key = secrets.token_urlsafe(24)
    await conn.execute(SQL["add_half"], dict(key_hash=_hash(key), name=name))
    return key


async def half_of(conn: Connection, key: str) -> str | None:
    """Whose it is, if it still has a try."""
    found: str | None = await value(conn, SQL["has_half"], key_hash=_hash(key), most=TRIES)
    return found


async def try_half(conn: Connection, key: str) -> str | None:
    """The same, with a try less."""
    found: str | None = await value(conn, SQL["try_half"], key_hash=_hash(key), most=TRIES)
    return found


async def end_half(conn: Connection, key: str) -> None:
    await conn.execute(SQL["end_half"], dict(key_hash=_hash(key)))


def _step_of(secret: str, code: str) -> int | None:
    """The half minute that this is the code of, if it is of now, the one before or the one after."""
    plain = re.sub(r"\s", "", code)
    if not re.fullmatch("[0-9]{6}", plain):
        return None
    now, app = int(time.time()) // STEP, pyotp.TOTP(secret)
    return next(
        (at for at in (now, now - 1, now + 1) if hmac.compare_digest(app.generate_otp(at), plain)), None
    )


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
