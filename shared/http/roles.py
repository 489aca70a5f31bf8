"""Who may do what: the one table from roles to scopes.

A scope is `<noun>:<verb>`. A role's reach in units (its subtree) is not here:
handlers compare the principal's `unit` with the subject of the request.
"""

from __future__ import annotations

READ_SCOPES = frozenset(
    {
        "plan:read",
        "unit:read",
        "report:read",
        "obligation:read",
        "evaluation:read",
        "inspection:read",
        "notify:read",
    }
)
WRITE_SCOPES = frozenset(
    {
        "plan:write",
        "unit:write",
        "key:write",
        "report:write",
        "report:review",
        "report:seal",
        "obligation:write",
        "appraisal:write",
        "evaluation:write",
        "inspection:write",
        "notify:write",
        "pipeline:write",
    }
)
OPERATION_SCOPES = frozenset({"pipeline:read", "audit:read"})
ALL_SCOPES = READ_SCOPES | WRITE_SCOPES | OPERATION_SCOPES

ROLE_SCOPES: dict[str, frozenset[str]] = {
    "operator": READ_SCOPES
    | {
        "key:write",
        "report:write",
        "report:review",
        "obligation:write",
        "notify:write",
        "pipeline:read",
        "pipeline:write",
    },
    "appraiser": READ_SCOPES | {"report:review", "appraisal:write"},
    "inspector": READ_SCOPES | {"inspection:write"},
    "leader": READ_SCOPES | {"evaluation:write"},
    "administrator": ALL_SCOPES - {"appraisal:write"},
    "auditor": READ_SCOPES | OPERATION_SCOPES,
}


def scopes_of(roles: frozenset[str]) -> frozenset[str]:
    """Everything that the roles allow together; an unknown role allows nothing."""
    return frozenset().union(*(ROLE_SCOPES.get(role, frozenset()) for role in roles))
