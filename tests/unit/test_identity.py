"""Identity of slides by content: moved, touched and archived ones keep it."""

import json
import os

from grossing.slide import identity
from grossing.slide.identity import Identity


def test_changed_content_changes_the_hash_and_a_copy_keeps_it(tmp_path):
    a, b = tmp_path / "a.svs", tmp_path / "b.svs"
    a.write_bytes(b"x" * 5_000_000)
    b.write_bytes(a.read_bytes())
    assert identity.content_hash(a) == identity.content_hash(b)
    for at in (0, 4_999_999):
        data = bytearray(a.read_bytes())
        data[at] = 1
        b.write_bytes(data)
        assert identity.content_hash(a) != identity.content_hash(b)


def test_an_unchanged_file_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "a.svs"
    path.write_bytes(b"slide")
    before = identity.identity(path)
    monkeypatch.setattr(identity, "content_hash", lambda _: 1 / 0)
    assert identity.fingerprint(path, before) == before.content_hash
    assert identity.recorded_hash(path, before) == before.content_hash


def test_touched_and_archived_slides_keep_their_fingerprint(tmp_path):
    path = tmp_path / "a.svs"
    assert identity.fingerprint(path, None) == identity.ABSENT
    path.write_bytes(b"slide")
    before = identity.identity(path)
    os.utime(path, (1, 1))
    assert identity.fingerprint(path, before) == before.content_hash
    path.unlink()
    assert identity.fingerprint(path, before) == before.content_hash
    path.write_bytes(b"other")
    assert identity.fingerprint(path, before) != before.content_hash


def test_a_slide_that_arrives_after_it_was_missed_gets_a_new_fingerprint(tmp_path):
    path = tmp_path / "a.svs"
    missed = identity.identity(path)
    assert missed == Identity(None, None)
    assert identity.fingerprint(path, missed) == identity.ABSENT
    path.write_bytes(b"slide")
    assert identity.fingerprint(path, missed) == identity.content_hash(path)


def test_a_recorded_hash_holds_for_an_unchanged_and_for_an_archived_slide(tmp_path):
    path = tmp_path / "a.svs"
    path.write_bytes(b"slide")
    before = identity.identity(path)
    os.utime(path, (1, 1))
    assert identity.recorded_hash(path, before) is None
    path.unlink()
    assert identity.recorded_hash(path, before) == before.content_hash


def test_an_identity_survives_its_json(tmp_path):
    path = tmp_path / "a.svs"
    absent = identity.identity(path)
    path.write_bytes(b"slide")
    for each in (absent, identity.identity(path), identity.identity(path, hashed=False)):
        assert Identity.from_json(json.loads(json.dumps(each.to_json()))) == each
