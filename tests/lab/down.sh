#!/bin/bash
# Takes the lab down: its daemons, namespaces, mounts. Harmless when it is down already; keeps the chroot and the tarball.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

main() {
  local name pid deadline pids
  need_root
  # Everything in the lab's namespaces is the lab's: its daemons, their children, calls in progress.
  for name in $(lab_namespaces); do
    for pid in $(ip netns pids "$name"); do kill -TERM "$pid" 2>/dev/null || true; kill -CONT "$pid" 2>/dev/null || true; done
  done
  deadline=$((SECONDS + 3))
  while pids=$(for name in $(lab_namespaces); do ip netns pids "$name"; done) && [ -n "$pids" ]; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      for pid in $pids; do kill -KILL "$pid" 2>/dev/null || true; done
    fi
    sleep 0.05
  done
  for name in $(lab_namespaces); do ip netns del "$name"; done
  if ip link show ttl-noc >/dev/null 2>&1; then ip link del ttl-noc; fi
  if mountpoint -q "$LAB_RUN"; then umount -R "$LAB_RUN" 2>/dev/null || umount -R -l "$LAB_RUN"; fi
  if [ -d "$LAB_RUN" ]; then rmdir "$LAB_RUN" 2>/dev/null || true; fi
  say "down"
}

lab_namespaces() { ip netns list | awk '{ print $1 }' | grep -E '^ttl-' || true; }

main
