import { stripVTControlCharacters } from "node:util";

const BREAKS_AND_TABS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
/** Invisible characters, and those that change how others are shown: controls, writing directions, lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu;

/** Makes a foreign text safe within a line: it cannot begin another line or control the terminal. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(BREAKS_AND_TABS, " ").replace(UNSEEN, "");
}
