"""Locks, the grants that let a buyer act on them, and the acts. No row here knows a batch."""

import datetime as dt
import uuid

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import Combinable

from marketplace.models import Buyer, FxRateSet, IndexClose, Store
from pricing.agreements import Kind
from pricing.locks import LIVE, LockStatus
from pricing.renegotiation import Proposal, Rule, Side, heard

LIVE_VALUES = sorted(status.value for status in LIVE)


class LockQuerySet(models.QuerySet["Lock"]):
    def of(self, store: Store):
        return self.filter(store=store)

    def at(self, now: dt.datetime | Combinable):
        """With `state`, what `locks.status_at` says of each at `now`."""
        lapsed = When(status=LockStatus.OPEN, expires_at__lte=now, then=Value(LockStatus.EXPIRED.value))
        return self.annotate(state=Case(lapsed, default=F("status")))

    def open_at(self, now: dt.datetime):
        """Open and not past the end: the lock is half open, `[locked_at, expires_at)` (R-48)."""
        return self.filter(status=LockStatus.OPEN, expires_at__gt=now)

    def live_at(self, now: dt.datetime):
        """Those that still hold something: open in time, or under renegotiation, which suspends the lapse (R-53)."""
        return self.filter(Q(status=LockStatus.OPEN, expires_at__gt=now) | Q(status=LockStatus.RENEGOTIATING))

    def due(self, now: dt.datetime):
        return self.filter(status=LockStatus.OPEN, expires_at__lte=now)


class Lock(models.Model):
    """A lot's price lock (ADR 3): the terms, the frozen rates, the half-open span in which a buyer may confirm."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="locks")
    buyer = models.ForeignKey(Buyer, on_delete=models.PROTECT, related_name="locks")
    subject = models.CharField(max_length=40)  # the public reference of what it belongs to
    currency = models.CharField(max_length=3)
    index_series = models.CharField(max_length=12, blank=True)  # the exposure of the lot, "" for none
    rate_set = models.ForeignKey(FxRateSet, on_delete=models.PROTECT, related_name="+")
    index_close = models.ForeignKey(IndexClose, null=True, on_delete=models.PROTECT, related_name="+")
    order_count = models.PositiveIntegerField()
    total_minor = models.BigIntegerField()
    terms_digest = models.CharField(max_length=64)  # SHA-256 over every order, line and price
    status = models.CharField(
        max_length=14, choices=[(s.value, s.value) for s in LockStatus], default=LockStatus.OPEN
    )
    locked_at = models.DateTimeField()
    locked_by = models.CharField(max_length=80)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, null=True)

    objects = LockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in LockStatus]), name="a_lock_is_in_one_of_its_states"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("locked_at")), name="a_lock_ends_after_it_began"
            ),
            models.CheckConstraint(
                condition=Q(status__in=LIVE_VALUES, ended_at__isnull=True, ended_by__isnull=True)
                | (~Q(status__in=LIVE_VALUES) & Q(ended_at__isnull=False, ended_by__isnull=False)),
                name="a_lock_that_ended_says_when_and_by_whom",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(status="open"), name="open_locks_by_end"),
            models.Index(fields=["store", "subject"], name="locks_of_a_subject"),
        ]


class LockTerms(models.Model):
    """The exact bytes whose SHA-256 is the lock's `terms_digest`: what an act is bound to, whatever leaves with it."""

    lock = models.OneToOneField(Lock, primary_key=True, on_delete=models.PROTECT, related_name="terms")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    text = models.BinaryField()


class Grant(models.Model):
    """Lets one buyer read one subject and act on its locks. The link is derived from it, never stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    buyer = models.ForeignKey(Buyer, on_delete=models.PROTECT, related_name="grants")
    subject = models.CharField(max_length=40)
    version = models.PositiveIntegerField(default=1)  # a new one makes the old link void
    granted_at = models.DateTimeField()
    granted_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "buyer", "subject"], name="one_grant_a_buyer_and_subject"
            )
        ]


class ActKind(models.TextChoices):
    CONFIRM = "confirm"
    DECLINE = "decline"


class Act(models.Model):
    """What a party did with a lock, once, with the evidence of it (reliability 8 and 9)."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="acts")
    lock = models.ForeignKey(Lock, on_delete=models.PROTECT, related_name="acts")
    kind = models.CharField(max_length=8, choices=ActKind.choices)
    terms_digest = models.CharField(max_length=64)
    consent_version = models.CharField(max_length=20)
    at = models.DateTimeField()
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=1000, blank=True, default="")  # in the buyer's words, for the seller
    particulars = models.JSONField(
        default=dict
    )  # what was confirmed or not apart from the terms: digests only

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grant", "lock"], name="one_act_a_grant_and_lock")]


