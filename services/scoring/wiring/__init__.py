"""Who is given what: the parts of scoring put together by concern. Values come from `main`, which alone reads settings.

`rounds`, `editions`, `analyses` the handlers of one concern each; `handlers` all of them over one store; `edge` the
HTTP routers; `loop` what drives them: the loop that recomputes, and the clock.
"""
