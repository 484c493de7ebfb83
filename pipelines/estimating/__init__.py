"""What a run would still ask: calls, tokens, dollars and time, before anything is spent."""
