import weakref

import numpy as np


class Tile:
    def __init__(self, key):
        self.key = key
        self.data = np.zeros((400, 400)) + key


class Cache:
    def __init__(self):
        self.live = weakref.WeakValueDictionary()
        self.strong = []

    def get(self, key):
        tile = self.live.get(key)
        if tile is None:
            tile = self.live[key] = Tile(key)
            self.strong.append(tile)
            self.strong = self.strong[-12:]
        return tile


def main():
    c = Cache()
    print(sum(c.get(k % 17).data.mean() for k in range(60)))


main()
