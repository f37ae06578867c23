"""Aids for testing code that uses dynamorm: a clock, a script, a record, and a service in memory.

None of them needs a network, and no time passes in any of them but the clock's own.
"""

from .scripted import Async, FakeClock, Recorder, Script
from .service import FakeService

__all__ = ["Async", "FakeClock", "FakeService", "Recorder", "Script"]
