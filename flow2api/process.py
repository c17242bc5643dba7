"""What a serving process asks of the operating system and the interpreter. Part of the composition root."""

import gc
import logging
import resource

log = logging.getLogger("flow2api.process")

# Each open stream needs one file, each running call one more. The soft limit of many systems is 1024; programs that use
# select() need it low, and this one does not.
WANTED_FILES = 65536

# The interpreter's own figure of 700 makes it look through all objects over and over while a thousand callers hold theirs.
GC_THRESHOLDS = (50_000, 20, 50)


def prepare() -> None:
    """Raise the limit of open files as far as allowed, and let the garbage collector look up less often."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        log.debug("open files allowed=%d", wanted)
    # What was made at start lives to the end: there is no use in looking at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
