"""The ground-truth world: persons whose hidden truth is known exactly, and the conversations that reveal it.

    seed ──live──> Person ──plan──> beats ──words──> World: turns with pictures, and the ledger behind them

Everything here is made from a seed, under this project's own licence. ``values`` holds what a world is made of,
``truth`` what a perfect assistant would know of it at any moment.
"""
