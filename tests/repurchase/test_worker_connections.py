"""A worker's process keeps its connection from task to task, and only while it is sound."""

import psycopg2
import pytest
from django.db import connection

from repurchase.celery import (
    CONNECTION_KEEP_SECONDS,
    close_connection_after_failure,
    reuse_connection,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _as_it_was():
    before = dict(connection.settings_dict)
    yield
    connection.settings_dict.update(before)
    connection.close()


def backend() -> int:
    """The server's process on the other end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def a_task(state: str = "SUCCESS") -> int:
    reuse_connection()
    served_by = backend()
    close_connection_after_failure(state=state)
    return served_by


class TestAConnection:
    def test_serves_task_after_task(self):
        connection.close()
        assert a_task() == a_task()

    def test_is_closed_after_a_task_that_failed(self):
        connection.close()
        assert a_task("FAILURE") != a_task()

    def test_that_the_server_has_ended_is_replaced_before_the_next_task(self):
        connection.close()
        lost = a_task()
        other = psycopg2.connect(
            **{
                k: v
                for k, v in connection.get_connection_params().items()
                if k in ("host", "port", "dbname", "user", "password")
            }
        )
        try:
            with other, other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 2000)", [lost])
        finally:
            other.close()
        assert a_task() != lost

    def test_is_replaced_when_it_has_served_long_enough(self):
        connection.close()
        first = a_task()
        connection.close_at -= CONNECTION_KEEP_SECONDS
        assert a_task() != first
