"""What is read of level 0: probes, and the tissue that focus and stain are measured on."""

import damage
import numpy as np
import pytest
from grossing.mask import labels
from grossing.measure import sampling
from grossing.slide import facts, opening
from stages import CONFIG, measured


def test_only_tissue_is_pooled(real_slide):
    """A quarter of the mask's rows made pen takes a quarter of the pixels."""
    with opening.Slide(real_slide) as opened:
        file = facts.file_facts(opened)
        mask = np.full((370, 277), labels.TISSUE, np.uint8)
        everything = pooled(opened, file, mask)
        mask[::4] = labels.PEN
        part = pooled(opened, file, mask)
    assert len(part) == pytest.approx(0.75 * len(everything), rel=0.02)


def pooled(opened, file, mask):
    glass = np.array([243, 243, 243], np.uint8)
    return sampling.read(opened, file, mask, 8.0, 0.499, glass, **CONFIG["focus"]).pixels


def test_a_slide_refused_for_its_probes_states_them(at_40x, tmp_path):
    tiles = [(column, row) for column in range(12) for row in range(10)]
    damage.destroy_tiles(at_40x, tmp_path / "a.svs", tiles)
    record = measured(tmp_path / "a.svs").record
    assert record.refusal.code == "unreadable"
    assert record.probes.probes_failed == record.probes.probes > 0
    assert record.file and record.resolution and record.measures is None
