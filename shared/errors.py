"""The whole failure vocabulary.

Handlers and adapters raise one of two kinds; the edges decide what each means there: a consumer retries
`Transient` with a delay and dead-letters `Permanent`, an HTTP route answers 503 to the first and a 4xx
problem document to the second.
"""

from __future__ import annotations


class TiendoError(Exception):
    """Base of every error that we raise on purpose."""


class Transient(TiendoError):
    """May succeed when tried again unchanged: a broker away, a lease held, a document that moved on."""


class Permanent(TiendoError):
    """Will not succeed unchanged: an unreadable message, a broken rule, a refused request."""


class Misuse(TiendoError):
    """A fault of the calling code: an undeclared collection, an unbounded query. Raised in every environment."""
