import { styleText } from "node:util";

/** A terminal or a pipe. */
export interface Stream extends NodeJS.WritableStream {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

/** What a colour adds to a text that says the same without it. */
export type Tone = "ok" | "warning" | "error" | "heading";

const FORMATS = { ok: "green", warning: "yellow", error: "red", heading: "bold" } as const;

/** Colours a text if the stream shows colours: on a terminal, unless NO_COLOR or TERM=dumb is set, or with FORCE_COLOR. */
export function styled(text: string, tone: Tone, stream: Stream): string {
  return text === "" ? text : styleText(FORMATS[tone], text, { stream });
}
