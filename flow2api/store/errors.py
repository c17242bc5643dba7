"""What can go wrong in the store, told apart by what the caller can do about it.

Messages are for people: what happened, why, and what to do. They name files and tables, never a stored value or a key.
"""


class StoreError(Exception):
    """Base of everything that the store raises on purpose."""


class StoreRefused(StoreError):
    """The store cannot be opened as it is; the message says what the operator can do."""


class StoreClosed(StoreError):
    """The store was closed before the call; nothing was written."""


class StoreFault(StoreError):
    """The database failed while in use: full disk, failing disk, damaged file, or a lock held by another program.

    The verb was rolled back. Only if the disk failed in the very moment of a commit can the write still turn up after a restart.
    """


class StoreConflict(StoreError):
    """A unique value is taken already, or a row refers to one that does not exist; the verb changed nothing."""


class RowMissing(StoreError):
    """The row to be changed does not exist; the verb changed nothing."""


class SealBroken(StoreError):
    """A sealed value was made with another key or for another purpose, or was altered."""
