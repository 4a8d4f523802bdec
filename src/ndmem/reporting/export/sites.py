"""A place in the source as JSON, the same in all documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ndmem.model.site import Site


def site_fields(site: Site) -> dict[str, Any]:
    """Return the fields of a place; ``null`` for an unknown line or column."""
    return {
        "filename": site.filename,
        "lineno": site.lineno or None,
        "function": site.function,
        "col": site.col,
        "end_col": site.end_col,
    }
