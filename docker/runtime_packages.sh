#!/bin/sh
# runtime_packages.sh PROGRAM...: the Debian packages that hold the shared libraries these programs load, one a line.
set -eu
ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u | while read -r library; do
  file=$(readlink -f "$library")
  # /lib is a link to /usr/lib; packages of this release name their files by either.
  package=$(dpkg -S "$file" 2>/dev/null || dpkg -S "${file#/usr}" 2>/dev/null) || {
    echo "runtime_packages: no package has $file" >&2
    exit 1
  }
  echo "$package" | head -n 1 | cut -d: -f1
done | sort -u
