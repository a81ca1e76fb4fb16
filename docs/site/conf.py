"""The manual as a site: what `bin/site` builds from the files that the server shows at /admin/manual."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
INDEX = "docs/index"

project = "NetworkLab"
author = copyright = "the authors of NetworkLab"
extensions = ["myst_parser"]
OTHERS = ["README", "CHANGELOG", "SECURITY"]  # beside the chapters
include_patterns = ["docs/*.md", "studies/*/README.md", "BENCHMARKS.md", *(f"{name}.md" for name in OTHERS)]
exclude_patterns = ["docs/site/**"]
root_doc = INDEX
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
# Jinja and TOML with our own words are no language that is known here, and `{…}` in a code block stands as it is.
suppress_warnings = ["misc.highlighting_failure"]
html_theme = "furo"
html_title = "NetworkLab"
html_theme_options = {"source_repository": "", "navigation_with_keys": True}
html_copy_source = html_show_sourcelink = False
pygments_style, pygments_dark_style = "default", "github-dark"


def with_contents(app, name, source):
    """The contents lead to each chapter, so they are the site's, too: one part of them for each part of the index."""
    if name == INDEX:
        source[0] += "\n## The project\n\n" + "".join(f"- [{name}](../{name}.md)\n" for name in OTHERS)
        for heading, part in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", source[0], re.DOTALL | re.MULTILINE):
            links = [
                link.removesuffix(".md")
                for link in re.findall(r"^- \[.+?\]\(([^)#]+\.md)\)", part, re.MULTILINE)
            ]
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {heading}\n\n" + "\n".join(links) + "\n```\n"


def setup(app):
    app.connect("source-read", with_contents)
    return {"parallel_read_safe": True}
