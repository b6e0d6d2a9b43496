"""Exchange with the released PersonaVLM: its ``user_data.json``, read, written, and mapped to our values and back.

    DIR ──read_user_data──> UserData ──to_traces_and_edits──> traces, edits, pictures   (adopt its memory)
                                     ──to_dialogue──────────> Dialogue                  (replay its turns)
    traces, edits, pictures ──from_store──> AssistantData ──write_user_data──> DIR

``write_user_data(read_user_data(DIR).data, OTHER)`` loses nothing the schema can hold, pictures byte for byte. Between
that schema and ours some things have no place on the other side; both mappings list them.
Source: the released code's file, key names only.
"""

from __future__ import annotations

from personavlm.exchange.files import Read, read_user_data, write_user_data
from personavlm.exchange.incoming import Adopted, flat_profile, to_dialogue, to_traces_and_edits, user_name
from personavlm.exchange.outgoing import Exported, from_store
from personavlm.exchange.values import AssistantData, BenchmarkData, UserData

__all__ = [
    "Adopted",
    "AssistantData",
    "BenchmarkData",
    "Exported",
    "Read",
    "UserData",
    "flat_profile",
    "from_store",
    "read_user_data",
    "to_dialogue",
    "to_traces_and_edits",
    "user_name",
    "write_user_data",
]
