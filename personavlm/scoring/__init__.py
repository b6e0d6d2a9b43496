"""Scoring: judges without a model, the same for evals and as rewards: memory fidelity, choices, episodes, traits.

match(memory, claim)      does a memory in free text state a fact, and if not, what is wrong    ``matching``
token_f1(answer, gold)    how many words a free answer shares with the right one                ``answers``
parse_comparison(text)    what a judging model said, read strictly, and what follows from it    ``judge``
"""

from personavlm.scoring.claims import RELATIONS, Claim, Relation, Verdict
from personavlm.scoring.matching import match

__all__ = ["RELATIONS", "Claim", "Relation", "Verdict", "match"]
