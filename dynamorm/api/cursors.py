"""Where the pages of a list lead: on and on, and never round in a circle."""

from __future__ import annotations

from ..errors import TransportError
from . import T


class Cursors:
    """Follows the cursors of one listing, and notices when they lead round in a circle.

    Every so often, each time after twice as many pages, it keeps one cursor and looks whether it
    comes again (R. Brent, "An improved Monte Carlo factorization algorithm", 1980): one cursor in
    memory finds a circle of any length, within three times the pages that lead into it and round.
    """

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._kept: object = None
        self._pages = 0
        self._power = 1

    def onward(self, came_from: T | None, leads_to: T | None) -> T | None:
        """Return the place to go on from; raises `TransportError` where it has been before."""
        if leads_to is None:
            return None
        # An endpoint that ignores the cursor answers with one page again and again.
        if leads_to in (came_from, self._kept):
            message = (
                "the same page came twice, so the list would never end: is this "
                "endpoint DynamoDB's?"
            )
            raise TransportError(
                message, operation=self._operation, maybe_applied=False, transient=False
            )
        # Doubled, since one that was kept before the circle begins never comes again.
        self._pages += 1
        if self._pages == self._power:
            self._kept, self._pages, self._power = leads_to, 0, 2 * self._power
        return leads_to
