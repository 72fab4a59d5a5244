/**
 * Runs one scene of {@link SpoolSimulation} in a process of its own, where nothing else can call zlib, and reports
 * it. `node --import count-zlib.ts spool-simulation-process.ts SCENE EFFORT`
 */
import { parseArgs } from 'node:util';
import { zlibCalls } from './count-zlib.ts';
import { SpoolSimulation } from './spool-simulation.ts';
import { SpooledMembers } from './spooled-members.ts';

const minuteMs = 60_000;
const turnOfHour = Date.UTC(2026, 10, 20, 13);
const batchesPerSecond = 10;

const [scene = '', effort = ''] = parseArgs({ allowPositionals: true }).positionals;
const members = await SpooledMembers.ofApps(scene === 'twenty-apps' ? 20 : 1);
const before = zlibCalls();
if (before === 0) throw new Error('nobody counts the calls of zlib: load count-zlib.ts first');
switch (scene) {
  case 'one-app':
    await busy(effort === 'quick' ? 20 : 60, 10);
    break;
  case 'twenty-apps':
    await busy(effort === 'quick' ? 3 : 20, effort === 'quick' ? 0 : 10);
    break;
  case 'recovery':
    await recovery(effort === 'quick' ? 2 : 5);
    break;
  default:
    throw new Error(`no scene ${scene}`);
}

/** All apps send for some minutes, of which so many lie before the turn of an hour. */
async function busy(minutes: number, before: number): Promise<void> {
  const start = turnOfHour - before * minuteMs;
  const simulation = new SpoolSimulation(members, start);
  await simulation.run(start + minutes * minuteMs, batchesPerSecond);
  report(simulation);
}

/** 10,000 batches wait while the store answers nothing, then it does; each outage lasts 7 s longer than the last. */
async function recovery(outages: number): Promise<void> {
  let slowest = 0;
  let simulation: SpoolSimulation | undefined;
  for (let outage = 0; outage < outages; outage += 1) {
    simulation = new SpoolSimulation(members, turnOfHour, outage);
    for (let n = 0; n < 10_000; n += 1) for (const app of members.apps) simulation.send(app);
    simulation.storeAway = true;
    await simulation.run(simulation.now + 90_000 + outage * 7_000, 0);
    simulation.storeAway = false;
    const recovered = simulation.now;
    const { waiting } = simulation;
    if (waiting !== 10_000) throw new Error(`${waiting} batches wait, not 10,000`);
    await simulation.run(recovered + 10 * minuteMs, 0, () => simulation?.waiting === 0);
    slowest = Math.max(slowest, (simulation.now - recovered) / 1000);
  }
  if (simulation !== undefined) report(simulation, slowest);
}

function report(simulation: SpoolSimulation, recoverySeconds?: number): void {
  const { puts, events, archivedMembers, archivedBytes, storedBytes, foreignBytes } = simulation;
  process.send?.({
    puts,
    events,
    members: archivedMembers,
    memberBytes: archivedBytes,
    storedBytes,
    foreignBytes,
    zlibCalls: zlibCalls() - before,
    ...(recoverySeconds === undefined ? {} : { recoverySeconds }),
  });
  process.disconnect?.();
}
