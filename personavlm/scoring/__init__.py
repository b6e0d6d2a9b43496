"""Scoring: judges without a model, the same for evals and as rewards: memory fidelity, choices, episodes, traits.

match(memory, claim)   does a memory in free text state a fact, and if not, what is wrong    ``matching``
"""

from personavlm.scoring.claims import RELATIONS, Claim, Relation, Verdict
from personavlm.scoring.matching import match

__all__ = ["RELATIONS", "Claim", "Relation", "Verdict", "match"]
