"""The judge audit: what each judge's votes are worth, by figures with intervals."""
