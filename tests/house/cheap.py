"""Hashes of passwords that cost next to nothing, for stories that make an account on the way to what they tell."""

from argon2 import PasswordHasher

HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
