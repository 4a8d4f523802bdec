"""A service that smooths signals, watched by Prometheus.

Run it with ``uvicorn app:app``, then open http://127.0.0.1:8000/metrics.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Lock

import numpy as np
from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

import ndmem
from ndmem.integrations.prometheus import Collector

MOST_SIGNALS = 100

run = ndmem.track(continuous=True)
REGISTRY.register(Collector(run, sites=20))


@asynccontextmanager
async def record(_: FastAPI) -> AsyncIterator[None]:
    """Record from the start of the server to its end, in the process that serves."""
    with run:
        yield


app = FastAPI(lifespan=record)
signals: OrderedDict[int, np.ndarray[tuple[int], np.dtype[np.float64]]] = OrderedDict()
lock = Lock()


@app.get("/smooth/{number}")
def smooth(number: int, length: int = 50_000) -> dict[str, float]:
    """Smooth a signal, and keep the newest ones."""
    time = np.linspace(0.0, 1.0, length)
    signal = np.sin(2 * np.pi * number * time) + 0.1 * np.cos(50 * time)
    smoothed = np.convolve(signal, np.ones(9) / 9, mode="same")
    with lock:
        signals[number] = smoothed
        while len(signals) > MOST_SIGNALS:
            signals.popitem(last=False)
    return {"largest": float(np.abs(np.sort(smoothed)).max())}


@app.get("/metrics")
def metrics() -> Response:
    """Answer Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
