"""Runs one operation of a program through the Automation API: JSON on stdin, JSON on stdout."""

import json
import sys

import program
from pulumi import automation


def main(request):
    stack = automation.create_or_select_stack(
        stack_name=request["stack"],
        project_name=request["project"],
        program=getattr(program, request["program"]),
        opts=automation.LocalWorkspaceOptions(work_dir=request["workDir"]),
    )
    config = {name: automation.ConfigValue(**entry) for name, entry in request["config"].items()}
    if config:
        stack.set_all_config(config, path=True)

    printed = []
    changes = {}

    def hear(event):
        if event.summary_event is not None:
            changes.update(event.summary_event.resource_changes)

    outputs = {}
    failure = None
    try:
        result = getattr(stack, request["operation"])(on_output=printed.append, on_error=printed.append, on_event=hear)
        for name, output in getattr(result, "outputs", {}).items():
            outputs[name] = {"value": output.value, "secret": output.secret}
    except automation.CommandError as error:
        failure = str(error)
    return {"outputs": outputs, "changes": changes, "printed": "\n".join(printed), "failure": failure}


json.dump(main(json.load(sys.stdin)), sys.stdout)
