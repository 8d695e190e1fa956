"""Errors that the user can correct.

Each message names the argument, the value, the rule and the remedy. The command line prints the
message without a traceback; a traceback means a defect in this package.
"""

from __future__ import annotations


class UserError(ValueError):
    """Invalid input: an argument, a setting, a graph or a file."""


class GraphError(UserError):
    """A graph that breaks a rule of the data type."""

    @classmethod
    def of(cls, where: str, got: object, rule: str, remedy: str) -> GraphError:
        """The error whose message reads: `where` (got …) `rule`; `remedy`."""
        return cls(f"{where} (got {got}) {rule}; {remedy}")


class FileError(UserError):
    """A file that cannot be read or written as a graph."""


class BudgetError(UserError):
    """A condensation ratio that no graph can meet."""
