"""The list of all regular work. Another piece is another line here."""

from flow2api.actors.account_rounds import AccountRounds
from flow2api.actors.chore import Chore
from flow2api.actors.housekeeping import Housekeeping
from flow2api.config import Config

DAY = 86400.0
# A round goes gently from account to account, so with many of them it takes long.
ROUND_SECONDS = 3 * 3600.0


def chores(config: Config, rounds: AccountRounds, housekeeping: Housekeeping) -> tuple[Chore, ...]:
    """All of it, in the order in which it is shown."""
    every = config.schedules
    return (
        Chore(
            name="login_renewal",
            purpose="Renews the login of each active account shortly before it ends.",
            interval_seconds=every.login_seconds,
            work=rounds.renew_logins,
            limit_seconds=ROUND_SECONDS,
        ),
        Chore(
            name="credits",
            purpose="Reads credits and tier of each active account.",
            interval_seconds=every.credits_seconds,
            work=rounds.read_credits,
            limit_seconds=ROUND_SECONDS,
        ),
        Chore(
            name="rests",
            purpose="Brings back accounts whose rest is over, where that has not happened by itself.",
            interval_seconds=every.unrest_seconds,
            work=rounds.end_rests,
        ),
        Chore(
            name="daily_counts",
            purpose="Begins the counts of the day anew at midnight UTC.",
            interval_seconds=DAY,
            work=rounds.roll_day,
            jitter=0.0,
            aligned=True,
        ),
        Chore(
            name="media_sweep",
            purpose="Removes media files that are too old, the oldest results when all take too much space, and left-over files.",
            interval_seconds=every.sweep_seconds,
            work=housekeeping.sweep_media,
        ),
        Chore(
            name="old_generations",
            purpose="Removes records of generations that ended long ago.",
            interval_seconds=every.prune_seconds,
            work=housekeeping.prune_jobs,
        ),
        Chore(
            name="request_log",
            purpose="Removes old lines of the request log.",
            interval_seconds=every.prune_seconds,
            work=housekeeping.prune_log,
        ),
        Chore(
            name="database_maintenance",
            purpose="Keeps the database quick and gives free space back to the disk.",
            interval_seconds=every.maintenance_seconds,
            work=housekeeping.maintain_database,
        ),
        Chore(
            name="backup",
            purpose="Copies the database, checks the copy and removes the oldest copies.",
            interval_seconds=config.backup.interval_seconds,
            work=housekeeping.back_up,
        ),
    )
