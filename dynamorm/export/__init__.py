"""The tables of models in other languages, and models of tables: infrastructure as code."""

from .policy import iam_policy
from .python import source
from .templates import cloudformation, terraform

__all__ = ["cloudformation", "iam_policy", "source", "terraform"]
