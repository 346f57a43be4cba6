#!/usr/bin/env bash
# The main job, from a desired state to a confirmed one, on a copy of the worked example:
# validate → test → plan → apply → change a file → plan → apply → a plan that is refused → history.
# Everything happens in .demo/; run it as often as you like.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
rm -rf "$top/.demo"
mkdir "$top/.demo"
cd "$top/.demo"
cp -r "$top/desired_state" "$top/schema" "$top/ccstate.yaml" .
printf '.ccstate/\n' > .gitignore
git init -q
git config user.name "Sam Example"
git config user.email "sam@example.com"
git add -A
git commit -qm "The contact centre as it should be"
. "$top/demo/secrets.sh"

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' dim=$'\033[2m' plain=$'\033[0m'; fi

step() {
  printf '\n%s── %s%s\n' "$bold" "$1" "$plain"
  shift
  [ $# -eq 0 ] || { printf '%s$ %s%s\n\n' "$dim" "$*" "$plain"; "$@"; }
}

step "Is the desired state sound?" ccstate validate
step "Does it keep its promises to callers?" ccstate test
step "What does somebody meet who rings on Christmas Day and presses 1?" \
  ccstate simulate 1300975707 --at 2026-12-25T10:00 --keys 1
step "What would change on the empty platform?" ccstate plan
step "Do exactly that, read it back, confirm it" ccstate apply
step "And once more: nothing is left to do" ccstate plan

step "A stakeholder asks for a longer wrap-up at Sales, and for an earlier overflow"
sed -i.bak -e '0,/wrap_up: 20s/s//wrap_up: 30s/' -e 's/after: 4m/after: 3m/' desired_state/queues/sydney.yaml
rm desired_state/queues/sydney.yaml.bak
git diff --unified=0 --no-color | grep '^[-+] ' || true
git commit -qam "Sales: longer wrap-up, earlier overflow

Request: CHG-1042"
step "The plan that a reviewer sees" ccstate plan
step "Apply it" ccstate apply
step "Somebody takes Saturdays out of the hours of Sales"
sed -i.bak '/^      sat: /d' desired_state/schedules/sales.yaml
rm desired_state/schedules/sales.yaml.bak
git diff --unified=0 --no-color | grep '^[-+] ' || true
status=0
step "The plan says what callers would notice, and may not be applied" ccstate plan || status=$?
[ "$status" -eq 3 ] || { echo "demo: this plan should have been refused, and ended with $status" >&2; exit 1; }
git checkout -q desired_state

step "Who changed it, on whose word, and what became of it?" ccstate history queue/sales

printf '\n%sEvery change is confirmed.%s To go on from here:\n\n' "$bold" "$plain"
printf '    cd .demo && . ../demo/secrets.sh && export PATH="%s:$PATH"\n' "$(dirname "$(command -v ccstate)")"
printf '    $EDITOR desired_state/queues/sydney.yaml && ccstate plan\n'
