"""Accounts in a file that only a passphrase opens: argon2id makes a key of it, AES-GCM seals with that, and a wrong one opens nothing.

The work factors stand in the file, so that later ones may be higher; whoever hands in a file may not choose them beyond bounds.
"""

import base64
import secrets
from typing import Annotated, Literal

import msgspec
import trio
from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Meta
from quart_trio.wrappers import TrioResponse

from flow2api.actors.accounts_messages import AccountExport, ExportAccounts
from flow2api.api import wire
from flow2api.api.admin.accounts import Import, ImportResult, bring
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.errors import Code, Failure

FORMAT: Literal["flow2api-accounts-1"] = "flow2api-accounts-1"
KEY_BYTES, SALT_BYTES, NONCE_BYTES = 32, 16, 12
_one_at_a_time = trio.CapacityLimiter(1)

Passphrase = Annotated[str, Meta(min_length=12, max_length=1000)]


class SealedAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts with their credentials, sealed. Bytes are base64."""

    format: Literal["flow2api-accounts-1"] = FORMAT
    salt: str
    nonce: str
    sealed: str
    passes: Annotated[int, Meta(ge=1, le=10)] = 3
    memory_kib: Annotated[int, Meta(ge=8192, le=262_144)] = 65_536
    lanes: Annotated[int, Meta(ge=1, le=8)] = 4


class ExportWish(msgspec.Struct):
    """The body of `POST /api/accounts/export`."""

    passphrase: Passphrase

    def __repr__(self) -> str:
        return "ExportWish()"


class SealedImport(msgspec.Struct):
    """The body of `POST /api/accounts/import/sealed`."""

    passphrase: str
    file: SealedAccounts

    def __repr__(self) -> str:
        return "SealedImport()"


_wish = wire.decoder(ExportWish)
_import = wire.decoder(SealedImport)


def routes(services: Services) -> Table:
    """All of them."""
    ask = services.accounts.ask

    @described("All accounts with their credentials, sealed by a passphrase", SealedAccounts, body=ExportWish)
    async def export(request: GatewayRequest) -> TrioResponse:
        passphrase = wire.decode(await request.body.whole(), _wish).passphrase
        exported = await ask(ExportAccounts())
        file = await trio.to_thread.run_sync(seal, exported, passphrase, limiter=_one_at_a_time)
        return wire.answer(
            file, headers={"Content-Disposition": 'attachment; filename="flow2api-accounts.sealed.json"'}
        )

    @described("Add all accounts of a sealed export, or renew those that are known", ImportResult, body=SealedImport)
    async def take(request: GatewayRequest) -> TrioResponse:
        asked = wire.decode(await request.body.whole(), _import)
        exported = await trio.to_thread.run_sync(unseal, asked.file, asked.passphrase, limiter=_one_at_a_time)
        return wire.answer(ImportResult(await bring(ask, exported)))

    return (("POST", "/api/accounts/export", export), ("POST", "/api/accounts/import/sealed", take))


def seal(accounts: list[AccountExport], passphrase: str) -> SealedAccounts:
    """The file. Takes a good part of a second: for a worker thread."""
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    file = SealedAccounts(salt=_text(salt), nonce=_text(nonce), sealed="")
    data = AESGCM(_key(file, passphrase)).encrypt(nonce, msgspec.json.encode(Import(accounts)), FORMAT.encode())
    return msgspec.structs.replace(file, sealed=_text(data))


def unseal(file: SealedAccounts, passphrase: str) -> list[AccountExport]:
    """What lies in a file.

    Raises:
        Failure: the passphrase is wrong, or the file is damaged; nobody can tell which."""
    try:
        key = _key(file, passphrase)
    except HashingError as error:
        message = (
            f"The file cannot be opened here: its passphrase takes {file.memory_kib // 1024} MiB of memory ({error})."
        )
        raise Failure(Code.INVALID_VALUE, message, param="file") from None
    except ValueError:
        raise _unreadable() from None
    try:
        data = AESGCM(key).decrypt(_bytes(file.nonce), _bytes(file.sealed), FORMAT.encode())
        return msgspec.json.decode(data, type=Import).accounts
    except (InvalidTag, ValueError, msgspec.DecodeError):
        raise _unreadable() from None


def _key(file: SealedAccounts, passphrase: str) -> bytes:
    salt = _bytes(file.salt)
    if len(salt) != SALT_BYTES:
        raise ValueError("the salt has another length")
    return hash_secret_raw(passphrase.encode(), salt, file.passes, file.memory_kib, file.lanes, KEY_BYTES, Type.ID)


def _unreadable() -> Failure:
    message = "The file does not open: the passphrase is wrong, or the file is damaged."
    return Failure(Code.INVALID_VALUE, message, param="passphrase")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
