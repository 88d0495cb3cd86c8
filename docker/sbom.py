#!/usr/bin/env python3
"""The software bill of materials of a program, SPDX 2.3 as JSON on standard output: the program and the distribution's packages whose
libraries it loads, with their versions. The same program on the same system gives the same bytes.

    python3 docker/sbom.py NAME VERSION PROGRAM
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import urllib.parse


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def packages(program):
    """(name, version, architecture) of the packages whose libraries the program loads."""
    names = run(os.path.join(os.path.dirname(os.path.abspath(__file__)), "runtime_packages.sh"), program).split()
    lines = run("dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}\n", *names).splitlines()
    return sorted(tuple(line.split()) for line in lines)


def identifier(name):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def document(name, version, program):
    with open(program, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    with open("/etc/os-release", encoding="utf-8") as file:
        system = dict(line.rstrip().replace('"', "").split("=", 1) for line in file if "=" in line)
    main = {"name": name, "SPDXID": identifier(name), "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "checksums": [{"algorithm": "SHA256", "checksumValue": digest}]}
    listed, relations = [main], [("SPDXRef-DOCUMENT", "DESCRIBES", main["SPDXID"])]
    for package, its_version, architecture in packages(program):
        purl = (f"pkg:deb/{system['ID']}/{package}@{urllib.parse.quote(its_version, safe='')}?arch={architecture}"
                f"&distro={system['ID']}-{system.get('VERSION_ID', '')}")
        listed.append({"name": package, "SPDXID": identifier(package), "versionInfo": its_version, "downloadLocation": "NOASSERTION",
                       "filesAnalyzed": False, "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                                                 "referenceLocator": purl}]})
        relations.append((main["SPDXID"], "DYNAMIC_LINK", identifier(package)))
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"{name}-{version}",
            "documentNamespace": f"urn:sha256:{digest}",
            "creationInfo": {"created": "2020-01-01T00:00:00Z", "creators": [f"Tool: {name}-sbom"]}, "packages": listed,
            "relationships": [{"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b} for a, kind, b in relations]}


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    print(json.dumps(document(*sys.argv[1:]), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
