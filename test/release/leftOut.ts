import type { Plugin } from "esbuild";

/**
 * What the bundle leaves out: modules that are loaded by others, but that the plugin never calls. Each is replaced by one
 * whose functions throw, so that a call is an error with the module's name rather than a wrong result.
 */
const LEFT_OUT: readonly RegExp[] = [
  // Serializes functions for dynamic providers; the plugin has none. Loads TypeScript and Arborist, 11 MB.
  /\/@pulumi\/pulumi\/runtime\/closure\//,
  // Reads the types of a component's program to make a schema; the plugin has a written one. Loads TypeScript.
  /\/@pulumi\/pulumi\/typescript-shim\.js$/,
  // Starts the CLI; the engine starts the plugin. Loads execa, js-yaml and others.
  /\/@pulumi\/pulumi\/automation\//,
  // Maps stack traces in the SDK's own server of components, which the plugin does not start.
  /\/source-map-support\//,
  // Reads .proto files for gRPC's diagnostic services, which the plugin does not serve. Loads protobufjs.
  /\/@grpc\/proto-loader\//,
  // Zod's messages in other languages: its configuration names English.
  /\/zod\/v4\/locales\/(?!index\.cjs$|en\.cjs$)/,
];

/** Replaces what the plugin never calls. */
export const leaveOut: Plugin = {
  name: "leave-out",
  setup(build) {
    build.onLoad({ filter: /\.c?js$/ }, ({ path }) => {
      const file = path.replaceAll("\\", "/");
      if (!isLeftOut(file)) return undefined;
      return { contents: replacementFor(file.slice(file.lastIndexOf("/node_modules/") + 14)) };
    });
  },
};

/** @param file with slashes. */
export function isLeftOut(file: string): boolean {
  return LEFT_OUT.some((pattern) => pattern.test(file));
}

/** Modules that re-export its functions read them as they load. */
function replacementFor(module: string): string {
  return `
    const absent = (name) => () => {
      throw new Error(\`The plugin was built without ${module}, which has \${String(name)}.\`);
    };
    module.exports = new Proxy({}, { get: (_, name) => name === "__esModule" || absent(name) });`;
}
