"""Stories of settings: what can't work is refused before anything starts, and told with what to do."""

from __future__ import annotations

import pytest

from app.config import ConfigError, read_config
from tests.house.house import House
from tests.house.shell import Shell, is_refused


@pytest.mark.parametrize(
    "url", ["lab.example", "ftp://lab.example", "https://", "https://a b", "https://me@lab.example"]
)
def test_an_address_for_links_has_a_host(url: str) -> None:
    with pytest.raises(ConfigError, match="must start with http:// or https:// and name a host"):
        read_config({"NETWORKLAB_URL": url})


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/lab", "https://lab.example/a/b/"])
def test_an_address_with_a_path_is_refused_as_nothing_would_be_found_there(url: str) -> None:
    with pytest.raises(ConfigError, match="but pages, forms and cookies are at / of their host"):
        read_config({"NETWORKLAB_URL": url})
    assert read_config({"NETWORKLAB_URL": "https://lab.example/"}).public_url == "https://lab.example"


@pytest.mark.parametrize(
    "url",
    [
        "networklab:hunter2secret@db/networklab",
        "postgresql://networklab:hunter2%secret@db/networklab",
        "postgresql://networklab:hunter2secret/1@db/networklab",
        "postgresql://networklab:hunter2secret@1@db/networklab",
    ],
)
def test_a_password_in_an_address_that_is_none_is_told_to_nobody(url: str) -> None:
    for name in ("DATABASE_URL", "NETWORKLAB_LISTENER_URL"):
        with pytest.raises(ConfigError, match=f"^{name} is no address of a Postgres") as refused:
            read_config({name: url})
        assert "hunter2" not in str(refused.value) and refused.value.__context__ is None
    right = "postgresql://networklab:hunter2%25@db1,db2/networklab?target_session_attrs=read-write"
    config = read_config({"DATABASE_URL": right, "NETWORKLAB_METRICS_TOKEN": "hunter2"})
    assert config.database_url == right and "hunter2" not in repr(config)


def test_no_command_prints_a_password(shared: House) -> None:
    shell, url = Shell(shared, shared.folder), "networklab:hunter2secret@db/networklab"
    for ended in shell.type_all([([name], {"DATABASE_URL": url}) for name in ("sessions", "doctor")]):
        assert "hunter2" not in is_refused(ended)


def test_serve_says_why_it_does_not_start(shared: House) -> None:
    ended = Shell(shared, shared.folder).type("serve", NETWORKLAB_URL="http://127.0.0.1:8080/lab")
    said = is_refused(ended)
    assert "NETWORKLAB_URL has the path /lab" in said and "http://127.0.0.1:8080." in said
