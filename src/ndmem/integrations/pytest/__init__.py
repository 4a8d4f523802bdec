"""The pytest plugin, and what it is made of.

`plugin` is what pytest loads, `choices` are its options, `measuring` tracks tests where they run, `collecting` writes
files and tables where pytest was started; `marks` are limits, `baseline` has the messages of a comparison.
"""
