import { stripVTControlCharacters } from "node:util";

const BREAKS_AND_TABS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
/** Invisible characters, and those that change how others are shown: controls, writing directions, lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu;

/** Makes a foreign text safe within a line: it cannot begin another line or control the terminal. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(BREAKS_AND_TABS, " ").replace(UNSEEN, "");
}

/** Escapes in JSON what a terminal would obey or not show: JSON.stringify leaves C1 controls and writing directions as they are. */
export function escapeUnseen(json: string): string {
  return json.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Co}\u2028\u2029]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
