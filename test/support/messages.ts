import { frameMessages } from '../../lib/logplex/frames.ts';

/** RFC 3339 with microseconds and an offset, as Heroku writes it. */
export function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000+00:00');
}

export function message(text: string, epochMs: number = Date.now(), process = 'web.1'): Buffer {
  return Buffer.from(`<190>1 ${timestamp(epochMs)} host app ${process} - ${text}\n`);
}

/** Heroku's own: without a newline at its end, as L10 lines come. */
export function lossNotice(text: string, epochMs: number = Date.now()): Buffer {
  return Buffer.from(`<172>1 ${timestamp(epochMs)} host heroku logplex - ${text}`);
}

export function overflow(count: number, epochMs: number = Date.now()): Buffer {
  const since = timestamp(epochMs - 1000);
  return lossNotice(`Error L10 (output buffer overflow): ${count} messages dropped since ${since}.`, epochMs);
}

export function batch(...messages: readonly Buffer[]): Buffer {
  return frameMessages(messages);
}
