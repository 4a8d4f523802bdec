"""shapely: the coordinates of a geometry are in GEOS, which reports no sizes of its own objects."""

import sys
from typing import Any, Final

from ndmem.weighing.registry import Holding, Leave, Rule

_NOTE: Final = "shapely geometries are counted by their coordinates: GEOS's own objects around them are not visible"


def hold_geometry(geometry: Any) -> Holding:
    """Return the bytes of the coordinates, two to four numbers each."""
    shapely: Any = sys.modules["shapely"]
    axes = int(shapely.get_coordinate_dimension(geometry))
    nbytes = 8 * axes * int(shapely.get_num_coordinates(geometry))
    return Holding(nbytes=nbytes, logical=nbytes, note=_NOTE, unseen=True)


RULES: Final[dict[str, Rule | Leave]] = {"shapely.lib.Geometry": hold_geometry}
