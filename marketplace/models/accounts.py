"""Who may sign in, and what they may do for which store."""

import datetime as dt

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Email is the login; rights come from memberships, or from staff for reviewers."""

    email = models.EmailField(_("email"), unique=True)  # in small letters, whoever typed it how
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    objects = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="an_email_is_in_small_letters"
            )
        ]

    def clean(self) -> None:
        self.email = self.email.lower()

    def __str__(self) -> str:
        return self.name or self.email


class StoreLevel(models.IntegerChoices):
    """Ordered: a gate compares them (R-21)."""

    BASIC = 1, _("Basic")
    SILVER = 2, _("Silver")
    GOLD = 3, _("Gold")
    DIAMOND = 4, _("Diamond")


currency_code = RegexValidator(r"^[A-Z]{3}\Z", _("An ISO 4217 code of three capital letters."))
country_code = RegexValidator(r"^[A-Z]{2}\Z", _("An ISO 3166-1 code of two capital letters."))


class Store(models.Model):
    """A seller's shop: the tenant. Everything of a tenant carries its store."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    legal_name = models.CharField(max_length=200)
    level = models.PositiveSmallIntegerField(choices=StoreLevel.choices)
    verified_at = models.DateTimeField(null=True, blank=True)
    settlement_currency = models.CharField(max_length=3, validators=[currency_code])
    country = models.CharField(max_length=2, validators=[country_code])
    city = models.CharField(max_length=80, blank=True)
    street = models.CharField(max_length=200, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    pay_to = models.TextField(
        blank=True, default="", max_length=600
    )  # how buyers pay, for the proforma
    sandbox = models.BooleanField(default=False)
    clock_offset = models.DurationField(default=dt.timedelta(0))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sandbox=True) | Q(clock_offset=dt.timedelta(0)),
                name="only_a_sandbox_store_moves_its_clock",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Manager")
    OPERATOR = "operator", _("Operator")
    VIEWER = "viewer", _("Viewer")
    DEVELOPER = "developer", _("Developer")


class Membership(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "store"], name="one_membership_a_user_and_store"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.store} · {self.role}"


class ApiKey(models.Model):
    """A key of one store, shown once, kept as a SHA-256 digest (256 random bits need no slow hash).

    It acts for one member, its principal, who granted it; without one it does nothing.
    `created_by` asked for it and alone saw its text. When either leaves the store, the principal
    is forgotten here: the key has ended, also when they join again.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=30), default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    principal = models.ForeignKey(
        Membership, null=True, blank=True, on_delete=models.SET_NULL, related_name="api_keys"
    )
    granted_at = models.DateTimeField(null=True, blank=True)  # null: asked for, not granted yet
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(
        null=True, blank=True
    )  # set when it is rotated: the old key's last instant

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | Q(revoked_at__gte=F("created_at")),
                name="an_api_key_is_revoked_after_it_was_made",
            ),
            models.CheckConstraint(
                condition=Q(principal__isnull=True) | Q(granted_at__isnull=False),
                name="an_api_key_acts_once_it_is_granted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def state(self) -> str:
        if self.revoked_at:
            return "revoked" if self.granted_at else "refused"
        if not self.granted_at:
            return "requested"
        acting = self.principal is not None and self.principal.user.is_active
        return "granted" if acting else "ended"

    @property
    def actor(self) -> str:
        """Who acts by it, as the ledger names it: the key and its principal."""
        return (
            f"key:{self.pk}/user:{self.principal.user_id}" if self.principal else f"key:{self.pk}"
        )
