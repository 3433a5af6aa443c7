/** What a file's name says about it: enough for its icon. */
export type FileKind =
  | 'folder'
  | 'image'
  | 'video'
  | 'audio'
  | 'document'
  | 'pdf'
  | 'sheet'
  | 'archive'
  | 'code'
  | 'other';

const EXTENSIONS: Readonly<Record<Exclude<FileKind, 'folder' | 'other'>, string>> = {
  image: 'jpg jpeg png gif webp avif heic heif tif tiff bmp svg raw dng cr2 nef arw',
  video: 'mp4 m4v mov mkv webm avi wmv mpg mpeg',
  audio: 'mp3 m4a aac flac wav ogg opus aif aiff',
  document: 'odt doc docx rtf txt md tex pages epub',
  pdf: 'pdf ps',
  sheet: 'ods xls xlsx csv tsv numbers',
  archive: 'zip gz tgz bz2 xz zst 7z rar tar iso dmg',
  code: 'ts js mjs py rs go c h cpp java sh html css json yml yaml toml xml ipynb',
};

const KIND_BY_EXTENSION = new Map(
  Object.entries(EXTENSIONS).flatMap(([kind, list]) =>
    list.split(' ').map((extension) => [extension, kind as FileKind] as const),
  ),
);

export function fileKind(name: string): FileKind {
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  return KIND_BY_EXTENSION.get(extension) ?? 'other';
}
