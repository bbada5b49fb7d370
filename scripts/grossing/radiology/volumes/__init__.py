"""Volumes and their pictures: axes, resampling, denoising, augmentation, comparison, faults."""
