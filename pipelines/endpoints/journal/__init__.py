"""The journal: every answer that an endpoint gave, durable before anything uses it."""

from warriorcoder.pipelines.endpoints.journal.rows import Entry, Spent
from warriorcoder.pipelines.endpoints.journal.store import Journal

__all__ = ["Entry", "Journal", "Spent"]
