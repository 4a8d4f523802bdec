"""How Sphinx makes a site of these pages; `make docs` builds it."""

import os
import shutil
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments.lexers.python import PythonLexer
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.osutil import relative_uri

project = "ndmem"
author = "The ndmem developers"
version = release = installed_version("ndmem")

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
# README.md is the index for readers of the repository; index.md includes it.
exclude_patterns = ["README.md"]
# Links such as cli.md#ndmem-run lead to headings of these levels.
myst_heading_anchors = 3

# autodoc lists the members of classes itself.
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
# One parameter a line where a signature would be longer than this.
maximum_signature_line_length = 88
# The examples of JSON have words such as LINE and … for what is described below them.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "pydata_sphinx_theme"
html_title = f"ndmem {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = False
# For assistants: the list of the pages, each with its address; its Markdown is at the same address of the site.
html_extra_path = ["llms.txt"]
html_theme_options = {
    "show_nav_level": 2,
    "navigation_with_keys": False,
    "footer_end": [],
    # Room for the wide table of that page.
    "secondary_sidebar_items": {"**": ["page-toc"], "explanation/compared-with-other-tools": []},
}


class LinkRepositoryFiles(SphinxTransform):
    """Copy Markdown files outside docs/ that pages link to, as Sphinx does with linked files of other kinds.

    MyST takes each Markdown file for a page of the site, and warns that those outside docs/ are not among the pages.
    """

    default_priority = 5

    def apply(self, **_: object) -> None:
        """Replace the links before Sphinx collects the files to copy."""
        for link in list(self.document.findall(addnodes.pending_xref)):
            path = Path(link["reftarget"]).with_suffix(".md")
            if link.get("refdomain") == "doc" and path.is_absolute():
                inside = "/" + os.path.relpath(path, self.env.srcdir)
                link.replace_self(addnodes.download_reference("", "", *link.children, reftarget=inside))


def open_in_the_browser(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Let links to copied files open them: Sphinx tells the browser to save them."""
    for link in list(doctree.findall(addnodes.download_reference)):
        target = relative_uri(app.builder.get_target_uri(page), f"_downloads/{link['filename']}")
        link.replace_self(nodes.reference("", "", *link.children, refuri=target, internal=True))


def copy_markdown(app: Sphinx, problem: Exception | None) -> None:
    """Put the Markdown of each page beside the page, where llms.txt links it."""
    if problem is None and app.builder.name == "html":
        for source in Path(app.srcdir).rglob("*.md"):
            target = Path(app.outdir) / source.relative_to(app.srcdir)
            if target.parent.is_dir():
                shutil.copyfile(source, target)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what is added here."""
    app.add_transform(LinkRepositoryFiles)
    app.connect("doctree-resolved", open_in_the_browser)
    app.connect("build-finished", copy_markdown)
    # Cells of notebooks are Python with magics; only IPython brings a lexer for them.
    app.add_lexer("ipython", PythonLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
