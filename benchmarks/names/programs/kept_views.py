import numpy as np


class Recorder:
    def __init__(self):
        self.rows = []
        self.extra = {}

    def add(self, i):
        block = np.random.default_rng(i).random((2000, 200))
        self.rows.append(block[0])
        self.extra[f"max{i}"] = block.max(axis=1)


def main():
    r = Recorder()
    for i in range(12):
        r.add(i)
    print(len(r.rows))


main()
