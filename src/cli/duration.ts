/** Spans of time as an operator reads them: two units at most, no false precision. */

/** Milliseconds to `12ms`, `0.4s`, `3.6s`, `42s`, `3m12s`, `5h03m`, `12d4h`. */
export function duration(milliseconds: number): string {
  const value = Math.max(0, milliseconds);
  if (value < 100) return `${Math.round(value)}ms`;
  if (value < 9_950) return `${(value / 1000).toFixed(1).replace(".0", "")}s`;
  const seconds = Math.round(value / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  const pad = (number: number): string => String(number).padStart(2, "0");
  if (minutes < 60) return `${minutes}m${pad(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours}h${pad(minutes % 60)}m` : `${Math.floor(hours / 24)}d${hours % 24}h`;
}
