/** Bytes as people write them: hexadecimal, spaces where they help. */
export const hex = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
