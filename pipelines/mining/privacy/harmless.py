"""What looks private and is not: names, numbers and addresses that are kept for examples, and placeholders.

Mined instructions are full of them, and an instruction about e-mail addresses is worth little without one. So:
domains of RFC 2606 and 6761, addresses of RFC 5737 and 3849 and all that is not routed (`network`), numbers with
the exchange 555 and Ofcom's for drama (`contacts`), the keys of AWS's and jwt.io's documentation (`credentials`),
names that everybody uses for nobody, and values that somebody wrote instead of a secret. Lists: harmless.yaml.
"""

import math
import re
from collections import Counter
from pathlib import Path

import yaml

_LISTS = {
    name: frozenset(words.split())
    for name, words in yaml.safe_load(Path(__file__).with_name("harmless.yaml").read_text(encoding="utf-8")).items()
}
NO_TOP_DOMAINS, ADDRESSES, TOKENS = _LISTS["no_top_domains"], _LISTS["addresses"], _LISTS["tokens"]

_SERIES = ("0123456789", "9876543210", "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba", "qwertyuiop")
_RUN = 6
_RUNS = re.compile("|".join({series[i : i + _RUN] for series in _SERIES for i in range(len(series) - _RUN + 1)}))
_NO_KEY = re.compile(
    r"x{4}|\*{3}|\.{3}|…|example|your|placeholder|redacted|dummy|fake|sample|insert|replace|changeme", re.I
)
_TEMPLATE = re.compile(r"^[$%]|\$\{|[\s<>{}()\[\]]")
_NO_VALUE = re.compile(
    r"key|token|secret|pass|p@ss|pa55|ssw0rd|pwd|user|admin|login|root|test|demo|hello|world|foo|bar|abc|123|qwert"
    r"|letmein|welcome|null|none|true|false|default|config|env|auth|valid|correct|wrong|right|string|value|data|hash"
    r"|salt|strong|weak|complex|super|my|secure|private|public|client|server|api|app|dev|prod|local|some|here",
    re.I,
)


def is_example_domain(domain: str) -> bool:
    """Whether a domain is kept for examples, or is what people write for one: example.org, yourcompany.com."""
    *names, top = domain.lower().split(".")
    if len(names) > 1 and names[-1] in ("ac", "co", "com", "edu", "net", "org"):
        names.pop()
    name = names[-1].replace("-", "").rstrip("0123456789") if names else ""
    return top in _LISTS["reserved_domains"] or name in _LISTS["domains"]


def is_nobody(name: str) -> bool:
    """Whether a mailbox is nobody's: john.doe, your_email, noreply, user1."""
    return name.lower().rstrip("0123456789").rstrip("._+-") in _LISTS["mailboxes"] or "example" in name.lower()


def is_placeholder_key(key: str) -> bool:
    """Whether a key of a known form was made up: sk-xxxx, AKIAIOSFODNN7EXAMPLE, ghp_1234567890abcdef…"""
    few = len(set(key)) < min(10, 0.6 * len(key))
    return few or bool(_NO_KEY.search(key)) or bool(_RUNS.search(key.lower()))


def is_placeholder_value(value: str) -> bool:
    """Whether a value that is assigned to a password or key is a word for one, or no secret at all."""
    return is_placeholder_key(value) or bool(_NO_VALUE.search(value)) or bool(_TEMPLATE.search(value))


def is_series(digits: str) -> bool:
    """Whether digits are a count or few of a kind: 1234567890, 0000000."""
    return len(set(digits)) <= 3 or bool(_RUNS.search(digits))


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, in bits a character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
