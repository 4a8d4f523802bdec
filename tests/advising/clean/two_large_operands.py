"""A large array of single precision meets one of double precision that is as large."""

import numpy as np

single = np.ones(800_000, dtype=np.float32)
double = np.linspace(0.0, 1.0, 800_000)
product = single * double
print(f"{product[-1]} {single[0]} {double[-1]}")
