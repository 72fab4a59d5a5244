import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { slackMessage } from '../../../lib/alerts/channels/slack-channel.ts';
import type { Alert } from '../../../lib/incidents/alert.ts';
import { anAlert } from '../../support/alerts.ts';

const message = z.object({ blocks: z.array(z.object({ text: z.object({ text: z.string() }) })) });

function factsOf(changes: Partial<Alert>): string[] {
  const { blocks } = message.parse(slackMessage(anAlert(changes)));
  return blocks.flatMap(({ text }) => text.text.split('\n'));
}

describe('what to do, in Slack', () => {
  it('holds commands that can be copied as they are', () => {
    expect(factsOf({ remedy: 'Run `cistern drain map d_1 shop`, then `heroku drains`' })).toContain(
      '*What to do:* Run `cistern drain map d_1 shop`, then `heroku drains`',
    );
  });

  it.each([
    ['a lone backtick', 'Run `this', 'Run `\u200bthis'],
    ['nothing between two', 'Run ``', 'Run '],
    ['markup beside a command', '*Run* `a*b`', '*\u200bRun*\u200b `a*b`'],
    ['a call of everybody', '`<!channel>` <!here>', '`&lt;!channel&gt;` &lt;!here&gt;'],
  ])('with %s formats nothing else', (_, remedy, shown) => {
    expect(factsOf({ remedy })).toContain(`*What to do:* ${shown}`);
  });
});
