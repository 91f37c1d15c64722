#!/bin/sh
# Removes a throw-away stack: first its proxy keys, then the stack itself. Safe to run again, at any point.
#
#   cleanup.sh STACK      in the folder of the stack's Pulumi.yaml, where `npm ci` has run
#
# Exit codes:
#   0      everything is gone, or there was no such stack
#   64     no stack was named
#   other  that of the pulumi command that failed. The stack and what is left of it stay: no key is lost track of.
#          Do what the message says and run this again.
set -eu

if [ $# -ne 1 ] || [ -z "$1" ] || [ "${1#-}" != "$1" ]; then
  echo "usage: cleanup.sh STACK" >&2
  exit 64
fi
stack=$1

# Only Pulumi's own word that there is no such stack counts; an unreachable backend is a failure.
code=0
said=$(pulumi stack export --non-interactive --stack "$stack" 2>&1 >/dev/null) || code=$?
if [ "$code" -ne 0 ]; then
  case $said in
    *"no stack named"*)
      echo "There is no stack $stack: nothing to clean up."
      exit 0
      ;;
  esac
  printf '%s\n' "$said" >&2
  exit "$code"
fi

# One key that is refused does not keep the others alive.
pulumi destroy --yes --skip-preview --non-interactive --continue-on-error --stack "$stack" || {
  code=$?
  echo "The stack $stack stays, with what could not be removed: see above, then run this again." >&2
  exit "$code"
}

# Never --force: should anything be left, the stack must not be forgotten.
pulumi stack rm --yes --non-interactive "$stack"
