"""A variable has an object that another one keeps as well: to delete it frees nothing."""

import numpy as np


class Panel:
    def __init__(self):
        self.layers = []

    def draw(self, image):
        self.layers.append(image)


class Sheet:
    panels = []

    @classmethod
    def add_panel(cls):
        cls.panels.append(Panel())
        return cls.panels[-1]


def render():
    panel = Sheet.add_panel()
    for start in (0.0, 1.0):
        panel.draw(np.linspace(start, 2.0, 400_000))
    canvas = np.zeros(2_000_000)
    canvas[:400_000] = 1.0
    return canvas


print(f"{render().sum():.1f} {len(Sheet.panels[0].layers)}")
