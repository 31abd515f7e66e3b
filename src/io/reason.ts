/** Why the system refused: the name of the error, and words for the log. */

/** `ENOENT: no such file or directory`, without the call and the path that Node appends. */
export const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/, \w+( '.*')?$/s, "");

/** The name of an error that Bun or Node throws: `ENOENT`; `EIO` of one that has none. */
export function codeOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return "EIO";
}
