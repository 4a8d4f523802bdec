import numpy as np


def chunks(total, size):
    buffer = np.empty(size)
    for start in range(0, total, size):
        buffer[:] = np.arange(start, start + size)
        yield buffer.copy()


def smooth(source):
    previous = None
    for chunk in source:
        result = chunk if previous is None else 0.5 * (chunk + previous)
        previous = chunk
        yield result


print(sum(float(c.sum()) for c in smooth(chunks(8_000_000, 1_000_000))))
