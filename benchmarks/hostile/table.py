"""What was tried, what of it went well, and what did not."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Row:
    """Tries of one kind.

    Attributes:
        faults: what went wrong, each in a line that tells what was tried.
        said: figures that belong to it.
    """

    kind: str
    tried: int = 0
    faults: list[str] = field(default_factory=list)
    said: str = ""

    def note(self, what: object, fault: str) -> None:
        """Counts a try; `fault` is "" where it went well."""
        self.tried += 1
        if fault:
            self.faults.append(f"{what}: {fault}"[:300])

    def attempt(self, what: object, work: Callable[[], str]) -> None:
        """Tries something that returns its fault, or raises it."""
        try:
            fault = work()
        except Exception as error:  # whatever it is, it is what is looked for
            fault = repr(error)
        self.note(what, fault)

    def __str__(self) -> str:
        """One line, and one for each fault."""
        fine = self.tried - len(self.faults)
        line = f"{self.kind:<48}{self.tried:>7,}{fine:>7,}{len(self.faults):>7,}   {self.said}"
        return "\n".join([line.rstrip(), *(f"    {fault}" for fault in self.faults)])


HEAD = f"{'':<48}{'tried':>7}{'fine':>7}{'fault':>7}"
