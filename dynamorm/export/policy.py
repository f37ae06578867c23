"""IAM: the policy document that allows what an operation needs, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol


class Needed(Protocol):
    """A `Permission`, as `required_actions` returns them."""

    @property
    def action(self) -> str: ...
    @property
    def resource(self) -> str: ...


def iam_policy(permissions: Iterable[Needed]) -> dict[str, Any]:
    """Return an IAM policy that allows these permissions and nothing else, for `json.dumps`.

    Takes what `required_actions` returns, of several operations too: resources on which the same is
    allowed share a statement. Sends nothing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
    """
    actions: dict[str, set[str]] = {}
    for permission in permissions:
        actions.setdefault(permission.resource, set()).add(permission.action)
    # Shared, since a policy is limited in characters, white space left out:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    resources: dict[tuple[str, ...], list[str]] = {}
    for resource, names in sorted(actions.items()):
        resources.setdefault(tuple(sorted(names)), []).append(resource)
    statements = [
        {"Effect": "Allow", "Action": [*names], "Resource": where}
        for names, where in resources.items()
    ]
    return {"Version": "2012-10-17", "Statement": statements}
