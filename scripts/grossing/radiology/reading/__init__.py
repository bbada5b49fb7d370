"""Files of studies: DICOM series, volumes in one file and pictures, with their geometry."""
