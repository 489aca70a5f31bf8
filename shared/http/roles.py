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
        "evaluation:appraise",
        "evaluation:round",
        "evaluation:clarify",
        "evaluation:write",
        "analysis:run",
        "inspection:write",
        "inspection:remedy",
        "notify:write",
        "pipeline:write",
    }
)
OPERATION_SCOPES = frozenset({"pipeline:read", "audit:read", "evaluation:draft"})
ALL_SCOPES = READ_SCOPES | WRITE_SCOPES | OPERATION_SCOPES

ROLE_SCOPES: dict[str, frozenset[str]] = {
    "operator": READ_SCOPES
    | {
        "key:write",
        "report:write",
        "report:review",
        "obligation:write",
        "evaluation:round",
        "analysis:run",
        "notify:write",
        "pipeline:read",
        "pipeline:write",
    },
    "appraiser": READ_SCOPES | {"report:review", "evaluation:appraise", "analysis:run"},
    "inspector": READ_SCOPES | {"inspection:write"},
    "leader": READ_SCOPES | {"evaluation:write", "evaluation:draft", "analysis:run"},
    "administrator": ALL_SCOPES - {"evaluation:appraise", "evaluation:clarify", "inspection:remedy"},
    "auditor": READ_SCOPES | OPERATION_SCOPES | {"analysis:run"},
    # Speaks for one unit in a round and about its findings; it sees its own unit's criteria and inspections only.
    "unit_officer": frozenset(
        {"plan:read", "unit:read", "report:read", "obligation:read", "evaluation:clarify", "inspection:remedy"}
    ),
}


def scopes_of(roles: frozenset[str]) -> frozenset[str]:
    """Everything that the roles allow together; an unknown role allows nothing."""
    return frozenset().union(*(ROLE_SCOPES.get(role, frozenset()) for role in roles))
