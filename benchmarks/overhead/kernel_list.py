"""The programs that are measured, and what each stands for."""

import enum
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KERNEL_FOLDER: Final = Path(__file__).parent / "kernels"


class Group(enum.Enum):
    """What size most arrays of a kernel have; each has a bar of its own."""

    LARGE = "arrays of 64 KiB and more"
    SMALL = "many tiny arrays"
    ADD_3 = "adds of 3 elements"
    ADD_20KB = "adds of 20 KB"
    ADD_512KB = "adds of 512 KB"
    SMALL_BLOCKS = "small blocks of malloc's"


@dataclass(frozen=True, slots=True)
class Kernel:
    """One program: a file in ``kernels/`` and its group."""

    name: str
    group: Group

    @property
    def path(self) -> Path:
        """The script."""
        return KERNEL_FOLDER / f"{self.name}.py"


KERNELS: Final = (
    Kernel("jacobi_2d", Group.LARGE),
    Kernel("mlp", Group.LARGE),
    Kernel("conv2d", Group.LARGE),
    Kernel("hdiff", Group.LARGE),
    Kernel("covariance", Group.LARGE),
    Kernel("arc_distance", Group.LARGE),
    Kernel("mandelbrot", Group.LARGE),
    Kernel("nbody", Group.SMALL),
    Kernel("spmv", Group.SMALL),
    Kernel("levenshtein", Group.SMALL),
    Kernel("add_3", Group.ADD_3),
    Kernel("add_20kb", Group.ADD_20KB),
    Kernel("add_512kb", Group.ADD_512KB),
    Kernel("small_blocks", Group.SMALL_BLOCKS),
)
