"""How heavy an object is: owned, reachable, logical and resident bytes."""

from .registry import Child, Holding, Region, register
from .weigh import weigh

__all__ = ["Child", "Holding", "Region", "register", "weigh"]
