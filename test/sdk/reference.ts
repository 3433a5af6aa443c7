/** The reference of the client library, made from its declarations and the comments above them. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What programs import, and the file behind it. */
const ENTRIES = [
  ['@coffer/sdk', 'sdk/src/index.ts', 'Everything but what touches a platform.'],
  ['@coffer/sdk/node', 'sdk/src/adapters/node/index.ts', 'Ports for Node.js.'],
  [
    '@coffer/sdk/testing',
    'sdk/src/testing/index.ts',
    'Ports in memory, and what every port passes.',
  ],
] as const;

interface Declared {
  readonly name: string;
  readonly source: ts.SourceFile;
  readonly node: ts.Statement;
}

export interface Reference {
  /** The page as Markdown. */
  readonly text: string;
  /** Exported names without a comment. */
  readonly undocumented: readonly string[];
}

export function sdkReference(): Reference {
  const undocumented: string[] = [];
  const sections = ENTRIES.map(([door, path, what]) => {
    const declared = [...exportsOf(join(ROOT, path)).values()];
    for (const one of declared) if (docOf(one) === '') undocumented.push(`${door} ${one.name}`);
    const sorted = declared.toSorted(
      (a, b) => orderOf(a) - orderOf(b) || (a.name < b.name ? -1 : 1),
    );
    return [`## \`${door}\``, '', what, '', ...sorted.map(entryOf)].join('\n');
  });
  const head = [
    '# Reference of the client library',
    '',
    'Made from the declarations and their comments; a test holds the two together',
    '(`COFFER_WRITE_DOCS=1 node --test test/sdk/reference.test.ts` writes it anew). How it is used: [sdk.md](sdk.md).',
    'Names that are not explained here come from `@coffer/protocol`. Sizes are bytes and times Unix milliseconds unless a name says otherwise.',
    '',
  ];
  return { text: `${head.join('\n')}\n${sections.join('\n')}`, undocumented };
}

function exportsOf(path: string): Map<string, Declared> {
  const source = ts.createSourceFile(
    path,
    readFileSync(path, 'utf8'),
    ts.ScriptTarget.ESNext,
    true,
  );
  const found = new Map<string, Declared>();
  for (const node of source.statements) {
    if (ts.isExportDeclaration(node)) addExported(found, path, node);
    else if (isExported(node))
      for (const name of namesOf(node)) found.set(name, { name, source, node });
  }
  return found;
}

function addExported(found: Map<string, Declared>, path: string, node: ts.ExportDeclaration): void {
  const from = node.moduleSpecifier;
  // What is only passed on from the protocol is explained there.
  if (from === undefined || !ts.isStringLiteral(from) || !from.text.startsWith('.')) return;
  const inner = exportsOf(join(dirname(path), from.text));
  const names =
    node.exportClause !== undefined && ts.isNamedExports(node.exportClause)
      ? node.exportClause.elements.map(({ name }) => name.text)
      : [...inner.keys()];
  for (const name of names) {
    const declared = inner.get(name);
    if (declared !== undefined) found.set(name, declared);
  }
}

function isExported(node: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
  return modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}

function namesOf(node: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations.map(({ name }) => name.getText());
  }
  const isNamed =
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node);
  return isNamed && node.name !== undefined ? [node.name.text] : [];
}

/** Functions, classes, values, then types. */
function orderOf({ node }: Declared): number {
  if (ts.isFunctionDeclaration(node)) return 0;
  if (ts.isClassDeclaration(node)) return 1;
  return ts.isVariableStatement(node) ? 2 : 3;
}

function entryOf(declared: Declared): string {
  const { name } = declared;
  return [`### ${name}`, '', docOf(declared), '', '```ts', codeOf(declared), '```', ''].join('\n');
}

/** The comment as running text. */
function docOf({ node, source }: Declared): string {
  const ranges = ts.getLeadingCommentRanges(source.text, node.getFullStart()) ?? [];
  const last = ranges.map(({ pos, end }) => source.text.slice(pos, end)).at(-1);
  if (last?.startsWith('/**') !== true) return '';
  const lines = last.slice(3, -2).split('\n');
  return lines
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .join('\n')
    .trim();
}

/** The declaration without bodies and without what is private. */
function codeOf({ node, source }: Declared): string {
  const text = (from: number, to: number): string => source.text.slice(from, to).trim();
  const start = node.getStart();
  const whole = (to: number): string => text(start, to).replace(/^export /, '');
  if (ts.isFunctionDeclaration(node)) return `${whole(node.body?.getStart() ?? node.end)};`;
  if (ts.isVariableStatement(node)) return whole(node.end).replace(/ = [\s\S]*$/, ';');
  if (!ts.isClassDeclaration(node)) return whole(node.end);
  const members = node.members.filter(isPublic).map((member) => {
    const doc = ts.getLeadingCommentRanges(source.text, member.getFullStart()) ?? [];
    const from = doc[0]?.pos ?? member.getStart();
    return `  ${text(from, signatureEnd(member))};`;
  });
  return `${whole(node.members.pos)}\n${members.join('\n')}\n}`;
}

function isPublic(member: ts.ClassElement): boolean {
  if (ts.isConstructorDeclaration(member)) return false;
  return member.name !== undefined && !ts.isPrivateIdentifier(member.name);
}

/** Where what the member promises ends, and how it keeps it begins. */
function signatureEnd(member: ts.ClassElement): number {
  if (ts.isMethodDeclaration(member) || ts.isGetAccessorDeclaration(member)) {
    return member.body?.getStart() ?? member.end;
  }
  if (!ts.isPropertyDeclaration(member)) return member.end;
  const { initializer, type, name } = member;
  if (initializer !== undefined && ts.isArrowFunction(initializer)) {
    return initializer.equalsGreaterThanToken.getStart();
  }
  return type?.end ?? name.end;
}
