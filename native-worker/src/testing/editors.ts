/** How editors save a file, step by step: between any two steps the engine may look. */
import type { DiskUser } from './disk-user.ts';

/** One way to save: what is done to the file at `path`, in a folder with a path of its own. */
export interface Editor {
  readonly name: string;
  readonly steps: (
    user: DiskUser,
    path: string,
    content: string,
    /** Something that no other save used. */
    unique: string,
  ) => readonly (() => void)[];
}

function sibling(path: string, name: string): string {
  return `${path.slice(0, path.lastIndexOf('/'))}/${name}`;
}

export const EDITORS: readonly Editor[] = [
  {
    name: 'in place (nano)',
    steps: (user, path, content) => [() => user.write(path, content)],
  },
  {
    name: 'S1 vim: 4913, rename to f~, create f, remove f~',
    steps: (user, path, content) => [
      () => user.write(sibling(path, '4913'), ''),
      () => user.remove(sibling(path, '4913')),
      () => user.rename(path, `${path}~`),
      () => user.write(path, content),
      () => user.remove(`${path}~`),
    ],
  },
  {
    name: 'S2 gedit: write .goutputstream, keep f~, rename over f',
    steps: (user, path, content, unique) => {
      const temporary = sibling(path, `.goutputstream-${unique}`);
      return [
        () => user.write(temporary, content),
        () => {
          user.remove(`${path}~`);
          user.link(path, `${path}~`);
        },
        () => user.rename(temporary, path),
      ];
    },
  },
  {
    name: 'S3 macOS safe save: f to f.sb-…, create f, remove the old',
    steps: (user, path, content, unique) => {
      const aside = `${path}.sb-${unique.padStart(8, '0').slice(-8)}-AbCdEf`;
      return [
        () => user.rename(path, aside),
        () => user.write(path, content),
        () => user.remove(aside),
      ];
    },
  },
  {
    name: 'S4 Office: lock, write a temporary, f away to another, temporary to f, remove',
    steps: (user, path, content, unique) => {
      const lock = sibling(path, '~$lock.docx');
      const fresh = sibling(path, `${unique}A.tmp`);
      const old = sibling(path, `${unique}B.tmp`);
      return [
        () => user.write(lock, 'who'),
        () => user.write(fresh, content),
        () => user.rename(path, old),
        () => user.rename(fresh, path),
        () => user.remove(old),
        () => user.remove(lock),
      ];
    },
  },
  {
    name: 'S5 AutoCAD: f to f.bak, create f, keep f.bak',
    steps: (user, path, content) => [
      () => user.remove(`${path}.bak`),
      () => user.rename(path, `${path}.bak`),
      () => user.write(path, content),
    ],
  },
  {
    name: 'atomic write: write beside, rename over f',
    steps: (user, path, content, unique) => [
      () => user.write(sibling(path, `.${unique}.new`), content),
      () => user.rename(sibling(path, `.${unique}.new`), path),
    ],
  },
];
