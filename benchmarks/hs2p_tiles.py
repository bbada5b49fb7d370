"""The same job by hs2p: tissue, tiles of 512 px at 0.5 um/px of the tissue, JPEG in a tar.

Through its Python API, which spares it the command line's logging and previews. The last line
printed is the number of tiles. Example: hs2p_tiles.py slide.svs out
"""

import sys
from dataclasses import replace
from pathlib import Path

from hs2p.api import (
    DEFAULT_MASK_SAMPLING,
    SegmentationConfig,
    SlideSpec,
    TilingConfig,
    extract_tiles_to_tar,
    save_tiling_result,
    tile_slide,
)

QUALITY = 85
TISSUE_FRACTION_MIN = 0.05  # as Grossing's candidates


def run(slide: Path, out: Path) -> int:
    """Tile a slide; the number of tiles."""
    result = tile_slide(
        SlideSpec(sample_id="slide", image_path=slide),
        tiling=TilingConfig(
            backend="auto",
            requested_spacing_um=0.5,
            requested_tile_size_px=512,
            tolerance=0.05,
            overlap=0.0,
        ),
        segmentation=SegmentationConfig(method="hsv", downsample=64),
        masks=replace(DEFAULT_MASK_SAMPLING, min_coverage={"tissue": TISSUE_FRACTION_MIN}),
    )
    print(f"reader: {result.backend}")
    extract_tiles_to_tar(result, out, jpeg_quality=QUALITY, num_workers=1)
    save_tiling_result(result, output_dir=out)
    return len(result.x)


if __name__ == "__main__":
    print(run(Path(sys.argv[1]), Path(sys.argv[2])))
