#!/usr/bin/env bash
# Makes a base image where none can be pulled, of what this machine has: Node with npm, the libraries they need, a shell,
# and the certificates. `scripts/docker/local-base.sh [NAME]` imports it as NAME (odradek-local-base).
set -euo pipefail
name=${1:-odradek-local-base}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# Copies a file to where it is here, and what it links to.
add() {
  local file=$1
  [ -e "$root$file" ] && return 0
  mkdir -p "$root$(dirname "$file")"
  cp -L "$file" "$root$file"
}
add_program() {
  local library
  add "$1"
  for library in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true); do add "$library"; done
}

node=$(node -p 'process.execPath')
add_program "$node"
for program in /bin/sh /usr/bin/env; do add_program "$program"; done
mkdir -p "$root"/{usr/local/bin,etc,dev,proc,sys} && mkdir -m 1777 "$root/tmp"
[ "$(dirname "$node")" = /usr/local/bin ] || ln -s "$node" "$root/usr/local/bin/node"

npm=$(npm root --global)/npm
mkdir -p "$root/usr/local/lib/node_modules"
cp -rL "$npm" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"

certificates=/etc/ssl/certs/ca-certificates.crt
[ -e "$certificates" ] && add "$certificates"
printf 'root:x:0:0:root:/:/bin/sh\n' > "$root/etc/passwd"

tar -C "$root" -c . | docker import \
  --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin' \
  --change "ENV NODE_EXTRA_CA_CERTS=$certificates NPM_CONFIG_CAFILE=$certificates" \
  - "$name" > /dev/null
echo "$name"
