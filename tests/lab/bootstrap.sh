#!/bin/bash
# Makes the lab's chroot (Asterisk, OpenSSH, sudo, snmpd from Debian's sid) and installs the tools the lab needs: once.
#
# Keeps a tarball named after the pinned version in TRUNKTUI_LAB_CACHE (default /var/cache/trunktui-lab): with it
# the lab stays reproducible after sid has moved. TRUNKTUI_LAB_MIRROR overrides the mirror that apt already uses.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

PACKAGES=(mmdebstrap zstd kamailio kamailio-snmpstats-modules sip-tester nftables iproute2 openssh-client openssl)
CHROOT_PACKAGES=asterisk,openssh-server,sudo,snmpd,bash,coreutils,passwd,base-files,base-passwd,dash,grep,sed,mawk
export DEBIAN_FRONTEND=noninteractive

install_tools() {
  local missing=() package
  for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "installing ${missing[*]}"
  apt-get update -q >/dev/null || die "apt-get update failed: check this machine's apt sources"
  without_starting_daemons apt-get install -y -q --no-install-recommends "${missing[@]}" >"$LAB_CACHE/apt.log" 2>&1 ||
    die "apt-get install ${missing[*]} failed, see $LAB_CACHE/apt.log"
}

# Kamailio's package would start a daemon on this machine's port 5060; the lab runs its own in a namespace.
without_starting_daemons() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [ -e "$policy" ]; then "$@"; return; fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  "$@" || status=$?
  rm -f "$policy"
  return "$status"
}

mirror() {
  local found
  if [ -n "${TRUNKTUI_LAB_MIRROR:-}" ]; then printf '%s\n' "$TRUNKTUI_LAB_MIRROR"; return; fi
  found=$(debian_mirror)
  if [ -z "$found" ]; then
    apt-get update -q >/dev/null || die "apt-get update failed: check this machine's apt sources"
    found=$(debian_mirror)
  fi
  [ -n "$found" ] || die "apt knows no Debian mirror: set TRUNKTUI_LAB_MIRROR=http://.../debian"
  printf '%s\n' "$found"
}
debian_mirror() {
  # shellcheck disable=SC2016  # apt's own variables
  apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 !~ /-/ { sub("/$", "", $3); print $3; exit }'
}

version_in() { chroot "$1" /usr/sbin/asterisk -V | sed 's/^Asterisk //'; }

build() { # DIR
  local from
  from=$(mirror)
  say "building the chroot from $SUITE at $from"
  mmdebstrap --quiet --variant=extract --mode=root --format=dir --include="$CHROOT_PACKAGES" \
    --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Check-Valid-Until "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    "$SUITE" "$1" "$from" >"$LAB_CACHE/mmdebstrap.log" 2>&1 ||
    die "mmdebstrap failed, see $LAB_CACHE/mmdebstrap.log"
}

main() {
  local tarball new found started=$SECONDS
  need_root
  mkdir -p "$LAB_CACHE"
  exec 9>"$LAB_CACHE/lock"
  flock -w 600 9 || die "another bootstrap holds $LAB_CACHE/lock"
  install_tools
  if [ "$(cat "$LAB_BASE.stamp" 2>/dev/null)" = "$(stamp)" ]; then
    say "the chroot is there: $(stamp)"
    return
  fi
  ! mountpoint -q "$LAB_RUN" || die "the lab is up: sudo make lab-down first"
  tarball=$LAB_CACHE/$(stamp).tar.zst
  new=$LAB_BASE.new
  rm -rf "$new" "$LAB_BASE.stamp"
  if [ -f "$tarball" ]; then
    say "unpacking $tarball"
    mkdir -p "$new"
    tar --zstd -C "$new" -xpf "$tarball" || die "$tarball cannot be unpacked: remove it and run again"
  else
    build "$new"
  fi
  found=$(version_in "$new") || die "the chroot's Asterisk does not start: remove $tarball and run again"
  (check_pin "$found") || { rm -rf "$new"; exit 1; }
  if [ ! -f "$tarball" ]; then
    tar --zstd -C "$new" -cpf "$tarball.part" . && mv "$tarball.part" "$tarball"
  fi
  rm -rf "$LAB_BASE"
  mv "$new" "$LAB_BASE"
  stamp >"$LAB_BASE.stamp"
  say "ready in $((SECONDS - started)) s: $(stamp)"
}

main
