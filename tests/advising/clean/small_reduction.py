"""The temporary that is reduced is small beside what the program holds."""

import numpy as np

frames = np.ones((200, 100, 100))
for number in range(len(frames)):
    frames[number] *= number
drift = [np.abs(frame - frames[0]).max() for frame in frames[::50]]
print(drift)
