import numpy as np


class Batch:
    def __init__(self, n):
        self.items = np.empty(n, object)

    def fill(self):
        for i in range(len(self.items)):
            self.items[i] = np.full(200_000 + i, i, np.float32)


def main():
    b = Batch(30)
    b.fill()
    print(sum(x.nbytes for x in b.items))


main()
