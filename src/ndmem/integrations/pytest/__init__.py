"""The pytest plugin: `plugin` is what pytest loads, `marks` are limits, `baseline` is the file to compare with."""
