"""What all rooms share: files, logs, images, tables, errors, types, threads, code digest."""
