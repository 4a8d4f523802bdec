"""Weight a spectrogram by frequency."""

import numpy as np

spectrogram = np.ones((500, 4_000), dtype=np.float32)
frequencies = np.linspace(0.0, 1.0, 500)[:, None]
weighted = spectrogram * frequencies  # guilty
print(f"{weighted[250, 0]:.4f} {spectrogram.shape}")
