import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../support/documents.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** The real shells complete, each as far as it can be asked to without a terminal. */

const home = temporaryDirectory();
mkdirSync(join(home, 'bin'));
symlinkSync(join(repository, 'bin', 'cistern'), join(home, 'bin', 'cistern'));
mkdirSync(join(home, 'data', 'archive', 'logs', 'shop'), { recursive: true });
mkdirSync(join(home, 'data', 'archive', 'logs', 'shop-staging'));
writeFileSync(join(home, 'app.log'), '');

function shell(name: string, script: string): string {
  const env = {
    PATH: `${join(home, 'bin')}:${process.env['PATH']}`,
    HOME: home,
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
  };
  const { stdout, stderr } = spawnSync(name, ['-c', script], { cwd: home, env, encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout;
}

const isMissing = (name: string): boolean => spawnSync(name, ['-c', 'true']).error !== undefined;

interface Shell {
  readonly name: string;
  /** A script that prints how the last of the words can go on. */
  readonly complete: (...words: readonly string[]) => string;
}

const shells: readonly Shell[] = [
  {
    name: 'bash',
    complete: (...words) => `source <(cistern completion bash)
complete -p cistern >/dev/null
COMP_WORDS=(cistern ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_cistern; printf '%s\\n' "\${COMPREPLY[@]}"`,
  },
  {
    name: 'zsh',
    // Stands in for the line editor's own functions, which need a terminal.
    complete: (...words) => `compdef() { :; }
_describe() { local each; for each in "\${(@P)2}"; do print -r -- "\${each%%:*}"; done; }
_files() { print -r -- files; }
source <(cistern completion zsh)
words=(cistern ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=$#words; _cistern`,
  },
  {
    name: 'fish',
    complete: (...words) => `cistern completion fish | source
complete --do-complete 'cistern ${words.join(' ')}' | string split --fields 1 \\t`,
  },
];

for (const { name, complete } of shells) {
  test.skipIf(isMissing(name))(`${name} completes commands, flags, apps (where ${name} is there)`, () => {
    expect(shell(name, complete('c')).split('\n')).toEqual(
      expect.arrayContaining(['cat', 'cost', 'completion']),
    );
    expect(shell(name, complete('drain', 'ro'))).toBe('rotate\n');
    expect(shell(name, complete('cat', '--si'))).toBe('--since\n');
    expect(shell(name, complete('cat', 'sho'))).toBe('shop\nshop-staging\n');
    expect(shell(name, complete('cat', '--since', '1h', ''))).toBe('shop\nshop-staging\n');
    // bash itself does this, behind the function that is called here.
    const files = name === 'bash' ? '\n' : name === 'zsh' ? 'files\n' : 'app.log\n';
    expect(shell(name, complete('send', 'http://127.0.0.1/', 'app'))).toBe(files);
  });
}
