# ruff: noqa: E501
"""What columns, reason codes and thresholds mean.

Made from workflow/schemas/cohort_qc.schema.yaml by `make schemas`.
"""

from typing import Any

COLUMNS: dict[str, dict[str, dict[str, str]]] = {
    "cohort_qc": {
        "qc_status": {
            "unit": "",
            "meaning": "PASS; REVIEW, tiled like PASS, to be looked at; FAIL, not good enough; ERROR, cannot be used",
        },
        "qc_reasons": {
            "unit": "",
            "meaning": "reason codes, joined by semicolons, each `code` or `code=value>limit` (`<` where the value is below the limit); null where there are none",
        },
        "vendor": {"unit": "", "meaning": "format as OpenSlide names it, e.g. aperio"},
        "width_px": {"unit": "px", "meaning": "width of level 0"},
        "height_px": {"unit": "px", "meaning": "height of level 0"},
        "mpp": {"unit": "um/px", "meaning": "resolution of level 0 (geometric mean of x and y)"},
        "mpp_source": {
            "unit": "",
            "meaning": "where mpp comes from: the sheet's column, the scanner's property, TIFF resolution tags, or 10 / objective",
        },
        "objective": {
            "unit": "x",
            "meaning": "objective magnification stated by the file; null where it is not stated",
        },
        "tissue_area_mm2": {"unit": "mm2", "meaning": "area of tissue"},
        "tissue_fraction": {
            "unit": "fraction",
            "meaning": "tissue, as a share of the scanned area",
        },
        "pen_fraction": {"unit": "fraction", "meaning": "pen ink, as a share of the scanned area"},
        "fold_fraction": {"unit": "fraction", "meaning": "folds, as a share of tissue and folds"},
        "bubble_fraction": {
            "unit": "fraction",
            "meaning": "rims of bubbles and cover slip, as a share of the scanned area",
        },
        "focus_reblur_median": {
            "unit": "fraction",
            "meaning": "median re-blur focus of the sampled tissue tiles at 0.5 um/px",
        },
        "blurred_fraction": {
            "unit": "fraction",
            "meaning": "share of the sampled tissue tiles whose re-blur focus is below thresholds.tile.focus_reblur_min; null where none was measured",
        },
        "sharpness_score": {
            "unit": "grey level^2",
            "meaning": "median Laplacian variance of the sampled tissue tiles at 0.5 um/px; depends on the stain, judges nothing",
        },
        "background_r": {"unit": "grey level", "meaning": "red of the empty glass"},
        "background_g": {"unit": "grey level", "meaning": "green of the empty glass"},
        "background_b": {"unit": "grey level", "meaning": "blue of the empty glass"},
        "stain_h_r": {
            "unit": "1",
            "meaning": "red part of the hematoxylin unit vector in optical density (Macenko); null where there is no fit or the stain is not H&E",
        },
        "stain_h_g": {
            "unit": "1",
            "meaning": "green part of the hematoxylin unit vector in optical density (Macenko); null where there is no fit or the stain is not H&E",
        },
        "stain_h_b": {
            "unit": "1",
            "meaning": "blue part of the hematoxylin unit vector in optical density (Macenko); null where there is no fit or the stain is not H&E",
        },
        "stain_e_r": {
            "unit": "1",
            "meaning": "red part of the eosin unit vector in optical density (Macenko); null where there is no fit or the stain is not H&E",
        },
        "stain_e_g": {
            "unit": "1",
            "meaning": "green part of the eosin unit vector in optical density (Macenko); null where there is no fit or the stain is not H&E",
        },
        "stain_e_b": {
            "unit": "1",
            "meaning": "blue part of the eosin unit vector in optical density (Macenko); null where there is no fit or the stain is not H&E",
        },
        "hematoxylin_od": {
            "unit": "OD",
            "meaning": "mean hematoxylin density of sampled tissue, log10; below 0 where the colour is outside H&E",
        },
        "eosin_od": {
            "unit": "OD",
            "meaning": "mean eosin density of sampled tissue, log10; below 0 where the colour is outside H&E",
        },
        "content_hash": {
            "unit": "",
            "meaning": "SHA-256 of size and sampled blocks of the slide; null where it cannot be read",
        },
        "error_message": {
            "unit": "",
            "meaning": "message of the reader; what it quotes from the file is replaced by ...",
        },
        "remedy": {"unit": "", "meaning": "what to do about it"},
        "candidate_tiles": {
            "unit": "tiles",
            "meaning": "tiles with at least 5 % tissue whose area is at least half scanned",
        },
        "passed_tiles": {"unit": "tiles", "meaning": "candidates with qc_status_tile PASS"},
        "lost_tiles": {"unit": "tiles", "meaning": "candidates whose pixels do not decode"},
        "lost_fraction": {
            "unit": "fraction",
            "meaning": "lost tiles as a share of the candidates; null where there are none",
        },
        "absent_fraction": {
            "unit": "fraction",
            "meaning": "mean absent_fraction of the candidates; null where there are none",
        },
        "suspicious_fraction": {
            "unit": "fraction",
            "meaning": "candidates that may show something else than the slide (overview_difference, seam_step or decoders_disagree) as a share of all; null where there are none",
        },
        "tile_bytes": {"unit": "bytes", "meaning": "size of all encoded candidate tiles"},
        "tile_reader": {
            "unit": "",
            "meaning": "reader that decoded the pixels: raw, raw_scaled or openslide",
        },
        "tile_mpp": {"unit": "um/px", "meaning": "effective resolution of the tiles"},
        "target_mpp": {"unit": "um/px", "meaning": "requested resolution"},
        "picture_width_px": {
            "unit": "px",
            "meaning": "width of the scanned picture at tile_mpp, before it is extended to whole tiles",
        },
        "picture_height_px": {
            "unit": "px",
            "meaning": "height of the scanned picture at tile_mpp, before it is extended to whole tiles",
        },
    },
    "patch_cohort": {
        "slide_id": {"unit": "", "meaning": "the id of the cohort sheet"},
        "case_id": {
            "unit": "",
            "meaning": "patient or specimen, from the sheet; null where it gives none",
        },
        "label": {
            "unit": "",
            "meaning": "class for training, from the sheet; null where it gives none",
        },
        "site": {
            "unit": "",
            "meaning": "hospital or laboratory, from the sheet; null where it gives none",
        },
        "scanner": {
            "unit": "",
            "meaning": "scanner model, from the sheet; null where it gives none",
        },
        "stain": {"unit": "", "meaning": "stain, from the sheet; null where it gives none"},
        "split": {
            "unit": "",
            "meaning": "train, val, test, ..., from the sheet; null where it gives none",
        },
        "qc_status": {
            "unit": "",
            "meaning": "PASS; REVIEW, tiled like PASS, to be looked at; FAIL, not good enough; ERROR, cannot be used",
        },
        "tile_container": {
            "unit": "",
            "meaning": "the zip or directory, relative to the results folder; null where the tile has no pixels",
        },
        "tile_path": {
            "unit": "",
            "meaning": "member of the container; null where the tile was lost or no pixels are written",
        },
        "tile_offset": {
            "unit": "bytes",
            "meaning": "where the picture starts in the zip; null outside a zip",
        },
        "tile_bytes": {"unit": "bytes", "meaning": "length of the encoded picture"},
        "tile_col": {"unit": "tiles", "meaning": "column of the grid, from 0"},
        "tile_row": {"unit": "tiles", "meaning": "row of the grid, from 0"},
        "x_level0_px": {"unit": "level-0 px", "meaning": "left edge"},
        "y_level0_px": {"unit": "level-0 px", "meaning": "top edge"},
        "size_level0_px": {"unit": "level-0 px", "meaning": "side"},
        "mpp": {"unit": "um/px", "meaning": "effective resolution of the tile"},
        "tissue_fraction": {
            "unit": "fraction",
            "meaning": "share of the tile that is tissue, from the mask",
        },
        "pen_fraction": {
            "unit": "fraction",
            "meaning": "share of the tile under pen ink, from the mask",
        },
        "absent_fraction": {
            "unit": "fraction",
            "meaning": "share of the tile inside the scanned bounds that was never scanned, and has the glass colour; null where the tile was lost",
        },
        "decoders_disagree": {
            "unit": "",
            "meaning": "whether the fast reader refused a part of the tile as damaged that OpenSlide decodes; null where the tile was lost",
        },
        "overview_difference": {
            "unit": "grey level",
            "meaning": "difference between the tile and its place in the overview (99th percentile of the largest channel difference); null where the tile was lost or is smaller than 2 px of the overview",
        },
        "seam_step": {
            "unit": "1",
            "meaning": "step across the borders of the slide's stored tiles, compared with the steps beside it (worst 16 px); null where the tile was lost or no border crosses it",
        },
        "focus_reblur": {
            "unit": "fraction",
            "meaning": "re-blur focus at 0.5 um/px, high where sharp; null where the tile is coarser than 0.6 um/px, lost or of one colour",
        },
        "laplacian_var": {
            "unit": "grey level^2",
            "meaning": "variance of the Laplacian at 0.5 um/px; depends on the stain, judges nothing",
        },
        "mean_od": {
            "unit": "OD",
            "meaning": "mean optical density over R, G, B, log10(glass / value); below 0 where brighter than the glass",
        },
        "hematoxylin_od": {
            "unit": "OD",
            "meaning": "mean hematoxylin density, log10; below 0 where the colour is outside H&E, null for other stains",
        },
        "eosin_od": {
            "unit": "OD",
            "meaning": "mean eosin density, log10; below 0 where the colour is outside H&E, null for other stains",
        },
        "stain_status": {
            "unit": "",
            "meaning": "normalized, or why stain normalisation passed the tile through unchanged (docs/algorithms.md); null where the stage is off or the tile has no pixels",
        },
        "nuclei_count": {
            "unit": "nuclei",
            "meaning": "nuclei whose centre lies in the tile; null where `nuclei` is off, the tile has no pixels, or the stain is neither H&E nor fluorescence",
        },
        "nuclei_per_mm2": {
            "unit": "1/mm2",
            "meaning": "nuclei per tissue area of the tile; null as `nuclei_count`",
        },
        "qc_status_tile": {"unit": "", "meaning": "whether the tile meets thresholds.tile"},
        "qc_reasons_tile": {
            "unit": "",
            "meaning": "reason codes, joined by semicolons, each `code` or `code=value>limit` (`<` where the value is below the limit); null where the tile passes",
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
            "description": "ERROR: pixels are not whole numbers of 8 or 16 bits, have too many samples, or are transparent everywhere",
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
            "description": "ERROR: no pixel of the slide was scanned",
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
        "job_failed": {
            "description": "ERROR: a job of the slide failed after all retries, and accept_failures was given",
            "remedy": "fix the cause in failed_jobs.csv and run again",
        },
        "not_brightfield": {
            "description": "FAIL: brightness below brightness_min; nothing else is judged then",
            "remedy": "give fluorescence slides a `stain` that says so; else leave the slide out",
        },
        "coarser_than_target": {
            "description": "FAIL: the slide would have to be enlarged to reach target_mpp",
            "remedy": "raise target_mpp, or leave the slide out; correct the column `mpp` if it is wrong",
        },
        "no_tissue": {
            "description": "FAIL: the mask holds no tissue",
            "remedy": "look at the thumbnail; where tissue is missed, change the section `tissue` of the config",
        },
        "tissue_area_mm2": {
            "description": "FAIL: less tissue than tissue_area_mm2_min; after near_threshold: close to it",
            "remedy": "look at the mask; lower thresholds.slide.tissue_area_mm2_min for small biopsies",
        },
        "blurred_fraction": {
            "description": "FAIL: more blurred tissue tiles than blurred_fraction_max; after near_threshold: close to it",
            "remedy": "scan the slide again, or raise thresholds.slide.blurred_fraction_max",
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
            "description": "REVIEW: passes, but within near_margin of the limits named after it",
            "remedy": "look at the slide before using it, or change near_margin",
        },
        "salvaged": {
            "description": "REVIEW: parts of the slide do not decode; the rest is used",
            "remedy": "copy or scan the slide again to have all of it",
        },
        "anisotropic": {
            "description": "REVIEW: x and y resolution differ by more than 1 %",
            "remedy": "none where the scanner's pixels are not square; else give the true um/px in the column `mpp`",
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
        "focus_reblur": {
            "description": "softer than focus_reblur_min",
            "remedy": "lower thresholds.tile.focus_reblur_min to use softer tiles",
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
            "description": "shows one colour, so that focus cannot be measured",
            "remedy": "none; there is nothing to see in it",
        },
    },
}
LIMITS: dict[str, dict[str, Any]] = {
    "slide.tissue_area_mm2_min": {"meaning": "mm2 of tissue", "range": [0, 10000]},
    "slide.blurred_fraction_max": {
        "meaning": "share of sampled tissue tiles out of focus",
        "range": [0, 1],
    },
    "slide.pen_fraction_max": {"meaning": "share of the scanned area under ink", "range": [0, 1]},
    "slide.brightness_min": {"meaning": "90th percentile of grey", "range": [0, 255]},
    "slide.lost_fraction_max": {
        "meaning": "share of candidate tiles that could not be read",
        "range": [0, 1],
    },
    "slide.absent_fraction_max": {
        "meaning": "share of the candidate tiles that was never scanned",
        "range": [0, 1],
    },
    "slide.suspicious_fraction_max": {
        "meaning": "share of candidate tiles that may show something else than the slide",
        "range": [0, 1],
    },
    "slide.near_margin": {
        "meaning": "share of a limit within which a slide is marked REVIEW",
        "range": [0, 1],
    },
    "tile.tissue_fraction_min": {"meaning": "share of the tile that is tissue", "range": [0, 1]},
    "tile.focus_reblur_min": {"meaning": "re-blur focus", "range": [0, 1]},
    "tile.pen_fraction_max": {"meaning": "share of the tile under ink", "range": [0, 1]},
    "tile.absent_fraction_max": {
        "meaning": "share of the tile that was never scanned",
        "range": [0, 1],
    },
    "tile.overview_difference_max": {
        "meaning": "difference from the overview in grey levels",
        "range": [0, 255],
    },
    "tile.seam_step_max": {"meaning": "step at the borders of stored tiles", "range": [0, 100]},
}
