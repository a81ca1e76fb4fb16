"""Stories of docs/server.md: its script, its units and its proxies do what it says, with `doctor` as the judge."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import ssl
import stat
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from app.config import PROJECT, read_config
from app.database.embedded import Postgres
from app.web.processes import free_port
from tests.house.database import an_empty_database
from tests.house.front import HERE, certificate
from tests.house.house import House
from tests.house.server import Server
from tests.house.shell import Shell, is_refused
from tests.house.waits import until

MANUAL = (PROJECT / "docs" / "server.md").read_text(encoding="utf-8")
COMPOSE = (PROJECT / "compose.yaml").read_text(encoding="utf-8")


def block(language: str, nth: int = 0) -> str:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", MANUAL, re.DOTALL | re.MULTILINE)
    return found[nth]


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def made(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"NETWORKLAB_ENV_FILE": str(folder / ".env")}
    command = ["bash", str(PROJECT / "bin" / "server-env"), *names]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30)


def told(folder: Path) -> dict[str, str]:
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_secrets_and_names_are_written_once_and_are_what_the_server_takes(tmp_path: Path) -> None:
    for wrong in (
        "",
        "https://lab.example.org",
        "lab.example.org/path",
        "lab",
        "lab.example.org lab.example.org",
    ):
        assert "host name" in is_refused(made(tmp_path, *wrong.split()))
    assert not (tmp_path / ".env").exists()
    ended = made(tmp_path, "lab.example.org", "play.example.org")
    assert ended.returncode == 0 and "Next: the units" in ended.stdout, ended.stderr
    first = told(tmp_path)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert "stays as it is" in is_refused(made(tmp_path, "lab.example.org")) and told(tmp_path) == first
    config = read_config(first)
    assert (
        config.public_url == "https://lab.example.org"
        and config.secure
        and config.key
        and config.metrics_token
    )
    assert config.play_url == "https://play.example.org"
    # Each of them is taken by compose.yaml, or by the one that reads it.
    assert [name for name in first if f"${{{name}" not in COMPOSE and name != "COMPOSE_PROFILES"] == []
    assert f"profiles: [{first['COMPOSE_PROFILES']}]" in COMPOSE
    (tmp_path / ".env").unlink()
    assert made(tmp_path, "lab.example.org").returncode == 0
    assert read_config(told(tmp_path)).play_url is None
    secrets = ("POSTGRES_PASSWORD", "NETWORKLAB_KEY", "NETWORKLAB_METRICS_TOKEN")
    assert len({told(tmp_path)[name] for name in secrets} | {first[name] for name in secrets}) == 6


def test_in_containers_this_machine_alone_is_let_in_and_the_proxy_on_it_believed() -> None:
    assert re.findall(r'^ +- "(\S*):8000:8000"$', COMPOSE, re.MULTILINE) == ["${NETWORKLAB_BIND:-127.0.0.1}"]
    assert COMPOSE.count("ports:") == 2, "the server's, and the proxy's: Postgres is nobody's to reach"
    [believed] = re.findall(r"FORWARDED_ALLOW_IPS: \$\{FORWARDED_ALLOW_IPS:-(\S+)\}", COMPOSE)
    networks = [ip_network(one) for one in believed.split(",")]
    assert all(one.is_private for one in networks)
    # Where Docker makes its bridges, or who comes by a proxy on this machine would all share one limit.
    assert all(any(ip_address(at) in one for one in networks) for at in ("172.17.0.1", "192.168.16.1"))


def test_a_path_prefix_is_refused_with_what_to_do(shell: Shell) -> None:
    assert "A path prefix does not work" in MANUAL.replace("**", "")
    assert "host name or a port of its own" in is_refused(
        shell.type("doctor", NETWORKLAB_URL="https://a.org/lab")
    )


def test_the_image_keeps_what_the_program_needs_and_nothing_that_only_tests_do() -> None:
    brought_by: dict[str, set[str]] = {}
    name = ""
    for line in (PROJECT / "requirements.lock").read_text().splitlines():
        if found := re.match(r"([a-z0-9-]+)==", line):
            name = found[1]
            brought_by[name] = set()
        elif found := re.match(r"    #(?: via)? +([a-z0-9-]+)", line):
            brought_by[name].add(found[1])
    asked = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    lines = asked["dependencies"] + asked["optional-dependencies"]["s3"]
    needed = set(re.findall(r"^[\w-]+", "\n".join(lines), re.MULTILINE))
    while more := {one for one, by in brought_by.items() if one not in needed and by & needed}:
        needed |= more
    assert {"obstore", "pandas", "python-dateutil"} <= needed <= {*brought_by}
    gone = (PROJECT / "Dockerfile").read_text().partition("pip uninstall --yes")[2].partition("\nCOPY")[0]
    assert gone.replace("\\", "").split() == sorted({*brought_by} - needed)


def test_what_is_typed_into_the_containers_goes_on_a_postgres_of_this_machine(
    house: House, postgres: Postgres, tmp_path: Path
) -> None:
    """One line after the other, as they stand there; the volume for backups is a folder of the story's own."""
    section = MANUAL.partition("## With Docker")[2].partition("## Without Docker")[0]
    typed = re.findall(r"docker compose (?:exec|run)(.*?) (networklab|postgres) ([^&#\n]+)", section)
    house.open()
    shell, words, told = Shell(house, tmp_path), list[str](), dict[str, str]()
    with an_empty_database(postgres) as restored:
        for options, service, line in typed:
            command = line.removeprefix("python -m app ").replace("/backups", f"{tmp_path}/backups").split()
            words.append(command[0])
            if service == "postgres":
                assert command == ["createdb", "--username", "networklab", "restored"]
                continue
            if "DATABASE_URL" in options:
                assert options.endswith("postgresql://networklab@postgres/restored")
                told["DATABASE_URL"] = restored
            ended = shell.type(*command, typed="a long password\n" if "admin" in command else "", **told)
            if command == ["doctor"]:  # no server runs, and that is what it says
                assert re.search(r"^ok +database ", ended.stdout, re.MULTILINE), ended.stdout
            else:
                assert ended.returncode == 0, (line, ended.stdout, ended.stderr)
        assert words == ["admin", "doctor", "backup", "backup", "restore", "createdb", "restore"]
        assert House(restored, tmp_path).sql("select count(*) from session") == [(1,)]
    assert "`POSTGRES_DATABASE=restored`" in section
    assert "DATABASE_URL: postgresql://networklab@postgres/${POSTGRES_DATABASE:-networklab}\n" in COMPOSE


