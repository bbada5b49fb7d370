"""Whether Snakemake can run scripts with the Python that it runs on."""

import re

# characters that a shell changes in an unquoted absolute path
_SPECIAL = re.compile(r"""[ \t\n|&;()<>$`\\"'*?\[{]""")


def refusal(executable: str) -> str | None:
    """Why scripts cannot be run with a Python, and what to do; None where they can.

    Snakemake 9.27 writes the path of its Python into a shell command without quotes
    (`snakemake/script/__init__.py`, `execute_script`): a blank in it ends the command's name.
    """
    special = _SPECIAL.search(executable)
    if special is None:
        return None
    name = {" ": "a space", "\t": "a tab", "\n": "a line break"}.get(
        special[0], f"a `{special[0]}`"
    )
    return (
        f"{executable}: the path of this Python holds {name}, and Snakemake runs scripts with it "
        "unquoted, so that every job would fail: move the checkout to a folder whose path has no "
        "spaces or quotes and run `make setup` there, or make the virtual environment in such a "
        "folder (`python3 -m venv FOLDER`, `FOLDER/bin/pip install -r requirements.lock`) and use "
        "FOLDER/bin/snakemake"
    )
