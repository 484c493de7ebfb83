"""Keys, tokens and passwords."""

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from warriorcoder.pipelines.mining.privacy.harmless import TOKENS, entropy, is_placeholder_key, is_placeholder_value
from warriorcoder.pipelines.mining.privacy.spans import Finding, Kind

if TYPE_CHECKING:
    from detect_secrets.plugins.base import RegexBasedDetector

_LONG = re.compile(r"[\w+/=.:-]{20,}")
"""No known key is shorter, or without a digit: lines without such a piece are not looked at again."""

_REST = re.compile(r"[\w-]*(?:\.[\w-]+)*={0,2}")
"""What goes on after a key's known form belongs to it: a token's signature, say."""

_BESIDE, _LONGEST = 200, 4_000
"""Characters of a line that are looked at before such a piece, and from its beginning on: some lines are a file."""

_NEWER = (
    r"\bhf_[A-Za-z0-9]{30,}",
    r"\bsk-(?:ant|proj|svcacct|or)-[A-Za-z0-9_-]{32,}",
    r"\bsk-[A-Za-z0-9]{40,}",
    r"\bAIza[A-Za-z0-9_-]{35}",
    r"\bgithub_pat_[A-Za-z0-9_]{60,}",
    r"\b(?:gsk|nvapi|pplx|dop_v1|shpat|xai|r8|tvly|npm|glsa)[_-][A-Za-z0-9_-]{30,}",
    r"\bxapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{32,}",
    r"\bya29\.[A-Za-z0-9_-]{50,}",
    r"\b[rs]k_live_[A-Za-z0-9]{24,}",
    r"\bwhsec_[A-Za-z0-9+/]{32,}",
    r"\bEAACEdEose0cBA[A-Za-z0-9]{20,}",
)
"""Forms of keys that detect-secrets 1.5 does not know yet."""

_WORDS = ("key", "token", "secret", "pass", "pwd", "bearer", "basic")
_ASSIGNED = re.compile(
    r"((?:api|access|secret|auth|private|account|service|client|encryption|signing)[_-]?(?:key|token|secret)"
    r"|secret|token|passw(?:or)?d|passwd|pwd|passphrase)(?:[_-]\w{1,40})?"
    r"[\"'\])]{0,3}[ \t]*(?:=>|:=|={1,3}|:)[ \t]*"
    r"(?:[brf]?([\"'`])(?P<quoted>[^\"'`\s]{8,200})\2|(?P<bare>[\w+/=.~!@#^&*-]{16,200})[ \t]*$)",
    re.I | re.M,
)
_NAMES_A_PASSWORD = re.compile(r"pass|pwd", re.I)
_BEARER = re.compile(r"\b(?:Bearer|Basic|Token)[ ]+([A-Za-z0-9_.~+/=-]{24,})")
_KEY = re.compile(r"[\w+/=.:~!@#^&*-]+")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$")

_PRIVATE_KEY = re.compile(
    r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?)-----(.*?)(?:-----END \1-----|(?=-----BEGIN )|\Z)", re.S
)
_BASE64 = re.compile(r"[A-Za-z0-9+/=]{40,}")


def private_keys(text: str) -> Iterator[Finding]:
    """Private keys in PEM, from their first line to the last that is there."""
    if "-----BEGIN" not in text:
        return
    for match in _PRIVATE_KEY.finditer(text):
        body = re.sub(r"\\[nr]|[\s\"'+,]", "", match.group(2)) if len(match.group(2)) < 100_000 else match.group(2)
        piece = _BASE64.search(body)
        if piece and not is_placeholder_key(piece.group()):
            yield Finding(match.start(), match.end(), Kind.PRIVATE_KEY)


def api_keys(text: str) -> Iterator[Finding]:
    """Keys and tokens of a known form."""
    done = 0
    for piece in _LONG.finditer(text):
        if piece.end() <= done or not any(sign.isdigit() for sign in piece.group()):
            continue
        before = max(text.rfind("\n", 0, piece.start()) + 1, piece.start() - _BESIDE)
        done = piece.start() + _LONGEST
        line_end = text.find("\n", piece.start(), done)
        done = line_end if line_end >= 0 else done
        for begin, end in _known(text[before:done]):
            yield Finding(before + begin, before + end, Kind.API_KEY)


def assigned(text: str) -> Iterator[Finding]:
    """Passwords and keys of no known form, by the names that they are given to."""
    lowered = text.lower()
    if not any(word in lowered for word in _WORDS):
        return
    for match in _ASSIGNED.finditer(text):
        group = "quoted" if match["quoted"] else "bare"
        value = match[group]
        kind = Kind.PASSWORD if _NAMES_A_PASSWORD.match(match[1]) else Kind.API_KEY
        if _is_password(value) if kind is Kind.PASSWORD and group == "quoted" else _is_key(value):
            yield Finding(match.start(group), match.end(group), kind)
    for match in _BEARER.finditer(text):
        if _is_key(match.group(1)):
            yield Finding(match.start(1), match.end(1), Kind.API_KEY)


