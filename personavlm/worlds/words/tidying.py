"""Tidying: what patterns leave rough. Spaces and marks, articles, verbs that agree, questions that end as such.

>>> tidy("a  apple , please. what do you think.")
'An apple, please. What do you think?'
"""

from __future__ import annotations

import re

from personavlm.worlds.words.grammar import OPEN, SHUT, article

_TIDY = (
    (re.compile(r"\s+"), " "),
    (re.compile(r" (?=[,.;:!?…])"), ""),
    (re.compile(r",+(?=[.;:!?])|,(?=,)"), ""),
    (re.compile(r"(?<=[!?])[.;,]+"), ""),
    (re.compile(r"(?<![.])\.\.(?![.])"), "."),
    (re.compile(r"[:;](?=\.)"), ""),
    (re.compile(r"\?(?=:)"), ""),
)
_WH = r"(?:what|how|why|where|who|when|which)"
_AUX = r"(?:is|are|was|were|do|does|did|would|should|could|can|will|has|have|shall)"
_PRONOUN = r"(?:you|i|it|that|there|he|she|they|we|this|anybody|somebody|the|my|your|all|everything|anything)"
_ASKING = re.compile(
    rf"(?:{_WH}(?: [\w']+)? {_AUX}\b|{_WH}'s|{_AUX}(?:n't)? {_PRONOUN}\b|(?:and|but|so) (?:how|what)\b"
    r"|may i\b|any (?:idea|tips|thoughts|wisdom)|ever |want to |need a |anything else|would you"
    r"|thoughts$|suggestions$)",
    re.IGNORECASE,
)
"""How a question begins."""
_INSIDE = re.compile(rf"\b{_WH}\b|, (?:right|no|isn't it|aren't you|is it|then|eh)$|\bor\b", re.IGNORECASE)
"""What a question may hold that does not begin like one."""
_STATED = re.compile(r"(?:thank|please|noted|got it|fair|go|help|do |don't|i )\b", re.IGNORECASE)
"""How a short sentence begins that is no question."""
_CLAUSE = re.compile(r"[,:;] ")
_SENTENCE = re.compile(r"([^.?!]+)([.?])(?![.?!])")
_ARTICLE = re.compile(rf"{OPEN}[^{SHUT}]*{SHUT}|\b([Aa]n?) (?={OPEN}?([\w'-]+))")
_VERBS = {"is": "are", "isn't": "aren't", "has": "have", "was": "were", "does": "do", "doesn't": "don't", "gets": "get",
          "comes": "come", "stays": "stay", "wins": "win", "goes": "go", "makes": "make", "suits": "suit",
          "tops": "top", "means": "mean"}  # fmt: skip
_VERB = "|".join(sorted(_VERBS, key=len, reverse=True))
_PLURAL = re.compile(rf"{OPEN}((?:[\w'-]+ ){{0,2}}[a-z'-]+s){SHUT} ({_VERB})\b")
_PASTIMES = (
    "pilates draughts darts dominoes skittles charades billiards blues boules bowls laps outdoors marbles cosmos"
)
_SINGULAR = re.compile(rf"\w+ing\b.* |(?:.* )?(?:\w+(?:ss|us|is)|\w+[bt]ics|{_PASTIMES.replace(' ', '|')})$")
"""Values that end in "s" and are no plural: names of pastimes, and what somebody is doing."""
_OPEN_START = re.compile(r"(^|(?<![.])[.!?]\s+|\.\.\.\s+)()([a-zé])")
_START = re.compile(rf"(^|(?<![.])[.!?]\s+|\.\.\.\s+)([{OPEN}]*)([a-zé])")


def tidy(text: str, capitals: bool = True) -> str:
    """Return a text with single spaces, sentences that end as they should, and capitals at their beginnings.

    Without ``capitals`` a sentence that begins with a filled slot begins as the slot does.
    """
    for pattern, instead in _TIDY:
        text = pattern.sub(instead, text)
    text = _PLURAL.sub(_agreed, text)
    text = _ARTICLE.sub(lambda match: _fitting(match[1], match[2]) if match[1] else match[0], text)
    start = _START if capitals else _OPEN_START
    text = start.sub(lambda match: match[1] + match[2] + match[3].upper(), text.strip())
    return _SENTENCE.sub(lambda match: _ended(match[1], match[2]), text)


def _agreed(match: re.Match[str]) -> str:
    """Return a plural value with its verb in the plural."""
    value, verb = match.groups()
    return f"{OPEN}{value}{SHUT} {verb if _SINGULAR.match(value) else _VERBS[verb]}"


def _fitting(written: str, word: str) -> str:
    """Return the article in the case in which it was written, fitting the word after it."""
    right = article(word)
    return f"{right.capitalize() if written[0].isupper() else right} "


def _ended(sentence: str, end: str) -> str:
    """Return a sentence with the mark it should end in: patterns share one mark between questions and statements."""
    if end == "." or asks(sentence):
        return sentence + ("?" if asks(sentence) else ".")
    last = _last_clause(sentence)
    short = (len(last.split()) <= 3 or sentence.endswith(SHUT)) and not _STATED.match(last)
    return sentence + ("?" if short or _INSIDE.search(sentence) else ".")


def asks(sentence: str) -> bool:
    """Tell whether a sentence, whatever mark it ends in, is put as a question."""
    bare = _bare(sentence)
    return bool(_ASKING.match(_last_clause(sentence)) or (":" not in bare and _ASKING.match(bare)))


def _bare(sentence: str) -> str:
    return sentence.replace(OPEN, "").strip()


def _last_clause(sentence: str) -> str:
    return _CLAUSE.split(_bare(sentence))[-1].strip()
