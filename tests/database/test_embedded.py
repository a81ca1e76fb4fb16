"""Stories of one home, its server, and the processes that come and go, are killed, or race."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from shutil import rmtree

import psycopg
import pytest

from app.config import PROJECT
from app.database.embedded import EmbeddedError, Postgres
from app.database.programs import find_programs
from tests.house.database import a_home
from tests.house.waits import until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")

A_USER = """
import sys
from pathlib import Path
from app.database.embedded import Postgres
with Postgres(Path(sys.argv[1])) as postgres:
    print(postgres.pid, flush=True)
    sys.stdin.read()
"""


class User:
    """A process of its own that uses the home's server until it leaves or is killed."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", A_USER, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
        )

    @property
    def server(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())

    def leaves(self) -> None:
        self.process.communicate()
        assert self.process.returncode == 0

    def is_killed(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with a_home() as home:
        yield home


@pytest.fixture(scope="module")
def initialised(folder: Path) -> Path:
    with Postgres(folder / "initialised"):
        pass
    return folder / "initialised"


@pytest.fixture
def new_home(folder: Path) -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(dir=folder)) / "home"
    home.parent.chmod(0o755)
    yield home
    with suppress(EmbeddedError):
        Postgres(home).stop()


@pytest.fixture
def home(initialised: Path, new_home: Path) -> Path:
    subprocess.run(["cp", "-Rp", initialised, new_home], check=True)
    return new_home


def remember(postgres: Postgres, what: str) -> None:
    with psycopg.connect(postgres.dsn) as connection:
        connection.execute("create table if not exists memory (what text)")
        connection.execute("insert into memory values (%s)", [what])


def remembered(postgres: Postgres) -> list[str]:
    with psycopg.connect(postgres.dsn) as connection:
        return [row[0] for row in connection.execute("select what from memory")]


def is_running(pid: int) -> bool:
    try:
        # A killed child of ours stays a zombie until we wait for it; the server is nobody's child.
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def ends(pid: int) -> None:
    """What has let go of everything may take a moment more."""
    asyncio.run(until(lambda: not is_running(pid), f"the end of {pid}"))


def test_it_starts_with_a_database_and_stops_with_its_last_user(new_home: Path) -> None:
    with Postgres(new_home) as postgres:
        server = postgres.pid
        assert server
        with psycopg.connect(postgres.dsn) as connection:
            assert connection.info.dbname == "networklab"
            shown = [connection.execute(f"show {name}").fetchone() for name in ("fsync", "listen_addresses")]
            assert shown == [("on",), ("",)]
    assert postgres.pid is None
    ends(server)


def test_four_processes_race_to_the_first_start_and_share_one_server(new_home: Path) -> None:
    users = [User(new_home) for _ in range(4)]
    servers = {user.server for user in users}
    assert len(servers) == 1
    for user in users[:3]:
        user.leaves()
        assert is_running(*servers)
    users[3].leaves()
    ends(*servers)


def test_a_killed_user_leaves_a_server_that_the_next_one_joins_and_stops(home: Path) -> None:
    killed = User(home)
    server = killed.server
    killed.is_killed()
    assert is_running(server)

    with Postgres(home) as postgres:
        assert postgres.pid == server
    ends(server)


def test_a_killed_user_does_not_keep_the_server_from_stopping(home: Path) -> None:
    with Postgres(home) as postgres:
        other = User(home)
        assert other.server == postgres.pid
        other.is_killed()
    assert postgres.pid is None


def test_after_a_killed_postmaster_it_starts_again_with_everything_committed(home: Path) -> None:
    postgres = Postgres(home)
    postgres.start()
    remember(postgres, "committed")
    with closing(psycopg.connect(postgres.dsn, autocommit=True)) as busy:
        # A backend that computes doesn't notice that its postmaster is dead.
        busy.pgconn.send_query(b"do $$ begin loop end loop; end $$")
        backend = busy.info.backend_pid
        server = postgres.pid
        assert server
        os.kill(server, signal.SIGKILL)
        assert is_running(backend)

        postgres.start()
    ends(backend)
    assert postgres.pid not in (None, server)
    assert remembered(postgres) == ["committed"]
    postgres.release()


