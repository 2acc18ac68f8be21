#!/bin/bash
# Injects a fault into the running lab, or takes it back; `fault.sh` alone lists the verbs.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

usage() {
  cat <<'U'
tests/lab/fault.sh VERB NODE [...]           nodes: sbc1 cara carb carc cust
  cut NODE | restore NODE                    pull the node's network cable | plug it in again
  loss NODE PERCENT                          drop that share of its SIP packets, each way (0: none, 100: silence)
  stop|kill|start|restart NODE SERVICE       services: asterisk sshd snmpd kamailio (sshd: with all its sessions)
  freeze|thaw NODE SERVICE                   SIGSTOP | SIGCONT
  rebuild NODE snmpd                         as after a new installation: another engine ID, everything else the same
  refuse NODE METHOD CODE                    carrier A answers register|options|invite with CODE (0: as usual)
  count NODE invite|options|register in|out  SIP requests that passed the node's interface since the lab came up
  heal                                       take every fault back: cables, loss, refusals, stopped and frozen services
  cli NODE COMMAND                           asterisk -rx COMMAND on the node, as root
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

refuse() { # NODE METHOD CODE
  [[ $2 =~ ^(register|options|invite)$ ]] || die "refuse knows register, options, invite, not '$2'"
  [[ $3 =~ ^(0|[3-6][0-9][0-9])$ ]] || die "refuse wants a SIP code from 300 to 699, or 0, not '$3'"
  kamcmd -s "unix:$(node_dir "$1")/ctl" htable.seti mode "$2" "$3" >/dev/null ||
    die "Kamailio on $1 does not answer"
}

count() { # NODE METHOD in|out
  local word=${2:0:6}
  ip netns exec "$(ns "$1")" nft list counter inet ttl_count "${word}_$3" |
    sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}

# services_of KIND: what runs on a node of that kind.
services_of() {
  case $1 in sbc) echo snmpd asterisk sshd ;; carrier) echo asterisk ;; kamailio) echo kamailio ;; esac
}

heal() {
  local entry node service method
  for entry in "${LAB_NODES[@]}"; do
    node=${entry%%:*}
    ip -n ttl-net link set "$node" up
    loss "$node" 0
    for service in $(services_of "${entry##*:}"); do
      if gone "$node" "$service"; then
        start_service "$node" "$service"
        wait_ready "$node" "$service"
      else
        signal_service "$node" "$service" CONT || true
      fi
      [ "$service" != kamailio ] || for method in register options invite; do refuse "$node" "$method" 0; done
    done
  done
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
  local verb=${1:-} node=${2:-}
  if [ "$verb" != heal ] && [ -z "$node" ]; then usage; exit 2; fi
  need_root
  [ -e "$LAB_RUN/up" ] || die "the lab is not up: sudo make lab-up"
  if [ "$verb" = heal ]; then heal; return; fi
  node_field "$node" 2 >/dev/null
  case $verb in
    cut) ip -n ttl-net link set "$node" down ;;
    restore) ip -n ttl-net link set "$node" up ;;
    loss) loss "$node" "${3:-}" ;;
    stop) stop_service "$node" "${3:-}" ;;
    kill) stop_service "$node" "${3:-}" KILL ;;
    start) start_service "$node" "${3:-}" && wait_ready "$node" "$3" ;;
    restart) stop_service "$node" "${3:-}" && start_service "$node" "$3" && wait_ready "$node" "$3" ;;
    freeze) freeze "$node" "${3:-}" STOP ;;
    thaw) freeze "$node" "${3:-}" CONT ;;
    rebuild) rebuild "$node" "${3:-}" ;;
    refuse) refuse "$node" "${3:-}" "${4:-}" ;;
    count) count "$node" "${3:-}" "${4:-}" ;;
    cli) ip netns exec "$(ns "$node")" chroot "$(node_dir "$node")/root" /usr/sbin/asterisk -rx "${3:-}" ;;
    *) usage; exit 2 ;;
  esac
}

main "$@"
