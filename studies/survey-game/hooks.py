"""What a guess is worth."""

from decimal import Decimal

LENGTH = 2850  # kilometres; International Commission for the Protection of the Danube River


def prize(room):
    """One euro for a last guess that is off by 10% at most."""
    guesses = room.said("final")
    return {slot: Decimal("1.00") for slot, guess in guesses.items() if abs(guess - LENGTH) * 10 <= LENGTH}
