# ruff: noqa: E501
"""What columns, reason codes and thresholds mean.

Made from workflow/schemas/cohort_qc.schema.yaml by `make schemas`.
"""

from typing import Any

COLUMNS: dict[str, dict[str, dict[str, Any]]] = {
    "cohort_qc": {
        "qc_status": {
            "unit": "",
            "meaning": "PASS; REVIEW, tiled like PASS, to be looked at; FAIL, not good enough; ERROR, cannot be used",
            "range": [None, None],
            "values": ["PASS", "REVIEW", "FAIL", "ERROR"],
        },
        "qc_reasons": {
            "unit": "",
            "meaning": "reason codes, joined by semicolons, each `code` or `code=value>limit` (`<` where the value is below the limit); null where there are none",
            "range": [None, None],
            "values": [],
        },
        "vendor": {
            "unit": "",
            "meaning": "format as OpenSlide names it, e.g. aperio",
            "range": [None, None],
            "values": [],
        },
        "width_px": {"unit": "px", "meaning": "width of level 0", "range": [1, None], "values": []},
        "height_px": {
            "unit": "px",
            "meaning": "height of level 0",
            "range": [1, None],
            "values": [],
        },
        "mpp": {
            "unit": "um/px",
            "meaning": "resolution of level 0 (geometric mean of x and y)",
            "range": [0.05, 20],
            "values": [],
        },
        "mpp_source": {
            "unit": "",
            "meaning": "where mpp comes from: the sheet's column, the OME-XML of a TIFF, the scanner's property, TIFF resolution tags, or 10 / objective",
            "range": [None, None],
            "values": ["sheet", "file", "ome", "tiff", "objective"],
        },
        "objective": {
            "unit": "x",
            "meaning": "objective magnification stated by the file; null where it is not stated",
            "range": [0, None],
            "values": [],
        },
        "tissue_area_mm2": {
            "unit": "mm2",
            "meaning": "area of tissue",
            "range": [0, None],
            "values": [],
        },
        "tissue_fraction": {
            "unit": "fraction",
            "meaning": "tissue, as a share of the scanned area",
            "range": [0, 1],
            "values": [],
        },
        "pen_fraction": {
            "unit": "fraction",
            "meaning": "pen ink, as a share of the scanned area",
            "range": [0, 1],
            "values": [],
        },
        "fold_fraction": {
            "unit": "fraction",
            "meaning": "folds, as a share of tissue and folds",
            "range": [0, 1],
            "values": [],
        },
        "bubble_fraction": {
            "unit": "fraction",
            "meaning": "rims of bubbles and cover slip, as a share of the scanned area",
            "range": [0, 1],
            "values": [],
        },
        "possible_pen_fraction": {
            "unit": "fraction",
            "meaning": "what may be ink or tissue (even pieces on the glass; ribbons inside the tissue that are even, or evenly denser than both sides), as a share of the scanned area; it is not tissue",
            "range": [0, 1],
            "values": [],
        },
        "possible_pen_area_mm2": {
            "unit": "mm2",
            "meaning": "area of what may be ink or tissue",
            "range": [0, None],
            "values": [],
        },
        "faint_tissue_fraction": {
            "unit": "fraction",
            "meaning": "solid places on the glass with a third of the colour by which this slide's tissue was found, as a share of these and the tissue: tissue that may be too pale; null with a mask of your own, with otsu_saturation and in fluorescence, where it is not looked for",
            "range": [0, 1],
            "values": [],
        },
        "thin_tissue_fraction": {
            "unit": "fraction",
            "meaning": "share of the tissue that is nowhere 0.2 mm wide, as hairs, lint and dust are; null without tissue and with a mask of your own",
            "range": [0, 1],
            "values": [],
        },
        "mask_source": {
            "unit": "",
            "meaning": "whether the tissue is ours or that of the file in the column `mask` of the sheet",
            "range": [None, None],
            "values": ["ours", "user"],
        },
        "mask_agreement": {
            "unit": "fraction",
            "meaning": "1 minus the smaller of two shares beyond a margin of 100 um: our tissue that a user's mask leaves out, and its part on glass; 1 where one mask holds the other, null where a mask is empty or there is none",
            "range": [0, 1],
            "values": [],
        },
        "mask_missed_fraction": {
            "unit": "fraction",
            "meaning": "share of our tissue farther than 100 um from a user's mask; null where there is none",
            "range": [0, 1],
            "values": [],
        },
        "mask_on_glass_fraction": {
            "unit": "fraction",
            "meaning": "share of a user's mask that we take for glass, farther than 500 um from our tissue; null where there is none",
            "range": [0, 1],
            "values": [],
        },
        "mask_moved_gain": {
            "unit": "1",
            "meaning": "by how much the intersection over union of both masks grows where the user's is mirrored, turned by 180 degrees or shifted to where it fits best; null as mask_agreement",
            "range": [0, 1],
            "values": [],
        },
        "focus_median": {
            "unit": "1",
            "meaning": "median focus of the sampled tissue tiles at 0.5 um/px; 1 is the limit of blur",
            "range": [0, None],
            "values": [],
        },
        "round_detail_fraction": {
            "unit": "fraction",
            "meaning": "median share of the detail of the sampled tissue tiles that is round at 3 um, as cells and nuclei are, while fibres, edges and flakes are not; null except in fluorescence",
            "range": [0, 1],
            "values": [],
        },
        "blurred_fraction": {
            "unit": "fraction",
            "meaning": "share of the sampled tissue tiles whose focus is below thresholds.tile.focus_min, of those that can be told; null where none can",
            "range": [0, 1],
            "values": [],
        },
        "blurred_fraction_low": {
            "unit": "fraction",
            "meaning": "lower bound of blurred_fraction (Wilson's 95 % interval for a sample of the tissue), where all tiles whose focus cannot be told are sharp",
            "range": [0, 1],
            "values": [],
        },
        "blurred_fraction_high": {
            "unit": "fraction",
            "meaning": "upper bound of blurred_fraction",
            "range": [0, 1],
            "values": [],
        },
        "focus_uncertain_fraction": {
            "unit": "fraction",
            "meaning": "share of the sampled tissue tiles whose focus cannot be told; null where none was sampled",
            "range": [0, 1],
            "values": [],
        },
        "duplicate_of": {
            "unit": "",
            "meaning": "slide_ids that show the same glass slide (duplicates.csv), joined by semicolons; null where there are none",
            "range": [None, None],
            "values": [],
        },
        "outlier_z": {
            "unit": "1",
            "meaning": "largest robust z (its size) of the measures that are compared with those of other slides, standard deviations; null where there are too few slides to compare with",
            "range": [0, None],
            "values": [],
        },
        "stain_z": {
            "unit": "1",
            "meaning": "largest robust z (its size) of blue_ratio_low, red_ratio_high (only above the median) and eosin_extent (only below), standard deviations; null as outlier_z, and where the stain is not H&E",
            "range": [0, None],
            "values": [],
        },
        "outlier_of": {
            "unit": "",
            "meaning": "measures that are far from those of other slides, each `measure=z group` (the robust z within the site or over the cohort), joined by semicolons; null where there are none",
            "range": [None, None],
            "values": [],
        },
        "review_decision": {
            "unit": "",
            "meaning": "verdict of a person (reviews); null where there is none",
            "range": [None, None],
            "values": ["accept", "reject"],
        },
        "reviewed_by": {"unit": "", "meaning": "who gave it", "range": [None, None], "values": []},
        "review_date": {
            "unit": "",
            "meaning": "when, YYYY-MM-DD",
            "range": [None, None],
            "values": [],
        },
        "review_note": {
            "unit": "",
            "meaning": "what the person wrote",
            "range": [None, None],
            "values": [],
        },
        "sharpness_score": {
            "unit": "grey level^2",
            "meaning": "median Laplacian variance of the sampled tissue tiles at 0.5 um/px; depends on the stain, judges nothing",
            "range": [0, None],
            "values": [],
        },
        "brightness": {
            "unit": "grey level",
            "meaning": "90th percentile of grey over the scanned area",
            "range": [0, 255],
            "values": [],
        },
        "background_r": {
            "unit": "grey level",
            "meaning": "red of the empty glass, of the dark background in fluorescence; null where none was found",
            "range": [0, 255],
            "values": [],
        },
        "background_g": {
            "unit": "grey level",
            "meaning": "green of the empty glass, of the dark background in fluorescence; null where none was found",
            "range": [0, 255],
            "values": [],
        },
        "background_b": {
            "unit": "grey level",
            "meaning": "blue of the empty glass, of the dark background in fluorescence; null where none was found",
            "range": [0, 255],
            "values": [],
        },
        "stain_h_r": {
            "unit": "1",
            "meaning": "red part of the hematoxylin unit vector in optical density (Macenko); null where there is no fit or the stain is not H&E",
            "range": [-1, 1],
            "values": [],
        },
        "stain_h_g": {
            "unit": "1",
            "meaning": "green part of the hematoxylin unit vector in optical density (Macenko); null where there is no fit or the stain is not H&E",
            "range": [-1, 1],
            "values": [],
        },
        "stain_h_b": {
            "unit": "1",
            "meaning": "blue part of the hematoxylin unit vector in optical density (Macenko); null where there is no fit or the stain is not H&E",
            "range": [-1, 1],
            "values": [],
        },
        "stain_e_r": {
            "unit": "1",
            "meaning": "red part of the eosin unit vector in optical density (Macenko); null where there is no fit or the stain is not H&E",
            "range": [-1, 1],
            "values": [],
        },
        "stain_e_g": {
            "unit": "1",
            "meaning": "green part of the eosin unit vector in optical density (Macenko); null where there is no fit or the stain is not H&E",
            "range": [-1, 1],
            "values": [],
        },
        "stain_e_b": {
            "unit": "1",
            "meaning": "blue part of the eosin unit vector in optical density (Macenko); null where there is no fit or the stain is not H&E",
            "range": [-1, 1],
            "values": [],
        },
        "hematoxylin_od": {
            "unit": "OD",
            "meaning": "mean hematoxylin density of sampled tissue, log10; below 0 where the colour is outside H&E",
            "range": [-8, 8],
            "values": [],
        },
        "eosin_od": {
            "unit": "OD",
            "meaning": "mean eosin density of sampled tissue, log10; below 0 where the colour is outside H&E",
            "range": [-8, 8],
            "values": [],
        },
        "foreign_dye_fraction": {
            "unit": "1",
            "meaning": "share of the optical density of sampled tissue in colours outside H&E, or of a brown dye where the fit finds one in the place of eosin; null where the sheet names another stain, or little tissue is dark enough to tell",
            "range": [0, 1],
            "values": [],
        },
        "eosin_fraction": {
            "unit": "1",
            "meaning": "share of the optical density of sampled tissue in pixels of the colour of eosin, which absorb less than 0.8 as much red as green and less than 0.7 as much blue, minus foreign_dye_fraction (mixtures of hematoxylin and a brown dye have that colour too; not below 0); null as foreign_dye_fraction",
            "range": [0, 1],
            "values": [],
        },
        "eosin_extent": {
            "unit": "1",
            "meaning": "the larger of eosin_fraction and of the share (by density) of the paler half of the tissue that absorbs less than 0.75 as much red as green: eosin stains all tissue, where it is missing the pale tissue has the blue of a counterstain; null as foreign_dye_fraction, and where fewer than 500 pixels of that half have densities that sum to 0.12 to 0.5",
            "range": [0, 1],
            "values": [],
        },
        "blue_ratio_low": {
            "unit": "1",
            "meaning": "blue density over green density of the pixels that absorb the least blue (5 % of the density of sampled tissue have less): the colour of eosin; null as foreign_dye_fraction, and where fewer than 500 pixels are dark enough",
            "range": [0, None],
            "values": [],
        },
        "red_ratio_high": {
            "unit": "1",
            "meaning": "red density over green density of the pixels that absorb the most red (10 % of the density of sampled tissue have more): the colour of hematoxylin; null as blue_ratio_low",
            "range": [0, None],
            "values": [],
        },
        "content_hash": {
            "unit": "",
            "meaning": "SHA-256 of size and sampled blocks of the slide; null where it cannot be read",
            "range": [None, None],
            "values": [],
        },
        "mask_hash": {
            "unit": "",
            "meaning": "SHA-256 of the mask of the user's own; null where there is none, or it cannot be read",
            "range": [None, None],
            "values": [],
        },
        "error_message": {
            "unit": "",
            "meaning": "message of the reader; what it quotes from the file is replaced by ...",
            "range": [None, None],
            "values": [],
        },
        "remedy": {
            "unit": "",
            "meaning": "what to do about it",
            "range": [None, None],
            "values": [],
        },
        "candidate_tiles": {
            "unit": "tiles",
            "meaning": "tiles with at least 5 % tissue whose area is at least half scanned",
            "range": [0, None],
            "values": [],
        },
        "passed_tiles": {
            "unit": "tiles",
            "meaning": "candidates with qc_status_tile PASS",
            "range": [0, None],
            "values": [],
        },
        "lost_tiles": {
            "unit": "tiles",
            "meaning": "candidates whose pixels do not decode",
            "range": [0, None],
            "values": [],
        },
        "lost_fraction": {
            "unit": "fraction",
            "meaning": "lost tiles as a share of the candidates; null where there are none",
            "range": [0, 1],
            "values": [],
        },
        "absent_fraction": {
            "unit": "fraction",
            "meaning": "mean absent_fraction of the candidates; null where there are none",
            "range": [0, 1],
            "values": [],
        },
        "suspicious_fraction": {
            "unit": "fraction",
            "meaning": "candidates that may show something else than the slide (overview_difference, seam_step or decoders_disagree) as a share of all; null where there are none",
            "range": [0, 1],
            "values": [],
        },
        "tile_bytes": {
            "unit": "bytes",
            "meaning": "size of all encoded candidate tiles",
            "range": [0, None],
            "values": [],
        },
        "tile_reader": {
            "unit": "",
            "meaning": "reader that decoded the pixels: raw, raw_scaled or openslide",
            "range": [None, None],
            "values": [],
        },
        "tile_mpp": {
            "unit": "um/px",
            "meaning": "effective resolution of the tiles",
            "range": [0, 25],
            "values": [],
        },
        "target_mpp": {
            "unit": "um/px",
            "meaning": "requested resolution",
            "range": [0.05, 20],
            "values": [],
        },
        "picture_width_px": {
            "unit": "px",
            "meaning": "width of the scanned picture at tile_mpp, before it is extended to whole tiles",
            "range": [1, None],
            "values": [],
        },
        "picture_height_px": {
            "unit": "px",
            "meaning": "height of the scanned picture at tile_mpp, before it is extended to whole tiles",
            "range": [1, None],
            "values": [],
        },
    },
    "patch_cohort": {
        "slide_id": {
            "unit": "",
            "meaning": "the id of the cohort sheet",
            "range": [None, None],
            "values": [],
        },
        "case_id": {
            "unit": "",
            "meaning": "patient or specimen, from the sheet; null where it gives none",
            "range": [None, None],
            "values": [],
        },
        "label": {
            "unit": "",
            "meaning": "class for training, from the sheet; null where it gives none",
            "range": [None, None],
            "values": [],
        },
        "site": {
            "unit": "",
            "meaning": "hospital or laboratory, from the sheet; null where it gives none",
            "range": [None, None],
            "values": [],
        },
        "scanner": {
            "unit": "",
            "meaning": "scanner model, from the sheet; null where it gives none",
            "range": [None, None],
            "values": [],
        },
        "stain": {
            "unit": "",
            "meaning": "stain, from the sheet; null where it gives none",
            "range": [None, None],
            "values": [],
        },
        "split": {
            "unit": "",
            "meaning": "train, val, test, ..., from the sheet; null where it gives none",
            "range": [None, None],
            "values": [],
        },
        "qc_status": {
            "unit": "",
            "meaning": "PASS; REVIEW, tiled like PASS, to be looked at; FAIL, not good enough; ERROR, cannot be used",
            "range": [None, None],
            "values": ["PASS", "REVIEW", "FAIL", "ERROR"],
        },
        "tile_container": {
            "unit": "",
            "meaning": "the zip or directory, relative to the results folder; null where the tile has no pixels",
            "range": [None, None],
            "values": [],
        },
        "tile_path": {
            "unit": "",
            "meaning": "member of the container; null where the tile was lost or no pixels are written",
            "range": [None, None],
            "values": [],
        },
        "tile_offset": {
            "unit": "bytes",
            "meaning": "where the picture starts in the zip; null outside a zip",
            "range": [0, None],
            "values": [],
        },
        "tile_bytes": {
            "unit": "bytes",
            "meaning": "length of the encoded picture",
            "range": [1, None],
            "values": [],
        },
        "tile_col": {
            "unit": "tiles",
            "meaning": "column of the grid, from 0",
            "range": [0, None],
            "values": [],
        },
        "tile_row": {
            "unit": "tiles",
            "meaning": "row of the grid, from 0",
            "range": [0, None],
            "values": [],
        },
        "x_level0_px": {
            "unit": "level-0 px",
            "meaning": "left edge",
            "range": [0, None],
            "values": [],
        },
        "y_level0_px": {
            "unit": "level-0 px",
            "meaning": "top edge",
            "range": [0, None],
            "values": [],
        },
        "size_level0_px": {
            "unit": "level-0 px",
            "meaning": "side",
            "range": [1, None],
            "values": [],
        },
        "mpp": {
            "unit": "um/px",
            "meaning": "effective resolution of the tile",
            "range": [0, 25],
            "values": [],
        },
        "tissue_fraction": {
            "unit": "fraction",
            "meaning": "share of the tile that is tissue, from the mask",
            "range": [0, 1],
            "values": [],
        },
        "pen_fraction": {
            "unit": "fraction",
            "meaning": "share of the tile under pen ink or what may be ink, from the mask",
            "range": [0, 1],
            "values": [],
        },
        "absent_fraction": {
            "unit": "fraction",
            "meaning": "share of the tile inside the scanned bounds that was never scanned, and has the glass colour; null where the tile was lost",
            "range": [0, 1],
            "values": [],
        },
        "decoders_disagree": {
            "unit": "",
            "meaning": "whether the fast reader refused a part of the tile as damaged that OpenSlide decodes; null where the tile was lost",
            "range": [None, None],
            "values": [],
        },
        "overview_difference": {
            "unit": "grey level",
            "meaning": "difference between the tile and its place in the overview (99th percentile of the largest channel difference); null where the tile was lost or is smaller than 2 px of the overview",
            "range": [0, 255],
            "values": [],
        },
        "seam_step": {
            "unit": "1",
            "meaning": "step across the borders of the slide's stored tiles, compared with the steps beside it (worst 16 px); null where the tile was lost or no border crosses it",
            "range": [-1, 85],
            "values": [],
        },
        "focus": {
            "unit": "1",
            "meaning": "focus at 0.5 um/px, or at mpp where that is coarser; 1 is the limit of blur, more is sharper; null where the tile was lost or noise may be all that looks sharp",
            "range": [0, None],
            "values": [],
        },
        "blurred_fraction": {
            "unit": "fraction",
            "meaning": "share of the tile's blocks of 64 um (128 px where mpp is coarser than 0.5) whose focus is below 1, of those that can be told; null where none can",
            "range": [0, 1],
            "values": [],
        },
        "focus_snr": {
            "unit": "1",
            "meaning": "energy of fine detail above the noise, relative to the noise; null where the tile was lost",
            "range": [0, None],
            "values": [],
        },
        "laplacian_var": {
            "unit": "grey level^2",
            "meaning": "variance of the Laplacian at 0.5 um/px; depends on the stain, judges nothing",
            "range": [0, None],
            "values": [],
        },
        "mean_od": {
            "unit": "OD",
            "meaning": "mean optical density over R, G, B, log10(glass / value); below 0 where brighter than the glass, null in fluorescence",
            "range": [-2.41, 2.41],
            "values": [],
        },
        "hematoxylin_od": {
            "unit": "OD",
            "meaning": "mean hematoxylin density, log10; below 0 where the colour is outside H&E, null for other stains",
            "range": [-8, 8],
            "values": [],
        },
        "eosin_od": {
            "unit": "OD",
            "meaning": "mean eosin density, log10; below 0 where the colour is outside H&E, null for other stains",
            "range": [-8, 8],
            "values": [],
        },
        "stain_status": {
            "unit": "",
            "meaning": "normalized, or why stain normalisation passed the tile through unchanged (docs/algorithms.md); null where the stage is off or the tile has no pixels",
            "range": [None, None],
            "values": [
                "normalized",
                "foreign_colour",
                "too_little_tissue",
                "one_stain",
                "stain_angle",
                "luminance",
                "fit_failed",
                "not_he",
            ],
        },
        "nuclei_count": {
            "unit": "nuclei",
            "meaning": "nuclei whose centre lies in the tile; null where `nuclei` is off, the tile has no pixels, or the stain is neither H&E nor fluorescence",
            "range": [0, None],
            "values": [],
        },
        "nuclei_per_mm2": {
            "unit": "1/mm2",
            "meaning": "nuclei per tissue area of the tile; null as `nuclei_count`",
            "range": [0, None],
            "values": [],
        },
        "qc_status_tile": {
            "unit": "",
            "meaning": "whether the tile meets thresholds.tile",
            "range": [None, None],
            "values": ["PASS", "FAIL"],
        },
        "qc_reasons_tile": {
            "unit": "",
            "meaning": "reason codes, joined by semicolons, each `code` or `code=value>limit` (`<` where the value is below the limit); null where the tile passes",
            "range": [None, None],
            "values": [],
        },
    },
}
REASONS: dict[str, dict[str, dict[str, str]]] = {
    "reason_codes": {
        "file_missing": {
            "description": "ERROR: no file at the path of the sheet",
            "remedy": "correct `path` in the cohort sheet, or bring the file back",
        },
        "not_a_file": {
            "description": "ERROR: the path names a folder, a FIFO, a device or a socket; it was not opened",
            "remedy": "name the slide's file: any file of a DICOM series, the .mrxs file of MIRAX",
        },
        "unreadable": {
            "description": "ERROR: the file is empty, damaged or may not be read, or most of level 0 does not decode",
            "remedy": "copy or scan the slide again; error_message says what failed",
        },
        "unsupported": {
            "description": "ERROR: not a slide, or a format that OpenSlide does not read",
            "remedy": "check that the copy is complete, or convert the slide to a pyramidal TIFF",
        },
        "unsupported_compression": {
            "description": "ERROR: pixels are compressed in a way that OpenSlide does not decode; error_message names it",
            "remedy": "convert the slide to a pyramidal TIFF with JPEG tiles",
        },
        "unsupported_samples": {
            "description": "ERROR: pixels are not whole numbers of 8 or 16 bits, have too many samples, are transparent everywhere, or have 16 bits of which the upper ones are empty",
            "remedy": "convert the slide to 8-bit RGB without alpha",
        },
        "unsupported_colour": {
            "description": "ERROR: pixels are not colour, or their colour space is not supported or stated wrongly",
            "remedy": "convert the slide to 8-bit RGB, or correct its photometric tag",
        },
        "unsupported_orientation": {
            "description": "ERROR: the tag Orientation says that the picture is turned or mirrored, which readers apply differently",
            "remedy": "turn the pixels and drop the tag (`vips autorot`)",
        },
        "nothing_scanned": {
            "description": "ERROR: no pixel of the slide was scanned, or it is smaller than a pixel of the overview",
            "remedy": "check that the copy is complete, or scan the slide again",
        },
        "mpp_missing": {
            "description": "ERROR: neither sheet nor file states the resolution",
            "remedy": "give the true um/px in the column `mpp` of the cohort sheet",
        },
        "mpp_out_of_range": {
            "description": "ERROR: the resolution of the file is outside 0.05..20 um/px",
            "remedy": "give the true um/px in the column `mpp` of the cohort sheet",
        },
        "levels_disagree": {
            "description": "ERROR: level 0 and the smaller levels show different pictures, and none of them can be confirmed",
            "remedy": "copy, scan or convert the slide again",
        },
        "planes_differ": {
            "description": "ERROR: planes of a stack differ in size or resolution",
            "remedy": "give planes of one scan; correct `path` and `z_stack` in the cohort sheet",
        },
        "unregistered": {
            "description": "ERROR: a plane of a stack is shifted by more than 2 px against the middle one, or shows something else",
            "remedy": "register the planes, or leave the one that is named out of the sheet",
        },
        "mask_missing": {
            "description": "ERROR: no file at the path in the column `mask` of the sheet",
            "remedy": "correct `mask` in the cohort sheet, or bring the file back",
        },
        "mask_unreadable": {
            "description": "ERROR: the mask that the sheet names is neither a picture nor GeoJSON with polygons, is damaged, too large or may not be read",
            "remedy": "write the mask again as PNG or GeoJSON, or leave `mask` empty",
        },
        "mask_mismatch": {
            "description": "ERROR: the mask that the sheet names has another shape than the slide, or its polygons lie outside of it",
            "remedy": "give the mask of this slide (polygons in level-0 px), or leave `mask` empty",
        },
        "job_failed": {
            "description": "ERROR: a job of the slide failed after all retries, and accept_failures was given",
            "remedy": "fix the cause in failed_jobs.csv and run again",
        },
        "not_brightfield": {
            "description": "FAIL: brightness below brightness_min; nothing else is judged then",
            "remedy": "give fluorescence slides a `stain` that says so; else leave the slide out",
        },
        "not_dark_field": {
            "description": "FAIL: the sheet's stain is fluorescence, and the background is brighter than brightness_min; nothing else is judged then",
            "remedy": "correct the column `stain` of the cohort sheet; else leave the slide out",
        },
        "stain_differs": {
            "description": "REVIEW: the sheet's stain is empty or H&E, and more of the tissue's density than foreign_dye_fraction_max has colours outside H&E (DAB, trichrome, other special stains, much pigment or ink); above 0.15, whatever the threshold, no H and E are measured. Or less of it than eosin_fraction_min has the colour of eosin, or less of its pale part than eosin_extent_min (`stain_differs=eosin_fraction:0.01<0.02`): hematoxylin alone, eosin that has faded away, or another red or brown dye in its place (DAB, AEC, fast red); below 0.02 or 0.3, whatever the thresholds, no H and E are measured. Or its dyes have other colours than those of the other H&E slides of its site or cohort (`stain_differs=blue_ratio_low:-4.2<-3.5`: robust z and limit); outlier_of names the group. In each case the tables of the cohort state no vectors and densities of H and E",
            "remedy": "look at the thumbnail; give the slide its `stain` in the cohort sheet, or raise thresholds.slide.foreign_dye_fraction_max, lower eosin_fraction_min or eosin_extent_min (of a z, raise thresholds.cohort.stain_z_max)",
        },
        "mask_disagrees": {
            "description": "REVIEW: a mask of your own leaves out tissue that we find, and takes in glass (mask_agreement below mask_agreement_min)",
            "remedy": "look at the overlay; correct `mask` in the cohort sheet where it is of another slide, or lower thresholds.slide.mask_agreement_min",
        },
        "mask_misses_tissue": {
            "description": "REVIEW: a mask of your own leaves out more of the tissue that we find than mask_missed_fraction_max",
            "remedy": "look at the overlay; raise thresholds.slide.mask_missed_fraction_max where the mask is of a region on purpose",
        },
        "mask_on_glass": {
            "description": "REVIEW: more of a mask of your own than mask_on_glass_fraction_max lies on what we take for glass, far from tissue",
            "remedy": "look at the overlay: the mask may be inverted, or of another slide; raise thresholds.slide.mask_on_glass_fraction_max where we miss tissue",
        },
        "mask_misplaced": {
            "description": "REVIEW: a mask of your own would fit the tissue that we find better by more than mask_moved_gain_max if it were mirrored, turned by 180 degrees or shifted",
            "remedy": "look at the overlay; write the mask again in the orientation and place of the slide, or raise thresholds.slide.mask_moved_gain_max",
        },
        "coarser_than_target": {
            "description": "FAIL: the slide would have to be enlarged to reach target_mpp",
            "remedy": "raise target_mpp, or leave the slide out; correct the column `mpp` if it is wrong",
        },
        "no_tissue": {
            "description": "FAIL: the mask holds no tissue",
            "remedy": "look at the thumbnail; where tissue is missed, change the section `tissue` of the config, or the mask of your own that the sheet names",
        },
        "tissue_area_mm2": {
            "description": "FAIL: less tissue than tissue_area_mm2_min; after near_threshold: close to it",
            "remedy": "look at the mask; lower thresholds.slide.tissue_area_mm2_min for small biopsies",
        },
        "blurred_fraction": {
            "description": "FAIL: more blurred tissue tiles than blurred_fraction_max, by more than chance; after near_threshold: close to it, or the sample cannot tell on which side of it",
            "remedy": "scan the slide again, or raise thresholds.slide.blurred_fraction_max",
        },
        "focus_uncertain": {
            "description": "REVIEW: the focus of more of the tissue than focus_uncertain_fraction_max cannot be told, because noise or a faint stain hides it",
            "remedy": "look at the slide at full resolution; scan it again if it is blurred or noisy",
        },
        "pen_fraction": {
            "description": "FAIL: more ink than pen_fraction_max; after near_threshold: close to it",
            "remedy": "clean the glass and scan again, or raise thresholds.slide.pen_fraction_max",
        },
        "lost_fraction": {
            "description": "FAIL, known after tiling: more lost tiles than lost_fraction_max",
            "remedy": "copy or scan the slide again, or raise thresholds.slide.lost_fraction_max",
        },
        "absent_fraction": {
            "description": "FAIL, known after tiling: more of the candidates was never scanned than absent_fraction_max",
            "remedy": "copy or scan the slide again, or raise thresholds.slide.absent_fraction_max",
        },
        "suspicious_fraction": {
            "description": "FAIL, known after tiling: more tiles that may show something else than the slide than suspicious_fraction_max",
            "remedy": "copy or scan the slide again; look at its tiles before raising thresholds.slide.suspicious_fraction_max",
        },
        "suspicious_tiles": {
            "description": "REVIEW, known after tiling: some tiles may show something else than the slide; they fail",
            "remedy": "look at the tiles that fail; copy the slide again if they are damaged",
        },
        "no_passing_tile": {
            "description": "FAIL, known after tiling: not one tile passes",
            "remedy": "look at qc_reasons_tile of its tiles in patch_cohort, and change the thresholds if they are wrong",
        },
        "no_candidate_tile": {
            "description": "FAIL, known after tiling: no tile has enough tissue and scanned picture to be looked at",
            "remedy": "look at the mask; tiles of a smaller tiles.size_px fit smaller tissue",
        },
        "near_threshold": {
            "description": "REVIEW: passes, but within near_margin of the limits named after it, or their values are from a sample that allows both sides",
            "remedy": "look at the slide before using it, or change near_margin",
        },
        "glass_not_found": {
            "description": "REVIEW: nothing looks like empty glass; 240 in all channels was taken for it, so that a cast of the light is not corrected (ink is told relative to the palest pixels)",
            "remedy": "look at the mask and the colours; a scan with a rim of empty glass avoids it",
        },
        "possible_pen": {
            "description": "REVIEW: more than possible_pen_area_mm2_max are even pieces on the glass or ribbons inside the tissue that may be ink, a clot or a fold; they do not count as tissue",
            "remedy": "look at the overlay; leave the slide out where it is ink, or raise thresholds.slide.possible_pen_area_mm2_max",
        },
        "faint_tissue": {
            "description": "REVIEW: a larger share of the tissue than faint_tissue_fraction_max may be so pale that it was taken for glass, and is not tiled",
            "remedy": "compare the overlay with the slide; give a mask of your own, lower tissue.chroma_max, or raise thresholds.slide.faint_tissue_fraction_max",
        },
        "thin_tissue": {
            "description": "REVIEW: a larger share of what was taken for tissue than thin_tissue_fraction_max is nowhere 0.2 mm wide: hairs, lint or dust on an empty slide, or a thin specimen",
            "remedy": "look at the overlay; accept the slide in the reviews where it is tissue, or raise thresholds.slide.thin_tissue_fraction_max",
        },
        "possible_dirt": {
            "description": "REVIEW: of fluorescence; a smaller share of the detail than round_detail_fraction_min is round, as cells and nuclei are: lint, flakes, crystals or a smear, or tissue of fibres",
            "remedy": "look at the overlay; accept the slide in the reviews where it is tissue, or lower thresholds.slide.round_detail_fraction_min",
        },
        "plane_shift": {
            "description": "REVIEW: of a fused stack; after alignment a plane is still shifted by more than 0.5 px in places: it is turned or stretched, or the shift could not be measured well",
            "remedy": "look for double contours; align the planes or scan again",
        },
        "plane_light": {
            "description": "REVIEW: of a fused stack; after matching the light of a plane still differs by more than 0.03 in places: uneven illumination, or clipped pixels",
            "remedy": "look for seams between blocks; scan the planes with one exposure",
        },
        "pictures_left_out": {
            "description": "REVIEW: a TIFF holds so many pictures beside the first, and only the first is read: scenes, focal planes or channels",
            "remedy": 'give each scene a file and a row of its own (vips copy "slide.tif[page=1]" "scene2.tif[tile,pyramid,compression=jpeg,Q=90]"; pages count from 0), focal planes a `z_stack`; accept the slide in the reviews where the first picture is all you want',
        },
        "salvaged": {
            "description": "REVIEW: parts of the slide do not decode; the rest is used",
            "remedy": "copy or scan the slide again to have all of it",
        },
        "anisotropic": {
            "description": "REVIEW: x and y resolution differ by more than 1 %",
            "remedy": "none where the scanner's pixels are not square; else give the true um/px in the column `mpp`",
        },
        "outlier": {
            "description": "REVIEW: a measure is far from that of the other slides of its site or cohort (`outlier=eosin_od:-7.2<-6`: robust z and limit); outlier_of names the group",
            "remedy": "look at the slide; raise thresholds.cohort.outlier_z_max if it is as it should be",
        },
        "duplicate_in_other_split": {
            "description": "REVIEW: a slide in another split shows the same glass slide (duplicate_of)",
            "remedy": "leakage between splits: give both one split, or drop one of them",
        },
        "duplicate_in_other_case": {
            "description": "REVIEW: a slide of another case shows the same glass slide (duplicate_of)",
            "remedy": "find out whose slide it is; correct `case_id` or `path`, or drop one of them",
        },
        "duplicate_with_other_label": {
            "description": "REVIEW: a slide of another label shows the same glass slide (duplicate_of)",
            "remedy": "correct the `label` of one of them, or drop both",
        },
        "accepted_by_review": {
            "description": "PASS: a person accepts the slide (review_decision); the reasons after it would have given it another status",
            "remedy": "none; take its row out of the reviews to have it judged by the thresholds",
        },
        "rejected_by_review": {
            "description": "FAIL: a person rejects the slide (review_decision)",
            "remedy": "none; take its row out of the reviews to have it judged by the thresholds",
        },
        "review_outdated": {
            "description": "REVIEW: a person judged the slide before its content changed; that verdict is not applied",
            "remedy": "look at the slide again and give the row of the reviews a new date, or the content_hash of now",
        },
        "mpp_doubtful": {
            "description": "REVIEW: mpp times objective power is far from 10 (`mpp_doubtful=0.05*20<3.333`: 0.05 um/px, 20x); ERROR where something else fails the slide, which may be due to its resolution",
            "remedy": "give the true um/px in the column `mpp` of the cohort sheet, also where it is right",
        },
    },
    "tile_reason_codes": {
        "lost": {
            "description": "the pixels do not decode",
            "remedy": "copy or scan the slide again",
        },
        "tissue_fraction": {
            "description": "less tissue than tissue_fraction_min",
            "remedy": "lower thresholds.tile.tissue_fraction_min to use tiles with less tissue",
        },
        "focus": {
            "description": "softer than focus_min",
            "remedy": "lower thresholds.tile.focus_min to use softer tiles",
        },
        "pen_fraction": {
            "description": "more ink than pen_fraction_max",
            "remedy": "raise thresholds.tile.pen_fraction_max to use tiles with ink",
        },
        "overview_difference": {
            "description": "differs from its place in the overview by more than overview_difference_max",
            "remedy": "compare the tile with the slide in a viewer; copy the slide again if it is damaged",
        },
        "seam_step": {
            "description": "breaks at the borders of the slide's stored tiles by more than seam_step_max",
            "remedy": "compare the tile with the slide in a viewer; copy the slide again if it is damaged",
        },
        "absent_fraction": {
            "description": "more of it was never scanned than absent_fraction_max",
            "remedy": "raise thresholds.tile.absent_fraction_max to use tiles that are partly empty",
        },
        "decoders_disagree": {
            "description": "one decoder refuses a part of it as damaged and another shows it (not counted where most tiles of the slide are so)",
            "remedy": "copy or scan the slide again",
        },
        "no_focus": {
            "description": "too little signal to tell whether it is in focus, or one colour",
            "remedy": "look at the tile; there may be nothing to see in it",
        },
    },
}
LIMITS: dict[str, dict[str, Any]] = {
    "cohort.outlier_z_max": {
        "meaning": "robust z beyond which a slide is an outlier",
        "range": [1, 1000000],
        "integer": False,
    },
    "cohort.stain_z_max": {
        "meaning": "robust z beyond which the colours of a slide's dyes are not those of the other H&E slides",
        "range": [1, 1000000],
        "integer": False,
    },
    "cohort.duplicate_distance_max": {
        "meaning": "bits in which the pictures of one slide, or the middle planes of one study, may differ",
        "range": [0, 100],
        "integer": True,
    },
    "slide.tissue_area_mm2_min": {
        "meaning": "mm2 of tissue",
        "range": [0, 10000],
        "integer": False,
    },
    "slide.blurred_fraction_max": {
        "meaning": "share of sampled tissue tiles out of focus",
        "range": [0, 1],
        "integer": False,
    },
    "slide.focus_uncertain_fraction_max": {
        "meaning": "share of sampled tissue tiles whose focus cannot be told",
        "range": [0, 1],
        "integer": False,
    },
    "slide.foreign_dye_fraction_max": {
        "meaning": "share of the tissue's density in colours outside H&E",
        "range": [0, 1],
        "integer": False,
    },
    "slide.eosin_fraction_min": {
        "meaning": "share of the tissue's density in the colour of eosin",
        "range": [0, 1],
        "integer": False,
    },
    "slide.eosin_extent_min": {
        "meaning": "share of the tissue, or of its pale part, in the colour of eosin",
        "range": [0, 1],
        "integer": False,
    },
    "slide.mask_agreement_min": {
        "meaning": "agreement of a mask of your own with ours",
        "range": [0, 1],
        "integer": False,
    },
    "slide.mask_missed_fraction_max": {
        "meaning": "share of our tissue that a mask of your own leaves out",
        "range": [0, 1],
        "integer": False,
    },
    "slide.mask_on_glass_fraction_max": {
        "meaning": "share of a mask of your own on glass far from tissue",
        "range": [0, 1],
        "integer": False,
    },
    "slide.mask_moved_gain_max": {
        "meaning": "how much better a mask of your own may fit elsewhere",
        "range": [0, 1],
        "integer": False,
    },
    "slide.pen_fraction_max": {
        "meaning": "share of the scanned area under ink",
        "range": [0, 1],
        "integer": False,
    },
    "slide.possible_pen_area_mm2_max": {
        "meaning": "mm2 that may be ink or tissue",
        "range": [0, 10000],
        "integer": False,
    },
    "slide.faint_tissue_fraction_max": {
        "meaning": "share of the tissue that may be too pale to be found",
        "range": [0, 1],
        "integer": False,
    },
    "slide.thin_tissue_fraction_max": {
        "meaning": "share of the tissue that is nowhere 0.2 mm wide",
        "range": [0, 1],
        "integer": False,
    },
    "slide.round_detail_fraction_min": {
        "meaning": "share of the detail of fluorescence slides that is round",
        "range": [0, 1],
        "integer": False,
    },
    "slide.brightness_min": {
        "meaning": "90th percentile of grey",
        "range": [0, 255],
        "integer": False,
    },
    "slide.lost_fraction_max": {
        "meaning": "share of candidate tiles that could not be read",
        "range": [0, 1],
        "integer": False,
    },
    "slide.absent_fraction_max": {
        "meaning": "share of the candidate tiles that was never scanned",
        "range": [0, 1],
        "integer": False,
    },
    "slide.suspicious_fraction_max": {
        "meaning": "share of candidate tiles that may show something else than the slide",
        "range": [0, 1],
        "integer": False,
    },
    "slide.near_margin": {
        "meaning": "share of a limit within which a slide is marked REVIEW",
        "range": [0, 1],
        "integer": False,
    },
    "tile.tissue_fraction_min": {
        "meaning": "share of the tile that is tissue",
        "range": [0, 1],
        "integer": False,
    },
    "tile.focus_min": {"meaning": "focus", "range": [0, 10], "integer": False},
    "tile.pen_fraction_max": {
        "meaning": "share of the tile under ink",
        "range": [0, 1],
        "integer": False,
    },
    "tile.absent_fraction_max": {
        "meaning": "share of the tile that was never scanned",
        "range": [0, 1],
        "integer": False,
    },
    "tile.overview_difference_max": {
        "meaning": "difference from the overview in grey levels",
        "range": [0, 255],
        "integer": False,
    },
    "tile.seam_step_max": {
        "meaning": "step at the borders of stored tiles",
        "range": [0, 100],
        "integer": False,
    },
}
