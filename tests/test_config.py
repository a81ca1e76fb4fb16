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


def test_serve_says_why_it_does_not_start(shared: House) -> None:
    ended = Shell(shared, shared.folder).type("serve", NETWORKLAB_URL="http://127.0.0.1:8080/lab")
    said = is_refused(ended)
    assert "NETWORKLAB_URL has the path /lab" in said and "http://127.0.0.1:8080." in said
