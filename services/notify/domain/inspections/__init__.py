"""Inspections: whom to look at, the random draw, the steps with their deadlines, findings and their remedy. Pure."""
