# What the lab's scripts share: where things are, which nodes there are, and how a daemon is started and ended.
# shellcheck shell=bash disable=SC2034  # the scripts that source this use the names
# Sourced, never run. Only ends processes whose pid stands in a pid file of the lab AND that live in the lab's
# own network namespace, so that a stale file can never hit a stranger.

LAB_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_REPO=$(cd "$LAB_HERE/../.." && pwd)
LAB_CACHE=${TRUNKTUI_LAB_CACHE:-/var/cache/trunktui-lab}
LAB_RUN=${TRUNKTUI_LAB_RUN:-/run/trunktui-lab}
LAB_BASE=$LAB_CACHE/base
LAB_NET=10.77.0
LAB_SSH_KEY=$LAB_RUN/ssh/noc_ed25519
LAB_KNOWN_HOSTS=$LAB_RUN/ssh/known_hosts
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# name:last octet:kind. A further SBC is one more line here and a folder of its name with its trunks.
LAB_NODES=(
  sbc1:10:sbc
  sbc2:11:sbc
  sbc3:12:kamsbc
  cara:21:kamailio
  carb:22:carrier
  carc:23:silent
  cust:31:customer
)

# shellcheck source=versions.env
. "$LAB_HERE/versions.env"

die() { printf 'lab: %s\n' "$*" >&2; exit 1; }
say() { printf 'lab: %s\n' "$*"; }
need_root() { [ "$(id -u)" = 0 ] || die "must run as root (namespaces, mounts): sudo make lab-up"; }

# stamp: what a chroot of this pin and recipe is called.
stamp() { printf 'asterisk-%s-recipe%s-%s' "$ASTERISK" "$RECIPE" "$(dpkg --print-architecture)"; }

# check_pin FOUND: fails unless FOUND is the pinned Asterisk version.
check_pin() {
  [ "$1" = "$ASTERISK" ] && return 0
  die "sid has moved: it has Asterisk $1, the lab is pinned to $ASTERISK. To accept the new one set" \
    "ASTERISK=$1 in tests/lab/versions.env and look at the recordings again; to stay, put the kept" \
    "$(stamp).tar.zst into $LAB_CACHE, or set TRUNKTUI_LAB_MIRROR to a snapshot.debian.org date that has it."
}

ns() { printf 'ttl-%s' "$1"; }
node_dir() { printf '%s/nodes/%s' "$LAB_RUN" "$1"; }
node_root() { printf '%s/root' "$(node_dir "$1")"; }
node_field() { # NODE 2|3: its last octet or its kind
  local entry
  for entry in "${LAB_NODES[@]}"; do
    [ "${entry%%:*}" = "$1" ] && { cut -d: -f"$2" <<<"$entry"; return 0; }
  done
  die "no node '$1' (nodes: ${LAB_NODES[*]%%:*})"
}
node_ip() { printf '%s.%s' "$LAB_NET" "$(node_field "$1" 2)"; }

# wait_until SECONDS WHAT COMMAND...: polls COMMAND every 50 ms; dies with WHAT when time is up.
wait_until() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || die "gave up waiting: $what"
    sleep 0.05
  done
}

# pid_of NODE SERVICE: prints the service's pid if it is alive and ours, else fails.
pid_of() {
  local pid
  pid=$(cat "$(node_dir "$1")/$2.pid" 2>/dev/null) || return 1
  ip netns pids "$(ns "$1")" 2>/dev/null | grep -qx "$pid" || return 1
  ! is_zombie "$pid" || return 1
  printf '%s\n' "$pid"
}
# A zombie still shows in the namespace but is no daemon any more.
is_zombie() { grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }
gone() { ! pid_of "$1" "$2" >/dev/null; }

# processes_of NODE NAME...: pids of the node's processes that are called one of the names.
processes_of() {
  local node=$1 pid comm
  shift
  for pid in $(ip netns pids "$(ns "$node")" 2>/dev/null); do
    comm=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
    case " $* " in *" $comm "*) is_zombie "$pid" || printf '%s\n' "$pid" ;; esac
  done
}

