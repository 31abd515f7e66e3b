/** Why the system refused, in words for the log. */

/** `ENOENT: no such file or directory`, without the call and the path that Node appends. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/, \w+( '.*')?$/s, "");
