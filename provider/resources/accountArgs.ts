// Generated from provider/config.ts by `npm run docs`. Do not edit.

import type * as pulumi from "@pulumi/pulumi";

/** The settings of one account; one that is left out comes from the environment, never from the stack's configuration. */
export interface AccountArgs {
  /**
   * The account's master API key, a secret. Set it with `--secret` in the stack's configuration.
   *
   * Unit: `ek-…`.
   *
   * Required.
   */
  apiKey: pulumi.Input<string>;
  /**
   * The address of the API: `https`, or `http` on this machine only.
   *
   * Unit: a URL.
   *
   * @default `https://api.electronhub.ai/v1`
   */
  baseUrl?: pulumi.Input<string | undefined>;
  /**
   * A rate limit to keep even if the account allows more.
   *
   * Unit: requests per time, such as `10/60s`.
   *
   * @default the limit that the API's responses name
   */
  rateLimit?: pulumi.Input<string | undefined>;
  /**
   * A Redis or Valkey server through which several machines share the account's rate limit. A secret if
   * it has a password.
   *
   * Unit: `redis://USER:PASSWORD@HOST:PORT`, or `rediss://…` for TLS.
   *
   * @default none: the processes of each machine share it
   */
  sharedWindow?: pulumi.Input<string | undefined>;
  /**
   * How long one operation on one key may wait in all, for retries and for the rate limit.
   *
   * Unit: a duration such as `90s`, `15m` or `1h`.
   *
   * @default `1h`
   */
  maxWait?: pulumi.Input<string | undefined>;
  /**
   * A file that gets one line of JSON for every change.
   *
   * Unit: a path, relative to the program's folder.
   *
   * @default none
   */
  auditLog?: pulumi.Input<string | undefined>;
  /**
   * The `User-Agent` header of every request.
   *
   * Unit: at most 256 printable ASCII characters.
   *
   * @default the package's name and version
   */
  userAgent?: pulumi.Input<string | undefined>;
}
