#!/bin/sh
# Removes keys that no stack has, that start with a prefix, and that do not work any more: disabled ones that were not used
# for two days, and expired ones, which occupy a slot and credits of the account until they are removed.
#
#   removeStoppedKeys.sh PREFIX [OPTION…]     in the folder of the Pulumi.yaml, after `npm ci`
#
# Options are passed on to `pulumi-electronhub orphans`: without --yes it only shows what it would remove.
# Exit codes are that command's, of the last step that failed: 0 done, 1 failed in part, 2 usage, 3 refused.
set -u

if [ $# -eq 0 ] || [ -z "$1" ] || [ "${1#-}" != "$1" ]; then
  echo "usage: removeStoppedKeys.sh PREFIX [OPTION…]" >&2
  exit 2
fi
prefix=$1
shift

orphans() {
  npx --no-install pulumi-electronhub orphans --name-prefix "$prefix" --remove "$@"
}

code=0
orphans --disabled --unused-for 48h "$@" || code=$?
orphans --expired "$@" || code=$?
exit "$code"
