#!/bin/sh
# Made-up secrets for trying things out. To be sourced, from the top of the working copy:
#
#     . demo/secrets.sh
#
# Exports a random value for every `env:…` that desired_state/ mentions. Values are kept in
# .ccstate/demo-secrets.env (mode 600): a new shell gets the same ones, or every plan would say
# that all passwords changed. Delete that file for new ones. Never for a live platform.
#
# CCSTATE_SECRET_NAMES says which variables a reference may name: a branch could write any.

ccstate_demo_secrets() {
  if [ ! -d desired_state ]; then
    echo "demo/secrets.sh: no desired_state/ here; change to the top of the working copy first" >&2
    return 1
  fi
  mkdir -p .ccstate || return 1
  (
    umask 077
    : >>.ccstate/demo-secrets.env
    chmod 600 .ccstate/demo-secrets.env
    find desired_state -name '*.yaml' -exec cat {} + | tr -c 'A-Za-z0-9_:' '\n' |
      sed -n 's/^env:\([A-Za-z_][A-Za-z0-9_]*\)$/\1/p' | sort -u |
      while read -r name; do
        grep -q "^$name=" .ccstate/demo-secrets.env && continue
        # A PIN is six digits. The hexadecimal digits of a password need no quotes in any shell.
        case $name in
          PIN_*) value=$(od -An -N4 -tu4 /dev/urandom | tr -d ' \n') && value=$(printf '%06d' $((value % 1000000))) ;;
          *) value=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n') ;;
        esac
        echo "$name=$value"
      done >.ccstate/demo-secrets.new &&
      cat .ccstate/demo-secrets.new >>.ccstate/demo-secrets.env
    kept=$?
    rm -f .ccstate/demo-secrets.new
    exit "$kept"
  ) || return 1
  set -a
  # shellcheck source=/dev/null
  . ./.ccstate/demo-secrets.env
  CCSTATE_SECRET_NAMES="SIP_* PIN_* TRUNK_*"
  set +a
}

ccstate_demo_secrets
