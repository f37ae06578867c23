"""Aids for testing code that uses dynamorm: a clock, a script, a record, a service in memory.

None of these needs a network, and time passes only on their own clock. `empty_table` is for tables
on any engine.
"""

from .buckets import FakeS3
from .empty import empty_table
from .scripted import Async, FakeClock, Recorder, Script
from .service import FakeService

__all__ = ["Async", "FakeClock", "FakeS3", "FakeService", "Recorder", "Script", "empty_table"]
