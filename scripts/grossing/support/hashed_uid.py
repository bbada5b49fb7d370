"""UIDs of examinations as hashes: a UID leads to a patient, its hash only tells it from others."""

import hashlib
import re

_HASH = re.compile(r"[0-9a-f]{16}")


def of(uid: object) -> str:
    """16 hexadecimal digits of a UID's SHA-256; a hash stays as it is, nothing stays empty."""
    text = str(uid or "").strip()
    if not text or _HASH.fullmatch(text):
        return text
    return hashlib.sha256(text.encode()).hexdigest()[:16]