def _is_key(value: str) -> bool:
    """Whether a value is long and mixed enough to have been drawn."""
    mixed = re.search(r"\d", value) and re.search(r"[A-Za-z]", value)
    if len(value) < 16 or not mixed or not _KEY.fullmatch(value) or _DOTTED.match(value) or entropy(value) < 3.2:
        return False
    if "://" in value or value in TOKENS:
        return False
    words = max((len(run) for run in re.findall(r"[a-z]{4,}|[A-Z][a-z]{3,}", value)), default=0)
    return words < 9 and not is_placeholder_key(value) and not (len(value) < 24 and is_placeholder_value(value))


def _is_password(value: str) -> bool:
    """Whether a value is no word with a number behind it, which is what examples have."""
    classes = sum(bool(re.search(each, value)) for each in (r"[a-z]", r"[A-Z]", r"\d", r"[^\w]"))
    plain = re.fullmatch(r"[^A-Za-z]*[A-Za-z]+[^A-Za-z]*", value)
    return classes >= 3 and not plain and not is_placeholder_value(value)


def _known(line: str) -> Iterator[tuple[int, int]]:
    """Where keys of a known form stand in a line, not within a longer word."""
    for detector in _detectors():
        for form in detector.denylist:
            for match in form.finditer(line):
                # Some forms have the key in a group, some only its first letters.
                inner = 1 if form.groups and len(match[1] or "") >= 16 else 0
                begin, end = match.span(inner)
                end += len(_REST.match(line, end)[0])  # type: ignore[index]
                if begin and line[begin].isalnum() and line[begin - 1].isalnum():
                    continue
                if not is_placeholder_key(line[begin:end]) and not _is_no_token(line[begin:end]):
                    yield begin, end


def _is_no_token(key: str) -> bool:
    """Whether what begins as a JSON Web Token is none, or jwt.io's: {"sub": "1234567890", "name": "John Doe", …}."""
    from detect_secrets.plugins.jwt import JwtTokenDetector

    if not key.startswith("eyJ"):
        return False
    head_and_claims = ".".join(key.split(".")[:2])
    return ".eyJzdWIiOiIxMjM0NTY3ODkwIi" in key or not JwtTokenDetector.is_formally_valid(head_and_claims)


@cache
def _detectors() -> tuple["RegexBasedDetector", ...]:
    """detect-secrets' plugins for keys of a known form, called line by line, without its settings or verification.

    Left out: entropy (code is full of hashes and test data), keywords (see `assigned`, which knows tokens and
    .env files as well), basic auth and public IPs (see `network`), private keys (their first line alone), and what
    has no form of its own: Artifactory, Cloudant, IBM, Softlayer.
    """
    from detect_secrets.plugins.aws import AWSKeyDetector
    from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
    from detect_secrets.plugins.base import RegexBasedDetector
    from detect_secrets.plugins.discord import DiscordBotTokenDetector
    from detect_secrets.plugins.github_token import GitHubTokenDetector
    from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
    from detect_secrets.plugins.jwt import JwtTokenDetector
    from detect_secrets.plugins.mailchimp import MailchimpDetector
    from detect_secrets.plugins.npm import NpmDetector
    from detect_secrets.plugins.openai import OpenAIDetector
    from detect_secrets.plugins.pypi_token import PypiTokenDetector
    from detect_secrets.plugins.sendgrid import SendGridDetector
    from detect_secrets.plugins.slack import SlackDetector
    from detect_secrets.plugins.square_oauth import SquareOAuthDetector
    from detect_secrets.plugins.stripe import StripeDetector
    from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
    from detect_secrets.plugins.twilio import TwilioKeyDetector

    class NewerKeyDetector(RegexBasedDetector):
        secret_type = "Newer keys"
        denylist = tuple(re.compile(form) for form in _NEWER)

    return (
        AWSKeyDetector(),
        AzureStorageKeyDetector(),
        DiscordBotTokenDetector(),
        GitHubTokenDetector(),
        GitLabTokenDetector(),
        JwtTokenDetector(),
        MailchimpDetector(),
        NewerKeyDetector(),
        NpmDetector(),
        OpenAIDetector(),
        PypiTokenDetector(),
        SendGridDetector(),
        SlackDetector(),
        SquareOAuthDetector(),
        StripeDetector(),
        TelegramBotTokenDetector(),
        TwilioKeyDetector(),
    )
