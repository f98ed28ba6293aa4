"""Codes of batches, locks, links, offers and sealed agreements."""

from collections.abc import Mapping

from diagnostics.catalogue.entries import CatalogueEntry, curable, outcome, refusal
from diagnostics.catalogue.entries import gettext_noop as _
from diagnostics.codes import Code, Fixer

BATCHES: Mapping[Code, CatalogueEntry] = {
    Code.BATCH_EMPTY: refusal(
        422,
        _("Nothing is ticked"),
        _("The selection holds no order."),
        _("Tick at least one order."),
    ),
    Code.BATCH_TOO_LARGE: refusal(
        422,
        _("Too many orders"),
        _("{value} orders are ticked; a batch holds at most {limit}."),
        _("Repeat the newest orders first and the others in a second batch."),
    ),
    Code.MIXED_BUYERS: refusal(
        422,
        _("More than one buyer"),
        _("A batch has one buyer; these orders belong to another: {orders}."),
        _("Untick them, or finish this batch first."),
    ),
    Code.ORDER_UNKNOWN: refusal(
        422,
        _("Unknown orders"),
        _("The store has no such orders: {orders}."),
        _("Send ids of the store's own past orders."),
    ),
    Code.NOTHING_TO_LOCK: refusal(
        409,
        _("Nothing can be locked"),
        _("No order of this batch is ready."),
        _("Fix the orders that need it and screen again."),
    ),
    Code.PLAN_STALE: refusal(
        409,
        _("The plan is out of date"),
        _(
            "It was screened {value}; a plan may be locked for {limit} hours, and edited while tariffs and the buyer's tax number are as they were."
        ),
        _("Screen again, look at the new plan, then go on."),
    ),
    Code.PRICE_LOCKED: refusal(
        409,
        _("The price is locked"),
        _(
            "A repeat order keeps the price really paid, and a lock freezes quantity and promise with it."
        ),
        _(
            "Before the lock, quantities and promises can be edited; for another price, ask for a fresh quote."
        ),
    ),
    Code.PLAN_CHANGED: refusal(
        409,
        _("The plan has changed since you looked"),
        _("You saw version {value}; it is version {limit} now, or its facts have changed."),
        _("Look at the plan as it is now, then preview the edit again."),
    ),
    Code.LOCK_LEAVES_OUT: refusal(
        409,
        _("Part of the plan can't be locked any more"),
        _(
            "{orders} orders and {lines} lines, {money}, fail a check by now: more than {limit} of the plan's money."
        ),
        _("Look at what leaves the plan. Then lock the rest, or screen the batch again."),
    ),
    Code.ORDERS_UNDER_CHECK: refusal(
        409,
        _("These orders are being checked by the platform"),
        _("The platform is checking {value} of these orders. Nothing was confirmed."),
        _(
            "Come back to this page later: orders that pass can then be confirmed until their lock ends."
        ),
        Fixer.PLATFORM,
    ),
    Code.ANSWER_BY_TWO: refusal(
        409,
        _("Another member has to answer"),
        _("You have answered this question; two members of the compliance group have to agree."),
        _("Ask another member of the group."),
        Fixer.PLATFORM,
    ),
    Code.ANSWER_BY_MEMBER: refusal(
        403,
        _("Nobody answers about their own store's parties"),
        _("You are a member of a store that sells or ships to this party."),
        _("Leave it to other members of the group."),
        Fixer.PLATFORM,
    ),
    Code.CAPACITY_EXCEEDED: curable(
        _("More than can be made"),
        _(
            "{group} overflows first on {day}: {needed} pieces are due by then, {limit} can be made."
        ),
        _("Promise {earliest} or later for these orders, or order fewer pieces."),
    ),
    Code.EDIT_AT_WORK: refusal(
        409,
        _("An edit of this plan is being worked out"),
        _("An edit of {limit} orders has not been applied yet."),
        _("Wait until it is done, or stop it on the page of the batch."),
    ),
    Code.EDIT_STOPPED: refusal(
        409,
        _("The edit was stopped"),
        _("Somebody stopped the edit before it was applied. The plan is as it was."),
        _("Preview the edit again if it is still wanted."),
    ),
    Code.WORK_FAILED: refusal(
        503,
        _("The work could not be done"),
        _(
            "It was taken up {tries} times and never finished: its worker failed or was lost each time."
        ),
        _(
            "Screen again, or preview the edit again. If it fails once more, tell the platform the reference."
        ),
        Fixer.PLATFORM,
    ),
    Code.DRY_RUN_ONLY: refusal(
        409,
        _("This batch is a dry run"),
        _("It was made to be looked at: nothing of it can be locked."),
        _("Make it a real batch first, on its page or with POST …/adopt/."),
    ),
    Code.NOTHING_TO_RETRY: refusal(
        409,
        _("Nothing to retry"),
        _("The plan holds no order that somebody could have cured."),
        _("Screen the whole batch again to judge every order by today's facts."),
    ),
    Code.EDIT_EMPTY: refusal(
        422,
        _("Nothing to edit"),
        _("The edit names no line of this batch, or gives no new value."),
        _("Choose lines, and enter an MOQ, a quantity or a promise."),
    ),
    Code.LOCK_EXPIRED: refusal(
        409,
        _("The price lock has ended"),
        _("It ended {value}. Nothing was confirmed."),
        _("Ask the seller for a new quote."),
        Fixer.SELLER,
    ),
    Code.RENEGOTIATION_REQUIRED: refusal(
        409,
        _("The price is being renegotiated"),
        _(
            "The exchange rate or the commodity index has moved beyond the agreed limit (clause 4.7). Nothing was confirmed."
        ),
        _("Agree on new terms before the deadline, or decline them."),
        Fixer.BUYER,
    ),
    Code.LOCK_ENDED: refusal(
        409,
        _("Already settled"),
        _("This lock was {state} before."),
        _("Nothing is left to do here."),
        Fixer.NOBODY,
    ),
    Code.TERMS_CHANGED: refusal(
        409,
        _("The terms have changed"),
        _("What you saw is no longer what is offered. Nothing was confirmed."),
        _("Read the current terms, then decide."),
        Fixer.BUYER,
    ),
    Code.CONSENT_MISSING: refusal(
        422,
        _("Your consent is missing"),
        _("The box beside the terms was not ticked. Nothing was confirmed."),
        _("Tick the box, then confirm."),
        Fixer.BUYER,
    ),
    Code.LINK_INVALID: refusal(
        404,
        _("This link does not work"),
        _("It is incomplete, or was replaced by a newer one."),
        _("Open the link from the newest email, or ask the seller for a new one."),
        Fixer.SELLER,
    ),
    Code.LINK_USED: refusal(
        409,
        _("You have answered already"),
        _("An answer was recorded {value}; each link acts once."),
        _("Talk to the seller if you want to change it."),
        Fixer.NOBODY,
    ),
    Code.BUYER_DECLINED: outcome(
        _("The buyer declined"),
        _("The buyer turned the order down on {value}, or left it out of what was confirmed."),
        _("Ask the buyer why, then repeat the past order in a new batch."),
    ),
    Code.RENEGOTIATION_LAPSED: outcome(
        _("The renegotiation ended without an agreement"),
        _("A price trigger opened a renegotiation, and not both sides had signed by {value}."),
        _(
            "Repeat the past order in a new batch, at today's rates, and agree within the four hours."
        ),
    ),
    Code.SECOND_APPROVER_MISSING: refusal(
        409,
        _("A second member has to agree"),
        _(
            "These prices lie more than {limit} from the locked ones, and no other member of the store may approve them."
        ),
        _(
            "Stay within {limit}, or ask the store's owner to add an owner or manager who approves the offer."
        ),
        Fixer.SELLER,
    ),
    Code.APPROVAL_MISSING: refusal(
        409,
        _("A second member has not agreed yet"),
        _("These prices lie more than {limit} from the locked ones. Nothing was signed."),
        _("Ask another owner or manager of the store to approve the offer; then sign."),
        Fixer.SELLER,
    ),
    Code.OFFER_SIGNED: refusal(
        409,
        _("You have signed already"),
        _("Your signature was recorded {value}; each signature is given once."),
        _("Wait for the other party to sign."),
        Fixer.NOBODY,
    ),
    Code.SIGNING_CODE_WRONG: refusal(
        422,
        _("The code is wrong"),
        _("Nothing was signed. Tries left with this code: {left}."),
        _("Type the six digits of the newest email again."),
        Fixer.BUYER,
    ),
    Code.SIGNING_CODE_EXPIRED: refusal(
        409,
        _("The code is no longer valid"),
        _(
            "It is older than ten minutes, was used, or was replaced by a newer one. Nothing was signed."
        ),
        _("Ask for a new code."),
        Fixer.BUYER,
    ),
    Code.SIGNING_CODE_SPENT: refusal(
        409,
        _("Too many wrong codes"),
        _("This code was typed wrongly {limit} times and is void. Nothing was signed."),
        _("Ask for a new code."),
        Fixer.BUYER,
    ),
    Code.PASSWORD_WRONG: refusal(
        422,
        _("The password is wrong"),
        _("Nothing was signed."),
        _("Type your own password again."),
        Fixer.SELLER,
    ),
    Code.AGREEMENT_DAMAGED: refusal(
        500,
        _("The stored agreement is damaged"),
        _("The stored PDF is no longer the one that was sealed, so it is not handed out."),
        _(
            "Use the copy that was sent by email; the operator restores the stored one from a backup."
        ),
        Fixer.PLATFORM,
    ),
}