@needs("systemd-analyze")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    names = re.findall(r"^`/etc/systemd/system/(.*)`:$", MANUAL, re.MULTILINE)
    assert len(names) == 3
    for nth, name in enumerate(names):
        # What is not installed here: the program, and its user.
        text = (
            block("ini", nth)
            .replace("/opt/networklab/bin/networklab", "/bin/true")
            .replace("User=networklab\n", "")
        )
        (tmp_path / name).write_text(text.replace("EnvironmentFile=/", "EnvironmentFile=-/"))
    verify = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in names)]
    ended = subprocess.run(verify, capture_output=True, text=True, timeout=60)
    of_ours = [line for line in ended.stderr.splitlines() if "networklab" in line]
    assert of_ours == [], ended.stderr


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HERE, port)) == 0


@contextmanager
def running(command: Sequence[str | Path], port: int, folder: Path, **environ: str) -> Iterator[None]:
    with (folder / "proxy.log").open("wb") as log:
        proxy = subprocess.Popen(command, cwd=folder, env=os.environ | environ, stdout=log, stderr=log)
        try:
            asyncio.run(until(lambda: listens(port), lambda: (folder / "proxy.log").read_text()))
            yield
        finally:
            proxy.terminate()
            proxy.wait(30)


def is_well_behind(shell: Shell, server: Server, port: int, authority: Path) -> None:
    url = f"https://{HERE}:{port}"
    asked = {"NETWORKLAB_URL": url, "PORT": str(server.port), "SSL_CERT_FILE": str(authority)}
    ended = shell.type("doctor", **asked)
    # Other stories' sessions on this server want a token of Prolific.
    wrong = re.findall(r"^WRONG +(.*)", ended.stdout, re.MULTILINE)
    assert [light for light in wrong if not light.startswith("recruiter of ")] == [], ended.stdout
    for light in ("server", "TLS", "live pages", "word of the proxy"):
        assert re.search(rf"^ok +{light} ", ended.stdout, re.MULTILINE), ended.stdout


@needs("caddy")
def test_caddy_with_our_file_gets_a_certificate_and_hands_streams_on(
    shell: Shell, server: Server, tmp_path: Path
) -> None:
    port, home = free_port(), str(tmp_path)
    ours = (PROJECT / "Caddyfile").read_text()
    assert "networklab:8000" in ours
    alone = (
        f"{{\n admin off\n skip_install_trust\n http_port {free_port()}\n}}\n"  # nothing of this machine's
    )
    (tmp_path / "Caddyfile").write_text(alone + ours.replace("networklab:8000", f"127.0.0.1:{server.port}"))
    environ = {
        "DOMAIN": f"https://{HERE}:{port}",
        "PLAY_DOMAIN": "",
        "XDG_DATA_HOME": home,
        "XDG_CONFIG_HOME": home,
    }
    with running(["caddy", "run"], port, tmp_path, **environ):
        is_well_behind(shell, server, port, tmp_path / "caddy/pki/authorities/local/root.crt")


