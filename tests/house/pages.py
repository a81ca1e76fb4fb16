"""What stands on a page, in words."""

from __future__ import annotations

import html
import re


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def shown(page: str) -> str:
    """What of a page tells of others, in words."""
    return words(" ".join(re.findall(r'<figure class="shown-others">.*?</figure>', page, re.DOTALL)))
