"""CT, MRI and X-ray studies: reading, geometry, measures, preparation, patches."""
