"""Geometry of the charts: numbers in, coordinates out. Drawn by the macros in `templates/charts.html`. Pure."""
