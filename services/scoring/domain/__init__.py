"""The scoring engine. Pure: numbers in, numbers with their reasons out; no store, no clock, no event loop.

Orientation everywhere: one contiguous row per indicator or node, one column per unit of the cohort.

`cells` what a cell can be; `inputs` ledger and reports as arrays; `annual` the year's value; `methods` value to share;
`tree` shares to nodes to index, with `weights`, `aggregate`, `means`, `comparisons`; `rounding`, `rank`, `bands`,
`overall` what is published; `bounds`, `confidence`, `silence` what is told beside it; `evaluate` the whole pass;
`contributions`, `explain` and `wording` where a number comes from; `decompose` why it moved; `what_it_takes` what would
lift it; `summary` what is announced.
"""
