#!/usr/bin/env python3
"""Writes the go.mod of a main module that builds a project exactly as the project itself does.

usage: modules.py MODULE VERSION KUBERNETES_VERSION

All requirements are the project's own, so that nothing is resolved anew. What differs:
- a replacement by a folder beside the project becomes the module that the folder is published as: Kubernetes
  publishes v1.34.4's staging folders as v0.34.4;
- a project that pins another patch release of Kubernetes is moved to ours, so that one download serves all.
"""
import json
import subprocess
import sys


def go(*arguments):
    return json.loads(subprocess.run(["go", *arguments], stdout=subprocess.PIPE, check=True).stdout)


def main(module, version, kubernetes):
    staging = "v0." + kubernetes.split(".", 1)[1]
    file = go("mod", "edit", "-json", go("mod", "download", "-json", f"{module}@{version}")["GoMod"])
    replaced, pinned = {}, None
    for entry in file.get("Replace") or []:
        old, new = entry["Old"]["Path"], entry["New"]
        if new["Path"].startswith("./staging/"):
            replaced[old] = (old, staging)
        elif not new["Path"].startswith("."):
            if old == "k8s.io/client-go":
                pinned = new["Version"]
            replaced[old] = (new["Path"], new["Version"])

    def of_ours(path, at):
        if path == "k8s.io/kubernetes":
            return kubernetes
        is_staging = at == "v0.0.0" and path in replaced
        return staging if is_staging or (path.startswith("k8s.io/") and at == pinned) else at

    print(f"module bed.example/{module.rsplit('/', 1)[-1]}\n\ngo {file['Go']}\n\nrequire {module} {version}")
    for entry in file.get("Godebug") or []:
        print(f"godebug {entry['Key']}={entry['Value']}")
    for entry in file["Require"]:
        comment = " // indirect" if entry.get("Indirect") else ""
        print(f"require {entry['Path']} {of_ours(entry['Path'], entry['Version'])}{comment}")
    for old, (path, at) in sorted(replaced.items()):
        print(f"replace {old} => {path} {of_ours(path, at)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
