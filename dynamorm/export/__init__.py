"""The tables of models in other languages, and models of tables: infrastructure as code."""

from .configuration import terraform
from .pull import source
from .template import cloudformation

__all__ = ["cloudformation", "source", "terraform"]
