"""Retrieval: from a question, keywords and a period to the memories that bear on it, each with its scores and a why.

    State + traces ──passages──> Index (FAISS vectors, BM25 postings, times)
    Query(text, now, keywords, start, end, pictures) ──period──> dense + lexical + picture ──fused──> Hits per type

The period and the caller's clock choose the candidates *before* anything is ranked, so nothing outside them can come
back; what was shown already is left out before the best k are taken, so a repeated question gets the next best.

    >>> index = Index(load_text_encoder())
    >>> index.refresh(state, traces)
    >>> for hit in search(index, Query("When do I play guitar?", now)):
    ...     print(hit.text, "|", hit.why)
    plays guitar with Bob on Sunday | says "play" and "guitar"; close in meaning (0.68); from 2025-03-02

Source: paper section 3.2 and appendix A.2 (per-type top-k, keywords and period). Lexical ranking, fusion and the period
filter are ours: the released code ranks by MiniLM alone and its period has no effect.
"""

from personavlm.retrieval.index import Index
from personavlm.retrieval.passages import (
    WEIGHTS,
    Limits,
    Passage,
    Query,
    Weights,
    WhyNot,
    memory_passage,
    passages,
    turn_passage,
)
from personavlm.retrieval.ranking import Ranked, rank
from personavlm.retrieval.search import Placed, placed, search, seen, why_not

__all__ = [
    "WEIGHTS",
    "Index",
    "Limits",
    "Passage",
    "Placed",
    "Query",
    "Ranked",
    "Weights",
    "WhyNot",
    "memory_passage",
    "passages",
    "placed",
    "rank",
    "search",
    "seen",
    "turn_passage",
    "why_not",
]
