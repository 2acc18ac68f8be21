#!/bin/bash
# Injects a fault into the running lab, or takes it back; `fault.sh` alone lists the verbs.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

usage() {
  cat <<'U'
tests/lab/fault.sh VERB NODE [...]           nodes: sbc1 sbc2 sbc3 cara carb carc cust
  cut NODE | restore NODE                    pull the node's network cable | plug it in again
  loss NODE PERCENT                          drop that share of its SIP packets, each way (0: none, 100: silence)
  block NODE all|management|ssh|snmp|none    drop its packets, each way: all; those from and to this machine; its sshd's; its snmpd's
  block NODE carriers|cara                   the same of all carriers; of carrier A
  nat NODE ADDRESS                           its UDP packets to the carriers leave under ADDRESS, as behind a NAT (none: its own)
  admit NODE ADDRESS[,ADDRESS...]            of the SBCs it takes SIP from these addresses alone, and answers no other (all)
  stop|kill|start|restart NODE [SERVICE]     services: asterisk sshd snmpd kamailio (sshd: with all its sessions); a carrier has one
  freeze|thaw NODE SERVICE                   SIGSTOP | SIGCONT
  rebuild NODE snmpd                         as after a new installation: another engine ID, everything else the same
  refuse NODE METHOD CODE                    carrier A answers register|options|invite with CODE (0: as usual)
  password NODE USER WORD                    carrier A knows another password of a user
  mute NODE | unmute NODE                    drop all RTP that it sends: calls are answered, and nothing is heard
  count NODE invite|options|register in|out  SIP requests that passed the node's interface since the lab came up
  heal                                       take every fault back: cables, loss, blocks, refusals, stopped and frozen services
  cli NODE COMMAND                           asterisk -rx COMMAND on the node, as root
  rpc NODE COMMAND [ARGUMENT ...]            kamcmd COMMAND on the SBC that is a Kamailio, as root
U
}

loss() { # NODE PERCENT
  local name
  name=$(ns "$1")
  [[ $2 =~ ^([0-9]|[1-9][0-9]|100)$ ]] || die "loss is a whole percentage, 0 to 100, not '$2'"
  ip netns exec "$name" nft -f - <<<"add table inet ttl_loss
delete table inet ttl_loss"
  [ "$2" -gt 0 ] || return 0
  ip netns exec "$name" nft -f - <<N
add table inet ttl_loss
add chain inet ttl_loss in { type filter hook input priority 0; }
add chain inet ttl_loss out { type filter hook output priority 0; }
add rule inet ttl_loss in udp dport 5060-5071 numgen random mod 100 >= $((100 - $2)) counter drop
add rule inet ttl_loss out udp sport 5060-5071 numgen random mod 100 >= $((100 - $2)) counter drop
N
}

block() { # NODE WAY: packets dropped on their way in and out, so that nobody is told
  local name way
  name=$(ns "$1")
  way=$(blocked "$2")
  ip netns exec "$name" nft -f - <<<"add table inet ttl_block
delete table inet ttl_block"
  [ -n "$way" ] || return 0
  # As the way in has them; on the way out source and destination, and the interfaces, change places.
  ip netns exec "$name" nft -f - <<N
add table inet ttl_block
add chain inet ttl_block in { type filter hook input priority 0; }
add chain inet ttl_block out { type filter hook output priority 0; }
add rule inet ttl_block in $way counter drop
add rule inet ttl_block out $(sed 's/dport/sport/; s/saddr/daddr/; s/iifname/oifname/' <<<"$way") counter drop
N
}
blocked() { # WAY
  case $1 in
    all) echo 'iifname != "lo"' ;;
    management) echo "ip saddr $LAB_NET.1" ;;
    ssh) echo 'tcp dport 22' ;;
    snmp) echo 'udp dport 161' ;;
    carriers) echo "ip saddr { $LAB_NET.21, $LAB_NET.22, $LAB_NET.23 }" ;;
    cara) echo "ip saddr $LAB_NET.21" ;;
    none) ;;
    *) die "block knows all, management, ssh, snmp, carriers, cara, none, not '$1'" ;;
  esac
}

# nat NODE ADDRESS: rewritten without a memory of flows, so that a new address holds at once for all of them.
nat() {
  local name own carriers="$LAB_NET.21-$LAB_NET.23" table=""
  name=$(ns "$1")
  own=$(node_ip "$1")
  [[ $2 = none || $2 =~ ^$LAB_NET\.[0-9]{1,3}$ ]] || die "nat wants an address of $LAB_NET.0/24, or none, not '$2'"
  ip -n "$name" -o addr show dev eth0 label eth0:nat | awk '{ print $4 }' |
    while read -r old; do ip -n "$name" addr del "$old" dev eth0; done
  if [ "$2" != none ]; then
    ip -n "$name" addr add "$2/32" dev eth0 label eth0:nat
    table="table ip ttl_nat {
      chain out {
        type filter hook postrouting priority 300
        ip saddr $own ip daddr $carriers meta l4proto udp ip saddr set $2
      }
      chain in {
        type filter hook prerouting priority -300
        ip saddr $carriers ip daddr $2 meta l4proto udp ip daddr set $own
      }
    }"
  fi
  ip netns exec "$name" nft -f - <<<"add table ip ttl_nat
delete table ip ttl_nat
$table"
}

admit() { # NODE ADDRESSES
  local table=""
  [[ $2 = all || $2 =~ ^($LAB_NET\.[0-9]{1,3},?)+$ ]] || die "admit wants addresses of $LAB_NET.0/24 or all, not '$2'"
  [ "$2" = all ] || table="table inet ttl_admit {
    chain in {
      type filter hook input priority 0
      ip saddr $LAB_NET.10-$LAB_NET.19 ip saddr != { $2 } udp dport 5060-5071 counter drop
    }
  }"
  ip netns exec "$(ns "$1")" nft -f - <<<"add table inet ttl_admit
