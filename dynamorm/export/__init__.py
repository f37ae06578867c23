"""The tables of models in other languages, and models of tables: infrastructure as code."""

from .configuration import terraform
from .policy import iam_policy
from .pull import source
from .template import cloudformation

__all__ = ["cloudformation", "iam_policy", "source", "terraform"]
