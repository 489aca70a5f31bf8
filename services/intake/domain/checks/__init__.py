"""The named checks of reports, one file per family. Each is a pure function (context, parameters) -> what was found.

`context` says what a check may look at; `table` maps the names of `shared.plan.checks` to the functions.
Values that are malformed never reach a check: `structure` has refused them before.
"""