def here(text: str, port: int, server: Server, pem: Path) -> str:
    """The manual's lines with this machine's files and ports."""
    text = re.sub(r"/etc/letsencrypt/live/lab.example.org/\w+.pem", str(pem), text)
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    return text.replace("listen 443", f"listen {HERE}:{port}").replace("*:443", f"{HERE}:{port}")


@needs("nginx")
def test_nginx_with_these_lines_hands_streams_on(shell: Shell, server: Server, tmp_path: Path) -> None:
    port, pem = free_port(), certificate(tmp_path)
    lines = here(block("nginx"), port, server, pem)
    temps = "".join(f"{kind}_temp_path {tmp_path}/{kind}; " for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log stderr; worker_rlimit_nofile 65536;\n"
        f"events {{ worker_connections 16384; }}\n"
        f"http {{ access_log off; client_body_temp_path {tmp_path}/body; {temps}\n{lines} }}\n"
    )
    with running(["nginx", "-c", tmp_path / "nginx.conf", "-p", tmp_path], port, tmp_path):
        is_well_behind(shell, server, port, tmp_path / "authority.pem")


@needs("apache2")
def test_apache_with_these_lines_hands_streams_on(shell: Shell, server: Server, tmp_path: Path) -> None:
    port, pem = free_port(), certificate(tmp_path)
    modules = Path(os.environ.get("APACHE_MODULES", "/usr/lib/apache2/modules"))
    loaded = ("mpm_event", "authz_core", "proxy", "proxy_http", "ssl", "headers", "socache_shmcb")
    (tmp_path / "apache.conf").write_text(
        "".join(f"LoadModule {name}_module {modules}/mod_{name}.so\n" for name in loaded)
        + f"ServerRoot {tmp_path}\nPidFile {tmp_path}/pid\nErrorLog /dev/stderr\nListen {HERE}:{port}\n"
        + f"ServerName here\nDefaultRuntimeDir {tmp_path}\nUser nobody\nGroup nogroup\n"
        + "ServerLimit 64\nThreadsPerChild 25\nMaxRequestWorkers 1600\n"
        + here(block("apache"), port, server, pem)
    )
    with running(["apache2", "-DFOREGROUND", "-f", tmp_path / "apache.conf"], port, tmp_path):
        is_well_behind(shell, server, port, tmp_path / "authority.pem")


@needs("caddy")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root names hosts for itself, and listens on 443")
def test_our_caddyfile_gets_its_certificate_from_an_acme_server_by_the_name_alone(tmp_path: Path) -> None:
    authority, name, place = free_port(), "lab.networklab.test", "127.0.0.3"
    alone = "admin off\n skip_install_trust\n"
    (tmp_path / "authority").write_text(
        f"{{\n {alone} http_port {free_port()}\n}}\nhttps://{HERE}:{authority} {{\n tls internal\n acme_server\n}}\n"
    )
    root = tmp_path / "authority.data/caddy/pki/authorities/local/root.crt"
    ours = (PROJECT / "Caddyfile").read_text()
    (tmp_path / "ours").write_text(
        f"{{\n {alone} default_bind {place}\n acme_ca_root {root}\n"
        f" acme_ca https://{HERE}:{authority}/acme/local/directory\n}}\n{ours}"
    )
    # For these two alone the name leads here: in a namespace of their own.
    (tmp_path / "hosts").write_text(f"127.0.0.1 localhost\n{place} {name}\n")

    def command(config: str) -> list[str]:
        run = f"mount --bind hosts /etc/hosts && exec caddy run --config {config} --adapter caddyfile"
        return ["unshare", "--mount", "bash", "-c", run]

    def environ(config: str) -> dict[str, str]:
        data = str(tmp_path / f"{config}.data")
        return {"DOMAIN": name, "PLAY_DOMAIN": "", "XDG_DATA_HOME": data, "XDG_CONFIG_HOME": data}

    def certificate_of() -> Any:
        context = ssl.create_default_context(cafile=str(root))
        with (
            suppress(OSError),
            socket.create_connection((place, 443), 5) as plain,
            context.wrap_socket(plain, server_hostname=name) as safe,
        ):
            return safe.getpeercert()
        return None

    with (
        running(command("authority"), authority, tmp_path, **environ("authority")),
        (tmp_path / "ours.log").open("wb") as log,
    ):
        told = os.environ | environ("ours")
        popen = subprocess.Popen(command("ours"), cwd=tmp_path, env=told, stdout=log, stderr=log)
        try:
            found = asyncio.run(until(certificate_of, lambda: (tmp_path / "ours.log").read_text()))
        finally:
            popen.terminate()
            popen.wait(30)
    assert found["subjectAltName"] == (("DNS", name),)
