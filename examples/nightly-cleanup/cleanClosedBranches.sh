#!/bin/sh
# Removes the stacks of branches that are gone: their proxy keys, what crashed jobs have left, and the stacks themselves.
#
#   cleanClosedBranches.sh [OPTION…]     in a clone of the repository, in the folder of the Pulumi.yaml, after `npm ci`
#
# A stack is called `branch-` and its branch's name, in lower case, with one hyphen for every run of anything but a to z
# and digits. Whatever makes the stacks has to name them just so: see slug below.
# Options are passed on to `pulumi-electronhub cleanup`: without --yes it only shows what it would do. A stack that a
# killed job left locked is skipped, unless --break-locks-older-than says which locks are a dead run's.
# Exit codes are that command's: 0 done, 1 failed in part, 2 usage, 3 refused; or another one when the branches or stacks
# cannot be listed.
set -eu

# Assigned on its own, so that a failure ends the script: without the list every branch would look gone.
refs=$(git ls-remote --heads origin)
if [ -z "$refs" ]; then
  echo "The remote has no branch at all, which cannot be true: nothing was done." >&2
  exit 1
fi

slug() {
  printf '%s' "$1" | tr 'A-Z' 'a-z' | tr -cs 'a-z0-9' '-'
}

# An exception that fits no stack would be refused, as a misspelt one. A stack that is made from now on is too young.
# The command reads no PULUMI_OPTION_…: a stack that one of these hides from this list would not be excepted.
unset PULUMI_OPTION_ORGANIZATION PULUMI_OPTION_PROJECT PULUMI_OPTION_TAG
stacks=$(pulumi stack ls --json)
# A branch may be called `refs/heads/new-bot`, so only the first `refs/heads/` is cut off.
for branch in $(printf '%s\n' "$refs" | sed 's|^[^/]*/heads/||'); do
  stack="branch-$(slug "$branch")"
  case $stacks in
    *[\"/]"$stack"\"*) set -- "$@" --except "$stack" ;;
  esac
done

exec npx --no-install pulumi-electronhub cleanup --stack 'branch-*' --older-than 1d --remove-stack "$@"
