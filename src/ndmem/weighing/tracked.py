"""What the tracker knows of an address, while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from ndmem.model.site import Site


@dataclass(frozen=True, slots=True)
class TrackedBuffer:
    """A live buffer of NumPy's allocator.

    Attributes
    ----------
    start, nbytes : int
        Where, and how long.
    stack_node : int
        Node of the running trace's call tree where it was born.
    """

    start: int
    nbytes: int
    stack_node: int


def tracked_buffer(address: int) -> TrackedBuffer | None:
    """Return the buffer that an address lies in; ``None`` if no tracker runs or has seen it."""
    try:
        from ndmem import _native  # noqa: PLC0415 (there is none before the first build)
    except ImportError:  # built without the tracker
        return None
    buffer_at = getattr(_native, "buffer_at", None)
    found = None if buffer_at is None else buffer_at(address)
    return None if found is None else TrackedBuffer(*found)


def tracked_site(buffer: TrackedBuffer) -> Site | None:
    """Return the line that made a buffer; ``None`` if the tracker cannot say it while it runs."""
    try:
        from ndmem import _native  # noqa: PLC0415 (there is none before the first build)
    except ImportError:
        return None
    site_of = getattr(_native, "site_of", None)
    found = None if site_of is None else site_of(buffer.stack_node)
    return found if isinstance(found, Site) else None
