from concurrent.futures import ThreadPoolExecutor

import numpy as np


class Worker:
    def __init__(self):
        self.done = {}

    def work(self, i):
        data = np.full(1_000_000, float(i))
        self.done[i] = np.sqrt(data)
        return self.done[i].sum()


def main():
    w = Worker()
    with ThreadPoolExecutor(2) as pool:
        print(sum(pool.map(w.work, range(10))))


main()
