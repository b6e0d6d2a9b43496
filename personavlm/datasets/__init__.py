"""Readers of data sets and of our own conversation files; everything for the assistant ends in one neutral form.

    path ──locomo / laps / prefeval / personamem / …──> typed values, with what was skipped and repaired
         ──import_locomo / import_own / laps_dialogue───> Dialogue(user, assistant, turns): what the assistant replays

Nothing is dropped in silence: each reader returns the places it left out and why. Data under non-commercial licences is
read from where the user has it and never copied into this project. ``user_data.json`` of the released PersonaVLM is
read and written by ``personavlm.exchange``.
"""

from __future__ import annotations

from personavlm.datasets.dialogue import Caption, Dialogue, GivenTurn, Imported, Said, pair
from personavlm.datasets.dreambooth import DreamBooth, Thing, dreambooth
from personavlm.datasets.files import Skipped
from personavlm.datasets.laps import Laps, LapsMessage, LapsSession, LapsWorker, laps, laps_dialogue
from personavlm.datasets.locomo import (
    CATEGORIES,
    Category,
    Conversation,
    LoCoMo,
    LoCoMoQuestion,
    Utterance,
    evidence_ids,
    import_locomo,
    locomo,
    locomo_dialogues,
)
from personavlm.datasets.own import Expected, Fact, Forbidden, OwnConversation, OwnQuestion, Period, import_own, own
from personavlm.datasets.personamem import MemMessage, MemQuestion, PersonaMem, mem_dialogue, personamem
from personavlm.datasets.personamme import MmePerson, MmeQuestion, PersonaMME, personamme
from personavlm.datasets.prefeval import Preference, PrefEval, prefeval
from personavlm.datasets.psoups import PSoups, PSoupsItem, RepliesPair, psoups

__all__ = [
    "CATEGORIES",
    "Caption",
    "Category",
    "Conversation",
    "Dialogue",
    "DreamBooth",
    "Expected",
    "Fact",
    "Forbidden",
    "GivenTurn",
    "Imported",
    "Laps",
    "LapsMessage",
    "LapsSession",
    "LapsWorker",
    "LoCoMo",
    "LoCoMoQuestion",
    "MemMessage",
    "MemQuestion",
    "MmePerson",
    "MmeQuestion",
    "OwnConversation",
    "OwnQuestion",
    "PSoups",
    "PSoupsItem",
    "Period",
    "PersonaMME",
    "PersonaMem",
    "PrefEval",
    "Preference",
    "RepliesPair",
    "Said",
    "Skipped",
    "Thing",
    "Utterance",
    "dreambooth",
    "evidence_ids",
    "import_locomo",
    "import_own",
    "laps",
    "laps_dialogue",
    "locomo",
    "locomo_dialogues",
    "mem_dialogue",
    "own",
    "pair",
    "personamem",
    "personamme",
    "prefeval",
    "psoups",
]
