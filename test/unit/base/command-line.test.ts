import { expect, it } from 'vitest';
import { readyToPaste } from '../../../lib/base/command-line.ts';

it('makes every command of ours one that can be pasted, and leaves those of others', () => {
  const text = 'Run `cistern smoke shop`, then `heroku drains --app shop`, or `cistern drain list`';

  expect(readyToPaste(text, '--stage prod')).toBe(
    'Run `npm run -s cistern -- smoke shop --stage prod`, then `heroku drains --app shop`, or `npm run -s cistern -- drain list --stage prod`',
  );
});

it('leaves the server, and commands that name their target already', () => {
  const text = 'Start `cistern serve`, then `npm run -s cistern -- drain list --data d`';

  expect(readyToPaste(text, '--data d')).toBe(text);
});
