"""Training: from conversations to token ids and a loss mask, and models small enough to be trained from nothing.

    drills, further persons ──material─┐                                          ┌── course: short to long, by mastery
    samples ───────────────────────────┴─rendering─> ids, mask, pictures ─corpus─┴─batches─> tensors ─TRL─> checkpoint

A training prompt is rendered by the function that renders it at inference (``models.chat``), so both are the same;
only what the assistant itself wrote is trained. Nothing here loads torch until it is used, and nothing here needs
polars, faiss or streamlit: the training path runs where only torch, transformers, peft and trl are.

Stage 2 learns from reward:

    training set ─memories─> Questions, frozen memories ─environment─> rollouts of the response stage itself
        └─ rewards: accuracy · consistency + 0.5 · format ─TRL─> checkpoint; rollouts and watch numbers are kept

Source: PersonaVLM, section 3.2 (both stages), section 4 and appendix B.
"""
