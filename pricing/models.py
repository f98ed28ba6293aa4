"""Locks, the grants that let a buyer act on them, and the acts. No row here knows a batch."""

import datetime as dt
import uuid
from decimal import Decimal

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.expressions import Combinable

from diagnostics.append_only import append_only_model
from diagnostics.proofs import digested_model
from marketplace.models import Buyer, FxRateSet, IndexClose, Store
from outbox.models import RenderJob
from pricing import triggers
from pricing.agreements import AgreementKind
from pricing.locks import LIVE_LOCK_STATUSES, LockStatus
from pricing.renegotiation import Proposal, ProposalRule, Side, parse_proposal

LIVE_VALUES = sorted(status.value for status in LIVE_LOCK_STATUSES)


def expired_status_cases(now: dt.datetime | Combinable, *, lock: str = "") -> list[When]:
    """`locks.status_at` for a query: what a live lock has become by `now`; `lock` is the path to
    it, "lock__"."""
    return [
        When(
            **{f"{lock}status": LockStatus.OPEN, f"{lock}expires_at__lte": now},
            then=Value(LockStatus.EXPIRED.value),
        ),
        When(
            **{
                f"{lock}status": LockStatus.RENEGOTIATING,
                f"{lock}renegotiation_deadline__lte": now,
            },
            then=Value(LockStatus.TERMINATED.value),
        ),
    ]


class LockQuerySet(models.QuerySet["Lock"]):
    def of(self, store: Store):
        return self.filter(store=store)

    def at(self, now: dt.datetime | Combinable):
        """With `state`, what `locks.status_at` says of each at `now`."""
        return self.annotate(state=Case(*expired_status_cases(now), default=F("status")))

    def open_at(self, now: dt.datetime):
        """Open and not past the end: the lock is half open, `[locked_at, expires_at)` (R-48)."""
        return self.filter(status=LockStatus.OPEN, expires_at__gt=now)

    def live_at(self, now: dt.datetime):
        """Those that still hold something: open, or under renegotiation, each before the end that
        runs (R-53)."""
        return self.filter(
            Q(status=LockStatus.OPEN, expires_at__gt=now)
            | Q(status=LockStatus.RENEGOTIATING, renegotiation_deadline__gt=now)
        )

    def renegotiated_at(self, now: dt.datetime):
        """Under renegotiation, and the deadline has not come: it is half open too."""
        return self.filter(status=LockStatus.RENEGOTIATING, renegotiation_deadline__gt=now)

    def due(self, now: dt.datetime | Combinable):
        """Those that the clock has ended and nobody has moved yet: expired, or terminated without
        agreement."""
        return self.filter(
            Q(status=LockStatus.OPEN, expires_at__lte=now)
            | Q(status=LockStatus.RENEGOTIATING, renegotiation_deadline__lte=now)
        )


@digested_model()
@append_only_model()
class FrozenValues(models.Model):
    """What prices were locked by: exchange rates, index close, tariffs and policies, as they stood
    (`pricing.frozen_values`).

    Kept once for all lots of a locking. The lock is judged by these for as long as it lives,
    whatever becomes of the rows that they were read from; `verify_ledger` says where those differ.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    subject = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)  # SHA-256 of `text`
    text = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["store", "subject"], name="frozen_values_of_a_subject")]


LOCK_MAY_CHANGE = (
    "status", "renegotiation_deadline", "ended_at", "ended_by", "judged_by", "next_reminder_at",
)  # fmt: skip


@digested_model(*LOCK_MAY_CHANGE)
@append_only_model(*LOCK_MAY_CHANGE)
class Lock(models.Model):
    """A lot's price lock (ADR 3): the terms, the frozen rates, the half-open span in which a buyer
    may confirm."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="locks")
    buyer = models.ForeignKey(Buyer, on_delete=models.PROTECT, related_name="locks")
    subject = models.CharField(max_length=40)  # the public reference of what it belongs to
    currency = models.CharField(max_length=3)
    index_series = models.CharField(
        max_length=12, blank=True
    )  # the exposure of the lot, "" for none
    rate_set = models.ForeignKey(FxRateSet, on_delete=models.PROTECT, related_name="+")
    index_close = models.ForeignKey(
        IndexClose, null=True, on_delete=models.PROTECT, related_name="+"
    )
    frozen = models.ForeignKey(
        FrozenValues, null=True, on_delete=models.PROTECT, related_name="locks", db_index=False
    )  # null: locked before these were kept
    order_count = models.PositiveIntegerField()
    total_minor = models.BigIntegerField()
    terms_digest = models.CharField(max_length=64)  # SHA-256 over every order, line and price
    status = models.CharField(
        max_length=14, choices=[(s.value, s.value) for s in LockStatus], default=LockStatus.OPEN
    )
    locked_at = models.DateTimeField()
    locked_by = models.CharField(max_length=80)
    expires_at = models.DateTimeField()
    renegotiation_deadline = models.DateTimeField(null=True)  # set once, when one is opened
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, null=True)
    # The policies in force at the lock: what was locked under them is judged by them
    # (requirements, ⚙).
    fx_trigger = models.DecimalField(max_digits=7, decimal_places=6, db_default=Decimal("0.025"))
    index_trigger = models.DecimalField(max_digits=7, decimal_places=6, db_default=Decimal("0.03"))
    renegotiation_hours = models.PositiveSmallIntegerField(db_default=4)
    closes_seen = models.BigIntegerField(
        db_default=0
    )  # the last close that was there at the lock
    judged_by = models.CharField(
        max_length=80, blank=True, db_default=""
    )  # the observations it was last held against
    next_reminder_at = models.DateTimeField(null=True)

    objects = LockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in LockStatus]),
                name="a_lock_is_in_one_of_its_states",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("locked_at")), name="a_lock_ends_after_it_began"
            ),
            models.CheckConstraint(
                condition=Q(status__in=LIVE_VALUES, ended_at__isnull=True, ended_by__isnull=True)
                | (~Q(status__in=LIVE_VALUES) & Q(ended_at__isnull=False, ended_by__isnull=False)),
                name="a_lock_that_ended_says_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["renegotiating", "terminated"], renegotiation_deadline__isnull=False
                )
                | Q(
                    status__in=["open", "expired", "cancelled"], renegotiation_deadline__isnull=True
                )
                | Q(status__in=["confirmed", "declined"]),
                name="a_lock_under_renegotiation_has_its_deadline",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(status="open"), name="open_locks_by_end"
            ),
            models.Index(
                fields=["renegotiation_deadline"],
                condition=Q(status="renegotiating"),
                name="renegotiations_by_deadline",
            ),
            models.Index(
                fields=["store", "index_series", "judged_by"],
                condition=Q(status="open"),
                name="open_locks_by_judgement",
            ),
            models.Index(
                fields=["next_reminder_at"],
                condition=Q(next_reminder_at__isnull=False),
                name="locks_to_be_reminded_of",
            ),
            models.Index(fields=["store", "subject"], name="locks_of_a_subject"),
        ]