class Sealing(models.Model):
    """An agreement to be sealed: asked for in the transaction that made it, done by a worker (reliability 1)."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=14, choices=[(kind.value, kind.value) for kind in Kind])
    subject = models.CharField(max_length=40)
    occasion = models.UUIDField()  # what was agreed to, as the kind's builder knows it: a lock, an offer
    asked_at = models.DateTimeField()
    rung_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "occasion"], name="one_sealing_a_kind_and_occasion")
        ]
        indexes = [
            models.Index(fields=["rung_at"], condition=Q(done_at__isnull=True), name="agreements_to_seal")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class SealedAgreement(models.Model):
    """A sealed PDF. The database refuses to change or delete it (a trigger in the migration)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    sealing = models.OneToOneField(Sealing, on_delete=models.PROTECT, related_name="agreement")
    kind = models.CharField(max_length=14, choices=[(kind.value, kind.value) for kind in Kind])
    subject = models.CharField(max_length=40)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the canonical agreement
    file_digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the PDF, seal included
    file_key = models.CharField(max_length=80, unique=True)  # where it is stored: random, never public
    file_bytes = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=64)  # of the certificate that sealed it
    agreed_at = models.DateTimeField()
    sealed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["store", "subject"], name="agreements_of_a_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


def _choices(values) -> list[tuple[str, str]]:
    return [(value.value, value.value) for value in values]


class OfferQuerySet(models.QuerySet["Offer"]):
    def standing(self):
        """Those that both parties see: one beyond the band is a draft of the seller's until it is approved (R-47)."""
        return self.filter(Q(beyond_band=False) | Q(side=Side.BUYER) | Q(approval__isnull=False))


class Offer(models.Model):
    """A version of the changed prices for a renegotiated lock. Never changed: who wants others makes another version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    renegotiation = models.ForeignKey("Renegotiation", on_delete=models.PROTECT, related_name="offers")
    version = models.PositiveSmallIntegerField()
    side = models.CharField(max_length=6, choices=_choices(Side))
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    rule = models.CharField(max_length=8, choices=_choices(Rule))
    said = models.JSONField()  # the proposal as it was made (`renegotiation.Proposal.said`)
    note = models.CharField(max_length=1000, blank=True)
    beyond_band = models.BooleanField()
    goods_minor = models.BigIntegerField()
    freight_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    digest = models.CharField(max_length=64)  # SHA-256 of `terms.text`

    objects = OfferQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["renegotiation", "version"], name="one_offer_a_renegotiation_and_version"
            )
        ]

    def __str__(self) -> str:
        return f"v{self.version} {self.rule}"

    @property
    def proposal(self) -> Proposal:
        return heard(self.said)

    @property
    def money(self) -> dict[str, int]:
        """Goods, freight, tax and total of the lot, minor units of the lock's currency."""
        return {name: getattr(self, f"{name}_minor") for name in ("goods", "freight", "tax", "total")}


class OfferTerms(models.Model):
    """The exact bytes whose SHA-256 is the offer's digest: every order, line and price as they would become."""

    offer = models.OneToOneField(Offer, primary_key=True, on_delete=models.PROTECT, related_name="terms")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    text = models.BinaryField()


class Approval(models.Model):
    """A second member of the store agrees to an offer beyond the band (R-47)."""

    offer = models.OneToOneField(Offer, primary_key=True, on_delete=models.PROTECT, related_name="approval")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()


class Signature(models.Model):
    """One side's signature of exactly one offer's terms, with its evidence (R-54, reliability 8 and 9)."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="signatures")
    side = models.CharField(max_length=6, choices=_choices(Side))
    by = models.CharField(max_length=80)
    name = models.CharField(max_length=120)  # as typed
    at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    consent_version = models.CharField(max_length=20)
    how = models.CharField(max_length=8, choices=[("password", "password"), ("code", "code")])
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["offer", "side"], name="one_signature_an_offer_and_side"),
            models.CheckConstraint(condition=~Q(name=""), name="a_signature_has_a_name"),
        ]


class SigningCode(models.Model):
    """A one-time code for a signature. The code itself is derived where it is needed, never stored (`pricing.signing`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="codes")
    side = models.CharField(max_length=6, choices=_choices(Side))
    by = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)  # of the terms that it may sign
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)  # wrong ones
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["offer", "side", "-asked_at"], name="codes_of_an_offer")]


class Remark(models.Model):
    """What a party said beside the offers: a comment, or why they declined."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    renegotiation = models.ForeignKey("Renegotiation", on_delete=models.PROTECT, related_name="remarks")
    side = models.CharField(max_length=6, choices=_choices(Side))
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    kind = models.CharField(max_length=7, choices=[("comment", "comment"), ("decline", "decline")])
    text = models.CharField(max_length=1000)