# launch NODE SERVICE COMMAND...: runs COMMAND in the node's namespace, detached, with pid file and log.
launch() {
  local node=$1 service=$2 dir
  dir=$(node_dir "$node")
  shift 2
  gone "$node" "$service" || die "$service on $node is running already (pid $(pid_of "$node" "$service"))"
  setsid ip netns exec "$(ns "$node")" "$@" </dev/null >>"$dir/$service.log" 2>&1 9>&- &
  printf '%s\n' "$!" >"$dir/$service.pid"
  disown
}

start_service() { # NODE SERVICE
  local root
  root=$(node_dir "$1")/root
  case $2 in
    asterisk) launch "$1" asterisk chroot "$root" /usr/sbin/asterisk -U asterisk -G asterisk -f ;;
    sshd) launch "$1" sshd chroot "$root" /usr/sbin/sshd -D -e ;;
    snmpd)
      launch "$1" snmpd chroot "$root" /usr/sbin/snmpd -f -Lo -C -c /etc/snmp/lab-snmpd.conf -u Debian-snmp -g Debian-snmp
      ;;
    kamailio)
      local cfg
      cfg=$(node_dir "$1")/kamailio.cfg
      # Where a site has it: an SBC's is also read by who logs in there.
      [ ! -e "$root/etc/kamailio/kamailio.cfg" ] || cfg=$root/etc/kamailio/kamailio.cfg
      launch "$1" kamailio env "SNMPCONFPATH=$(node_dir "$1")" kamailio -DD -E -m 32 -M 4 -Y "$(node_dir "$1")" -f "$cfg"
      ;;
    *) die "no service '$2' (asterisk, sshd, snmpd, kamailio)" ;;
  esac
}

# wait_ready NODE SERVICE: returns once the service answers.
wait_ready() {
  case $2 in
    asterisk) wait_until 40 "Asterisk on $1 does not answer, see $(node_dir "$1")/asterisk.log" booted "$1" ;;
    snmpd) wait_until 10 "snmpd on $1 does not listen, see $(node_dir "$1")/snmpd.log" listens "$1" udp 161 ;;
    sshd) wait_until 10 "sshd on $1 does not listen, see $(node_dir "$1")/sshd.log" listens "$1" tcp 22 ;;
    kamailio) wait_until 10 "Kamailio on $1 does not listen, see $(node_dir "$1")/kamailio.log" listens "$1" udp 5060 ;;
  esac
}
booted() {
  timeout -k 1 5 ip netns exec "$(ns "$1")" chroot "$(node_dir "$1")/root" \
    /usr/sbin/asterisk -rx 'core waitfullybooted' | grep -q 'fully booted'
}
listens() { ip netns exec "$(ns "$1")" ss -Hnl --"$2" "sport = :$3" | grep -q .; }

# workers_of NODE SERVICE: pids of the service and, where it is many processes, of all of them.
workers_of() {
  case $2 in
    sshd) processes_of "$1" sshd sshd-session sshd-auth ;;
    kamailio) processes_of "$1" kamailio ;;
    *) pid_of "$1" "$2" || true ;;
  esac
}

# signal_service NODE SERVICE SIGNAL: sshd means every session too, so that open links feel it; Kamailio is ended in
# order through its main process, but killed or frozen whole: its children would serve on without it.
signal_service() {
  local pids
  if [ "$2:$3" = kamailio:TERM ]; then
    pids=$(pid_of "$1" "$2") || pids=
  else
    pids=$(workers_of "$1" "$2")
  fi
  [ -n "$pids" ] || return 1
  # shellcheck disable=SC2086  # one word per pid
  kill "-$3" $pids 2>/dev/null || true
}

# stop_service NODE SERVICE [SIGNAL]: ends it, thawed first; kills it when it has not gone in 10 s.
stop_service() {
  local deadline=$((SECONDS + 10)) signal=${3:-TERM}
  signal_service "$1" "$2" "$signal" || { rm -f "$(node_dir "$1")/$2.pid"; return 0; }
  [ "$signal" = KILL ] || signal_service "$1" "$2" CONT || true
  until gone "$1" "$2" && [ -z "$(workers_of "$1" "$2")" ]; do
    [ "$SECONDS" -lt "$deadline" ] || signal_service "$1" "$2" KILL || true
    sleep 0.05
  done
  rm -f "$(node_dir "$1")/$2.pid"
}
