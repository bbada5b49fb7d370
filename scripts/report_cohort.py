"""The page on which a person sees the cohort, moves thresholds and looks at slides."""

from pathlib import Path

from grossing.cohort import duplicates
from grossing.cohort.reviews import Reviews
from grossing.report import cohort_page
from grossing.report.verdict_data import Others
from grossing.slide.record import SlideRecord
from grossing.support import logs

logs.to_file(snakemake.log[0])

cohort_page.write(
    Path(snakemake.output.page),
    Path(snakemake.params.template),
    results=Path(snakemake.input.verdicts).parents[1],
    records=map(SlideRecord.read, snakemake.input.facts),
    config=snakemake.params.config,
    cohort=snakemake.params.cohort,
    version=snakemake.params.version,
    others=Others(
        duplicates.by_slide(duplicates.read(snakemake.input.duplicates)),
        Reviews.read(snakemake.params.reviews, snakemake.params.reviews_digest),
    ),
)
