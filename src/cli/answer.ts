/** What `reload` and `stop` print of the agent's answer. */

/** Lines for the terminal; which stream they go to is told by the exit code. */
export function answerText(body: unknown): string {
  return linesOf(body)
    .map((line) => `${line}\n`)
    .join("");
}

/** A reply's body is text, a list of texts, or an object with `error` and such lists: whatever is text is shown, in its order. */
function linesOf(body: unknown): string[] {
  if (typeof body === "string") return [body];
  if (Array.isArray(body)) return body.flatMap(linesOf);
  if (typeof body !== "object" || body === null) return [];
  return Object.values(body).flatMap(linesOf);
}
