"""The expressions of validation rules: a bounded part of CEL (Common Expression Language).

The kept CEL library evaluates, but it has no limit of steps, no types and no syntax tree to look at. So what may be
evaluated is decided here, when a plan is checked: an expression is parsed, its names and types are resolved and its
steps are counted. What passes has no loop but one over the values of a report, and answers in a millisecond or two.
"""
