/**
 * What every file of lib, functions, infra and cli imports, and which of that the layout forbids
 * (docs/architecture.md, "Layout"). Pure over the texts of the files.
 */
import { posix } from 'node:path';

/** An import: of a file of the repository by its path, or of a package by its name. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

interface Rule {
  /** The importing files. */
  readonly files: RegExp;
  /** What they may not import. */
  readonly forbidden: RegExp;
  readonly because: string;
}

const sdk = /^(@aws-sdk|@smithy|@aws-lambda-powertools)\/|^(aws-lambda|pg)$/;
const deployment = /^(aws-cdk-lib|constructs|cdk-nag|esbuild)(\/|$)|^esbuild\.config\.ts$/;
const terminal = /^(commander|@clack\/.*)$/;
const adapters = /^lib\/.*\/(aws|sqs|journal|directory)\//;

const rules: readonly Rule[] = [
  {
    files: /^lib\//,
    forbidden: /^(functions|infra|cli|test)\//,
    because: 'functions, infra and cli import lib, never the other way',
  },
  { files: /^lib\//, forbidden: deployment, because: 'lib knows nothing of how it is deployed' },
  { files: /^lib\//, forbidden: terminal, because: 'lib knows nothing of the command line' },
  {
    files: /^lib\/(?!.*\/(aws|sqs)\/)/,
    forbidden: sdk,
    because: 'only adapters (folders aws and sqs), functions and cli import an SDK',
  },
  {
    files: /^lib\/(?!.*\/(aws|sqs|journal|directory)\/)/,
    forbidden: adapters,
    because: 'an adapter imports the port beside its folder, never the other way',
  },
  {
    files: /^lib\/.*\/(journal|directory)\//,
    forbidden: /^lib\/.*\/(aws|sqs)\//,
    because: 'an adapter of the disk knows no adapter of AWS',
  },
  {
    files: /^lib\/logplex\//,
    forbidden: /^lib\/(?!(base|logplex)\/)|^node:(fs|http|https|net|child_process|process)(\/|$)/,
    because: 'the wire protocol is pure: bytes in, facts out',
  },
  {
    files: /^functions\//,
    forbidden: /^(infra|cli|test)\//,
    because: 'functions import lib only',
  },
  {
    files: /^functions\//,
    forbidden: deployment,
    because: 'functions know nothing of how they are deployed',
  },
  { files: /^functions\//, forbidden: terminal, because: 'functions know nothing of the command line' },
  { files: /^functions\//, forbidden: /^zod$/, because: 'zod/mini: all of zod would double the start' },
  {
    files: /^infra\//,
    forbidden: /^(functions|cli|test)\//,
    because: 'infra knows functions only by their bundles',
  },
  { files: /^infra\//, forbidden: sdk, because: 'infra describes and calls no service' },
  { files: /^infra\//, forbidden: adapters, because: 'infra describes and calls no service' },
  { files: /^infra\//, forbidden: terminal, because: 'infra is no command line' },
  { files: /^cli\//, forbidden: /^(functions|infra|test)\//, because: 'cli imports lib only' },
  { files: /^cli\//, forbidden: deployment, because: 'the command line builds and deploys nothing' },
];

/** The imports in the text of a file, types and `import()` included. */
export function importsOf(from: string, text: string): Import[] {
  const statements = text.matchAll(
    /^(?:import|export)(?:\b[^'";=]*? from)? '([^']+)'|\bimport\('([^']+)'\)/gm,
  );
  return [...statements].map(([, fixed, dynamic]) => {
    const name = fixed ?? dynamic ?? '';
    return { from, to: name.startsWith('.') ? posix.join(posix.dirname(from), name) : name };
  });
}

/** One line for each import that a rule forbids, for each loose file in lib, and for each circle of rooms. */
export function problemsOf(imports: readonly Import[]): string[] {
  const forbidden = imports.flatMap(({ from, to }) =>
    rules
      .filter((rule) => rule.files.test(from) && rule.forbidden.test(to))
      .map(({ because }) => `${from} imports ${to}: ${because}`),
  );
  return [...forbidden, ...twoServices(imports), ...looseFiles(imports), ...circles(imports)];
}

function twoServices(imports: readonly Import[]): string[] {
  const clients = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    if (!from.startsWith('lib/') || !to.startsWith('@aws-sdk/client-')) continue;
    clients.set(from, (clients.get(from) ?? new Set()).add(to));
  }
  return [...clients]
    .filter(([, names]) => names.size > 1)
    .map(([file, names]) => `${file} imports ${[...names].join(' and ')}: an adapter speaks to one service`);
}

function looseFiles(imports: readonly Import[]): string[] {
  const files = new Set(imports.flatMap(({ from, to }) => [from, to]));
  return [...files]
    .filter((file) => /^lib\/[^/]+\.ts$/.test(file))
    .map((file) => `${file}: lib holds folders only; a file stands in the folder of its job`);
}

/**
 * Circles at every level of folders. In each folder the nodes are its files and the folders in it; an import
 * is an arrow in the innermost folder that holds both of its ends.
 */
function circles(imports: readonly Import[]): string[] {
  const folders = new Map<string, Map<string, Map<string, Import>>>();
  for (const each of imports) {
    const from = each.from.split('/');
    const to = each.to.split('/');
    if (!each.to.endsWith('.ts')) continue;
    const shared = from.findIndex((part, index) => part !== to[index]);
    const [tail, head] = [from[shared], to[shared]];
    if (tail === undefined || head === undefined) continue;
    const folder = from.slice(0, shared).join('/') || '.';
    const arrows = folders.get(folder) ?? new Map<string, Map<string, Import>>();
    folders.set(folder, arrows.set(tail, (arrows.get(tail) ?? new Map()).set(head, each)));
  }
  return [...folders].flatMap(([folder, arrows]) => {
    const circle = findCircle(arrows);
    if (circle === undefined) return [];
    const examples = circle.map(({ from, to }) => `${from} imports ${to}`);
    return [`a circle in ${folder}: ${examples.join('; ')}`];
  });
}

/** A shortest way from any node back to itself; undefined where there is none. */
function findCircle(arrows: ReadonlyMap<string, ReadonlyMap<string, Import>>): Import[] | undefined {
  let shortest: Import[] | undefined;
  for (const start of arrows.keys()) {
    const ways = new Map<string, Import[]>([[start, []]]);
    for (const [node, way] of ways) {
      for (const [next, by] of arrows.get(node) ?? []) {
        const longer = [...way, by];
        if (next === start && (shortest === undefined || longer.length < shortest.length)) shortest = longer;
        if (!ways.has(next)) ways.set(next, longer);
      }
    }
  }
  return shortest;
}
