"""personavlm: long-term personalised multimodal assistants that remember, reason and align.

The package is a flat set of small modules named after the field's terms; docs/ARCHITECTURE.md is the map.
Importing it loads nothing heavy: torch, transformers and faiss are imported by the one module that uses them, on use.

Source: PersonaVLM, arXiv 2604.13074 (clean-room re-implementation).
"""

__version__ = "0.1.0"
