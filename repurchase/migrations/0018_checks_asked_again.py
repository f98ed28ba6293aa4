from django.db import migrations, models

# The rows of the table of states (repurchase/lifecycle.py) that the checks at the lock added, and what R-90 holds back.
GUARDS = """
CREATE FUNCTION refuse_a_wrong_way_out_of_the_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'STATE_CONFLICT: order % can not go from % to % like this', OLD.ref, OLD.status, NEW.status
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
-- planned -> failed | excluded: with a code that says why, and without a price.
CREATE TRIGGER an_order_leaves_the_plan_with_its_code BEFORE UPDATE OF status ON repurchase_repeatorder FOR EACH ROW
    WHEN (OLD.status = 'planned' AND NEW.status IN ('failed', 'excluded')
          AND (cardinality(NEW.codes) = 0 OR NEW.total_minor <> 0 OR NEW.lock_id IS NOT NULL))
    EXECUTE FUNCTION refuse_a_wrong_way_out_of_the_plan();
-- Nothing leads on from there but planning anew, which makes the row anew.
CREATE TRIGGER an_order_that_left_the_plan_stays_out BEFORE UPDATE OF status ON repurchase_repeatorder FOR EACH ROW
    WHEN (OLD.status IN ('failed', 'excluded') AND NEW.status NOT IN ('failed', 'excluded'))
    EXECUTE FUNCTION refuse_a_wrong_way_out_of_the_plan();
-- R-90: what is held back is neither confirmed nor released.
CREATE TRIGGER an_order_held_back_does_not_go_on BEFORE UPDATE OF status ON repurchase_repeatorder FOR EACH ROW
    WHEN (NEW.held_at IS NOT NULL AND NEW.status <> OLD.status AND NEW.status IN ('confirmed', 'released'))
    EXECUTE FUNCTION refuse_a_wrong_way_out_of_the_plan();
"""
NO_GUARDS = """
DROP TRIGGER an_order_held_back_does_not_go_on ON repurchase_repeatorder;
DROP TRIGGER an_order_that_left_the_plan_stays_out ON repurchase_repeatorder;
DROP TRIGGER an_order_leaves_the_plan_with_its_code ON repurchase_repeatorder;
DROP FUNCTION refuse_a_wrong_way_out_of_the_plan();
"""


class Migration(migrations.Migration):
    dependencies = [("repurchase", "0017_papers_by_lease")]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="left_at_lock",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="repeatorder", name="held_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddIndex(
            model_name="repeatorder",
            index=models.Index(
                condition=models.Q(("held_at__isnull", False)),
                fields=["held_at"],
                name="orders_held_back",
            ),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
