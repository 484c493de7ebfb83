"""Arenas with known truth: what each way to pair, to judge and to rate finds of it, and at which price."""
