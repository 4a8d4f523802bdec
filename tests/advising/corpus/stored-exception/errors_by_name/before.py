"""Checks of many fields; the result has the error of each field that did not pass."""

import numpy as np


def check(field):
    spread = np.sqrt(np.abs(field - field.mean()))
    if spread.max() > 400:
        raise ValueError("a value is far from the mean")


class Checker:
    def __init__(self):
        self.errors = {}

    def run(self, count):
        for number in range(count):
            field = np.arange(250_000.0) * number
            try:
                check(field)
            except ValueError as error:
                self.errors[number] = error  # guilty


checker = Checker()
checker.run(6)
print({number: str(error) for number, error in checker.errors.items()})
