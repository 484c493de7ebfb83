"""WarriorCoder: preference data for code models, made in an arena of the models themselves."""

__version__ = "0.1.0"
