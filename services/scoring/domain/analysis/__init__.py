"""How sure, how sensitive, what if: analyses of one evaluation that never touch its record. Pure, numpy only."""
