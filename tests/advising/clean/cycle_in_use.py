"""Nodes of a ring refer to each other, and all of them are read until the end."""

import numpy as np


class Node:
    def __init__(self, number):
        self.state = np.linspace(0.0, 1.0, 50_000) * number
        self.next = self


def ring(count):
    first = last = Node(0)
    for number in range(1, count):
        node = Node(number)
        last.next, node.next = node, first
        last = node
    return first


first = ring(12)
node, total = first, 0.0
for _ in range(24):
    total += float(node.state.mean())
    node = node.next
print(f"{total:.6f}")
