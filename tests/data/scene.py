"""What a synthetic slide shows: pieces of tissue, an out-of-focus block and a pen stroke on glass.

Everything is drawn on a coarse grid of 8 um cells and painted from it at any resolution, so the
grid is also the truth a tissue mask can be compared with.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from quilt import tissue_sheet

GRID_UM = 8.0
DEFOCUS_SIGMA_UM = 1.5
PIECE_MIN_MM2 = 0.02
TERRITORY_UM = 1000.0
GLASS_RGB = (243, 242, 244)
SHEET_SEED = 1
NOISE_SIDE = 1536
JITTER_SIDE = 1024
PAINT_MAX_PX = 1024

TISSUE, PEN, OUT_OF_FOCUS, GLASS = 1, 4, 6, 7
PEN_RGB = {
    "green": (20, 120, 70),
    "blue": (35, 50, 160),
    "black": (25, 25, 28),
    "red": (190, 30, 45),
}


@dataclass(frozen=True)
class Scene:
    """A drawn slide that paints any window of itself, each pixel always the same.

    Attributes
    ----------
    truth : (H, W) uint8, one cell per 8 um: 1 tissue, 4 pen, 6 tissue out of focus, 7 glass
    """

    width_px: int
    height_px: int
    mpp: float
    seed: int
    tissue: np.ndarray
    territory: np.ndarray
    defocus: np.ndarray
    pen: np.ndarray
    shading: np.ndarray
    pen_rgb: tuple[int, int, int]
    sheet: np.ndarray
    sheet_side: int
    jitter: np.ndarray
    noise: np.ndarray

    @property
    def truth(self) -> np.ndarray:
        labels = np.full(self.tissue.shape, GLASS, np.uint8)
        labels[self.tissue > 0] = TISSUE
        labels[(self.tissue > 0) & (self.defocus > 0.5)] = OUT_OF_FOCUS
        labels[self.pen > 0] = PEN
        return labels

    def paint(self, y: int, x: int, height: int, width: int) -> np.ndarray:
        """The window whose top left corner is (x, y), at most 1024 px a side.

        Returns
        -------
        (height, width, 3) uint8
        """
        defocus = self._sample(self.defocus, y, x, height, width)
        margin = round(4 * DEFOCUS_SIGMA_UM / self.mpp) if defocus.any() else 0
        picture = self._sharp(y - margin, x - margin, height + 2 * margin, width + 2 * margin)
        if margin:
            inner = np.s_[margin : margin + height, margin : margin + width]
            soft = cv2.GaussianBlur(picture, (0, 0), DEFOCUS_SIGMA_UM / self.mpp)[inner]
            picture = picture[inner] + defocus[..., None] * (soft - picture[inner])
        pen = self._sample(self.pen, y, x, height, width)
        if pen.max() > -1:
            cover = np.clip(0.5 + 2 * pen, 0, 1)[..., None]
            ink = np.divide(self.pen_rgb, GLASS_RGB, dtype=np.float32)
            picture *= 1 - cover * (1 - ink)
        top, left = np.random.default_rng([self.seed, y, x]).integers(
            0, NOISE_SIDE - PAINT_MAX_PX, 2
        )
        picture += self.noise[top : top + height, left : left + width]
        return np.clip(np.rint(picture), 0, 255).astype(np.uint8)

    def _sharp(self, y: int, x: int, height: int, width: int) -> np.ndarray:
        """Glass and tissue in focus, without sensor noise."""
        shading = self._sample(self.shading, y, x, height, width)
        picture = cv2.merge([shading + np.float32(level) for level in GLASS_RGB])
        edge = self._sample(self.tissue, y, x, height, width)
        edge += self._wrapped(self.jitter, JITTER_SIDE, y, x, height, width)
        cover = np.clip(0.5 + 2 * edge, 0, 1, out=edge)
        if not cover.any():
            return picture
        blend = np.zeros_like(picture)
        weights = self._territories(y, x, height, width)
        for number, weight in weights.items():
            shift_y, shift_x = np.random.default_rng([self.seed, number]).integers(0, 1 << 20, 2)
            tissue = self._wrapped(
                self.sheet, self.sheet_side, y + shift_y, x + shift_x, height, width
            )
            blend += weight[..., None] * tissue
        return picture + cover[..., None] * (blend - picture)

    def _territories(self, y: int, x: int, height: int, width: int) -> dict[int, np.ndarray]:
        """Weight of each territory in the window, by number; the weights of a pixel add up to 1."""
        top, left = (int(max(start * self.mpp / GRID_UM - 1, 0)) for start in (y, x))
        bottom, right = (int(end * self.mpp / GRID_UM + 2) for end in (y + height, x + width))
        numbers = np.unique(self.territory[top:bottom, left:right])
        if len(numbers) == 1:
            return {int(numbers[0]): np.ones((height, width), np.float32)}
        return {
            int(number): self._sample(
                (self.territory == number).astype(np.float32), y, x, height, width
            )
            for number in numbers
        }

    def _sample(self, grid: np.ndarray, y: int, x: int, height: int, width: int) -> np.ndarray:
        """A window of the coarse grid at full resolution."""
        step = self.mpp / GRID_UM
        to_grid = np.array(
            [[step, 0, (x + 0.5) * step - 0.5], [0, step, (y + 0.5) * step - 0.5]], np.float64
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(
            grid, to_grid, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )

    @staticmethod
    def _wrapped(
        sheet: np.ndarray, side: int, y: int, x: int, height: int, width: int
    ) -> np.ndarray:
        """A window of a sheet that repeats every `side` pixels and is stored with a margin."""
        top, left = y % side, x % side
        return sheet[top : top + height, left : left + width]


def draw(
    region_path: Path,
    width_px: int,
    height_px: int,
    *,
    mpp: float,
    tissue_fraction: float,
    blurred_fraction: float,
    pen_rgb: tuple[int, int, int] | None,
    noise: float,
    seed: int,
) -> Scene:
    """Draw a slide; every argument as in `make_slide.make_slide`."""
    rng = np.random.default_rng(seed)
    shape = (
        max(int(np.ceil(height_px * mpp / GRID_UM)), 2),
        max(int(np.ceil(width_px * mpp / GRID_UM)), 2),
    )
    tissue, piece = _draw_tissue(rng, shape, tissue_fraction)
    shading = cv2.GaussianBlur(_fractal_noise(rng, shape, max(shape[1] / 3, 4), 2), (0, 0), 5)
    sheet = _stained(tissue_sheet(region_path, mpp, SHEET_SEED), rng)
    margin = PAINT_MAX_PX + 2 * round(4 * DEFOCUS_SIGMA_UM / mpp)
    return Scene(
        width_px=width_px,
        height_px=height_px,
        mpp=mpp,
        seed=seed,
        tissue=tissue,
        territory=_draw_territories(rng, shape),
        defocus=_draw_defocus(tissue, piece, blurred_fraction),
        pen=_draw_pen(tissue) if pen_rgb else np.full(shape, -9, np.float32),
        shading=1.5 * shading,
        pen_rgb=pen_rgb or (0, 0, 0),
        sheet=_with_margin(sheet, margin),
        sheet_side=sheet.shape[0],
        jitter=_with_margin(_edge_jitter(rng), margin),
        noise=_sensor_noise(rng, noise),
    )


def _draw_tissue(
    rng: np.random.Generator, shape: tuple[int, int], fraction: float
) -> tuple[np.ndarray, np.ndarray]:
    """Cells inside the tissue's edge (tissue is > 0), and the number of the piece of tissue."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    to_border = np.minimum.reduce([rows, columns, shape[0] - 1 - rows, shape[1] - 1 - columns])
    feature = max(min(shape) / 4, 8)
    relief = _fractal_noise(rng, shape, feature, max(1, round(np.log2(feature / 3))))
    relief -= 3 * np.exp(-16 * to_border / min(shape))
    level = np.quantile(relief, 1 - fraction) if fraction > 0 else relief.max() + 1
    slope = cv2.GaussianBlur(np.hypot(*np.gradient(relief)), (0, 0), 2)
    tissue = ((relief - level) / np.maximum(slope, 1e-3)).astype(np.float32)
    _, piece, stats, _ = cv2.connectedComponentsWithStats((tissue > -2).astype(np.uint8))
    crumb = stats[:, cv2.CC_STAT_AREA] < PIECE_MIN_MM2 * (1000 / GRID_UM) ** 2
    tissue[crumb[piece]] = -9
    return tissue, piece


