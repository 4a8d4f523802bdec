"""Reports for the terminal: `report` lays out the tables; `stats`, `diff`, `profile`, `live_view` stand alone."""
