"""The environment, read once."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

NOWHERE = "none"  # as NETWORKLAB_PLAY_URL: the port beside is somebody else's
CLUSTER = re.compile("[a-z][a-z0-9]{0,11}")  # the name of one of several databases
PROLIFIC = "https://api.prolific.com"
PACKAGE = Path(__file__).resolve().parent
INSTALLED = (PACKAGE / "shipped").is_dir()
# What templates/, sql/, static/ and studies/ lie in: the checkout, or the package where it was installed from a wheel.
PROJECT = PACKAGE / "shipped" if INSTALLED else PACKAGE.parent


class ConfigError(Exception):
    """A setting that cannot be used; its text says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Config:
    home: Path  # the embedded Postgres lives here
    database_url: str | None = field(repr=False)  # None: the embedded Postgres in `home`
    listener_url: str | None = field(repr=False)  # past the pooler, if database_url leads through one
    public_url: str  # what join links start with
    host: str
    port: int
    processes: int
    pool_size: int  # database connections of one process, besides listener, statistics and group commits
    messages_at_once: int  # of one person within ten seconds
    moves_at_once: int  # the same
    metrics_token: str | None = field(repr=False)  # for whoever reads /metrics from another machine
    ledger_limit: int  # forms of one kind that may wait for their commit before a form gets 503
    play_url: str | None = None  # where studies with scripts are played; None: nowhere
    # What recruiters' tokens are kept by; None: none is kept
    key: str | None = field(default=None, repr=False)
    prolific_token: str | None = field(default=None, repr=False)  # for each session that has none of its own
    prolific_url: str = PROLIFIC
    # Where there are several databases: the address of each by its name, the one that accounts live on first, and past
    # a pooler. `cluster`: the one that this is of; "" where there is one database without a name.
    clusters: Mapping[str, str] = field(default_factory=dict, repr=False)
    listeners: Mapping[str, str] = field(default_factory=dict, repr=False)
    cluster: str = ""

    @property
    def secure(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def first(self) -> str:
        """Of several databases the one that accounts live on; "" where there is one."""
        return next(iter(self.clusters), "")

    def past_pooler(self, url: str) -> str:
        """For what needs a backend of its own: who listens, migrates, or holds a lock beyond a transaction."""
        return self.listener_url or url

    def of(self, cluster: str) -> Config:
        """As of this one of several databases."""
        url, past = self.clusters[cluster], self.listeners.get(cluster)
        return replace(self, cluster=cluster, database_url=url, listener_url=past)


def read_config(environ: Mapping[str, str] = os.environ) -> Config:
    """Settings from the environment; `docs/settings.md` lists them. Raises `ConfigError` with one sentence."""
    host, port = environ.get("HOST", "127.0.0.1"), _number(environ, "PORT", 8000, 65_535)
    public_url = _origin("NETWORKLAB_URL", environ.get("NETWORKLAB_URL") or f"http://127.0.0.1:{port}")
    config = Config(
        play_url=_play_url(environ, public_url, port),
        home=Path(environ.get("NETWORKLAB_HOME") or _home(environ)).expanduser().absolute(),
        database_url=_database(environ, "DATABASE_URL"),
        listener_url=_database(environ, "NETWORKLAB_LISTENER_URL"),
        public_url=public_url,
        host=host,
        port=port,
        processes=_number(environ, "NETWORKLAB_PROCESSES", 2),
        pool_size=_number(environ, "NETWORKLAB_POOL_SIZE", 8),
        messages_at_once=_number(environ, "NETWORKLAB_MESSAGES_AT_ONCE", 10),
        moves_at_once=_number(environ, "NETWORKLAB_MOVES_AT_ONCE", 20),
        metrics_token=environ.get("NETWORKLAB_METRICS_TOKEN") or None,
        ledger_limit=_number(environ, "NETWORKLAB_LEDGER_LIMIT", 2000),
        key=_secret(environ, "NETWORKLAB_KEY", 32, "`openssl rand -base64 32` makes one."),
        prolific_token=_secret(environ, "PROLIFIC_TOKEN", 10, "Copy it from Prolific again."),
        prolific_url=_recruiter_url(environ, "PROLIFIC_URL", PROLIFIC),
        clusters=_databases(environ, "DATABASE_URLS"),
        listeners=_databases(environ, "NETWORKLAB_LISTENER_URLS"),
    )
    _check_clusters(config)
    return config.of(config.first) if config.clusters else config


def _check_clusters(config: Config) -> None:
    """Either one database or several, and what leads past a pooler leads past one that there is."""
    if config.clusters and (config.database_url or config.listener_url):
        both = "DATABASE_URL" if config.database_url else "NETWORKLAB_LISTENER_URL"
        raise ConfigError(
            f"{both} is of one database, and DATABASE_URLS of several. Leave one of them out: of several, what leads"
            " past a pooler stands in NETWORKLAB_LISTENER_URLS."
        )
    if unknown := [name for name in config.listeners if name not in config.clusters]:
        raise ConfigError(
            f"NETWORKLAB_LISTENER_URLS names {unknown[0]}, which DATABASE_URLS does not. Give both the same names."
        )


def _databases(environ: Mapping[str, str], name: str) -> Mapping[str, str]:
    """`name=address` of each, with space between. What is wrong is told without it, as of one address."""
    found: dict[str, str] = {}
    for nth, one in enumerate((environ.get(name) or "").split(), 1):
        cluster, _, url = one.partition("=")
        if not CLUSTER.fullmatch(cluster) or not url:
            raise ConfigError(
                f"{name} names each database before its address, as in main=postgresql://… east=postgresql://…, in up"
                f" to 12 small letters and digits; number {nth} of it is not so."
            )
        if cluster in found:
            raise ConfigError(f"{name} has {cluster} twice. Give each database a name of its own.")
        if url in found.values():
            raise ConfigError(
                f"{name} gives {cluster} the address of another. Each has a database of its own."
            )
        found[cluster] = _postgres(url, f"{name} has for {cluster} what")
    return found


def _database(environ: Mapping[str, str], name: str) -> str | None:
    url = environ.get(name) or None
    return url and _postgres(url, name)


def _postgres(url: str, name: str) -> str:
    """Whoever reads a wrong one says what is wrong with it, and the password with that: it is told to nobody."""
    place = url.partition("://")[2].partition("?")[0]
    right = place.count("@") <= 1 and "/" not in place.rpartition("@")[0]
    try:
        conninfo_to_dict(url)
    except (ProgrammingError, ValueError):
        right = False
    if not right:
        raise ConfigError(
            f"{name} is no address of a Postgres, such as postgresql://user:password@host/database is."
            " Write %, @ and / of a password as %25, %40 and %2F there."
        )
    return url


def _origin(name: str, url: str) -> str:
    url = url.rstrip("/")
    found = re.fullmatch(r"(https?://[^/?#@\s]+)(/[^?#\s]*)?", url)
    if found is None:
        raise ConfigError(f"{name} must start with http:// or https:// and name a host, not “{url}”.")
    if found[2]:
        raise ConfigError(
            f"{name} has the path {found[2]}, but pages, forms and cookies are at / of their host,"
            f" where something else would get them. Give NetworkLab a host name or a port of its own: {found[1]}."
        )
    return url


def _play_url(environ: Mapping[str, str], public_url: str, port: int) -> str | None:
    """Where nothing is said of addresses all is on this machine, and the next port is as good as another host."""
    given = environ.get("NETWORKLAB_PLAY_URL")
    if given == NOWHERE or (not given and environ.get("NETWORKLAB_URL")):
        return None
    if not given:
        return f"http://127.0.0.1:{port + 1}" if port < 65_535 else None
    url = _origin("NETWORKLAB_PLAY_URL", given)
    if urlsplit(url).netloc == urlsplit(public_url).netloc:
        raise ConfigError(
            "NETWORKLAB_PLAY_URL must name another host or port than NETWORKLAB_URL: the scripts of a study are to"
            " run where there is no dashboard."
        )
    return url


def _home(environ: Mapping[str, str]) -> Path:
    """In the checkout; where it is somebody else's, or there is none, where programs keep this user's data."""
    if not INSTALLED and os.access(PROJECT, os.W_OK):
        return PROJECT / ".networklab"
    usual = "~/Library/Application Support" if sys.platform == "darwin" else "~/.local/share"
    return Path(environ.get("XDG_DATA_HOME") or usual) / "networklab"


def _secret(environ: Mapping[str, str], name: str, least: int, cure: str) -> str | None:
    """Its text is told to nobody, however wrong it is."""
    text = (environ.get(name) or "").strip()
    if text and not re.fullmatch(rf"[!-~]{{{least},1000}}", text):
        raise ConfigError(
            f"{name} must have {least} letters or more, and nothing but letters, digits and signs. {cure}"
        )
    return text or None


def _recruiter_url(environ: Mapping[str, str], name: str, default: str) -> str:
    """Over TLS, or on this machine: whoever hears the token can spend what is in the account."""
    url = (environ.get(name) or default).rstrip("/")
    found = urlsplit(url)
    alone = found.hostname in ("127.0.0.1", "::1", "localhost")
    if (
        not (found.scheme == "https" or (found.scheme == "http" and alone))
        or not found.hostname
        or found.username
    ):
        raise ConfigError(
            f"{name} must begin with https://, not “{url}”. Leave it out: it is there for tests."
        )
    return url


def _number(environ: Mapping[str, str], name: str, default: int, most: int = 999_999_999) -> int:
    text = environ.get(name) or str(default)
    if not re.fullmatch(r"0*[1-9][0-9]{0,8}", text) or int(text.lstrip("0")) > most:
        raise ConfigError(
            f"{name} must be a whole number from 1 to {most:,}, not “{text}”. Change it or leave it out."
        )
    return int(text.lstrip("0"))
