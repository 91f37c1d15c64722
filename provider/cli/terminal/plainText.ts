import { stripVTControlCharacters } from "node:util";

const BREAKS_AND_TABS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
/** Characters that are not seen, or that change how others are: controls, directions of writing, halves of characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu;

/** A text from outside as a part of a line: it neither begins another line nor steers a terminal. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(BREAKS_AND_TABS, " ").replace(UNSEEN, "");
}
