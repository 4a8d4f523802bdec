"""Types of libraries without a module name: CPython says that they are builtins."""

from typing import Final

from ndmem.weighing.registry import Leave, Rule

from . import polars, scipy
from .compiled import pillow

RULES: Final[dict[str, Rule | Leave]] = {
    name: rule
    for adapter in (pillow, polars, scipy)
    for name, rule in adapter.RULES.items()
    if name.startswith("builtins.")
}
