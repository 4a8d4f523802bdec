from collections import defaultdict, deque, namedtuple

import numpy as np

State = namedtuple("State", "position velocity")


class Simulation:
    def __init__(self, n):
        self.history = deque(maxlen=8)
        self.by_step = defaultdict(list)
        self.state = State(np.zeros((n, 3)), np.ones((n, 3)))

    def step(self, i):
        p, v = self.state
        self.state = State(p + 0.1 * v, v * 0.99)
        self.history.append(self.state)
        self.by_step[i % 3].append(p[::100].copy())


def main():
    s = Simulation(100_000)
    for i in range(20):
        s.step(i)
    print(s.state.position.sum())


main()
