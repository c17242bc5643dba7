"""The list of all regular work. Another piece is another entry here."""

from flow2api.actors.account_rounds import AccountRounds
from flow2api.actors.chore import Chore
from flow2api.actors.housekeeping import Housekeeping
from flow2api.actors.supply_rounds import SupplyRounds
from flow2api.config import Config

DAY = 86400.0
# A round goes gently from account to account, so with many of them it takes long.
ROUND_SECONDS = 3 * 3600.0


def chores(
    config: Config, rounds: AccountRounds, supply: SupplyRounds, housekeeping: Housekeeping
) -> tuple[Chore, ...]:
    """All of it, in the order in which it is shown."""
    return (*_on_accounts(config, rounds), *_on_supply(config, supply), *_on_storage(config, housekeeping))


def _on_accounts(config: Config, rounds: AccountRounds) -> tuple[Chore, ...]:
    every, limit = config.schedules, ROUND_SECONDS
    renews = "Renews the login of each active account shortly before it ends."
    takes = "Takes over newer sessions from the browser profiles in which operators signed in."
    reads = "Reads credits and tier of each active account."
    revives = "Brings back accounts whose rest is over, where that has not happened by itself."
    counts = "Begins the counts of the day anew at midnight UTC."
    return (
        Chore("login_renewal", renews, lambda: every.login_seconds, rounds.renew_logins, limit_seconds=limit),
        Chore("session_renewal", takes, lambda: every.session_seconds, rounds.renew_sessions, limit_seconds=limit),
        Chore("credits", reads, lambda: every.credits_seconds, rounds.read_credits, limit_seconds=limit),
        Chore("rests", revives, lambda: every.unrest_seconds, rounds.end_rests),
        Chore("daily_counts", counts, lambda: DAY, rounds.roll_day, jitter=0.0, aligned=True),
    )


def _on_supply(config: Config, supply: SupplyRounds) -> tuple[Chore, ...]:
    every = config.schedules
    checks = "Checks every proxy; those that rest or are in doubt are checked more often by themselves."
    closes = "Closes captcha tabs that nobody has used for long."
    return (
        Chore("proxy_checks", checks, lambda: every.proxies_seconds, supply.check_proxies),
        Chore("idle_tabs", closes, lambda: every.tabs_seconds, supply.close_idle_tabs),
    )


def _on_storage(config: Config, housekeeping: Housekeeping) -> tuple[Chore, ...]:
    every = config.schedules
    sweeps = (
        "Removes media files that are too old, the oldest results when all take too much space, and left-over files."
    )
    generations = "Removes records of generations that ended long ago."
    lines = "Removes old lines of the request log."
    facts = "Removes old lines of the log that is kept for the dashboard."
    maintains = "Keeps the database quick and gives free space back to the disk."
    copies = "Copies the database, checks the copy and removes the oldest copies."
    return (
        Chore("media_sweep", sweeps, lambda: every.sweep_seconds, housekeeping.sweep_media),
        Chore("old_generations", generations, lambda: every.prune_seconds, housekeeping.prune_jobs),
        Chore("request_log", lines, lambda: every.prune_seconds, housekeeping.prune_log),
        Chore("debug_log", facts, lambda: every.prune_seconds, housekeeping.prune_debug_log),
        Chore("database_maintenance", maintains, lambda: every.maintenance_seconds, housekeeping.maintain_database),
        Chore("backup", copies, lambda: config.backup.interval_seconds, housekeeping.back_up),
    )
