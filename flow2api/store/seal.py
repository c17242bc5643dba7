"""Encryption of secrets at rest: AES-256-GCM under one master key, and where that key comes from.

A sealed value is bound to its purpose (such as `account:<id>`), so it cannot be moved to another row. The key itself is never
stored in the database, printed or logged.
"""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from flow2api.store.errors import SealBroken, StoreRefused

KEY_VARIABLE = "STORAGE_MASTER_KEY"
KEY_FILE = "master.key"
KEY_BYTES = 32
SHORTEST_KEY = 16

# The first byte of a sealed value names its layout: version, 12 bytes of nonce, ciphertext with tag.
_VERSION = b"\x01"
_NONCE_BYTES = 12


class Seal:
    """Closes and opens secrets with one key of 32 bytes; safe to use from several threads."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)

    def close(self, secret: bytes, purpose: str) -> bytes:
        """The secret, readable only by the same key and with the same purpose."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, secret, _bound_to(purpose))

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """The secret that `close` was given.

        Raises:
            SealBroken: another key or purpose, or an altered value; which of them cannot be told.
        """
        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if sealed[:1] != _VERSION:
                raise InvalidTag
            return self._cipher.decrypt(nonce, rest, _bound_to(purpose))
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"the sealed value for {purpose} does not open with this master key") from error

    def __repr__(self) -> str:
        return "Seal(***)"


def load_master_key(data_dir: Path, environ: Mapping[str, str]) -> bytes:
    """The master key: from `STORAGE_MASTER_KEY`, else from `master.key` in the data folder, which is made when missing.

    Any text of 16 characters or more is taken; surrounding white space does not count. The 32 bytes are derived from its UTF-8
    form with HKDF-SHA256, the same way for variable and file, so the file's text may be moved into the variable. HKDF does not
    slow down guessing: use a random text such as the output of `openssl rand -base64 32`, not a word.

    Raises:
        StoreRefused: the text is too short, or the file can be neither read nor made.
    """
    if KEY_VARIABLE in environ:
        return _derived(environ[KEY_VARIABLE], f"the environment variable {KEY_VARIABLE}")
    path = data_dir / KEY_FILE
    try:
        text = _made(path) if not path.exists() else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise StoreRefused(
            f"The master key file {path} can be neither read nor made: {reason}. "
            f"Make the folder writable for this user, or set {KEY_VARIABLE}."
        ) from error
    return _derived(text, f"the file {path}")


def _bound_to(purpose: str) -> bytes:
    return b"flow2api/" + purpose.encode()


def _derived(text: str, origin: str) -> bytes:
    text = text.strip()
    if len(text) < SHORTEST_KEY:
        raise StoreRefused(
            f"The master key in {origin} has only {len(text)} characters; it needs {SHORTEST_KEY} or more. "
            "Restore the key that this data was made with, or for a new installation take the output of `openssl rand -base64 32`."
        )
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"flow2api master key").derive(text.encode())


def _made(path: Path) -> str:
    """A new random key, on disk before it is used: without it everything sealed would be lost.

    O_EXCL: of two processes that start at once, one makes the key and the other fails instead of using a key of its own.
    """
    text = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)
    return text


def _sync_folder(folder: Path) -> None:
    """Put the folder's new entry on disk too; Windows has no such call and needs none."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
