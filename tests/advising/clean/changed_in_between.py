"""The same expression, whose operand changes in between."""

import numpy as np

values = np.linspace(0.0, 1.0, 800_000)
first = np.exp(values)
values += 1.0
second = np.exp(values)
print(f"{first[-1]:.4f} {second[-1]:.4f} {values[-1]}")
