"""What the text for the methods section cites."""

GROSSING = "grossing"
SNAKEMAKE = "snakemake"
OPENSLIDE = "openslide"
LIBVIPS = "libvips"
OTSU = "otsu"
CRETE = "crete"
MACENKO = "macenko"
REINHARD = "reinhard"
RUIFROK = "ruifrok"
TORCHSTAIN = "torchstain"
BUADES = "buades"
KUGLIN = "kuglin"
PECH = "pech"
LOG_SPLIT = "al-kofahi"
WATERSHED = "meyer"
SCIKIT_IMAGE = "scikit-image"
PIZER = "pizer"

TEXTS = {
    GROSSING: "The Grossing developers, Grossing: from whole-slide histology images to judged "
    "tiles for deep learning, version {version}.",
    SNAKEMAKE: "Mölder F. et al. 2021, Sustainable data analysis with Snakemake. F1000Research "
    "10:33. doi:10.12688/f1000research.29032.2",
    OPENSLIDE: "Goode A. et al. 2013, OpenSlide: a vendor-neutral software foundation for digital "
    "pathology. J Pathol Inform 4:27. doi:10.4103/2153-3539.119005",
    LIBVIPS: "Martinez K. and Cupitt J. 2005, VIPS: a highly tuned image processing software "
    "architecture. IEEE International Conference on Image Processing 2:574-577.",
    OTSU: "Otsu N. 1979, A threshold selection method from gray-level histograms. IEEE Trans Syst "
    "Man Cybern 9:62. doi:10.1109/TSMC.1979.4310076",
    CRETE: "Crete F. et al. 2007, The blur effect: perception and estimation with a new "
    "no-reference perceptual blur metric. Proc SPIE 6492. doi:10.1117/12.702790",
    MACENKO: "Macenko M. et al. 2009, A method for normalizing histology slides for quantitative "
    "analysis. ISBI. doi:10.1109/ISBI.2009.5193250",
    REINHARD: "Reinhard E. et al. 2001, Color transfer between images. IEEE Comput Graph Appl "
    "21(5):34. doi:10.1109/38.946629",
    RUIFROK: "Ruifrok A. C. and Johnston D. A. 2001, Quantification of histochemical staining by "
    "color deconvolution. Anal Quant Cytol Histol 23:291-299.",
    TORCHSTAIN: "Barbano C. A. and Pedersen A. 2022, EIDOSLAB/torchstain. Zenodo. "
    "doi:10.5281/zenodo.6979540",
    BUADES: "Buades A. et al. 2011, Non-local means denoising. Image Processing On Line 1:208. "
    "doi:10.5201/ipol.2011.bcm_nlm",
    KUGLIN: "Kuglin C. D. and Hines D. C. 1975, The phase correlation image alignment method. "
    "Proc IEEE Int Conf Cybernetics and Society, 163-165.",
    PECH: "Pech-Pacheco J. L. et al. 2000, Diatom autofocusing in brightfield microscopy: a "
    "comparative study. ICPR. doi:10.1109/ICPR.2000.903548",
    LOG_SPLIT: "Al-Kofahi Y. et al. 2010, Improved automatic detection and segmentation of cell "
    "nuclei in histopathology images. IEEE Trans Biomed Eng 57:841. doi:10.1109/TBME.2009.2035102",
    WATERSHED: "Meyer F. 1994, Topographic distance and watershed lines. Signal Process 38:113. "
    "doi:10.1016/0165-1684(94)90060-4",
    SCIKIT_IMAGE: "van der Walt S. et al. 2014, scikit-image: image processing in Python. PeerJ "
    "2:e453. doi:10.7717/peerj.453",
    PIZER: "Pizer S. M. et al. 1987, Adaptive histogram equalization and its variations. Comput "
    "Vis Graph Image Process 39:355. doi:10.1016/S0734-189X(87)80186-X",
}
