#!/bin/bash
# Brings the lab up: network, one file system per node, daemons. Harmless when it is up already; needs bootstrap.sh once.
#
# A bridge in the namespace ttl-net joins the nodes and, as 10.77.0.1, this machine: away from this machine's own
# firewall rules, which would see bridged packets otherwise. Nothing listens outside the namespaces.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

check_ready() {
  local tool
  need_root
  for tool in ip nft kamailio sipp ssh-keygen ss; do
    command -v "$tool" >/dev/null || die "$tool is missing: sudo make lab-bootstrap"
  done
  [ "$(cat "$LAB_BASE.stamp" 2>/dev/null)" = "$(stamp)" ] ||
    die "no chroot of $(stamp) in $LAB_CACHE: sudo make lab-bootstrap"
}

network() {
  local entry node
  ip netns add ttl-net
  ip -n ttl-net link add br0 type bridge
  ip -n ttl-net link set br0 up
  ip link add ttl-noc type veth peer name noc netns ttl-net
  ip -n ttl-net link set noc master br0 up
  ip addr add "$LAB_NET.1/24" dev ttl-noc
  ip link set ttl-noc up
  for entry in "${LAB_NODES[@]}"; do
    node=${entry%%:*}
    ip netns add "$(ns "$node")"
    ip -n ttl-net link add "$node" type veth peer name eth0 netns "$(ns "$node")"
    ip -n ttl-net link set "$node" master br0 up
    ip -n "$(ns "$node")" addr add "$(node_ip "$node")/24" dev eth0
    ip -n "$(ns "$node")" link set eth0 up
    ip -n "$(ns "$node")" link set lo up
    count_sip "$node"
  done
}

# count_sip NODE: counters of SIP requests by method and direction; they see packets before any rule drops them.
count_sip() {
  local method word rules="" hook side port
  for method in INVITE:0x494e56495445 OPTION:0x4f5054494f4e REGIST:0x524547495354; do
    word=${method%%:*}
    for side in in out; do
      rules+="add counter inet ttl_count ${word,,}_$side"$'\n'
    done
  done
  for side in in:input:-10 out:output:10; do
    hook=$(cut -d: -f2 <<<"$side")
    rules+="add chain inet ttl_count ${side%%:*} { type filter hook $hook priority ${side##*:}; }"$'\n'
    for method in INVITE:0x494e56495445 OPTION:0x4f5054494f4e REGIST:0x524547495354; do
      word=${method%%:*}
      port="udp dport 5060-5071 @th,64,48 ${method##*:}"
      rules+="add rule inet ttl_count ${side%%:*} $port counter name ${word,,}_${side%%:*}"$'\n'
    done
  done
  ip netns exec "$(ns "$1")" nft -f - <<<"add table inet ttl_count"$'\n'"$rules"
}

silence() { # NODE: takes every packet and answers none
  ip netns exec "$(ns "$1")" nft -f - <<'N'
add table inet ttl_silent
add chain inet ttl_silent in { type filter hook input priority 0; policy drop; }
N
}

# file_system NODE: the chroot with a layer of its own on top, so that nothing a node does outlives it.
file_system() {
  local dir root
  dir=$(node_dir "$1")
  root=$dir/root
  mkdir -p "$dir/upper" "$dir/work" "$root"
  mount -t overlay "ttl-$1" -o "lowerdir=$LAB_BASE,upperdir=$dir/upper,workdir=$dir/work" "$root"
  mkdir -p "$root/proc" "$root/dev"
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  mkdir -p "$root/dev/pts" "$root/dev/shm"
  mknod -m 666 "$root/dev/null" c 1 3
  mknod -m 666 "$root/dev/zero" c 1 5
  mknod -m 666 "$root/dev/random" c 1 8
  mknod -m 666 "$root/dev/urandom" c 1 9
  mknod -m 666 "$root/dev/tty" c 5 0
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
}

