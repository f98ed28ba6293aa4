"""The one exception for an expected failure: a code from the catalogue and the evidence for it."""

from collections.abc import Mapping
from typing import Any

from diagnostics.codes import Code


class Problem(Exception):
    """Raised where the fact is known; turned into words at one place (`diagnostics.problem_texts`).

    `evidence` holds plain JSON values: the value, the limit, the rows concerned.
    """

    def __init__(self, code: Code, /, **evidence: Any) -> None:
        super().__init__(code)
        self.code = code
        self.evidence: Mapping[str, Any] = evidence

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.evidence.items())
        return f"{self.code}: {facts}" if facts else str(self.code)


class RecordedProblem(Problem):
    """A refusal that was written down, in a transaction of its own that is committed: the record
    stays."""
