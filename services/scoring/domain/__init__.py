"""The scoring engine. Pure: numbers in, numbers with their reasons out; no store, no clock, no event loop.

Orientation everywhere: one contiguous row per indicator or node, one column per unit of the cohort.

`cells` what a cell can be; `inputs` ledger and reports as arrays; `annual` the year's value; `methods` value to share;
`aggregate` shares to nodes to index; `rounding`, `rank`, `bands` what is published; `evaluate` the whole pass;
`contributions` and `explain` where a number comes from; `summary` what is announced.
"""
