"""What all rooms use: files, logs, images, tables, errors, types, threads, code digest."""