delete table inet ttl_admit
$table"
}

mute() { # NODE on|off
  local name
  name=$(ns "$1")
  ip netns exec "$name" nft -f - <<<"add table inet ttl_mute
delete table inet ttl_mute"
  [ "$2" = on ] || return 0
  ip netns exec "$name" nft -f - <<'N'
add table inet ttl_mute
add chain inet ttl_mute out { type filter hook output priority 0; }
add rule inet ttl_mute out udp sport 20000-22999 counter drop
N
}

refuse() { # NODE METHOD CODE
  [[ $2 =~ ^(register|options|invite)$ ]] || die "refuse knows register, options, invite, not '$2'"
  [[ $3 =~ ^(0|[3-6][0-9][0-9])$ ]] || die "refuse wants a SIP code from 300 to 699, or 0, not '$3'"
  kamcmd -s "unix:$(node_dir "$1")/ctl" htable.seti mode "$2" "$3" >/dev/null ||
    die "Kamailio on $1 does not answer"
}

password() { # NODE USER WORD
  [[ $2 =~ ^[A-Za-z0-9-]+$ && $3 =~ ^[A-Za-z0-9-]+$ ]] || die "password wants a user and a word, not '$2' '$3'"
  kamcmd -s "unix:$(node_dir "$1")/ctl" htable.sets pw "$2" "$3" >/dev/null || die "Kamailio on $1 does not answer"
}

count() { # NODE METHOD in|out
  local word=${2:0:6}
  ip netns exec "$(ns "$1")" nft list counter inet ttl_count "${word}_$3" |
    sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}

# services_of KIND: what runs on a node of that kind.
services_of() {
  case $1 in sbc) echo snmpd asterisk sshd ;; kamsbc) echo snmpd kamailio sshd ;; carrier) echo asterisk ;; kamailio) echo kamailio ;; esac
}

# forget_calls NODE: what its call records say of the tests before counts for five minutes else.
forget_calls() {
  local file
  for file in "$(node_root "$1")"/var/log/asterisk/c[ed][lr]-*/*.csv; do
    [ ! -f "$file" ] || : >"$file"
  done
}

heal() {
  local entry node service method
  for entry in "${LAB_NODES[@]}"; do
    node=${entry%%:*}
    ip -n ttl-net link set "$node" up
    loss "$node" 0
    block "$node" none
    nat "$node" none
    admit "$node" all
    mute "$node" off
    forget_calls "$node"
    for service in $(services_of "${entry##*:}"); do
      if gone "$node" "$service"; then
        start_service "$node" "$service"
        wait_ready "$node" "$service"
      else
        signal_service "$node" "$service" CONT || true
      fi
      [ "${entry##*:}" != kamailio ] || for method in register options invite; do refuse "$node" "$method" 0; done
    done
  done
}

# service NODE [SERVICE]: the one named; a node with a single one need not name it.
service() {
  local all
  all=$(services_of "$(node_field "$1" 3)")
  case ${2:-$all} in
    *' '*) die "name the service on $1: $all" ;;
    '') die "nothing runs on $1" ;;
    *) echo "${2:-$all}" ;;
  esac
}

freeze() { # NODE SERVICE SIGNAL
  signal_service "$1" "$2" "$3" || die "$2 on $1 is not running"
}

rebuild() { # NODE SERVICE
  [ "$2" = snmpd ] || die "only snmpd can be rebuilt, not '$2'"
  stop_service "$1" snmpd
  rm -rf "$(node_dir "$1")/root/var/lib/snmp/"*
  start_service "$1" snmpd
  wait_ready "$1" snmpd
}

main() {
  local verb=${1:-} node=${2:-} which
  if [ "$verb" != heal ] && [ -z "$node" ]; then usage; exit 2; fi
  need_root
  [ -e "$LAB_RUN/up" ] || die "the lab is not up: sudo make lab-up"
  if [ "$verb" = heal ]; then heal; return; fi
  node_field "$node" 2 >/dev/null
  case $verb in
    stop | kill | start | restart | freeze | thaw) which=$(service "$node" "${3:-}") ;;
  esac
  case $verb in
    cut) ip -n ttl-net link set "$node" down ;;
    restore) ip -n ttl-net link set "$node" up ;;
    loss) loss "$node" "${3:-}" ;;
    block) block "$node" "${3:-}" ;;
    nat) nat "$node" "${3:-}" ;;
    admit) admit "$node" "${3:-}" ;;
    stop) stop_service "$node" "$which" ;;
    kill) stop_service "$node" "$which" KILL ;;
    start) start_service "$node" "$which" && wait_ready "$node" "$which" ;;
    restart) stop_service "$node" "$which" && start_service "$node" "$which" && wait_ready "$node" "$which" ;;
    freeze) freeze "$node" "$which" STOP ;;
    thaw) freeze "$node" "$which" CONT ;;
    rebuild) rebuild "$node" "${3:-}" ;;
    mute) mute "$node" on ;;
    unmute) mute "$node" off ;;
    refuse) refuse "$node" "${3:-}" "${4:-}" ;;
    password) password "$node" "${3:-}" "${4:-}" ;;
    count) count "$node" "${3:-}" "${4:-}" ;;
    cli) ip netns exec "$(ns "$node")" chroot "$(node_dir "$node")/root" /usr/sbin/asterisk -rx "${3:-}" ;;
    rpc) kamcmd -s "unixs:$(node_root "$node")/run/kamailio/kamailio_ctl" "${@:3}" ;;
    *) usage; exit 2 ;;
  esac
}

main "$@"
