"""What runs inside the sandbox, from the first process to the code under test. Standard library only."""
