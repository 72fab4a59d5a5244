import { Command } from 'commander';
import { storedConfig } from '../../lib/config/stored-config.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { redactCredentials } from '../../lib/drains/drain-url.ts';
import { findTracer, foundWithinMs } from '../../lib/watch/checks/canary/find-tracer.ts';
import { explainPosted, postTracer } from '../../lib/watch/checks/canary/post-tracer.ts';
import { makeTracer, type Tracer } from '../../lib/watch/checks/canary/tracer.ts';
import { tracerUrl } from '../../lib/watch/checks/canary/tracer-url.ts';
import { appArgument, wholeNumber } from '../shared/arguments.ts';
import { CliError, exitCodes } from '../shared/errors.ts';
import { print, printJson } from '../shared/output.ts';
import { addArchiveOptions, openTarget, type Target, type TargetOptions } from '../shared/target.ts';

interface Options extends TargetOptions {
  readonly within: number;
  readonly json?: true;
}

export function smokeCommand(): Command {
  const command = new Command('smoke')
    .argument('<app>', 'Heroku app', appArgument)
    .option(
      '--within <seconds>',
      'how long to look for it in the archive, besides the time for which batches are gathered',
      wholeNumber('--within', 1, 3600),
      foundWithinMs / 1000,
    )
    .option('--json', 'print the steps as JSON');
  return addArchiveOptions(command).addHelpText('after', help).action(smoke);
}

const help = `
The batch goes to the public URL, as Heroku's do: the app's own drain URL, else the shared one with its name in
the path. Its three messages stay in the app's log, and count as its traffic: for a while, a drain that stopped
looks alive. The app cistern-canary is there for trying. With buffered delivery it takes the archiver's window longer.

Exit codes: 0 stored byte for byte, 1 not, 2 bad input.

Examples:
  cistern smoke cistern-canary
  cistern smoke my-app --stage production
  cistern smoke my-app --json | jq .steps`;

/** One step of the round trip, as it went; also an element of the JSON. */
interface Step {
  readonly step: 'drain URL' | 'answer' | 'object' | 'read back';
  readonly ok: boolean;
  readonly ms: number;
  /** What was found, or what is wrong. */
  readonly result: string;
}

interface Failure {
  readonly problem: string;
  readonly remedy: string;
}

async function smoke(app: AppName, options: Options): Promise<void> {
  const steps: Step[] = [];
  const failure = await roundTrip(app, options, (step) => {
    steps.push(step);
    if (!options.json) print(formatStep(step));
  });
  if (options.json) printJson({ app, ok: failure === undefined, steps, ...failure });
  if (failure === undefined) return;
  throw new CliError(`the batch ${failure.problem}. ${failure.remedy}.`, { exitCode: exitCodes.failed });
}

/** Tells of each step as it ends; resolves with why it is not whole, or undefined when it is. */
async function roundTrip(
  app: AppName,
  options: Options,
  tell: (step: Step) => void,
): Promise<Failure | undefined> {
  const target = await openTarget(options);
  const archive = await target.openArchive();
  const took = stopwatch();
  const url = await tracerUrl(target.parameters, app);
  tell({
    step: 'drain URL',
    ok: url !== undefined,
    ms: took(),
    result: url === undefined ? 'none' : redactCredentials(url),
  });
  if (url === undefined) {
    return {
      problem: `was not sent: ${target.describe} has no drain URL for ${app}`,
      remedy: `Make one with \`cistern drain add ${app}\``,
    };
  }

  const tracer = makeTracer(Date.now());
  const posted = await postTracer(tracer, url);
  const fault = explainPosted(posted);
  const result = posted.outcome === 'answered' ? String(posted.status) : posted.why;
  const ms = posted.outcome === 'unusable' ? 0 : Math.round(posted.ms);
  tell({ step: 'answer', ok: fault === undefined, ms, result });
  if (fault !== undefined) return { problem: fault.fault, remedy: fault.remedy };

  const windowMs = await gatheredMs(target);
  const found = await findTracer(archive, tracer, { app, windowMs, withinMs: options.within * 1000 });
  if (found.outcome === 'missing') {
    const seconds = Math.round(found.ms / 1000);
    tell({ step: 'object', ok: false, ms: Math.round(found.ms), result: 'none' });
    return {
      problem: `was acknowledged, but is not in the archive of ${app} after ${seconds} s`,
      remedy:
        'See whether its secret or path makes it another app (`cistern drain list`), whether it waits in the spool (`cistern spool status`), or whether this is another archive than the receiver writes to',
    };
  }
  const { key } = found;
  if (found.outcome === 'changed') {
    tell({ step: 'object', ok: true, ms: Math.round(found.ms), result: key });
    tell({ step: 'read back', ok: false, ms: 0, result: 'not what was sent' });
    return {
      problem: `was stored, but not byte for byte, in ${key}`,
      remedy: 'Keep that object, and see what stands between senders and the receiver',
    };
  }
  tell({ step: 'object', ok: true, ms: Math.round(found.listedMs), result: key });
  tell({
    step: 'read back',
    ok: true,
    ms: Math.round(found.readMs - found.listedMs),
    result: describe(tracer),
  });
  return undefined;
}

/** How long batches are gathered before they are stored, where they are. What has no configuration gathers none. */
async function gatheredMs({ parameters }: Target): Promise<number> {
  const config = await storedConfig(parameters);
  return config?.delivery === 'buffered' ? config.archiver.windowSeconds * 1000 : 0;
}

function describe({ messages, body }: Tracer): string {
  return `${messages} messages, ${body.length} bytes, as they were sent`;
}

function formatStep({ step, ok, ms, result }: Step): string {
  const time = `${ms.toLocaleString('en')} ms`.padStart(9);
  return `${ok ? 'ok    ' : 'FAILED'}  ${step.padEnd(9)}  ${time}  ${result}`;
}

/** Milliseconds since it was made. */
function stopwatch(): () => number {
  const started = performance.now();
  return () => Math.round(performance.now() - started);
}
