"""A hundred functions in four families; see README.md in the folder above."""

from . import data, growth, polynomial, thresholds
from .case import Case

FAMILIES: dict[str, tuple[Case, ...]] = {
    "polynomial": polynomial.CASES,
    "thresholds": thresholds.CASES,
    "growth": growth.CASES,
    "data": data.CASES,
}
