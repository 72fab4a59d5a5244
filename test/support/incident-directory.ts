import { join } from 'node:path';
import { reconcile } from '../../lib/incidents/rules/reconcile.ts';
import { emptyState } from '../../lib/incidents/state.ts';
import { LedgerIncidents } from '../../lib/incidents/store/ledger-incidents.ts';
import { DirectoryLedger } from '../../lib/ledger/directory/directory-ledger.ts';
import { fresh, resultsOf, rulesFor } from './incident-steps.ts';
import { type Run, runCli } from './run-cli.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A data directory of its own, and the commands that look after the incidents in it. */
export class IncidentDirectory {
  readonly data = temporaryDirectory();
  readonly store = new LedgerIncidents(new DirectoryLedger(join(this.data, 'ledger')));

  cistern(args: readonly string[]): Promise<Run> {
    return runCli([...args, '--data', this.data]);
  }

  incident(args: readonly string[]): Promise<Run> {
    return this.cistern(['incident', ...args]);
  }

  /** What `cistern incident` printed; throws when it failed. */
  async outputOf(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.incident(args);
    if (code !== 0) throw new Error(`cistern incident ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  async jsonOf(args: readonly string[]) {
    return JSON.parse(await this.outputOf([...args, '--json']));
  }

  /** Opens one by hand; resolves with its id. */
  async create(...args: readonly string[]): Promise<string> {
    return (await this.outputOf(['create', 'Checkout answers 500', ...args])).trim();
  }

  /** An incident that the watch has opened: shop has just fallen silent. */
  async openedByWatch(): Promise<string> {
    const step = reconcile(emptyState, resultsOf([fresh('shop', 'critical')]), Date.now(), rulesFor());
    await this.store.replaceState(step.state, undefined);
    for (const each of step.events) await this.store.append(each);
    const [id] = Object.keys(step.state.incidents);
    if (id === undefined) throw new Error('the watch opened nothing');
    return id;
  }
}
