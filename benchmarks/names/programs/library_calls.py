import numpy as np
from scipy import ndimage, signal
from skimage import filters


class Pipeline:
    def __init__(self, image):
        self.image = image
        self.steps = []

    def run(self):
        noisy = self.image + 0.1 * np.random.default_rng(0).standard_normal(self.image.shape)
        self.steps.append(ndimage.gaussian_filter(noisy, 2))
        self.steps.append(filters.sobel(self.steps[-1]))
        return signal.convolve2d(self.steps[-1], np.ones((3, 3)), mode="same")


def main():
    p = Pipeline(np.zeros((1200, 1200)))
    print(p.run().shape)


main()
