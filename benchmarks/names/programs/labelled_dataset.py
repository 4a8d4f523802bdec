import numpy as np
import xarray as xr


def main():
    t = np.arange(365)
    lat = np.linspace(-90, 90, 60)
    lon = np.linspace(0, 360, 120)
    ds = xr.Dataset(
        {
            "temp": (("time", "lat", "lon"), np.random.default_rng(0).random((365, 60, 120))),
            "rain": (("time", "lat", "lon"), np.ones((365, 60, 120))),
        },
        coords={"time": t, "lat": lat, "lon": lon},
    )
    anomaly = ds - ds.mean("time")
    std = (anomaly**2).mean("time") ** 0.5
    print(float(std.temp.mean()) > 0)


main()