# base_system NODE [SOFTWARE]: what the packages' own scripts would have made, with a user of the software's name.
base_system() {
  local root software=${2:-asterisk}
  root=$(node_dir "$1")/root
  cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
  cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
  rm -rf "$root/var/run" "$root/etc/resolv.conf" "$root/etc/asterisk"
  ln -s /run "$root/var/run"
  # No name server: an unresolvable registrar fails at once and no query leaves the lab.
  printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >"$root/etc/resolv.conf"
  printf '%s\n' "127.0.0.1 localhost" "127.0.1.1 $(hostname)" \
    "$LAB_NET.21 registrar-with-a-very-long-host-name.north-america.carrier.example.net" >"$root/etc/hosts"
  # Numbers of users that this machine has none of: whoever ends the processes of a user of his must not hit a node's.
  printf '%s\n' SYS_{U,G}ID_MIN\ 77000 SYS_{U,G}ID_MAX\ 77099 {U,G}ID_MIN\ 77100 {U,G}ID_MAX\ 77199 >>"$root/etc/login.defs"
  # Any SBC has them; the chroot holds packages without their essential ones.
  borrow "$root" flock
  borrow "$root" getent
  borrow "$root" ip
  borrow "$root" openssl
  mkdir -p "$root/etc/asterisk" "$root/run/sshd" "$root/tmp"
  chmod 1777 "$root/tmp"
  # shellcheck disable=SC2016  # for the shell inside
  chroot "$root" /bin/bash -euc '
    groupadd -r "$0"
    useradd -r -g "$0" -d "/var/lib/$0" -s /usr/sbin/nologin "$0"
    # Asterisk makes no folder for its call records of cel_custom, and writes none without it.
    mkdir -p "/run/$0" "/var/log/$0/cel-custom" "/var/spool/$0" "/var/lib/$0"' "$software"
}

# borrow ROOT PROGRAM: this machine's own, with those of its libraries that are not there.
borrow() {
  local program library there
  [ ! -e "$1/usr/bin/$2" ] || return 0
  program=$(command -v "$2") || die "$2 is missing: sudo make lab-bootstrap"
  install -m 755 "$program" "$1/usr/bin/$2"
  there=$(dirname "$(echo "$1"/usr/lib/*/asterisk)")
  ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
    [ -e "$there/$(basename "$library")" ] || [ -e "$1$library" ] ||
      install -m 755 "$library" "$there/$(basename "$library")"
  done
}

