/** Puts a text on the clipboard; what became of it is to be said, for who cannot see it happen. */
export async function copyText(text: string): Promise<'copied' | 'not-copied'> {
  try {
    await navigator.clipboard.writeText(text);
    return 'copied';
  } catch {
    return 'not-copied';
  }
}
