/**
 * Loaded into `serve` before its own code, to measure from within: how long the event loop was blocked, and the
 * peak of resident memory, which Linux keeps and takes anew on request. Answers `reset` and `report`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 1;
const delay = monitorEventLoopDelay({ resolution: resolutionMs });
delay.enable();

process.on('message', (order) => {
  if (order === 'reset') {
    // proc(5), clear_refs: 5 resets the peak to what is resident now.
    writeFileSync('/proc/self/clear_refs', '5');
    delay.reset();
  }
  process.send?.({
    resident: kilobytes('VmRSS') * 1024,
    peak: kilobytes('VmHWM') * 1024,
    blockedMs: Math.max(0, delay.max / 1e6 - resolutionMs),
  });
});
process.channel?.unref();

function kilobytes(field: string): number {
  const status = readFileSync('/proc/self/status', 'latin1');
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1]);
}
