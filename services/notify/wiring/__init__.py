"""Who is given what: the parts of notify put together by concern. Values come from `main`, which alone reads settings.

`books` the repositories; `deliveries`, `digests`, `inspections`, `alerts` the handlers of one concern each; `work` all
that the clock and the broker drive, with the jobs in their order; `edge` the HTTP routers.
"""
