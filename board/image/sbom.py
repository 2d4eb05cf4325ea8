"""What is in an image, as CycloneDX 1.5 JSON: sbom.py BOARD VERSION PACKAGES CARGO_LOCK.

PACKAGES is dpkg-query's list: package, version, architecture, source, with tabs between them.
Nothing in the output depends on when or where it is made.
"""

import json
import re
import sys


def debian(line):
    """One component from a line of dpkg-query's list."""
    name, version, architecture, source = line.rstrip("\n").split("\t")
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={architecture}",
        "properties": [{"name": "debian:source", "value": source}],
    }


def crates(lock):
    """Components from the lock file of the Rust workspace; our own packages have no source."""
    for entry in lock.split("[[package]]")[1:]:
        fields = dict(re.findall(r'^(name|version|source|checksum) = "(.*)"$', entry, re.M))
        if "source" not in fields:
            continue
        yield {
            "type": "library",
            "name": fields["name"],
            "version": fields["version"],
            "purl": f"pkg:cargo/{fields['name']}@{fields['version'].replace('+', '%2B')}",
            "hashes": [{"alg": "SHA-256", "content": fields["checksum"]}],
        }


def main():
    """Prints the list."""
    board, version, packages, lock = sys.argv[1:]
    with open(packages, encoding="utf-8") as lines, open(lock, encoding="utf-8") as text:
        components = [debian(line) for line in lines] + list(crates(text.read()))
    json.dump(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": {
                "component": {
                    "type": "firmware",
                    "name": f"ban-sao-{board}",
                    "version": version,
                }
            },
            "components": components,
        },
        sys.stdout,
        indent=1,
    )
    print()


main()
