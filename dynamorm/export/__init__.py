"""The tables of models in other languages, and models of tables: infrastructure as code."""

from .configuration import terraform
from .template import cloudformation

__all__ = ["cloudformation", "terraform"]
