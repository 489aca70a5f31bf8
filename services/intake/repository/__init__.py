"""What intake keeps, one file per collection, on the narrow document interface."""
