"""Battles: answers, pairing, judging, verdicts, ratings, and the training tables they lead to."""
