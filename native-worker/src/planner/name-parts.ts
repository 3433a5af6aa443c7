/** The extension is kept by names made from other names, so that programs still open the file. */
const EXTENSION_LENGTH_MAX = 16;

/** Stem and extension with its dot. A leading dot starts no extension; folders have none. */
export function nameParts(
  name: string,
  isFolder: boolean,
): { readonly stem: string; readonly extension: string } {
  const dot = isFolder ? -1 : name.lastIndexOf('.');
  const isExtension = dot > 0 && name.length - dot <= EXTENSION_LENGTH_MAX;
  return isExtension
    ? { stem: name.slice(0, dot), extension: name.slice(dot) }
    : { stem: name, extension: '' };
}
