"""Unit systems that post a year of reports. Demo, load and chaos tests use the same ones."""
