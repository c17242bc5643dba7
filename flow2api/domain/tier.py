"""What an account's subscription allows, in our own words; each provider maps its wire names onto these."""

from enum import StrEnum


class Tier(StrEnum):
    """Subscription level of an account. `UNKNOWN` is not `FREE`: it was never observed and gates nothing."""

    UNKNOWN = "unknown"
    FREE = "free"
    PRO = "pro"
    ULTRA = "ultra"


RANK = {Tier.UNKNOWN: -1, Tier.FREE: 0, Tier.PRO: 1, Tier.ULTRA: 2}


def allows(tier: Tier, least: Tier) -> bool:
    """Whether an account of `tier` may use what needs at least `least`; an unknown tier is given the benefit of the doubt."""
    return tier is Tier.UNKNOWN or RANK[tier] >= RANK[least]
