import { join } from "node:path";

import { expect, it } from "vitest";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";
import { isHost, isIdle } from "./idleHosts";

const ADDRESS = "127.0.0.1:41234 ";
const HOST = join(REPOSITORY_ROOT, "node_modules/@pulumi/pulumi/cmd/dynamic-provider/index.js");

it.each([
  { commandLine: `node ${HOST} ${ADDRESS}`, expected: true },
  { commandLine: `/usr/local/bin/node ${HOST} ${ADDRESS}`, expected: true },
  { commandLine: `/bin/sh /sdk/pulumi-resource-pulumi-nodejs ${ADDRESS}`, expected: false },
  {
    commandLine: "node -e console.log(require.resolve('@pulumi/pulumi/cmd/dynamic-provider')) ",
    expected: false,
  },
  { commandLine: "node /repository/dist/cli/main.js cleanup --yes ", expected: false },
  { commandLine: "pulumi destroy --yes ", expected: false },
])("a host is recognised by its command line: $commandLine", ({ commandLine, expected }) => {
  expect(isHost({ commandLine })).toBe(expected);
});

it.each([
  { name: "Pulumi's modules alone", modules: [HOST, "/sdk/grpc-js/index.js"], expected: true },
  {
    name: "this package",
    modules: [HOST, join(REPOSITORY_ROOT, "dist/dynamic/handler.js")],
    expected: false,
  },
  {
    name: "a part of this package",
    modules: [HOST, join(REPOSITORY_ROOT, "dist/util/clock.js")],
    expected: false,
  },
  {
    name: "no host yet",
    modules: [join(REPOSITORY_ROOT, "test/support/reportModules.cjs")],
    expected: false,
  },
])("a host that has loaded $name is idle: $expected", ({ modules, expected }) => {
  expect(isIdle(modules)).toBe(expected);
});
