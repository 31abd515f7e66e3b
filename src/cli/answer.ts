/** What the commands that ask for a change print of the agent's answer. */

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];

/**
 * The answer's body as lines: `error`, `findings` and `refused` as they are, any other list of names behind its key (`changed: VI_1`).
 * Empty when there is nothing to say. Which stream it goes to is told by the exit code.
 */
export function answerText(body: unknown): string {
  if (typeof body !== "object" || body === null) return "";
  const lines = Object.entries(body).flatMap(([key, value]: [string, unknown]) => {
    if (key === "error") return [String(value)];
    const list = texts(value);
    if (key === "findings" || key === "refused" || list.length === 0) return list;
    return [`${key.replaceAll("_", " ")}: ${list.join(", ")}`];
  });
  return lines.map((line) => `${line}\n`).join("");
}

/** The routers that a takeover made master, as its answer names them. */
export function takenRouters(body: unknown): string[] {
  return typeof body === "object" && body !== null && "takeover" in body ? texts(body.takeover) : [];
}

/** How many milliseconds an agent that stops may wait for its hooks, by its answer. */
export function releaseTime(body: unknown): number {
  const within = typeof body === "object" && body !== null && "within_ms" in body ? body.within_ms : 0;
  return typeof within === "number" ? within : 0;
}

/** As {@link answerText}; a reload that changed nothing says so. */
export function reloadText(body: unknown): string {
  const text = answerText(body);
  return text === "" ? "nothing changed\n" : text;
}
