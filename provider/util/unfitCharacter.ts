/** Characters that an API may drop or rewrite, and that can manipulate a terminal's output. */
export const UNFIT_CHARACTER = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
