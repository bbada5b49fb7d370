"""CT: values in HU and their windows, lungs, metal, nodule candidates, the prepared volume."""
