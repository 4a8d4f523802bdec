"""One conversion, to a type that the source does not have."""

import numpy as np

table = np.zeros((500, 2_000), dtype=np.float32)
table[3] = 2.5
wide = table.astype(np.float64)
print(wide.sum(), table.dtype, table[3, 0])