def test_a_pid_file_that_names_another_program_does_not_stop_the_start(home: Path) -> None:
    with Postgres(home) as postgres:
        remember(postgres, "committed")
        server = postgres.pid
        assert server
        pid_file = postgres.data / "postmaster.pid"
        lines = pid_file.read_text().split("\n", 1)[1]
        os.kill(server, signal.SIGKILL)
    pid_file.write_text(f"{os.getpid()}\n{lines}")
    assert postgres.pid is None

    with postgres:
        assert remembered(postgres) == ["committed"]


def test_a_half_made_data_folder_is_made_again(home: Path) -> None:
    with Postgres(home) as postgres:
        postgres.stop()
    whole = postgres.data
    half = whole.with_name(f"{whole.name}.new")
    whole.rename(half)
    (half / "PG_VERSION").unlink()

    with postgres:
        remember(postgres, "new")
    assert whole.exists()
    assert not half.exists()


def test_another_versions_data_is_left_alone(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Postgres(home) as postgres:
        pass
    older = postgres.data.with_name("data9")
    postgres.data.rename(older)
    before = sorted(older.iterdir())

    with postgres:
        remember(postgres, "new")
    assert sorted(older.iterdir()) == before
    assert "stays as it is" in caplog.text


@pytest.mark.parametrize("name", ["a b, 'c' ü", "long" * 30])
def test_the_home_may_have_any_name(home: Path, name: str) -> None:
    with Postgres(home.rename(home.with_name(name))) as postgres:
        remember(postgres, "reached")
        assert remembered(postgres) == ["reached"]


def test_settings_reach_the_server(home: Path) -> None:
    settings = {"shared_buffers": "16MB", "application_name": 'it\'s "here"'}
    with Postgres(home, settings) as postgres, psycopg.connect(postgres.dsn) as connection:
        for name, value in settings.items():
            assert connection.execute(f"show {name}").fetchone() == (value,)


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(home: Path) -> None:
    with Postgres(home) as postgres:
        assert postgres.pid
        assert os.getsid(postgres.pid) != os.getsid(0)
        assert os.getpgid(postgres.pid) != os.getpgid(0)


def test_what_keeps_it_from_starting_is_said_in_a_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EmbeddedError, match=r'did not start: invalid value .* "nonsense"'):
        Postgres(home, {"shared_buffers": "nonsense"}).start()
    with Postgres(home) as postgres:
        postgres.stop()
    (postgres.data / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedError, match=r"did not start: .*could not find the database system"):
        postgres.start()

    (home / "file").touch()
    with pytest.raises(EmbeddedError, match="Not a directory"):
        Postgres(home / "file" / "below").start()
    monkeypatch.setenv("NETWORKLAB_PG_BIN", str(home))
    with pytest.raises(EmbeddedError, match="no Postgres in it"):
        Postgres(home).start()


def test_a_failed_start_holds_no_lock(home: Path) -> None:
    with pytest.raises(EmbeddedError):
        Postgres(home, {"shared_buffers": "nonsense"}).start()
    with Postgres(home) as postgres:
        assert postgres.pid
    assert postgres.pid is None


@as_root
def test_binaries_that_the_servers_user_cannot_read_are_copied(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    package = find_programs().parents[1]
    (tmp_path / package.name).symlink_to(package)
    (tmp_path / f"{package.name}.libs").symlink_to(package.with_name(f"{package.name}.libs"))
    monkeypatch.setenv("NETWORKLAB_PG_BIN", str(tmp_path / find_programs().relative_to(package.parent)))

    with Postgres(home) as postgres:
        assert postgres.bin.is_relative_to(home / "postgres")
        remember(postgres, "from the copy")


@as_root
def test_a_home_that_the_servers_user_cannot_enter_links_to_one_that_it_can(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with Postgres(tmp_path / "home") as postgres:
        remember(postgres, "elsewhere")
    try:
        assert not postgres.data.is_relative_to(tmp_path)
        with Postgres(tmp_path / "home") as again:
            assert remembered(again) == ["elsewhere"]
    finally:
        rmtree(postgres.data.parent)


@as_root
def test_root_goes_on_as_the_owner_that_the_folder_has(new_home: Path) -> None:
    (new_home / "postgres").mkdir(parents=True)
    os.chown(new_home / "postgres", 65534, 65534)
    with Postgres(new_home) as postgres:
        assert postgres.pid
        assert Path(f"/proc/{postgres.pid}").stat().st_uid == 65534
