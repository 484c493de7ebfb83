"""Privacy: what in a text belongs to somebody, found and masked.

    text = mask(text, findings(text))

Keys and tokens are found by detect-secrets' plugins, phone numbers are judged by phonenumbers (Google's
libphonenumber), addresses by the standard library. presidio was not taken: it needs a spaCy model of hundreds of
megabytes, is made for prose, and its detectors for these kinds are the same regular expressions and phonenumbers.
"""

from warriorcoder.pipelines.mining.privacy.search import counts, findings, mask, masked
from warriorcoder.pipelines.mining.privacy.spans import Finding, Kind

__all__ = ["Finding", "Kind", "counts", "findings", "mask", "masked"]
