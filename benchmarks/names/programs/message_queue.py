import queue
import threading

import numpy as np


def produce(q):
    for i in range(12):
        q.put(np.full(500_000, float(i)))
    q.put(None)


def main():
    q = queue.Queue(maxsize=6)
    kept = []
    t = threading.Thread(target=produce, args=(q,))
    t.start()
    while (item := q.get()) is not None:
        if item[0] % 3 == 0:
            kept.append(item * 2)
    t.join()
    print(len(kept))


main()