def _draw_territories(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Number of the territory per cell; each takes its texture from elsewhere on the sheet."""
    spacing = round(TERRITORY_UM / GRID_UM)
    height, width = shape[0] + 2 * spacing, shape[1] + 2 * spacing
    seeds = np.ones((height, width), np.uint8)
    for y in range(0, height, spacing):
        for x in range(0, width, spacing):
            down, right = rng.integers(0, spacing, 2)
            seeds[min(y + down, height - 1), min(x + right, width - 1)] = 0
    _, nearest = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) + spacing
    wobble = [spacing / 8 * _fractal_noise(rng, shape, spacing / 3, 4) for _ in range(2)]
    return cv2.remap(
        nearest.astype(np.float32), columns + wobble[0], rows + wobble[1], cv2.INTER_NEAREST
    )


def _draw_defocus(tissue: np.ndarray, piece: np.ndarray, fraction: float) -> np.ndarray:
    """Out-of-focus share per cell: a disc around the rim of the largest piece.

    It covers `fraction` of all tissue.
    """
    rows, columns = np.nonzero(tissue > 0)
    if fraction <= 0 or rows.size == 0:
        return np.zeros(tissue.shape, np.float32)
    pieces = piece[rows, columns]
    reach = np.hypot(rows - rows.mean(), columns - columns.mean())
    outermost = np.argmax(np.where(pieces == np.bincount(pieces).argmax(), reach, -1))
    distance = np.hypot(rows - rows[outermost], columns - columns[outermost])
    radius = np.quantile(distance, min(fraction, 1)) + (2 if fraction >= 1 else 0)
    all_rows, all_columns = np.mgrid[0 : tissue.shape[0], 0 : tissue.shape[1]]
    everywhere = np.hypot(all_rows - rows[outermost], all_columns - columns[outermost])
    return np.clip(0.5 + (radius - everywhere) / 4, 0, 1).astype(np.float32)


def _draw_pen(tissue: np.ndarray) -> np.ndarray:
    """Cells inside the edge of one wavy stroke (ink is > 0), laid where it meets least tissue."""
    height, width = tissue.shape
    radius = float(np.clip(0.025 * min(height, width), 2, 40))
    y, x = np.arange(height)[:, None], np.arange(width)[None, :]
    tissue_or_rim = tissue > -3
    strokes = []
    for start in (0.06, 0.3, 0.54):
        along = np.clip((y / height - start) / 0.4, 0, 1)
        beyond = y - height * (start + 0.4 * along)
        for middle in np.linspace(0.05, 0.95, 13):
            centre = width * middle + radius * np.sin(7 * along)
            strokes.append((radius - np.hypot(x - centre, beyond)).astype(np.float32))
    return min(strokes, key=lambda stroke: np.count_nonzero((stroke > 0) & tissue_or_rim))


def _stained(sheet: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The sheet in this slide's own strength of stain; white stays white."""
    gamma = np.clip(1 + 0.05 * rng.standard_normal(3), 0.85, 1.15)
    levels = np.arange(256)[:, None] / 255
    table = np.rint(255 * levels**gamma).astype(np.uint8)
    return cv2.LUT(sheet, table[None])


def _sensor_noise(rng: np.random.Generator, sd: float) -> np.ndarray:
    """Noise in grey levels; demosaicking correlates neighbouring pixels."""
    white = rng.standard_normal((NOISE_SIDE, NOISE_SIDE, 3), dtype=np.float32)
    smooth = cv2.GaussianBlur(white, (0, 0), 0.6)
    return np.clip(np.rint(smooth * (sd / smooth.std())), -127, 127).astype(np.int8)


def _edge_jitter(rng: np.random.Generator) -> np.ndarray:
    """Wrapping noise that frays the edge of the tissue."""
    coarse = rng.standard_normal((JITTER_SIDE // 8, JITTER_SIDE // 8), dtype=np.float32)
    to_coarse = np.array([[1 / 8, 0, 0], [0, 1 / 8, 0]])
    return 0.35 * cv2.warpAffine(
        coarse,
        to_coarse,
        (JITTER_SIDE, JITTER_SIDE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_WRAP,
    )


def _fractal_noise(
    rng: np.random.Generator, shape: tuple[int, int], cell: float, octaves: int
) -> np.ndarray:
    """Smooth noise of zero mean and unit variance, in features of `cell` grid cells and finer."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        size = max(cell / 2**octave, 2)
        nodes = (int(np.ceil(shape[0] / size)) + 3, int(np.ceil(shape[1] / size)) + 3)
        values = rng.standard_normal(nodes, dtype=np.float32)
        to_nodes = np.array([[1 / size, 0, 1], [0, 1 / size, 1]])
        total += 0.5**octave * cv2.warpAffine(
            values, to_nodes, shape[::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        )
    return (total - total.mean()) / total.std()


def _with_margin(sheet: np.ndarray, margin: int) -> np.ndarray:
    return cv2.copyMakeBorder(sheet, 0, margin, 0, margin, cv2.BORDER_WRAP)
