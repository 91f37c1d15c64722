// Runs one operation of a program through the Automation API: JSON on stdin, JSON on stdout.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var programs = map[string]pulumi.RunFunc{"keys": keys, "questions": questions, "example": example}

type request struct {
	Stack, Project, WorkDir, Program, Operation string
	Config                                      auto.ConfigMap
}

type output struct {
	Value  any  `json:"value"`
	Secret bool `json:"secret"`
}

type response struct {
	Outputs map[string]output `json:"outputs"`
	Changes map[string]int    `json:"changes"`
	Printed string            `json:"printed"`
	Failure *string           `json:"failure"`
}

func main() {
	var asked request
	err := json.NewDecoder(os.Stdin).Decode(&asked)
	var answer *response
	if err == nil {
		answer, err = run(context.Background(), asked)
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answer)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, asked request) (*response, error) {
	stack, err := auto.UpsertStackInlineSource(ctx, asked.Stack, asked.Project, programs[asked.Program], auto.WorkDir(asked.WorkDir))
	if err != nil {
		return nil, err
	}
	if len(asked.Config) > 0 {
		err := stack.SetAllConfigWithOptions(ctx, asked.Config, &auto.ConfigOptions{Path: true})
		if err != nil {
			return nil, err
		}
	}
	answer := &response{Outputs: map[string]output{}, Changes: map[string]int{}}
	var printed bytes.Buffer
	heard := make(chan events.EngineEvent)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range heard {
			if event.SummaryEvent != nil {
				for operation, count := range event.SummaryEvent.ResourceChanges {
					answer.Changes[string(operation)] = count
				}
			}
		}
	}()
	outputs, err := operate(ctx, stack, asked.Operation, &printed, heard)
	if err != nil {
		text := err.Error()
		answer.Failure = &text
	}
	<-done
	for name, value := range outputs {
		answer.Outputs[name] = output{value.Value, value.Secret}
	}
	answer.Printed = printed.String()
	return answer, nil
}

func operate(
	ctx context.Context, stack auto.Stack, operation string, printed *bytes.Buffer, heard chan<- events.EngineEvent,
) (auto.OutputMap, error) {
	switch operation {
	case "up":
		result, err := stack.Up(ctx, optup.ProgressStreams(printed), optup.EventStreams(heard))
		return result.Outputs, err
	case "preview":
		_, err := stack.Preview(ctx, optpreview.ProgressStreams(printed), optpreview.EventStreams(heard))
		return nil, err
	case "refresh":
		_, err := stack.Refresh(ctx, optrefresh.ProgressStreams(printed), optrefresh.EventStreams(heard))
		return nil, err
	case "destroy":
		_, err := stack.Destroy(ctx, optdestroy.ProgressStreams(printed), optdestroy.EventStreams(heard))
		return nil, err
	}
	return nil, fmt.Errorf("no operation %q", operation)
}