class RenegotiationQuerySet(models.QuerySet["Renegotiation"]):
    def of(self, store: Store):
        return self.filter(store=store)

    def live_at(self, now: dt.datetime | Combinable):
        """Neither settled nor past the deadline: half open, `[opened_at, deadline_at)` (R-53)."""
        return self.filter(ended_at__isnull=True, deadline_at__gt=now)

    def due(self, now: dt.datetime | Combinable):
        """Past the deadline and not yet ended by a sweep; on read they have ended already."""
        return self.filter(ended_at__isnull=True, deadline_at__lte=now)


@digested_model("ended_at", "ended_by")
@append_only_model("ended_at", "ended_by")
class Renegotiation(models.Model):
    """Why and until when a lock's price is open again (R-50 to R-55); the observations are kept by
    their rows' ids.

    What is offered and signed meanwhile is kept elsewhere and points here. How it ended is the
    lock's status; `ended_at` is set by whatever ends the lock, in the same statement's transaction.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    lock = models.OneToOneField(Lock, on_delete=models.PROTECT, related_name="renegotiation")
    kind = models.CharField(
        max_length=5, choices=[(kind.value, kind.value) for kind in triggers.TriggerKind]
    )
    base_rate_set = models.ForeignKey(
        FxRateSet, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    new_rate_set = models.ForeignKey(
        FxRateSet, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    base_close = models.ForeignKey(
        IndexClose, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    new_close = models.ForeignKey(
        IndexClose, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    name = models.CharField(
        max_length=12
    )  # "USD/CNY": settlement units for one of the order's; or the series
    base_value = models.DecimalField(max_digits=20, decimal_places=8)  # rounded, to be read
    new_value = models.DecimalField(max_digits=20, decimal_places=8)
    change = models.CharField(
        max_length=120
    )  # exact, "numerator/denominator": `triggers.format_change` makes it a percentage
    limit = models.DecimalField(max_digits=7, decimal_places=6)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=80)
    deadline_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, null=True)

    objects = RenegotiationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="fx", new_rate_set__isnull=False)
                | Q(kind="index", base_close__isnull=False, new_close__isnull=False),
                name="a_renegotiation_names_its_observations",
            ),
            models.CheckConstraint(
                condition=Q(deadline_at__gt=F("opened_at")),
                name="a_renegotiation_ends_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="a_renegotiation_that_ended_says_when_and_by_whom",
            ),
        ]
        indexes = [models.Index(fields=["store", "-opened_at"], name="renegotiations_of_a_store")]

    def __str__(self) -> str:
        return f"{self.name} {self.percent}"

    @property
    def percent(self) -> str:
        return triggers.format_change(self.change)


@digested_model()
@append_only_model()
class LockTerms(models.Model):
    """The exact bytes whose SHA-256 is the lock's `terms_digest`: what an act is bound to,
    whatever leaves with it."""

    lock = models.OneToOneField(
        Lock, primary_key=True, on_delete=models.PROTECT, related_name="terms"
    )
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    text = models.BinaryField()


@digested_model("version")
@append_only_model("version")
class Grant(models.Model):
    """Lets one buyer read one subject and act on its locks. The link is derived from it, never
    stored."""

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


@digested_model()
@append_only_model()
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
    reason = models.CharField(
        max_length=1000, blank=True, default=""
    )  # in the buyer's words, for the seller
    particulars = models.JSONField(
        default=dict
    )  # what was confirmed or not apart from the terms: digests only

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["grant", "lock"], name="one_act_a_grant_and_lock")
        ]


class Sealing(RenderJob):
    """An agreement to be sealed: asked for in the transaction that made it, done by a worker
    (reliability 1)."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(
        max_length=14, choices=[(kind.value, kind.value) for kind in AgreementKind]
    )
    subject = models.CharField(max_length=40)
    occasion = (
        models.UUIDField()
    )  # what was agreed to, as the kind's builder knows it: a lock, an offer
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "occasion"], name="one_sealing_a_kind_and_occasion"
            )
        ]
        indexes = [
            models.Index(
                fields=["rung_at"], condition=Q(done_at__isnull=True), name="agreements_to_seal"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


@append_only_model()
class SealedAgreement(models.Model):
    """A sealed PDF. The database refuses to change or delete it (sql/sealed_agreements.sql)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    sealing = models.OneToOneField(Sealing, on_delete=models.PROTECT, related_name="agreement")
    kind = models.CharField(
        max_length=14, choices=[(kind.value, kind.value) for kind in AgreementKind]
    )
    subject = models.CharField(max_length=40)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the canonical agreement
    file_digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the PDF, seal included
    file_key = models.CharField(
        max_length=80, unique=True
    )  # where it is stored: random, never public
    file_bytes = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=64)  # of the certificate that sealed it
    agreed_at = models.DateTimeField()
    sealed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["store", "subject"], name="agreements_of_a_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


def _enum_choices(values) -> list[tuple[str, str]]:
    return [(value.value, value.value) for value in values]


class OfferQuerySet(models.QuerySet["Offer"]):
    def standing(self):
        """Those that both parties see: one beyond the band is a draft of the seller's until it is
        approved (R-47)."""
        return self.filter(Q(beyond_band=False) | Q(side=Side.BUYER) | Q(approval__isnull=False))


@digested_model()
@append_only_model()
class Offer(models.Model):
    """A version of the changed prices for a renegotiated lock. Never changed: who wants others
    makes another version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    renegotiation = models.ForeignKey(
        "Renegotiation", on_delete=models.PROTECT, related_name="offers"
    )
    version = models.PositiveSmallIntegerField()
    side = models.CharField(max_length=6, choices=_enum_choices(Side))
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    rule = models.CharField(max_length=8, choices=_enum_choices(ProposalRule))
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
        return parse_proposal(self.said)

    @property
    def money(self) -> dict[str, int]:
        """Goods, freight, tax and total of the lot, minor units of the lock's currency."""
        return {
            name: getattr(self, f"{name}_minor") for name in ("goods", "freight", "tax", "total")
        }


@digested_model()
@append_only_model()
class OfferTerms(models.Model):
    """The exact bytes whose SHA-256 is the offer's digest: every order, line and price as they
    would become."""

    offer = models.OneToOneField(
        Offer, primary_key=True, on_delete=models.PROTECT, related_name="terms"
    )
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    text = models.BinaryField()


@digested_model()
@append_only_model()
class Approval(models.Model):
    """A second member of the store agrees to an offer beyond the band (R-47)."""

    offer = models.OneToOneField(
        Offer, primary_key=True, on_delete=models.PROTECT, related_name="approval"
    )
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()


@digested_model()
@append_only_model()
class Signature(models.Model):
    """One side's signature of exactly one offer's terms, with its evidence (R-54, reliability 8
    and 9)."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="signatures")
    side = models.CharField(max_length=6, choices=_enum_choices(Side))
    by = models.CharField(max_length=80)
    name = models.CharField(max_length=120)  # as typed
    at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    consent_version = models.CharField(max_length=20)
    how = models.CharField(max_length=8, choices=[("password", "password"), ("code", "code")])
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    particulars = models.JSONField(
        default=dict
    )  # services confirmed or not, as an act keeps them: digests only

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["offer", "side"], name="one_signature_an_offer_and_side"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="a_signature_has_a_name"),
        ]


class SigningCode(models.Model):
    """A one-time code for a signature. The code itself is derived where it is needed, never stored
    (`pricing.signing`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="codes")
    side = models.CharField(max_length=6, choices=_enum_choices(Side))
    by = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)  # of the terms that it may sign
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)  # wrong ones
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["offer", "side", "-asked_at"], name="codes_of_an_offer")]


@digested_model()
@append_only_model()
class Remark(models.Model):
    """What a party said beside the offers: a comment, or why they declined."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    renegotiation = models.ForeignKey(
        "Renegotiation", on_delete=models.PROTECT, related_name="remarks"
    )
    side = models.CharField(max_length=6, choices=_enum_choices(Side))
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    kind = models.CharField(max_length=7, choices=[("comment", "comment"), ("decline", "decline")])
    text = models.CharField(max_length=1000)
