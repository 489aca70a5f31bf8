"""Pure rules of notify: when to write, to whom, what it says, and what follows from what happened. No I/O, no clock."""
