"""Speaking to models: one client for every endpoint, the journal, templates, local servers."""
