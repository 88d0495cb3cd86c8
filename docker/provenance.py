#!/usr/bin/env python3
"""How an archive was made: an in-toto statement with a SLSA provenance (v1) as JSON on standard output, to be signed by whoever has a key.
The same archive of the same commit gives the same bytes, so it says nothing of when or where.

    python3 docker/provenance.py ARCHIVE SBOM
"""

import hashlib
import json
import os
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def git(*words):
    done = subprocess.run(["git", "-C", SOURCE, *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def dependencies(bill):
    """The commit, and the distribution's packages that the bill of materials names."""
    commit = git("rev-parse", "HEAD")
    if commit:
        yield {"uri": "git+.", "digest": {"gitCommit": commit}}
    for package in bill["packages"]:
        for reference in package.get("externalRefs", []):
            yield {"uri": reference["referenceLocator"]}


def statement(archive, bill):
    # What is not committed is in no commit: then the statement must not say that it was made of one.
    clean = git("status", "--porcelain", "--untracked-files=no") == "" and git("rev-parse", "HEAD") != ""
    return {"_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": os.path.basename(archive), "digest": {"sha256": digest(archive)}}],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {"buildDefinition": {"buildType": "urn:tocsin:dev-package:v1",
                                              "externalParameters": {"command": "./dev package", "source_is_the_commit": clean},
                                              "resolvedDependencies": list(dependencies(bill))},
                          "runDetails": {"builder": {"id": "urn:tocsin:dev"}}}}


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[2], encoding="utf-8") as file:
        bill = json.load(file)
    print(json.dumps(statement(sys.argv[1], bill), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
