"""CT, MRI and X-ray: studies read, measured, judged, prepared and cut into patches."""