# configure NODE: copies the Asterisk files of its kind and its own; those with passwords are for the user asterisk alone.
configure() {
  local root multiarch file
  root=$(node_dir "$1")/root
  multiarch=$(basename "$(dirname "$(echo "$root"/usr/lib/*/asterisk)")")
  for file in "$LAB_HERE/$(node_field "$1" 3)"/*.conf "$LAB_HERE/$1"/*.conf; do
    [ -e "$file" ] || continue
    sed "s|@IP@|$(node_ip "$1")|g; s|@NAME@|$1|g; s|@MULTIARCH@|$multiarch|g" \
      "$file" >"$root/etc/asterisk/$(basename "$file")"
  done
  # shellcheck disable=SC2016  # for the shell inside
  chroot "$root" /bin/bash -euc '
    chown -R asterisk:asterisk /etc/asterisk /run/asterisk /var/log/asterisk /var/spool/asterisk /var/lib/asterisk
    chmod 750 /etc/asterisk
    chmod 640 /etc/asterisk/*
    for secret in pjsip pjsip_trunks pjsip_wizard manager; do
      if [ -e "/etc/asterisk/$secret.conf" ]; then chmod 600 "/etc/asterisk/$secret.conf"; fi
    done'
}

# kamailio_sbc NODE: Kamailio's files, and kamcmd inside. Kamailio itself runs outside the chroot, which has none.
kamailio_sbc() {
  local dir root gid defined="" module
  dir=$(node_dir "$1")
  root=$dir/root
  mkdir -p "$dir/db"
  cp "$LAB_HERE/$1/uacreg" "$LAB_HERE/$1/version" "$dir/db/"
  cp "$LAB_HERE/$1/dispatcher.list" "$dir/dispatcher.list"
  gid=$(sed -n 's/^kamailio:[^:]*:\([0-9]*\):.*/\1/p' "$root/etc/group")
  chown "root:$gid" "$root/run/kamailio"
  chmod 750 "$root/run/kamailio"
  for module in /usr/lib/*/kamailio/modules/snmpstats.so; do
    [ ! -e "$module" ] || defined='#!define SNMPSTATS'
  done
  printf 'agentXSocket unix:%s/var/agentx/master\n' "$root" >"$dir/snmpstats.conf"
  sed "s|@IP@|$(node_ip "$1")|g; s|@DIR@|$dir|g; s|@ROOT@|$root|g; s|@GID@|$gid|g; s|@SNMPSTATS@|$defined|g" \
    "$LAB_HERE/$1/kamailio.cfg" >"$dir/kamailio.cfg"
  # What a site has where Debian puts it; trunktui reads two intervals there.
  mkdir -p "$root/etc/kamailio"
  install -m 644 "$dir/kamailio.cfg" "$root/etc/kamailio/kamailio.cfg"
  install -m 755 "$(command -v kamcmd)" "$root/usr/sbin/kamcmd"
}

# agent NODE [GROUP]: the SNMP agent's configuration, its user, and the directory of the socket that the software attaches to.
agent() {
  local root group=${2:-asterisk}
  root=$(node_dir "$1")/root
  mkdir -p "$root/var/agentx" "$root/var/lib/snmp" "$root/etc/snmp" "$root/usr/local/bin"
  sed "s|@IP@|$(node_ip "$1")|g; s|@NET@|$LAB_NET|g; s|@NAME@|$1|g; s|@GROUP@|$group|g" \
    "$LAB_HERE/snmp/snmpd.conf" >"$root/etc/snmp/lab-snmpd.conf"
  # The agent lists the disks that stand here; this machine's own are none of the node's.
  printf '/dev/sda1 / ext4 rw 0 0\n' >"$root/etc/mtab"
  install -m 755 "$LAB_HERE/snmp/ast-regs" "$root/usr/local/bin/ast-regs"
  chroot "$root" /bin/bash -euc '
    useradd -r -d /var/lib/snmp -s /usr/sbin/nologin -G "$0" Debian-snmp
    chown -R Debian-snmp /var/lib/snmp
    chmod 600 /etc/snmp/lab-snmpd.conf' "$group"
}

# logins NODE [SOFTWARE]: noc (sudo, as the shipped example says), nocgrp (the software's group), nocnone (neither).
logins() {
  local root software=${2:-asterisk}
  root=$(node_dir "$1")/root
  chmod 440 "$root/etc/sudoers"
  install -m 440 "$LAB_REPO/docs/examples/sudoers-$software" "$root/etc/sudoers.d/trunktui"
  # No password is asked and none helps: what sudoers does not list is refused.
  printf 'auth required pam_deny.so\n' >"$root/etc/pam.d/common-auth"
  printf 'password required pam_deny.so\n' >"$root/etc/pam.d/common-password"
  printf 'account required pam_permit.so\n' >"$root/etc/pam.d/common-account"
  printf 'session required pam_permit.so\n' | tee "$root/etc/pam.d/common-session" >"$root/etc/pam.d/common-session-noninteractive"
  sed "s|@IP@|$(node_ip "$1")|g" "$LAB_HERE/ssh/sshd_config" >"$root/etc/ssh/sshd_config"
  install -m 644 "$LAB_SSH_KEY.pub" "$root/tmp/noc.pub"
  # shellcheck disable=SC2016  # for the shell inside
  chroot "$root" /bin/bash -euc '
    useradd -r -d /run/sshd -s /usr/sbin/nologin sshd
    groupadd noc; groupadd nocnone
    useradd -m -g noc -s /bin/bash noc
    useradd -m -g "$0" -s /bin/bash nocgrp
    useradd -m -g nocnone -s /bin/bash nocnone
    for user in noc nocgrp nocnone; do
      usermod -p "*" "$user"
      install -d -m 700 -o "$user" "/home/$user/.ssh"
      install -m 600 -o "$user" /tmp/noc.pub "/home/$user/.ssh/authorized_keys"
      chmod 700 "/home/$user"
    done
    rm /tmp/noc.pub
    ssh-keygen -q -t ed25519 -N "" -C lab -f /etc/ssh/ssh_host_ed25519_key
    visudo -q -c' "$software"
  awk -v ip="$(node_ip "$1")" '{ print ip, $1, $2 }' "$root/etc/ssh/ssh_host_ed25519_key.pub" >>"$LAB_KNOWN_HOSTS"
}

node_up() { # NODE KIND
  mkdir -p "$(node_dir "$1")"
  case $2 in
    sbc)
      file_system "$1"
      base_system "$1"
      configure "$1"
      logins "$1"
      agent "$1"
      start_service "$1" snmpd
      start_service "$1" asterisk
      start_service "$1" sshd
      ;;
    kamsbc)
      file_system "$1"
      base_system "$1" kamailio
      logins "$1" kamailio
      agent "$1" kamailio
      kamailio_sbc "$1"
      start_service "$1" snmpd
      start_service "$1" kamailio
      start_service "$1" sshd
      ;;
    carrier)
      file_system "$1"
      base_system "$1"
      configure "$1"
      start_service "$1" asterisk
      ;;
    kamailio)
      sed "s|@IP@|$(node_ip "$1")|g; s|@DIR@|$(node_dir "$1")|g" "$LAB_HERE/cara/kamailio.cfg" \
        >"$(node_dir "$1")/kamailio.cfg"
      start_service "$1" kamailio
      ;;
    silent) silence "$1" ;;
    customer) ;;
    *) die "node $1 is of no known kind: $2" ;;
  esac
}

# nodes_up: makes the nodes side by side; most of it waits for useradd and its like.
nodes_up() {
  local entry making=() one
  for entry in "${LAB_NODES[@]}"; do
    node_up "${entry%%:*}" "${entry##*:}" &
    making+=("$!")
  done
  for one in "${making[@]}"; do wait "$one" || die "a node could not be made, see above"; done
}

await_all() {
  local entry node
  for entry in "${LAB_NODES[@]}"; do
    node=${entry%%:*}
    case ${entry##*:} in
      sbc) wait_ready "$node" snmpd; wait_ready "$node" asterisk; wait_ready "$node" sshd ;;
      kamsbc) wait_ready "$node" snmpd; wait_ready "$node" kamailio; wait_ready "$node" sshd ;;
      carrier) wait_ready "$node" asterisk ;;
      kamailio) wait_ready "$node" kamailio ;;
    esac
  done
}

connection_facts() {
  say "up. SSH: noc@$LAB_NET.10, .11 and .12 port 22, key $LAB_SSH_KEY, known_hosts $LAB_KNOWN_HOSTS"
  say "SNMP: the same addresses, port 161, users and community in tests/lab/snmp/snmpd.conf"
  say "users: noc (run_as = \"asterisk\", on sbc3 \"kamailio\"), nocgrp (no run_as), nocnone (may not). Faults: tests/lab/fault.sh"
}

main() {
  local entry
  check_ready
  mkdir -p "$LAB_RUN"
  if [ -e "$LAB_RUN/up" ]; then
    connection_facts
    return
  fi
  "$LAB_HERE/down.sh" >/dev/null
  mkdir -p "$LAB_RUN"
  trap '[ -e "$LAB_RUN/up" ] || say "not up; its remains and logs: $LAB_RUN, removed by: sudo make lab-down" >&2' EXIT
  mount -t tmpfs -o mode=755,size=1g ttl-run "$LAB_RUN"
  mkdir -p "$LAB_RUN/ssh"
  ssh-keygen -q -t ed25519 -N "" -C trunktui-lab -f "$LAB_SSH_KEY"
  network
  nodes_up
  await_all
  touch "$LAB_RUN/up"
  connection_facts
}

main
