"""Ablations: how ranks, gold answers and labels change where one choice of the method is another."""
