"""Records of some sensors, each with its axis of time."""

import numpy as np


def load(count, length):
    time = np.linspace(0.0, 60.0, length)
    records = []
    for number in range(count):
        records.append({"time": time, "values": np.sin(time * number)})
    return records


def describe(records):
    axes = [record["time"] for record in records]
    return sum(float(axis[-1]) for axis in axes)


records = load(12, 100_000)
print(f"{describe(records):.3f}")
