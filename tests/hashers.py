"""Passwords of tests: the product's own algorithm, a thousandth of its work, as most tests only
need somebody to be there."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class Quick(PBKDF2PasswordHasher):
    iterations = 1000
