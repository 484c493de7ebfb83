"""The arena on the Hugging Face Hub: a version is one commit and one tag, and stays as it is for ever."""
