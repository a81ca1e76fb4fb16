"""Pictures of texts that a camera reads."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_picture(text: str) -> Markup:
    """As an SVG, black on white in the dark as well, with the quiet zone around it: some cameras read nothing else."""
    drawn = segno.make_qr(text)
    return Markup(
        drawn.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None)
    )
