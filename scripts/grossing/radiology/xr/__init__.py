"""X-ray: photometric sense, local contrast, lung fields, the prepared picture."""
