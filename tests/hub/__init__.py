"""A Hub on loopback: as much of its HTTP protocol for datasets as huggingface_hub and datasets ask for."""
