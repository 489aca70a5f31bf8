"""The four services. Each is a process of its own; they do not import each other."""
