"""The services. Independent of each other: they share events and nothing else."""
