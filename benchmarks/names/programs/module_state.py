import numpy as np

REGISTRY = {"models": [], "data": {}}


class Model:
    def __init__(self, k):
        self.k = k
        self.params = {"w": np.ones((k, 500)), "b": np.zeros(k)}

    def grads(self):
        return {n: p * 0.1 for n, p in self.params.items()}


class Adam:
    def __init__(self, model):
        self.model = model
        self.m = {n: np.zeros_like(p) for n, p in model.params.items()}
        self.v = {n: np.zeros_like(p) for n, p in model.params.items()}

    def step(self):
        for n, g in self.model.grads().items():
            self.m[n] = 0.9 * self.m[n] + 0.1 * g
            self.v[n] = 0.99 * self.v[n] + 0.01 * g * g
            self.model.params[n] -= 0.01 * self.m[n] / (np.sqrt(self.v[n]) + 1e-8)


REGISTRY["data"]["train"] = np.random.default_rng(0).random((2000, 500))
for k in (1000, 2000):
    model = Model(k)
    REGISTRY["models"].append((model, Adam(model)))
for _ in range(3):
    for model, optimizer in REGISTRY["models"]:
        optimizer.step()
print(REGISTRY["models"][0][0].params["w"].sum() != 0)
