"""Every mutant of a module by Cosmic Ray's operators, and a sample of those of many modules."""

import dataclasses
import difflib
import random

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator


@dataclasses.dataclass(frozen=True, order=True)
class Mutant:
    """`module` with the line `before` (number `at`) become `after`; `code` is the whole of it."""

    module: str
    at: int
    before: str
    after: str
    code: str = dataclasses.field(repr=False)

    @property
    def identity(self):
        """What tells it from the others, and stays when the module changes elsewhere."""
        return self.module, self.before, self.after


def places(source, operators):
    """Return every mutation of a module as (operator, occurrence)."""
    nodes = list(ast_nodes(get_ast(source)))
    found = []
    for name in operators:
        positions = get_operator("core/" + name)().mutation_positions
        count = sum(1 for node in nodes for _ in positions(node))
        found += [(name, occurrence) for occurrence in range(count)]
    return found


def mutant(module, source, place):
    """Return the mutant of `source` at one of its `places`; None for `except module.Error`."""
    name, occurrence = place
    try:
        code = mutate_code(source, get_operator("core/" + name)(), occurrence)
    except AttributeError:  # ExceptionReplacer knows plain names only
        return None
    assert code is not None, f"{module} has no {name} {occurrence}"
    old, new = source.splitlines(), code.splitlines()
    changes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    _, low, high, new_low, new_high = next(row for row in changes if row[0] != "equal")
    before = " ".join(line.strip() for line in old[low:high])
    after = " ".join(line.strip() for line in new[new_low:new_high])
    return Mutant(module, low + 1, before, after, code)


def sample(sources, operators, size, seed):
    """Return `size` mutants (None: all) of the modules, each with its share, one at least.

    sources: module -> its text. The same for the same texts and seed.
    """
    found = {module: places(source, operators) for module, source in sources.items()}
    total = sum(len(own) for own in found.values())
    chosen = []
    for module, own in sorted(found.items()):
        share = len(own) if size is None else max(1, round(size * len(own) / total))
        # A seed for each module: a change in one leaves the sample of the others as it was.
        drawn = random.Random(f"{seed} {module}").sample(own, min(share, len(own)))
        made = [mutant(module, sources[module], place) for place in drawn]
        chosen += sorted(each for each in made if each is not None)
    return chosen, total
