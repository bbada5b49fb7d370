"""The log of a job that fails: a message for the user, a traceback for the developer."""

import subprocess
import sys

import pytest
from running import REPOSITORY

JOB = """
import sys
sys.path.insert(0, {scripts!r})
from grossing.support import errors, logs
logs.to_file({log!r})
raise {error}
"""


@pytest.mark.parametrize(
    ("error", "is_of_the_user"),
    [
        ("errors.UserError('cohort.csv, line 2: correct the path')", True),
        ("errors.CohortError('cohort.csv, line 2: correct the path')", True),
        ("errors.SlideError('unreadable', 'cohort.csv, line 2', 'correct the path')", True),
        ("KeyError('cohort.csv, line 2: correct the path')", False),
    ],
)
def test_what_a_user_can_fix_is_a_message_alone(tmp_path, error, is_of_the_user):
    log = tmp_path / "logs" / "a.log"
    job = JOB.format(scripts=str(REPOSITORY / "scripts"), log=str(log), error=error)
    assert subprocess.run([sys.executable, "-c", job], check=False).returncode == 1
    text = log.read_text()
    assert "cohort.csv, line 2" in text and "correct the path" in text
    assert ("Traceback" not in text) == is_of_the_user
