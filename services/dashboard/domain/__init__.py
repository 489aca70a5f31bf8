"""Pure rules of the dashboard: what a cell shows, what a rate is, where a unit stands, how fresh a number is."""
