import numpy as np


class Node:
    __slots__ = ("left", "points", "right")

    def __init__(self, points, depth):
        self.points = points
        if depth:
            axis = depth % 2
            order = np.argsort(points[:, axis])
            half = len(points) // 2
            self.left = Node(points[order[:half]], depth - 1)
            self.right = Node(points[order[half:]], depth - 1)
        else:
            self.left = self.right = None

    def count(self):
        return 1 + sum(c.count() for c in (self.left, self.right) if c)


def main():
    points = np.random.default_rng(0).random((300_000, 2))
    tree = Node(points, 5)
    print(tree.count())


main()
