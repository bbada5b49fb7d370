"""Fetch the JavaScript libraries of the page and of its tests anew from the npm registry.

The lists are `vendor.json` here (the page) and in tests/browser (tests only). To change a version,
change it in its list and empty its `integrity`; the checksums of the package and of each file are
written back. Needs `npm`. Example: python workflow/report/revendor.py
"""

import base64
import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LISTS = (HERE / "vendor.json", HERE.parents[1] / "tests/browser/vendor.json")


def fetched(package: dict[str, Any], folder: str) -> tarfile.TarFile:
    """The package as the registry gives it; ValueError where it is not the one that is listed."""
    name = f"{package['name']}@{package['version']}"
    command = ["npm", "pack", "--silent", "--pack-destination", folder, name]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    path = Path(folder, done.stdout.split()[-1])
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    if package.get("integrity") not in (None, "", f"sha512-{digest}"):
        raise ValueError(f"{name} is not the package of the list: {digest}")
    package["integrity"] = f"sha512-{digest}"
    return tarfile.open(path)


def fetch(listed: Path) -> None:
    """Write every file of a list below vendor/ beside it, and its checksums into the list."""
    packages = json.loads(listed.read_text(encoding="utf-8"))
    for package in packages:
        with tempfile.TemporaryDirectory() as folder, fetched(package, folder) as archive:
            for file in package["files"]:
                member = archive.extractfile(f"package/{file['from']}")
                if member is None:
                    raise ValueError(f"{package['name']} has no file {file['from']}")
                target = listed.parent / "vendor" / file["to"]
                target.parent.mkdir(parents=True, exist_ok=True)
                data = member.read()
                target.write_bytes(data)
                file["sha256"] = hashlib.sha256(data).hexdigest()
    listed.write_text(json.dumps(packages, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for each in LISTS:
        fetch(each)
